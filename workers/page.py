"""One HTML page about a run: topics over time, their words, and what drifted.

The chart is SVG of our own: no script, nothing to load, under 300 kB, and it opens years later.
plotly inside the page would take 4.6 MB of JavaScript for one chart that hardly needs any.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from topicstream.workers.chart import (
    COLOURS,
    OUTLIER_COLOUR,
    REST_COLOUR,
    Band,
    Frame,
    Mark,
    draw,
    in_words,
    spark,
    stack_heights,
)
from topicstream.workers.page_template import PAGE

N_BINS = 60
N_BANDS = len(COLOURS)  # more cannot be told apart; the rest is one band
PAGE_NAME = "topics.html"
OUTLIERS = -1


class _Assignment(msgspec.Struct):
    topic: int
    timestamp: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """How many documents each topic got in each stretch of time.

    Parameters
    ----------
    first, last
        Times of the first and the last document, in seconds since 1970; both 0 without documents.
    counts
        Topic to the number of documents per bin, all bins being equally long.

    """

    first: float
    last: float
    counts: Mapping[int, tuple[int, ...]]


def write_page(folder: Path, path: Path | None = None, *, title: str = "topicstream") -> Path:
    """Write one self-contained page about what a run left in `folder`, and return its path.

    Parameters
    ----------
    folder
        Output of `topicstream run`: ``assignments.jsonl``, and ``topics.json`` and
        ``drift.jsonl`` where they are there.
    path
        Where the page goes; ``topics.html`` in `folder` by default.
    title
        Heading of the page.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OSError
        A file cannot be read, or the page cannot be written.

    """
    target = path if path is not None else folder / PAGE_NAME
    topics = read_topics(folder / "topics.json")
    labels = {topic["id"]: str(topic.get("label", topic["id"])) for topic in topics}
    timeline = count_over_time(_assignments(folder / "assignments.jsonl", labels))
    events = [msgspec.json.decode(line) for line in _lines(folder / "drift.jsonl")]
    html = render(title, topics, timeline, events, labels)
    aside = target.with_name(target.name + ".new")
    aside.write_text(html, encoding="utf-8")
    os.replace(aside, target)  # noqa: PTH105 - Path.replace reads as if it edited the text
    return target


def read_topics(path: Path) -> list[dict[str, Any]]:
    """Return the topics of a ``topics.json``, or none where there is no such file.

    Parameters
    ----------
    path
        A JSON list of topics, or an object with that list as ``topics``.

    """
    if not path.exists():
        return []
    content = msgspec.json.decode(path.read_bytes())
    return list(content["topics"] if isinstance(content, dict) else content)


def count_over_time(assignments: Iterable[tuple[int, float]], *, n_bins: int = N_BINS) -> Timeline:
    """Count documents per topic in bins of equal length.

    Parameters
    ----------
    assignments
        Topic and time (seconds since 1970) of each document, in any order.
    n_bins
        How many bins from the first to the last document, 60 by default.

    Examples
    --------
    >>> timeline = count_over_time([(0, 0.0), (1, 5.0), (0, 10.0)], n_bins=2)
    >>> timeline.counts
    {0: (1, 1), 1: (0, 1)}
    >>> timeline.first, timeline.last
    (0.0, 10.0)

    """
    pairs = list(assignments)
    if not pairs:
        return Timeline(0.0, 0.0, {})
    first, last = min(time for _, time in pairs), max(time for _, time in pairs)
    width = (last - first) / n_bins or 1.0
    tally: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for topic, time in pairs:
        tally[topic][min(int((time - first) / width), n_bins - 1)] += 1
    counts = {topic: tuple(tally[topic][i] for i in range(n_bins)) for topic in sorted(tally)}
    return Timeline(first, last, counts)


def render(
    title: str,
    topics: Sequence[Mapping[str, Any]],
    timeline: Timeline,
    events: Sequence[Mapping[str, Any]],
    labels: Mapping[int, str],
) -> str:
    """Return the page as HTML, every text in it escaped.

    Parameters
    ----------
    title
        Heading of the page.
    topics
        Records of ``topics.json``.
    timeline
        Documents per topic and bin.
    events
        Records of ``drift.jsonl``.
    labels
        Topic to label.

    """
    bands = _bands(timeline, labels)
    return PAGE.substitute(
        title=escape(title),
        n_documents=f"{sum(map(sum, timeline.counts.values())):,}",
        n_topics=len(topics),
        n_events=len(events),
        span=_span(timeline),
        chart=_chart(timeline, bands, events, labels) if bands else "<p>No documents.</p>",
        legend="\n".join(map(_legend_entry, bands)),
        topics="\n".join(_topic_row(topic, timeline) for topic in topics),
        events="\n".join(
            _event_row(number, event, labels) for number, event in enumerate(events, start=1)
        )
        or '<tr><td colspan="9">none</td></tr>',
    )


def _assignments(path: Path, labels: dict[int, str]) -> Iterator[tuple[int, float]]:
    decoder = msgspec.json.Decoder(_Assignment)
    for line in _lines(path):
        found = decoder.decode(line)
        labels.setdefault(found.topic, found.label or str(found.topic))
        yield found.topic, datetime.fromisoformat(found.timestamp).timestamp()


def _lines(path: Path) -> Iterator[bytes]:
    if not path.exists():
        return
    with path.open("rb") as file:
        yield from (line for line in file if line.strip())


def _bands(timeline: Timeline, labels: Mapping[int, str]) -> list[Band]:
    """Return the largest topics, the others together and the outliers, from the bottom up."""
    counts = {topic: row for topic, row in timeline.counts.items() if topic != OUTLIERS}
    largest = sorted(counts, key=lambda topic: (-sum(counts[topic]), topic))
    bands = [
        Band(labels.get(topic, str(topic)), str(topic), colour, counts[topic])
        for topic, colour in zip(largest, COLOURS, strict=False)
    ]
    if rest := {topic: counts[topic] for topic in largest[N_BANDS:]}:
        name = f"{len(rest)} smaller topics" if len(rest) > 1 else labels[next(iter(rest))]
        bands.append(Band(name, "others", REST_COLOUR, tuple(stack_heights(rest))))
    if outliers := timeline.counts.get(OUTLIERS):
        bands.append(Band("fits no topic", "no topic", OUTLIER_COLOUR, outliers))
    return bands


def _chart(
    timeline: Timeline,
    bands: Sequence[Band],
    events: Sequence[Mapping[str, Any]],
    labels: Mapping[int, str],
) -> str:
    marks = [
        Mark(time, number, f"{_kind(event)}, {_topic_of(event, labels)}, {_severity(event)}")
        for number, event in enumerate(events, start=1)
        if (time := _time_of(event)) is not None
    ]
    n_bins = len(bands[0].counts)
    per = in_words((timeline.last - timeline.first) / n_bins)
    summary = (
        f"Stacked areas: documents per {per} of {len(bands)} groups of topics, {_span(timeline)}, "
        f"with {len(marks)} drift events. The tables below hold the same in words and numbers."
    )
    # A drawing that is only scaled down cannot be read on a telephone, so it gets its own.
    sizes = (("on-desk", 1_150, 470), ("on-phone", 380, 400))
    return "\n".join(
        draw(
            Frame(width, height, timeline.first, timeline.last),
            bands,
            marks,
            per=per,
            css_class=css_class,
            summary=summary,
        )
        for css_class, width, height in sizes
    )


def _legend_entry(band: Band) -> str:
    fill = "#777" if band.colour == OUTLIER_COLOUR else band.colour
    hatched = " hatched" if band.colour == OUTLIER_COLOUR else ""
    return (
        f'<li><span class="swatch{hatched}" style="background-color:{fill}"></span>'
        f"{escape(band.name)}</li>"
    )


def _span(timeline: Timeline) -> str:
    if not timeline.counts:
        return "no time"
    days = (datetime.fromtimestamp(t, UTC).date() for t in (timeline.first, timeline.last))
    return " to ".join(day.isoformat() for day in days)


def _topic_row(topic: Mapping[str, Any], timeline: Timeline) -> str:
    words = ", ".join(_word(word) for word in topic.get("words", ()))
    share = topic.get("share")
    counts = timeline.counts.get(topic["id"], ())
    line = spark(counts, stack_heights(timeline.counts)) if counts else ""
    cells = (
        ("topic", topic["id"], "number"),
        ("words", words, "words"),
        ("documents", _thousands(topic.get("size", "")), "number"),
        ("share now", f"{share:.1%}" if isinstance(share, float) else "", "number"),
    )
    names = ("first_seen", "last_seen")
    times = ((name.replace("_", " "), _short_time(topic.get(name)), "time") for name in names)
    drawn = f'<td data-label="share over time">{line}</td>'
    return "<tr>" + _cells(cells) + drawn + _cells(times) + "</tr>"


def _thousands(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _word(word: object) -> str:
    """Return the word of a word with its weight, or of a bare one."""
    if isinstance(word, Mapping):
        return str(word.get("word", ""))
    return str(word[0]) if isinstance(word, list | tuple) and word else str(word)


def _event_row(number: int, event: Mapping[str, Any], labels: Mapping[int, str]) -> str:
    evidence = event.get("evidence") or {}
    before, after = evidence.get("share_before", 0.0), evidence.get("share_after", 0.0)
    window = event.get("window") or ("", "")
    cells = (
        ("no.", number, "number"),
        ("until", _short_time(window[1]), "time"),
        ("kind", _kind(event), "kind"),
        ("topic", _topic_of(event, labels), "label"),
        ("severity", _severity(event), "severity"),
        ("share of feed", f"{before:.1%} → {after:.1%}", "share"),
        ("words before", _listed(evidence.get("words_before")), "words"),
        ("words after", _listed(evidence.get("words_after")), "words"),
        ("examples", _listed(evidence.get("examples")), "label"),
    )
    return f'<tr id="event-{number}">' + _cells(cells) + "</tr>"


def _listed(words: Iterable[object] | None) -> str:
    return ", ".join(map(str, words or ()))


def _kind(event: Mapping[str, Any]) -> str:
    return str(event.get("kind", "")).replace("_", " ")


def _severity(event: Mapping[str, Any]) -> str:
    return str(event.get("severity", ""))


def _topic_of(event: Mapping[str, Any], labels: Mapping[int, str]) -> str:
    topic = event.get("topic", OUTLIERS)
    if topic == OUTLIERS:
        return "whole feed"
    return str(event.get("label") or labels.get(topic, topic))


def _time_of(event: Mapping[str, Any]) -> float | None:
    window = event.get("window")
    return datetime.fromisoformat(window[1]).timestamp() if window else None


def _short_time(value: object) -> str:
    """Return an RFC 3339 time to the minute, as a person reads it; anything else as it is."""
    text = str(value or "")
    return f"{text[:10]} {text[11:16]}" if text[10:11] == "T" else text


def _cells(cells: Iterable[tuple[str, object, str]]) -> str:
    return "".join(
        f'<td class="{css_class}" data-label="{label}">{_breakable(str(cell))}</td>'
        for label, cell, css_class in cells
    )


def _breakable(text: str) -> str:
    """Return escaped text whose lines may end behind an underscore, as labels are long."""
    return escape(text).replace("_", "_<wbr>")
