"""Whether new topics are born, and only those, on streams made of 20 Newsgroups.

A newsgroup is held back, and after 8,000 shuffled posts of the others every tenth post is one of
it. It is found when a topic is born within 300 of its posts (that of a sound birth is counted up to
the end of the batch that tells of it) and 0.7 of the posts that then get this topic, to the end of
the stream, are its own. Shuffled streams with nothing held back are stationary: every birth, split
and merge there is false.

The lives of topics depend on the vectors alone, so the texts are left out, which is four times as
fast. Batches of 500.

    python -m benchmarks.lifecycle
    python -m benchmarks.lifecycle --embeddings MiniLM=vectors.npy
    python -m benchmarks.lifecycle --set far=0.5     another setting; nothing is written
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks import newsgroups, options
from benchmarks.newsgroups import Posts, Rows
from benchmarks.report import Report, Row, say
from topicstream.model.events import DriftEvent
from topicstream.model.lifecycle.settings import LifecycleSettings
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings

BATCH = 500
START, MIX = 8_000, 0.1  # where the newsgroup begins, and its share from there on
WITHIN, PURE = 300, 0.7
N_SEEDS, N_STATIONARY = 3, 6
CHANGES = ("topic_born", "topic_split", "topics_merged", "topic_retired")


@dataclass(frozen=True, slots=True)
class Birth:
    """A topic that was born: after how many posts of the newsgroup, and what it then got."""

    seen: int
    purity: float
    size: int

    @property
    def is_sound(self) -> bool:
        """Say whether its posts are those of the newsgroup."""
        return self.purity >= PURE


@dataclass(frozen=True, slots=True)
class Life:
    """What one stream led to; `group` is the newsgroup held back, "" for none."""

    embedder: str
    group: str
    n_documents: int
    births: tuple[Birth, ...]
    changes: Counter[str]

    @property
    def found(self) -> Birth | None:
        """Return the birth of the newsgroup, None where it was missed."""
        good = (birth for birth in self.births if birth.is_sound and birth.seen <= WITHIN)
        return next(good, None)


@dataclass(frozen=True, slots=True)
class Task:
    """One stream to run."""

    embedder: str
    vectors: Path
    group: str
    seed: int


def order_of(classes: np.ndarray, group: str, seed: int) -> Rows:
    """Return the posts in a random order in which `group` begins late; "" holds none back."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(classes))
    held, others = order[classes[order] == group], order[classes[order] != group]
    if not len(held):
        return np.asarray(others)
    late = random.random(len(order)) < MIX
    # The stream ends where either kind runs out.
    ends = np.flatnonzero((np.cumsum(late) > len(held)) | (np.cumsum(~late) > len(others) - START))
    late = late[: ends[0] if len(ends) else len(late)]
    rest = np.empty(len(late), dtype=np.int64)
    rest[late], rest[~late] = held[: late.sum()], others[START : START + (~late).sum()]
    return np.concatenate([others[:START], rest])


def live(task: Task, classes: np.ndarray, rules: LifecycleSettings) -> Life:
    """Run one stream."""
    order = order_of(classes, task.group, task.seed)
    vectors = np.load(task.vectors, mmap_mode="r")
    model = OnlineTopicModel(ModelSettings(lifecycle=rules))
    events: list[tuple[int, DriftEvent]] = []
    topics = []
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        step = model.partial_fit([""] * len(rows), vectors[rows], now=float(start))
        events += [(start + len(rows), event) for event in step.events]
        topics.append(step.topics)
    kinds = Counter(event.kind for _, event in events if event.kind in CHANGES)
    own, answers = classes[order] == task.group, np.concatenate(topics)
    births = tuple(
        _birth(own, answers, end, event.topic)
        for end, event in events
        if event.kind == "topic_born"
    )
    return Life(task.embedder, task.group, len(order), births, kinds)


def _birth(own: np.ndarray, answers: Rows, end: int, topic: int) -> Birth:
    got = answers == topic
    return Birth(int(own[:end].sum()), float(own[got].mean()) if got.any() else 0.0, int(got.sum()))


def released(embedder: str, lives: Sequence[Life]) -> Row:
    """Return how many newsgroups were found."""
    found = [life.found for life in lives]
    births = [birth for birth in found if birth is not None]
    every = [birth for life in lives for birth in life.births]
    # A second topic of the newsgroup is no mistake, but it is more than was asked for.
    more = sum(birth.is_sound for birth in every) - sum(
        any(birth.is_sound for birth in life.births) for life in lives
    )
    return {
        "embedder": embedder,
        "streams": len(lives),
        "found": len(births),
        "part": len(births) / len(lives),
        "late": sum(life.found is None and any(b.is_sound for b in life.births) for life in lives),
        "posts until birth": statistics.median([b.seen for b in births]) if births else None,
        "purity": statistics.median([b.purity for b in births]) if births else None,
        "more topics of it": more,
        "impure births": sum(not birth.is_sound for birth in every),
        "splits": sum(life.changes["topic_split"] for life in lives),
        "merges": sum(life.changes["topics_merged"] for life in lives),
    }


def stationary(embedder: str, lives: Sequence[Life]) -> Row:
    """Return how many changes were told where there was none."""
    n = sum(life.n_documents for life in lives)
    total = sum((life.changes for life in lives), Counter[str]())
    rates = {f"{kind} / 20,000": total[kind] * 20_000 / n for kind in CHANGES}
    return {"embedder": embedder, "documents": n, **rates}


def by_group(lives: Sequence[Life]) -> Sequence[Row]:
    """Return how often each newsgroup was found."""
    table = []
    for group in sorted({life.group for life in lives}):
        row: dict[str, object] = {"newsgroup": group}
        for embedder in dict.fromkeys(life.embedder for life in lives):
            own = [life for life in lives if (life.group, life.embedder) == (group, embedder)]
            row[f"{embedder}: found of {len(own)}"] = sum(life.found is not None for life in own)
            firsts = [_first(life) for life in own]
            row[f"{embedder}: first sound birth after"] = ", ".join(firsts)
        table.append(row)
    return table


def _first(life: Life) -> str:
    return next((f"{birth.seen}" for birth in life.births if birth.is_sound), "never")


def main() -> None:
    """Measure every embedder."""
    arguments = _arguments()
    rules = LifecycleSettings(**dict(arguments.set))
    report = Report("lifecycle", quick=arguments.quick or bool(arguments.set))
    found, posts = newsgroups.load(arguments, report)
    tasks = _tasks(posts, quick=arguments.quick)
    lives: list[Life] = []
    # A forked child would wait for threads that it does not have.
    with ProcessPoolExecutor(arguments.jobs, get_context("spawn")) as pool:
        for life in pool.map(partial(live, classes=posts.classes, rules=rules), tasks):
            lives.append(life)
            say(f"{len(lives)} of {len(tasks)} streams", end="\r")
    late = [life for life in lives if life.group]
    quiet = [life for life in lives if not life.group]
    embedders = list(posts.vectors)
    title = f"{found.name}: a newsgroup held back, released at 10 % after {START:,} posts"
    rows = [released(name, [life for life in late if life.embedder == name]) for name in embedders]
    report.table(title, rows)
    calm = [
        stationary(name, [life for life in quiet if life.embedder == name]) for name in embedders
    ]
    report.table("shuffled: changes told where there is none", calm)
    report.table("by newsgroup: posts of it until the first sound birth", by_group(late))
    if found.is_real and not arguments.quick:
        for row, still in zip(rows, calm, strict=True):
            name = row["embedder"]
            report.at_least(f"{name}: newsgroups found", 0.8, _number(row["part"]))
            false = _number(still["topic_born / 20,000"]) + _number(still["topic_split / 20,000"])
            report.at_most(f"{name}: false births and splits / 20,000", 1.0, false)
    report.note(f"settings: {dataclasses.asdict(rules)}")
    report.note("ids across a refit are the matter of another benchmark")
    report.write()


def _number(value: object) -> float:
    return float(str(value))


def _tasks(posts: Posts, *, quick: bool) -> list[Task]:
    held = posts.groups[:1] if quick else posts.groups
    seeds = range(1 if quick else N_SEEDS)
    still = range(1 if quick else N_STATIONARY)
    return [
        Task(name, vectors, group, seed)
        for name, vectors in posts.vectors.items()
        for group, numbers in [*((group, seeds) for group in held), ("", still)]
        for seed in numbers
    ]


def _arguments() -> argparse.Namespace:
    made = options.parser(__doc__)
    newsgroups.add_options(made)
    made.add_argument(
        "--set", action="append", default=[], type=_setting, metavar="NAME=VALUE",
        help="another value of a lifecycle setting; nothing is written then",
    )  # fmt: skip
    return made.parse_args()


def _setting(text: str) -> tuple[str, float | int]:
    name, _, value = text.partition("=")
    number = float(value)
    return name, int(number) if number.is_integer() and name != "lift" else number


if __name__ == "__main__":
    main()
