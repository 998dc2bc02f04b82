"""What the timeline may be told."""

from __future__ import annotations

from dataclasses import dataclass

from topicstream.model.errors import ModelError

DAY_S = 86_400
MONDAY_S = 4 * DAY_S
"""The first Monday of 1970, where bins of every width begin."""
# Each divides the next, so that bins nest, and people know these lengths: doubling a minute would
# lead to bins of 17 hours and 4 minutes. Of two or four days, some would hold a weekend and some
# none, which draws waves into a chart.
WIDTHS_S = (
    *(1, 5, 15, 30, 60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, DAY_S),
    *(7 * DAY_S * 2**power for power in range(21)),
)
"""Widths that a bin of the timeline can have, in seconds; the last holds 20,000 years."""


class TimelineSettingsError(ModelError, ValueError):
    """A setting of the timeline is out of its range."""


@dataclass(frozen=True, slots=True)
class TimelineSettings:
    """How finely the timeline remembers, and how much.

    Parameters
    ----------
    n_bins
        Bins at most (default 256); with more, those far from now become wider.
    n_words
        Words that each topic keeps per bin, at most (default 20).
    bin_width
        Seconds that the finest bins span (default 60): one of 1, 5, 15, 30, 60, 300, 900, 1800,
        3600, 10800, 21600, 43200 and 86400. Bins widen by themselves once there are too many,
        so this is only where they begin; finer ones split the words of few documents.
    lateness
        Seconds before now after which a document is too late, and counted in no bin; None
        (default) for no bound, since a late document costs no more than another.

    Raises
    ------
    TimelineSettingsError
        A value is out of its range.

    Examples
    --------
    >>> TimelineSettings(n_bins=512).bin_width
    60
    >>> TimelineSettings(bin_width=90)
    Traceback (most recent call last):
    topicstream.model.timeline_settings.TimelineSettingsError: timeline.bin_width is 90; ...

    """

    n_bins: int = 256
    n_words: int = 20
    bin_width: int = 60
    lateness: float | None = None

    def __post_init__(self) -> None:
        _check("n_bins", self.n_bins, 8, 100_000)
        _check("n_words", self.n_words, 1, 1_000)
        if self.lateness is not None:
            _check("lateness", self.lateness, 0.0, 1e12)
        allowed = [width for width in WIDTHS_S if width <= DAY_S]
        if self.bin_width not in allowed:
            raise TimelineSettingsError(
                f"timeline.bin_width is {self.bin_width}; it must be one of "
                f"{', '.join(map(str, allowed))} seconds: correct it, or leave it out for 60"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths from the finest on, in seconds."""
        return WIDTHS_S[WIDTHS_S.index(self.bin_width) :]


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise TimelineSettingsError(
            f"timeline.{name} is {value}; it must lie between {low} and {high}: correct it, or "
            "leave it out for the default"
        )
