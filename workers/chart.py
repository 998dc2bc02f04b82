"""The chart of topics over time, drawn as SVG: nothing to load and nothing to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

# Paul Tol's "muted" scheme, which stays distinguishable to colour-blind readers.
COLOURS = (
    "#88ccee", "#cc6677", "#117733", "#ddcc77", "#332288", "#44aa99", "#aa4499", "#999933",
    "#882255",
)  # fmt: skip
REST_COLOUR, OUTLIER_COLOUR = "#bbbbbb", "hatched"
_DARK = frozenset({"#117733", "#332288", "#882255", "#aa4499", "#999933", "#cc6677"})
_STEPS_S = (
    60,
    300,
    900,
    3_600,
    10_800,
    21_600,
    43_200,
    86_400,
    172_800,
    432_000,
    864_000,
    1_728_000,
)
_MONTH_S = 30 * 86_400
_MARKER = 18  # px between two event markers side by side
_LANES = 3


@dataclass(frozen=True, slots=True)
class Band:
    """One layer of the chart.

    Parameters
    ----------
    name
        What the reader is told that it is.
    mark
        A few letters that are written into the band where it is thick enough.
    colour
        Fill, as SVG writes it.
    counts
        Documents per bin.

    """

    name: str
    mark: str
    colour: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened: `number` is shown, `text` is told, `link` is where it is described.

    Parameters
    ----------
    time
        When, in seconds since 1970.
    number
        Number of the event in its table.
    text
        What happened, in a line.

    """

    time: float
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Width and height of a drawing in pixels, and the times at its ends.

    Examples
    --------
    >>> Frame(420, 200, 0.0, 10.0).x(5.0)
    240.0

    """

    width: int
    height: int
    first: float
    last: float

    left = 72
    right = 12
    top = 70
    bottom = 48

    def x(self, time: float) -> float:
        """Return where `time` lies from the left."""
        part = (time - self.first) / ((self.last - self.first) or 1.0)
        return round(self.left + part * (self.width - self.left - self.right), 1)

    def y(self, part: float) -> float:
        """Return where `part` of the greatest height lies from the top."""
        return round(self.height - self.bottom - part * (self.height - self.top - self.bottom), 1)


def draw(
    frame: Frame,
    bands: Sequence[Band],
    marks: Sequence[Mark],
    *,
    per: str,
    css_class: str,
    summary: str,
) -> str:
    """Return an SVG element with `bands` stacked over time and `marks` above them.

    Parameters
    ----------
    frame
        Size and span.
    bands
        From the bottom up.
    marks
        Events, in any order.
    per
        Length of a bin in words, for the axis.
    css_class
        Class of the element.
    summary
        What a reader who cannot see the chart is told.

    """
    heights = [sum(counts) for counts in zip(*(band.counts for band in bands), strict=True)]
    step = round_step(max(heights, default=1) / 4)
    top = step * -(-max(heights, default=1) // step)
    parts = (
        f'<svg class="{css_class}" viewBox="0 0 {frame.width} {frame.height}" role="group"',
        f' aria-label="{escape(summary)}">{_hatching(css_class)}',
        *_areas(frame, bands, top, f"url(#{css_class}-hatching)"),
        *_axis_of_counts(frame, step, top, per),
        *_axis_of_time(frame),
        *_markers(frame, marks),
        "</svg>",
    )
    return "\n".join(parts)


def spark(counts: Sequence[int], totals: Sequence[int]) -> str:
    """Return a small line of a topic's share of each bin, from nothing to its own greatest.

    Parameters
    ----------
    counts
        Documents of the topic per bin.
    totals
        Documents in all per bin.

    """
    shares = [count / total if total else 0.0 for count, total in zip(counts, totals, strict=True)]
    most = max(shares, default=0.0) or 1.0
    step = 118 / max(len(shares) - 1, 1)
    points = " ".join(f"{1 + i * step:.0f},{21 - 20 * s / most:.1f}" for i, s in enumerate(shares))
    return (
        f'<svg class="spark" viewBox="0 0 120 22" role="img" aria-label="share over time, at most '
        f'{most if max(shares, default=0.0) else 0.0:.1%}"><polyline points="{points}"/></svg>'
    )


def round_step(least: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50, ... that is no less than `least`.

    Examples
    --------
    >>> round_step(130), round_step(0.3)
    (200, 1)

    """
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= least:
                return factor * power
        power *= 10


def ticks(first: float, last: float, at_most: int) -> list[tuple[float, str]]:
    """Return round moments between two times, in UTC, with how they are written.

    Parameters
    ----------
    first, last
        Seconds since 1970.
    at_most
        How many, about.

    Examples
    --------
    >>> [text for _, text in ticks(0.0, 10 * 86_400, 6)]
    ['1 Jan', '3 Jan', '5 Jan', '7 Jan', '9 Jan', '11 Jan']

    """
    wanted = (last - first) / max(at_most, 1)
    step = next((step for step in _STEPS_S if step >= wanted), None)
    if step is None:
        return _months(first, last, at_most)
    start = -(-first // step) * step
    moments = [start + i * step for i in range(int((last - start) // step) + 1)]
    return [(moment, _written(moment, by_day=step >= 43_200)) for moment in moments]


def _written(moment: float, *, by_day: bool) -> str:
    time = datetime.fromtimestamp(moment, UTC)
    return f"{time.day} {time:%b}" if by_day else f"{time:%H:%M}"


def _months(first: float, last: float, at_most: int) -> list[tuple[float, str]]:
    every = max(1, -(-int(last - first) // (_MONTH_S * at_most)))
    every = next((n for n in (1, 2, 3, 6, 12) if n >= every), 12 * -(-every // 12))
    begin = datetime.fromtimestamp(first, UTC)
    month = begin.year * 12 + begin.month
    moments: list[tuple[float, str]] = []
    while True:
        month += 1
        moment = datetime((month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC)
        if moment.timestamp() > last:
            return moments
        if (month - 1) % every == 0:
            moments.append((moment.timestamp(), moment.strftime("%b %Y")))


def _hatching(css_class: str) -> str:
    # A pattern inside a drawing that is not shown has no effect, so each drawing has its own.
    return (
        f'<defs><pattern id="{css_class}-hatching" width="6" height="6" '
        'patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="#777"/><rect width="2" height="6" fill="#ccc"/>'
        "</pattern></defs>"
    )


def _areas(frame: Frame, bands: Sequence[Band], top: int, hatching: str) -> list[str]:
    n_bins = len(bands[0].counts) if bands else 0
    xs = _bin_middles(frame, n_bins)
    floor = [0] * n_bins
    parts = []
    for band in bands:
        roof = [low + count for low, count in zip(floor, band.counts, strict=True)]
        line = [f"{x},{frame.y(high / top)}" for x, high in zip(xs, roof, strict=True)]
        base = [f"{x},{frame.y(low / top)}" for x, low in zip(xs, floor, strict=True)]
        fill = hatching if band.colour == OUTLIER_COLOUR else band.colour
        parts.append(
            f'<polygon class="band" fill="{fill}" points="{" ".join(line + base[::-1])}">'
            f"<title>{escape(band.name)}: {sum(band.counts):,} documents</title></polygon>"
        )
        parts += _band_mark(
            frame, band, xs, [frame.y(v / top) for v in floor], [frame.y(v / top) for v in roof]
        )
        floor = roof
    return parts


def _bin_middles(frame: Frame, n_bins: int) -> list[float]:
    """Return the middle of each bin, but for the ends, which reach the frame."""
    width = (frame.last - frame.first) / max(n_bins, 1)
    middles = [frame.x(frame.first + (i + 0.5) * width) for i in range(n_bins)]
    if middles:
        middles[0], middles[-1] = frame.x(frame.first), frame.x(frame.last)
    return middles


def _band_mark(
    frame: Frame, band: Band, xs: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> list[str]:
    """Return the band's mark where the band has most room for it, or nothing."""
    half = 4.0 * len(band.mark) + 1.0
    best, room = (0.0, 0.0), 13.0
    for x in xs:
        if not (frame.left + half < x < frame.width - frame.right - half):
            continue
        near = [
            i for i, other in enumerate(xs) if abs(other - x) <= half + ((xs[-1] - xs[0]) / len(xs))
        ]
        floor, roof = min(low[i] for i in near), max(high[i] for i in near)
        if floor - roof > room:
            best, room = (x, (floor + roof) / 2 + 4), floor - roof
    if room == 13.0 or not band.mark:
        return []
    tone = "light" if band.colour in _DARK else "dark"
    return [f'<text class="mark {tone}" x="{best[0]}" y="{best[1]:.1f}">{escape(band.mark)}</text>']


def _axis_of_counts(frame: Frame, step: int, top: int, per: str) -> list[str]:
    lines = []
    for value in range(0, top + 1, step):
        y = frame.y(value / top)
        lines.append(f'<path class="grid" d="M{frame.left},{y}H{frame.width - frame.right}"/>')
        lines.append(f'<text class="end" x="{frame.left - 6}" y="{y + 4}">{_short(value)}</text>')
    middle = (frame.y(0) + frame.y(1)) / 2
    title = f'<text class="middle" transform="translate(13,{middle:.0f}) rotate(-90)">'
    return [*lines, f"{title}documents per {escape(per)}</text>"]


def _short(value: int) -> str:
    return f"{value:,}" if value < 100_000 else f"{value // 1_000:,}k"


def _axis_of_time(frame: Frame) -> list[str]:
    base = frame.y(0)
    parts, taken = [], 0.0
    for moment, text in ticks(frame.first, frame.last, (frame.width - frame.left) // 75):
        x = frame.x(moment)
        parts.append(f'<path class="tick" d="M{x},{base}v5"/>')
        place = "end" if x > frame.width - 30 else "middle"
        half = 4.0 * len(text)
        left = x - half * (2 if place == "end" else 1)
        if left < taken:  # a label that ends at its tick may reach into the one before
            continue
        taken = left + 2 * half
        parts.append(f'<text class="{place}" x="{x}" y="{base + 18}">{text}</text>')
    middle = (frame.left + frame.width - frame.right) / 2
    years = sorted({datetime.fromtimestamp(t, UTC).year for t in (frame.first, frame.last)})
    span = "–".join(map(str, years))  # noqa: RUF001  an en dash between years
    parts.append(
        f'<text class="middle" x="{middle}" y="{frame.height - 8}">time (UTC), {span}</text>'
    )
    return parts


def _markers(frame: Frame, marks: Sequence[Mark]) -> list[str]:
    """Return a line and a number for each event; numbers that would collide go up a lane."""
    free = [float("-inf")] * _LANES
    lines, dots = [], []
    for mark in sorted(marks, key=lambda mark: (mark.time, mark.number)):
        x = frame.x(min(max(mark.time, frame.first), frame.last))
        lane = next((i for i, end in enumerate(free) if x - end >= _MARKER), None)
        y = frame.top - 12 - _MARKER * (lane if lane is not None else _LANES - 1)
        text = escape(f"event {mark.number}: {mark.text}")
        lines.append(f'<path class="event" d="M{x},{frame.y(0)}V{y}"><title>{text}</title></path>')
        if lane is None:  # no room for its number; the line still tells that something was there
            continue
        free[lane] = x
        dots.append(
            f'<a href="#event-{mark.number}" aria-label="{text}"><title>{text}</title>'
            f'<circle class="event" cx="{x}" cy="{y}" r="8"/>'
            f'<text class="number" x="{x}" y="{y + 3.5}">{mark.number}</text></a>'
        )
    return lines + dots  # the dots last, or lines would cross out their numbers


def in_words(seconds: float) -> str:
    """Return a length of time as people say it.

    Examples
    --------
    >>> in_words(86_400), in_words(90), in_words(5 * 86_400)
    ('day', '1.5 minutes', '5 days')

    """
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds >= 0.95 * length:
            count = f"{seconds / length:.1f}".removesuffix(".0")
            return unit if count == "1" else f"{count} {unit}s"
    return str(timedelta(seconds=seconds))


def stack_heights(counts: Mapping[int, Sequence[int]]) -> list[int]:
    """Return the documents of all topics per bin."""
    total: list[int] = []
    for row in counts.values():
        total = [a + b for a, b in zip(total or [0] * len(row), row, strict=True)]
    return total


__all__ = ["Band", "Frame", "Mark", "draw", "in_words", "round_step", "spark", "stack_heights"]
