"""``topicstream demo``: the service over a simulated feed, and what it found of the changes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from threadpoolctl import threadpool_limits

from topicstream.model.backend.select import select_embedder
from topicstream.model.online import Step
from topicstream.model.settings import ModelSettings
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.records import Output
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.workers.demo_report import Event, Finding, Report, read_report
from topicstream.workers.embed_worker import EmbedWorker
from topicstream.workers.export import Exporter
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.names import TopicNames
from topicstream.workers.page import read_topics, write_page
from topicstream.workers.simulation import schedule, simulate
from topicstream.workers.wiring import LOG_FILE

N_TOPICS = 16
BATCH_SIZE = 250  # a window of drift each
STATE, MARK = "state", ".topicstream-demo"
_COLUMNS = (BarColumn(), MofNCompleteColumn(), TextColumn("documents  {task.description}"))


class DemoError(ValueError):
    """The demo cannot run in the folder that it was given."""


def demo(
    output: Path = Path("demo"),
    *,
    n_documents: int = 24_000,
    seed: int = 7,
    console: Console | None = None,
) -> Path:
    """Run the service over a simulated feed, show what it found, and return the page.

    Parameters
    ----------
    output
        Folder for the feed, the state and the results; what an earlier demo left there is
        removed first.
    n_documents
        Length of the feed, 24,000 by default.
    seed
        Seed of the feed, 7 by default.
    console
        Where tables and progress go; standard output by default.

    Returns
    -------
    Path
        The page with topics over time.

    Raises
    ------
    DemoError
        `output` holds something that no demo has left there.

    """
    shown = console or Console()
    _clear(output)
    with threadpool_limits(1):  # batches are small: more threads would only wait for each other
        _run(output, n_documents, seed, shown)
    page = write_page(output, title="topicstream demo")
    shown.print(_topics_table(output))
    report = read_report(output, schedule(n_documents))
    shown.print(_changes_table(report.findings))
    shown.print(_summary(report))
    shown.print(f"Topics over time: [bold]{page.resolve()}[/]", soft_wrap=True)
    return page


def _clear(output: Path) -> None:
    if output.exists() and not (output / MARK).exists() and any(output.iterdir()):
        message = f"{output} is not empty and no demo made it; choose another folder for --output"
        raise DemoError(message)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    (output / MARK).touch()


def _run(output: Path, n_documents: int, seed: int, console: Console) -> None:
    names = TopicNames()
    state = output / STATE
    state.mkdir()
    with EmbeddedLog(state / LOG_FILE) as log:
        log.create_topics(names.specs())
        documents = _counted(simulate(n_documents, seed), n_documents, console)
        _feed(log, names, documents, output / "feed.jsonl")
        embedder = select_embedder("static")
        with (
            closing(EmbedWorker(log, embedder, names, member="demo")) as embed,
            closing(_model_worker(log, names, state)) as model,
            closing(Exporter(log, names, output)) as exporter,
        ):
            model.recover()
            _show(_steps(embed, model), model, n_documents, console)
            while exporter.step():
                pass
            exporter.write_topics(model.model)


def _model_worker(log: EmbeddedLog, names: TopicNames, state: Path) -> ModelWorker:
    return ModelWorker(
        log,
        names,
        DirectoryStore(state / "snapshots"),
        settings=ModelSettings(n_topics=N_TOPICS),
        batch_size=BATCH_SIZE,
        embedder="static",
    )


def _counted(
    documents: Iterator[dict[str, str]], n_documents: int, console: Console
) -> Iterator[dict[str, str]]:
    """Yield the documents, and show how many there have been."""
    with Progress(*_COLUMNS, console=console) as progress:
        task = progress.add_task("written to the feed", total=n_documents)
        for document in documents:
            yield document
            progress.advance(task)


def _feed(
    log: EmbeddedLog, names: TopicNames, documents: Iterator[dict[str, str]], path: Path
) -> None:
    with closing(log.writer("demo-feed")) as writer, path.open("wb") as file:
        while lines := [msgspec.json.encode(d) for d in islice(documents, 1_000)]:
            file.writelines(line + b"\n" for line in lines)
            outputs = [Output(names.documents, line) for line in lines]
            writer.commit(outputs, {}, group="demo-feed")


def _steps(embed: EmbedWorker, model: ModelWorker) -> Iterator[Step]:
    """Play both roles in turn until everything has its answer."""
    while embed.step(0.0):
        if step := model.step(0.0):
            yield step
    while step := model.step(0.0, drain=True):
        yield step


def _show(steps: Iterator[Step], model: ModelWorker, n_documents: int, console: Console) -> None:
    n_events = 0
    with Progress(*_COLUMNS, console=console) as progress:
        task = progress.add_task("", total=n_documents)
        for step in steps:
            n_events += len(step.events)
            n_topics = len(model.model.lineage.ids)
            progress.update(
                task,
                advance=len(step.topics),
                description=f"{n_topics} topics  {n_events} drift events",
            )


def _topics_table(output: Path) -> Table:
    table = Table("topic", "documents", "share", "words", title="Topics")
    for topic in sorted(read_topics(output / "topics.json"), key=lambda topic: -topic["size"]):
        words = ", ".join(word for word, _ in topic["words"][:6])
        table.add_row(str(topic["id"]), f"{topic['size']:,}", f"{topic['share']:.1%}", words)
    return table


def _changes_table(findings: Sequence[Finding]) -> Table:
    table = Table(
        "at document", "scheduled", "share", "found as", "after", title="Changes in the feed"
    )
    for finding in findings:
        change, event = finding.change, finding.event
        table.add_row(
            f"{change.document:,}",
            f"{change.subject}: {change.kind.replace('_', ' ')}",
            f"{change.share_before:.0%} → {change.share_after:.0%}",
            "[red]missed[/]" if event is None else _told(event),
            "" if finding.delay is None else f"{finding.delay:,} documents",
        )
    return table


def _told(event: Event) -> str:
    words = ", ".join(event.evidence.words_after[:3])
    return f"{event.kind} ({event.severity})" + (f": {escape(words)}" if words else "")


def _summary(report: Report) -> str:
    n_found = sum(finding.event is not None for finding in report.findings)
    n_more = len(report.unexplained)
    rest = {0: "every event tells of one of them", 1: "1 event tells of none of them"}
    last = rest.get(n_more, f"{n_more} events tell of none of them")
    return f"{n_found} of {len(report.findings)} scheduled changes found; {last}."
