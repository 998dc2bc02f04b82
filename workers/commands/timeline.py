"""``topicstream timeline``: topics over time, from the newest snapshot, without documents."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from topicstream.model.timeline import Timeline
from topicstream.model.timeline_reading import TopicSlice, idf_of
from topicstream.model.topics import OUTLIER_LABEL, OUTLIERS
from topicstream.stream.errors import SnapshotError
from topicstream.workers.chart import in_words
from topicstream.workers.settings import Settings
from topicstream.workers.sources import Source, newest_model
from topicstream.workers.timeline_chart import render
from topicstream.workers.timeline_options import Form
from topicstream.workers.timeline_view import N_WORDS, TimelineView, day, view_of

_OTHER_COLUMNS = 80  # signs wide
_PAGE_BINS = 190
_FILE_WIDTH = 160
_LEVELS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a timeline is wanted.

    Parameters
    ----------
    topics
        Ids; None (default) for all.
    since, until
        In seconds since 1970; None (default) for no bound.
    bin_width
        Seconds of a bin; None (default) for what fits.

    """

    topics: tuple[int, ...] | None = None
    since: float | None = None
    until: float | None = None
    bin_width: float | None = None


class _Row(msgspec.Struct, frozen=True):
    """A line of JSON or CSV."""

    topic: int
    label: str
    since: str
    until: str
    documents: int
    words: tuple[str, ...]


def timeline(
    settings: Settings,
    source: Source | None,
    wanted: Wanted,
    *,
    form: Form | None = None,
    output: Path | None = None,
) -> None:
    """Write topics over time.

    Parameters
    ----------
    settings
        Where the service is.
    source
        ``"redis"`` for the published model; else the newest snapshot on disk is read.
    wanted
        Which part.
    form
        How; None (default) is a table on a terminal, and JSON lines elsewhere.
    output
        File to write; None (default) for the standard output.

    Raises
    ------
    SnapshotError
        The snapshot holds no timeline.

    """
    model = newest_model(settings, source)
    if form is None:
        plain = output is not None or not sys.stdout.isatty()
        form = _by_name(output) or (Form.json if plain else Form.table)
    labels = {**model.labels(), OUTLIERS: OUTLIER_LABEL}
    idf = idf_of(model.counts)
    text = written(timeline_of(model), labels, idf, wanted, form=form, width=_width(output))
    if output is not None:
        output.write_text(text, encoding="utf-8")
        return
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def timeline_of(model: object) -> Timeline:
    """Return the timeline of a model, whose terms it needs.

    Raises
    ------
    SnapshotError
        It has none.

    """
    found = getattr(model, "timeline", None)
    if not isinstance(found, Timeline):
        raise SnapshotError(
            "the snapshot holds no timeline: its service ran with an older topicstream; let this "
            "one go on with the state, and read again after its next snapshot"
        )
    return found


def written(
    found: Timeline,
    labels: Mapping[int, str],
    idf: Mapping[str, float],
    wanted: Wanted,
    *,
    form: Form,
    width: int | None = None,
) -> str:
    """Return topics over time in one of the formats.

    Parameters
    ----------
    found
        The timeline.
    labels
        Topic to label.
    idf
        How much each term sets topics apart.
    wanted
        Which part.
    form
        The format.
    width
        Letters in a line of a table; None (default) for as many as the terminal has.

    """
    span: dict[str, Any] = {
        "idf": idf or None,
        "since": wanted.since,
        "until": wanted.until,
        "bin_width": wanted.bin_width,
    }
    if form in {Form.csv, Form.json}:
        rows = _rows(found.slices(wanted.topics, n_words=N_WORDS, **span), labels)
        return _as_csv(rows) if form is Form.csv else _as_json(rows)
    n_bins = _PAGE_BINS if form is Form.html else _table_bins(width)
    view = view_of(found, labels, topics=wanted.topics, n_bins=n_bins, **span)
    return render(view) if form is Form.html else _as_table(view, width)


def _width(output: Path | None) -> int | None:
    return None if output is None else _FILE_WIDTH


def _by_name(output: Path | None) -> Form | None:
    """Return the format that a file's name tells, None for none."""
    endings = {".csv": Form.csv, ".html": Form.html, ".json": Form.json}
    endings |= {".jsonl": Form.json, ".txt": Form.table}
    return endings.get(output.suffix.lower()) if output is not None else None


def _rows(slices: Sequence[TopicSlice], labels: Mapping[int, str]) -> list[_Row]:
    return [
        _Row(
            one.topic,
            labels.get(one.topic, str(one.topic)),
            _moment(one.since),
            _moment(one.until),
            one.n_documents,
            tuple(word for word, _ in one.words),
        )
        for one in slices
    ]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _as_json(rows: Sequence[_Row]) -> str:
    return "".join(msgspec.json.encode(row).decode() + "\n" for row in rows)


def _as_csv(rows: Sequence[_Row]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_Row.__struct_fields__)
    for row in rows:
        table.writerow((*msgspec.structs.astuple(row)[:-1], " ".join(row.words)))
    return text.getvalue()


def _table_bins(width: int | None) -> int:
    """Return how many bins leave room for the other columns."""
    return min(max((width or Console().width) - _OTHER_COLUMNS, 12), 60)


def _as_table(view: TimelineView, width: int | None) -> str:
    text = io.StringIO()
    colour = width is None and sys.stdout.isatty()
    console = Console(
        file=text, highlight=False, width=width, force_terminal=colour, legacy_windows=False
    )
    if view.topics:
        console.print(_table(view))
    for note in view.notes:
        console.print(Text(note))
    return text.getvalue()


def _table(view: TimelineView) -> Table:
    each = in_words(view.width)
    title = (
        f"Topics over time, {day(view.first)} to {day(view.last - 1)} (UTC), "
        f"{each if each[0].isdigit() else f'one {each}'} a sign"
    )
    table = Table("topic", "documents", title=title)
    table.add_column("over time", no_wrap=True)
    for name in ("most", "words then"):
        table.add_column(name)
    for topic in view.topics:
        peak = topic.peak
        most = f"{topic.counts[peak]:,}, {view.bin(peak)}"
        words = Text(", ".join(topic.words[peak]))
        table.add_row(
            str(topic.id) if topic.id >= 0 else "none",
            f"{topic.n_documents:,}",
            Text(_signs(topic.counts)),
            most,
            words,
        )
    return table


def _signs(counts: Sequence[int]) -> str:
    """Return one sign a bin, as high as the topic is there, blank for nothing."""
    most = max(counts)
    return "".join(_LEVELS[-(-count * (len(_LEVELS) - 1) // most)] for count in counts)
