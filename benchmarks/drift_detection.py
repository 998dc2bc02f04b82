"""Which changes of a stream are told, and what is told where nothing changes.

Each of 30 streams is made of 16,000 posts of 20 Newsgroups, none twice, in batches of 1,000, and
two newsgroups of it change: a birth, a death, a sudden or gradual rise or fall of the share (about
six-fold, gradual ones over three batches), or new words: the 300 words of four or more letters that
tell the newsgroup best become words that no language has. The static embedder embeds these posts
anew; MiniLM's vectors stay as they were, so that nothing but the words changes. 30 more streams are
shuffled: every event there is false.

An event tells of a change when its kind fits (`drift_matching.SIGNS`), it comes no later than two
batches after the change, for a gradual one after its end, and more than half of its topic's posts
are of the newsgroup. It is true if it is the first about this topic and change; all others are
false: repeats, late ones, and those about something else. Precision is the part of the events that
is true, recall the part of the changes that a true event tells of. A second row lets a topic be
about its commonest newsgroup: talk.religion.misc, for one, is hardly ever half of a topic.

BERTopic has no drift events. What its documentation shows is a model per batch and `merge_models`:
a topic that the merged model did not have counts as a birth. --bertopic N does so for N streams.

    python -m benchmarks.drift_detection
    python -m benchmarks.drift_detection --embeddings MiniLM=vectors.npy --bertopic 3
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks import drift_bertopic, newsgroups, options
from benchmarks.bertopic_environment import EnvironmentMissing, bertopic_python
from benchmarks.drift_matching import Told, Verdict, judge, score
from benchmarks.drift_streams import (
    BATCH,
    WEIGHTS,
    Change,
    renamed,
    rewritten,
    schedule,
    stream,
)
from benchmarks.newsgroups import Posts
from benchmarks.report import Report, Row, say
from topicstream.model.backend.static import StaticEmbedder
from topicstream.model.events import DriftEvent
from topicstream.model.online import OnlineTopicModel

N_STREAMS = 30


@dataclass(frozen=True, slots=True)
class Task:
    """One stream to run; a stationary one has no changes."""

    embedder: str
    vectors: Path
    seed: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one stream led to: the verdict by majority, and by the commonest newsgroup."""

    task: Task
    n_documents: int
    events: tuple[Told, ...]
    strict: Verdict
    loose: Verdict


def prepared(task: Task, posts: Posts) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Return newsgroups, texts and vectors of a stream."""
    rows = stream(posts.classes, task.changes, task.seed)
    classes, texts = posts.classes[rows], [posts.texts[row] for row in rows]
    vectors = np.load(task.vectors, mmap_mode="r")[rows]
    for change in task.changes:
        if change.kind != "words":
            continue
        words = renamed(posts.texts, posts.classes, change.group)
        late = np.arange(len(rows)) >= change.batch * BATCH
        where = np.flatnonzero(late & (classes == change.group))
        for place in where.tolist():
            texts[place] = rewritten(texts[place], words)
        if task.embedder == "static":
            vectors[where] = StaticEmbedder().embed([texts[place] for place in where.tolist()])
    return classes, texts, vectors


def watch(task: Task, posts: Posts) -> Outcome:
    """Run one stream."""
    classes, texts, vectors = prepared(task, posts)
    model = OnlineTopicModel()
    events, answers = [], []
    for batch, start in enumerate(range(0, len(texts), BATCH)):
        span = slice(start, start + BATCH)
        step = model.partial_fit(texts[span], vectors[span], now=60.0 * batch)
        events += [_told(batch, event) for event in step.events]
        answers.append(step.topics)
    found = (task.changes, events, classes, np.concatenate(answers))
    return Outcome(task, len(texts), tuple(events), judge(*found), judge(*found, strict=False))


def _told(batch: int, event: DriftEvent) -> Told:
    children = event.children if event.kind == "topic_split" else ()
    return Told(batch, event.kind, (event.topic, *children))


def kinds_found(outcomes: Sequence[Outcome]) -> Sequence[Row]:
    """Return how many changes of each kind were found."""
    table = []
    for kind in WEIGHTS:
        row: dict[str, object] = {"change": kind}
        for embedder in dict.fromkeys(outcome.task.embedder for outcome in outcomes):
            delays = [
                delay
                for outcome in outcomes
                if outcome.task.embedder == embedder
                for change, delay in zip(outcome.task.changes, outcome.strict.delays, strict=True)
                if change.kind == kind
            ]
            hits = sum(delay is not None for delay in delays)
            row[f"{embedder}: found"] = f"{hits} of {len(delays)}"
        table.append(row)
    return table


def kinds_told(outcomes: Sequence[Outcome]) -> list[Row]:
    """Return what became of the events of each kind."""
    counts = Counter(
        (outcome.task.embedder, event.kind, verdict)
        for outcome in outcomes
        for event, verdict in zip(outcome.events, outcome.strict.events, strict=True)
    )
    names = sorted({(embedder, kind) for embedder, kind, _ in counts})
    verdicts = ("true", "repeat", "late", "false")
    return [
        {"embedder": e, "event": kind} | {verdict: counts[e, kind, verdict] for verdict in verdicts}
        for e, kind in names
    ]


def stationary(embedder: str, outcomes: Sequence[Outcome]) -> Row:
    """Return how many events there were where nothing changed."""
    n = sum(outcome.n_documents for outcome in outcomes)
    kinds = Counter(event.kind for outcome in outcomes for event in outcome.events)
    told = ", ".join(f"{kind} {kinds[kind]}" for kind in sorted(kinds))
    rate = kinds.total() * 20_000 / n
    return {"embedder": embedder, "documents": n, "events": told, "events / 20,000": rate}


def main() -> None:
    """Measure every embedder."""
    arguments = _arguments()
    report = Report("drift_detection", quick=arguments.quick)
    found, posts = newsgroups.load(arguments, report)
    if not found.is_real:
        raise SystemExit("20newsgroups.jsonl.gz is missing: name its folder with --feeds")
    tasks = _tasks(posts, 1 if arguments.quick else N_STREAMS)
    outcomes: list[Outcome] = []
    # A forked child would wait for threads that it does not have.
    with ProcessPoolExecutor(arguments.jobs, get_context("spawn")) as pool:
        for outcome in pool.map(partial(watch, posts=posts), tasks):
            outcomes.append(outcome)
            say(f"{len(outcomes)} of {len(tasks)} streams", end="\r")
    changing = [outcome for outcome in outcomes if outcome.task.changes]
    quiet = [outcome for outcome in outcomes if not outcome.task.changes]
    rows: list[Row] = []
    for name in posts.vectors:
        own = [outcome for outcome in changing if outcome.task.embedder == name]
        rows.append(_scored(name, "its majority", [outcome.strict for outcome in own]))
        rows.append(_scored(name, "its commonest", [outcome.loose for outcome in own]))
    rows += _theirs(arguments, report, tasks, posts)
    calm = [
        stationary(name, [o for o in quiet if o.task.embedder == name]) for name in posts.vectors
    ]
    report.table("two changes a stream", rows)
    report.table("changes found, by majority", kinds_found(changing))
    report.table("events, by majority", kinds_told(changing))
    report.table("shuffled streams", calm)
    if not arguments.quick:
        _hold(report, rows[: 2 * len(calm) : 2], calm)
    report.note("MiniLM's vectors stay as they were where words change")
    report.write()


def _scored(who: str, about: str, verdicts: Sequence[Verdict]) -> Row:
    return {"": who, "topic is about": about, **score(verdicts)}


def _hold(report: Report, rows: Sequence[Row], calm: Sequence[Row]) -> None:
    for row, still in zip(rows, calm, strict=True):
        name = row[""]
        report.at_least(f"{name}: F1, by majority", 0.9, _number(row["F1"]))
        report.at_most(f"{name}: median delay in batches", 2, _number(row["median delay"]))
        false = _number(still["events / 20,000"])
        report.at_most(f"{name}: false events / 20,000", 1, false)


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _theirs(
    arguments: argparse.Namespace, report: Report, tasks: Sequence[Task], posts: Posts
) -> list[Row]:
    """Return what BERTopic's way gives on the first few streams."""
    if not arguments.bertopic:
        return []
    try:
        python = bertopic_python(arguments.bertopic_python)
        return [_merged(name, python, tasks, posts, arguments.bertopic) for name in posts.vectors]
    except (EnvironmentMissing, RuntimeError) as error:
        report.note(f"bertopic is left out: {error}")
        return []


def _merged(name: str, python: Path, tasks: Sequence[Task], posts: Posts, n: int) -> Row:
    verdicts = []
    for task in [task for task in tasks if task.embedder == name and task.changes][:n]:
        classes, texts, vectors = prepared(task, posts)
        births, answers = drift_bertopic.births(python, texts, vectors, BATCH)
        events = [Told(batch, "topic_born", (topic,)) for batch, topic in births]
        # Its topics are of this batch alone: what they are about is known at once.
        verdicts.append(judge(task.changes, events, classes, answers, known_at_once=True))
        say(f"bertopic, {name}: {len(verdicts)} of {n}")
    who = f"bertopic, {name}, {len(verdicts)} streams"
    return _scored(who, "its majority", verdicts)


def _tasks(posts: Posts, n: int) -> list[Task]:
    return [
        Task(name, vectors, seed, schedule(seed, posts.groups) if changing else ())
        for name, vectors in posts.vectors.items()
        for changing in (True, False)
        for seed in range(n)
    ]


def _arguments() -> argparse.Namespace:
    made = options.parser(__doc__)
    newsgroups.add_options(made)
    made.add_argument(
        "--bertopic", type=int, default=0, metavar="N",
        help="streams of each embedder for bertopic's way, a minute or two each (default 0)",
    )  # fmt: skip
    made.add_argument(
        "--bertopic-python", type=Path, metavar="PATH", help="an interpreter that has bertopic"
    )
    return made.parse_args()


if __name__ == "__main__":
    main()
