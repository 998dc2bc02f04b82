"""``topicstream inspect``: one snapshot, looked at without a change."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from topicstream.model import snapshot as codec
from topicstream.model.errors import ModelError
from topicstream.model.topics import Topic
from topicstream.stream.errors import SnapshotError
from topicstream.workers.snapshot_report import META, SnapshotReport, examine

_N_TOPICS = 10


def inspect(folder: Path, *, as_json: bool = False) -> None:
    """Write what `folder` holds: a table, or its meta.json.

    Raises
    ------
    SnapshotError
        It is no snapshot, or a damaged one.

    """
    report = examine(folder)
    if as_json and META in report.contents:
        sys.stdout.buffer.write(report.contents[META] + b"\n")
        sys.stdout.buffer.flush()
    problems = list(report.problems)
    if not as_json:
        problems += _show(report, Console(highlight=False))
    if problems:
        raise SnapshotError(
            f"snapshot {folder} is damaged: {'; '.join(problems)}. A start passes it over; use an "
            "older one, or let the journal be replayed"
        )


def _show(report: SnapshotReport, console: Console) -> list[str]:
    """Write the tables; return what is wrong beyond the files."""
    topics, problem = _topics(report)
    problems = [problem] if problem else []
    for name, value in _facts(report, topics, is_sound=report.is_sound and not problems).items():
        console.print(Text(f"{name:18} {value}"), soft_wrap=True)
    if topics:
        console.print(_largest(topics))
    return problems


def _topics(report: SnapshotReport) -> tuple[list[Topic], str]:
    if not report.is_sound or report.id is None:
        return [], ""
    try:
        model, _ = codec.decode(report.contents)
    except (ModelError, KeyError, ValueError, TypeError) as error:
        return [], f"its files are whole, but hold no model ({type(error).__name__}: {error})"
    if model.state_hash() != report.id.state_hash:
        return [], "it holds another state than its manifest says"
    return model.topics(), ""


def _facts(report: SnapshotReport, topics: list[Topic], *, is_sound: bool) -> dict[str, str]:
    rows = {"snapshot": report.folder.name, "sound": "yes" if is_sound else "no, see below"}
    if report.id is not None:
        rows |= {"batch": f"{report.id.sequence:,}", **_learnt(report), "topics": str(len(topics))}
        rows |= {"term": str(report.id.term), "state hash": report.id.state_hash}
        if report.folder.resolve().name != report.id.name:
            rows["to be used"] = f"it has to be called {report.id.name}"
    for file in report.files:
        rows[file.name] = f"{file.n_bytes:,} bytes, {file.damage or 'sound'}"
    return rows


def _learnt(report: SnapshotReport) -> dict[str, str]:
    scalars = report.meta().get("scalars", {})
    if not isinstance(scalars, dict):
        return {}
    known = {"documents": scalars.get("n_documents"), "dimensions": scalars.get("n_dimensions")}
    return {name: f"{value:,}" for name, value in known.items() if isinstance(value, int)}


def _largest(topics: list[Topic]) -> Table:
    shown = sorted(topics, key=lambda topic: (-topic.size, topic.id))[:_N_TOPICS]
    title = "Topics" if len(shown) == len(topics) else f"The {len(shown)} largest topics"
    table = Table("topic", "documents", "share", "words", title=title)
    for topic in shown:
        words = Text(", ".join(word for word, _ in topic.words[:6]))
        table.add_row(str(topic.id), f"{topic.size:,}", f"{topic.share:.1%}", words)
    return table
