"""One HTML page about a run: topics over time, their words, and what drifted.

The page holds plotly's JavaScript itself, so that it opens without a network and years later.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import msgspec

N_BINS = 60
N_BANDS = 20  # more colours than that cannot be told apart; the rest is one band
PAGE_NAME = "topics.html"


class _Assignment(msgspec.Struct):
    topic: int
    timestamp: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """How many documents each topic got in each stretch of time.

    Parameters
    ----------
    times
        Beginning of each bin, RFC 3339, oldest first.
    counts
        Topic to the number of documents per bin, as long as `times`.

    """

    times: tuple[str, ...]
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
    >>> timeline.times[0]
    '1970-01-01T00:00:00+00:00'

    """
    pairs = list(assignments)
    if not pairs:
        return Timeline((), {})
    first, last = min(time for _, time in pairs), max(time for _, time in pairs)
    width = (last - first) / n_bins or 1.0
    tally: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for topic, time in pairs:
        tally[topic][min(int((time - first) / width), n_bins - 1)] += 1
    starts = (datetime.fromtimestamp(first + i * width, UTC) for i in range(n_bins))
    times = tuple(start.isoformat(timespec="seconds") for start in starts)
    return Timeline(
        times, {topic: tuple(tally[topic][i] for i in range(n_bins)) for topic in sorted(tally)}
    )


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
    from plotly.offline import get_plotlyjs

    return _PAGE.substitute(
        title=escape(title),
        n_documents=f"{sum(map(sum, timeline.counts.values())):,}",
        n_topics=len(topics),
        n_events=len(events),
        topics="\n".join(_topic_row(topic) for topic in topics),
        events="\n".join(_event_row(event, labels) for event in events),
        figure=_script_safe(_figure(timeline, labels)),
        plotly=get_plotlyjs(),
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


def _figure(timeline: Timeline, labels: Mapping[int, str]) -> bytes:
    largest = sorted(timeline.counts, key=lambda topic: (-sum(timeline.counts[topic]), topic))
    bands = [
        _band(labels.get(topic, str(topic)), timeline.times, timeline.counts[topic])
        for topic in largest[:N_BANDS]
    ]
    if rest := [timeline.counts[topic] for topic in largest[N_BANDS:]]:
        sums = tuple(map(sum, zip(*rest, strict=True)))
        bands.append(_band(f"{len(rest)} smaller topics", timeline.times, sums))
    layout = {
        "yaxis": {"title": {"text": "documents"}},
        "hovermode": "x unified",
        "margin": {"t": 10, "r": 10},
        "legend": {"traceorder": "normal"},
    }
    return msgspec.json.encode({"data": bands, "layout": layout})


def _band(name: str, times: tuple[str, ...], counts: tuple[int, ...]) -> dict[str, object]:
    # plotly reads markup in names, so they are escaped here and not only for the page.
    return {
        "type": "scatter",
        "mode": "lines",
        "stackgroup": "all",
        "line": {"width": 0.5},
        "name": escape(name),
        "x": times,
        "y": counts,
    }


def _script_safe(json: bytes) -> str:
    """Return JSON that cannot end the script element that it stands in."""
    return json.decode().replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _topic_row(topic: Mapping[str, Any]) -> str:
    words = ", ".join(_word(word) for word in topic.get("words", ()))
    share = topic.get("share")
    return _row(
        topic["id"],
        words,
        topic.get("size", ""),
        f"{share:.1%}" if isinstance(share, float) else "",
        topic.get("first_seen", ""),
        topic.get("last_seen", ""),
    )


def _word(word: object) -> str:
    """Return the word of a word with its weight, or of a bare one."""
    if isinstance(word, Mapping):
        return str(word.get("word", ""))
    return str(word[0]) if isinstance(word, list | tuple) and word else str(word)


def _event_row(event: Mapping[str, Any], labels: Mapping[int, str]) -> str:
    evidence = event.get("evidence") or {}
    topic = event.get("topic", -1)
    before, after = evidence.get("share_before", 0.0), evidence.get("share_after", 0.0)
    return _row(
        event.get("model_sequence", ""),
        str(event.get("kind", "")).replace("_", " "),
        "whole feed" if topic == -1 else event.get("label") or labels.get(topic, topic),
        event.get("severity", ""),
        f"{before:.1%} → {after:.1%}",
        ", ".join(map(str, evidence.get("words_before", ()))),
        ", ".join(map(str, evidence.get("words_after", ()))),
    )


def _row(*cells: object) -> str:
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"


_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; color: #222; }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { margin-bottom: 0; } .summary { color: #666; margin-top: .2rem; }
#chart { height: 32rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0; }
th, td { border-bottom: 1px solid #e4e4e4; }
th { color: #666; font-weight: 600; }
</style>
<script>$plotly</script>
</head>
<body>
<h1>$title</h1>
<p class="summary">$n_documents documents, $n_topics topics, $n_events drift events</p>
<h2>Topics over time</h2>
<div id="chart"></div>
<h2>Topics</h2>
<div class="wide"><table id="topics">
<thead><tr><th>id</th><th>words</th><th>documents</th><th>share</th>\
<th>first seen</th><th>last seen</th></tr></thead>
<tbody>
$topics
</tbody></table></div>
<h2>Drift events</h2>
<div class="wide"><table id="events">
<thead><tr><th>batch</th><th>kind</th><th>topic</th><th>severity</th><th>share</th>\
<th>words before</th><th>words after</th></tr></thead>
<tbody>
$events
</tbody></table></div>
<script>
const figure = $figure;
Plotly.newPlot("chart", figure.data, figure.layout, {responsive: true, displaylogo: false});
</script>
</body>
</html>
""")
