"""What the drift monitor may be told."""

from __future__ import annotations

from dataclasses import dataclass, fields

from topicstream.model.errors import ModelError


class DriftSettingsError(ModelError, ValueError):
    """A setting of the drift monitor is out of its range."""


# name: (smallest, largest) value allowed, both included
_LIMITS = {
    "window_size": (1, 1_000_000),
    "grace": (2, 10_000),
    "half_life": (1.0, 1e9),
    "allowance": (0.01, 100.0),
    "false_alarms": (1e-9, 1e6),
    "threshold": (0.0, 1e6),
    "min_documents": (1, 1_000_000),
    "min_tokens": (10, 10_000_000),
    "top_terms": (2, 100_000),
    "n_words": (1, 1_000),
}


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """How the drift monitor watches.

    Parameters
    ----------
    window_size
        Documents that a window has at least (default 200); smaller batches are pooled, a larger
        one is a window by itself.
    grace
        Windows that teach a reference before it is compared with anything (default 4).
    half_life
        Windows after which a window counts half in its reference (default 50).
    allowance
        Standard deviations per window that are forgiven (default 1.5).
    false_alarms
        Events in a million documents that may be of chance, over all topics and kinds together
        (default 2). The more series are watched, the higher the threshold of each.
    threshold
        Summed standard deviations beyond the allowance that are an event; 0 (default) sets it by
        `false_alarms`.
    min_documents
        Documents of a topic that its mean distance is taken over, at least (default 8).
    min_tokens
        Words of a topic that are compared with its reference, at least (default 200).
    top_terms
        Words that a topic's reference remembers by name (default 256).
    n_words
        Words that an event names as evidence, at most (default 10).

    Raises
    ------
    DriftSettingsError
        A value is out of its range.

    Examples
    --------
    >>> DriftSettings(window_size=500).grace
    4
    >>> DriftSettings(grace=0)
    Traceback (most recent call last):
    topicstream.model.drift.settings.DriftSettingsError: drift.grace is 0; ...

    """

    window_size: int = 200
    grace: int = 4
    half_life: float = 50.0
    allowance: float = 1.5
    false_alarms: float = 2.0
    threshold: float = 0.0
    min_documents: int = 8
    min_tokens: int = 200
    top_terms: int = 256
    n_words: int = 10

    def __post_init__(self) -> None:
        for field in fields(self):
            low, high = _LIMITS[field.name]
            value = getattr(self, field.name)
            if not low <= value <= high:
                raise DriftSettingsError(
                    f"drift.{field.name} is {value}; it must lie between {low} and {high}: "
                    "correct it, or leave it out for the default"
                )

    @property
    def decay(self) -> float:
        """Return the factor that a reference fades by with each window."""
        return float(0.5 ** (1.0 / self.half_life))
