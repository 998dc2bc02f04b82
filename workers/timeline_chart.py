"""The timeline as one HTML page: a stacked river, and a small chart for each topic.

SVG of our own, as on the page of a run: no script, nothing to load, light and dark. What is told
about a stretch of time is told by title elements, which browsers show under the pointer.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from string import Template

from topicstream.workers.chart import (
    COLOURS,
    OUTLIER_COLOUR,
    REST_COLOUR,
    Band,
    Frame,
    draw,
    in_words,
)
from topicstream.workers.page_template import STYLE
from topicstream.workers.timeline_view import ShownTopic, TimelineView, day

N_BANDS = len(COLOURS)
_WIDE, _HIGH, _FLOOR, _ROOF = 300, 100, 76, 15  # px of a small chart, and where its area lies

_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
$style.column { fill: transparent; } .column:hover { fill: var(--text); fill-opacity: .12; }
ul.small { list-style: none; display: grid; padding: 0; gap: 1.4rem 1.6rem;
  grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); }
.small h3 { margin: 0; font-size: 14px; font-weight: 600; overflow-wrap: anywhere; }
.small p { font-size: 13px; overflow-wrap: anywhere; }
.small svg { font-size: 11px; } .small .area { stroke: var(--text); stroke-width: .7;
  stroke-opacity: .55; }
.small .base { stroke: var(--soft); stroke-width: 1; } .small text { fill: var(--soft); }
.small .peak { fill: var(--text); }
</style>
</head>
<body>
<main>
<h1>$title</h1>
<p>$summary</p>
$notes
<h2 id="river">All topics</h2>
<p>Each area is as thick as its topic has documents. Coloured are those that were largest at some
time; point at a time to read what it was about. At both ends the feed may fill only part of a
bin.</p>
$river
<ul class="legend">
$legend
</ul>
<h2 id="each">Each topic</h2>
<p>Each to its own height; the number is that of documents in its largest bin, whose words stand
below. A colour is that of the area above; grey ones are among the other topics there.</p>
<ul class="small">
$small
</ul>
</main>
</body>
</html>
""")


def render(view: TimelineView, *, title: str = "Topics over time") -> str:
    """Return the page as HTML, every text in it escaped.

    Parameters
    ----------
    view
        What is shown.
    title
        Heading of the page.

    """
    if not view.topics:
        return _filled(title, view.notes)
    bands, colours = _bands(view.topics)
    n_topics = sum(topic.id >= 0 for topic in view.topics)
    n_documents = sum(topic.n_documents for topic in view.topics)
    summary = (
        f"{n_documents:,} documents, {n_topics} topics, {day(view.first)} to "
        f"{day(view.last - 1)} (UTC), in bins of {_length(view.width)}"
    )
    legend = "\n".join(map(_legend_entry, bands))
    small = "\n".join(_small(view, topic, colours[topic.id]) for topic in view.topics)
    river = _river(view, bands)
    return _filled(title, view.notes, summary=summary, river=river, legend=legend, small=small)


def _filled(
    title: str,
    notes: Sequence[str],
    *,
    summary: str = "",
    river: str = "",
    legend: str = "",
    small: str = "",
) -> str:
    return _PAGE.substitute(
        title=escape(title),
        style=STYLE,
        summary=escape(summary),
        notes="\n".join(f"<p>{escape(note)}</p>" for note in notes),
        river=river,
        legend=legend,
        small=small,
    )


def _length(seconds: float) -> str:
    words = in_words(seconds)
    return words if words[0].isdigit() else f"one {words}"


def _bands(topics: Sequence[ShownTopic]) -> tuple[list[Band], dict[int, str]]:
    """Return the layers from the bottom up, and the colour of each topic."""
    real = [topic for topic in topics if topic.id >= 0]
    # A short topic that once was all the news says more than one that was always there.
    highest = sorted(real, key=lambda topic: (-max(topic.counts), topic.id))[:N_BANDS]
    chosen = [topic for topic in real if topic in highest]
    colours = {topic.id: colour for topic, colour in zip(chosen, COLOURS, strict=False)}
    bands = [Band(topic.label, str(topic.id), colours[topic.id], topic.counts) for topic in chosen]
    if rest := [topic for topic in real if topic not in highest]:
        name = f"{len(rest)} other topics" if len(rest) > 1 else rest[0].label
        bands.append(Band(name, "others", REST_COLOUR, _together(rest)))
    bands += [
        Band("fits no topic", "no topic", OUTLIER_COLOUR, topic.counts)
        for topic in topics
        if topic.id < 0
    ]
    return bands, {topic.id: colours.get(topic.id, REST_COLOUR) for topic in topics}


def _together(topics: Sequence[ShownTopic]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*(topic.counts for topic in topics), strict=True)))


def _river(view: TimelineView, bands: Sequence[Band]) -> str:
    per = in_words(view.width)
    summary = (
        f"Stacked areas: documents per {per} of {len(bands)} groups of topics, {day(view.first)} "
        f"to {day(view.last - 1)}. The small charts below hold the same, topic by topic."
    )
    sizes = (("on-desk", 1_150, 430), ("on-phone", 380, 380))
    return "\n".join(
        _with_columns(
            draw(frame, bands, (), per=per, css_class=css_class, summary=summary), view, frame
        )
        for css_class, frame in (
            (css_class, _LowFrame(width, height, view.first, view.last))
            for css_class, width, height in sizes
        )
    )


class _LowFrame(Frame):
    """A frame without room for events above."""

    top = 12


def _with_columns(svg: str, view: TimelineView, frame: Frame) -> str:
    """Return the drawing with an invisible column over each bin, which tells what was there."""
    columns = []
    for i in range(view.n_bins):
        left, right = (frame.x(view.first + (i + at) * view.width) for at in (0, 1))
        columns.append(
            f'<rect class="column" x="{left}" y="{frame.y(1)}" width="{right - left:.1f}" '
            f'height="{frame.y(0) - frame.y(1):.1f}"><title>{escape(_told(view, i))}</title></rect>'
        )
    return svg.removesuffix("</svg>") + "\n".join(columns) + "</svg>"


def _told(view: TimelineView, number: int) -> str:
    here = sorted(view.topics, key=lambda topic: (-topic.counts[number], topic.id))
    lines = [f"{view.bin(number)}: {sum(topic.counts[number] for topic in here):,} documents"]
    lines += [
        f"{topic.counts[number]:,}  {topic.label}: {', '.join(topic.words[number])}"
        for topic in here[:6]
        if topic.counts[number]
    ]
    return "\n".join(lines)


def _legend_entry(band: Band) -> str:
    hatched = band.colour == OUTLIER_COLOUR
    colour = "#777" if hatched else band.colour
    return (
        f'<li><span class="swatch{" hatched" if hatched else ""}" '
        f'style="background-color:{colour}"></span>{escape(band.name)}</li>'
    )


def _small(view: TimelineView, topic: ShownTopic, colour: str) -> str:
    peak = topic.peak
    label = topic.label if topic.id >= 0 else "fits no topic"
    words = ", ".join(topic.words[peak])
    return (
        f"<li><h3>{escape(label).replace('_', '_<wbr>')}</h3>"
        f"{_small_chart(view, topic, colour)}"
        f"<p>{topic.n_documents:,} documents; most {escape(view.bin(peak))}"
        f"{': ' if words else ''}{escape(words)}</p></li>"
    )


def _small_chart(view: TimelineView, topic: ShownTopic, colour: str) -> str:
    """Return steps, one a bin, since a line would invent what lies between."""
    most, n = max(topic.counts), len(topic.counts)
    edges = [round(_WIDE * i / n, 1) for i in range(n + 1)]
    tops = [round(_FLOOR - (_FLOOR - _ROOF) * count / most, 1) for count in topic.counts]
    steps = "".join(f"H{a}V{y}H{b}" for (a, b), y in zip(pairwise(edges), tops, strict=True))
    columns = "".join(
        f'<rect class="column" x="{a}" y="0" width="{b - a:.1f}" height="{_FLOOR}"><title>'
        f"{escape(_told_of(view, topic, i))}</title></rect>"
        for i, (a, b) in enumerate(pairwise(edges))
        if topic.counts[i]
    )
    half = 4.0 * len(f"{most:,}")
    x = min(max((edges[topic.peak] + edges[topic.peak + 1]) / 2, half), _WIDE - half)
    summary = f"{topic.label}: documents over time, at most {most:,}, {view.bin(topic.peak)}"
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-label="{escape(summary)}">'
        f'<path class="area" fill="{colour}" d="M0,{_FLOOR}{steps}V{_FLOOR}Z"/>'
        f'<path class="base" d="M0,{_FLOOR}H{_WIDE}"/>'
        f'<text class="peak" x="{x:.1f}" y="{_ROOF - 4}" text-anchor="middle">{most:,}</text>'
        f'<text x="0" y="{_HIGH - 8}">{day(view.first)}</text>'
        f'<text x="{_WIDE}" y="{_HIGH - 8}" text-anchor="end">{day(view.last - 1)}</text>'
        f"{columns}</svg>"
    )


def _told_of(view: TimelineView, topic: ShownTopic, number: int) -> str:
    words = ", ".join(topic.words[number])
    n = topic.counts[number]
    return f"{view.bin(number)}: {n:,} {'document' if n == 1 else 'documents'}\n{words}".strip()
