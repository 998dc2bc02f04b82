"""Which scheduled changes were found, and which events are false."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.drift_streams import BATCH, Change
from benchmarks.newsgroups import Rows

SHOWN = ("share_shift", "topic_born", "topic_split", "word_shift", "distance_shift")
SIGNS = {
    "birth": (*SHOWN, "outlier_shift"),
    "death": ("share_shift", "topic_retired"),
    "sudden rise": ("share_shift", "topic_born", "topic_split"),
    "gradual rise": ("share_shift", "topic_born", "topic_split"),
    "sudden fall": ("share_shift", "topic_retired"),
    "gradual fall": ("share_shift", "topic_retired"),
    # With enough new words posts leave their topic, or make one of their own.
    "words": (*SHOWN, "outlier_shift"),
}
"""The kinds of event that a change may show itself by."""
USUAL = 5  # batches that tell what a topic is about


@dataclass(frozen=True, slots=True)
class Told:
    """An event: its batch, counted from 0, its kind and the topics it is about."""

    batch: int
    kind: str
    topics: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Delay of each change in batches, None where it was missed, and each event's verdict."""

    delays: tuple[int | None, ...]
    events: tuple[str, ...]  # "true", "repeat", "late" or "false"


def judge(
    changes: Sequence[Change],
    events: Sequence[Told],
    classes: np.ndarray,
    answers: Rows,
    *,
    strict: bool = True,
    known_at_once: bool = False,
) -> Verdict:
    """Set events beside the changes that they tell of.

    An event tells of a change when it is of a kind that fits, comes in time, and its topic is about
    the newsgroup: more than half of the documents that got the topic in the five batches before the
    change, or from the change to the event, were of it; of a topic that has just been born, more
    than half of those that get it later. The first such event about a topic is true; another one
    about the same topic and change is a repeat; one that comes too late is late; all others are
    false.

    Parameters
    ----------
    changes
        What was scheduled.
    events
        What was told, in order.
    classes, answers
        Newsgroup and topic of each document of the stream.
    strict
        False lets a topic be about its commonest newsgroup, be that less than half of it: of 20
        newsgroups some have no topic of which they are more than half.
    known_at_once
        A topic that is born is judged by the documents of its batch, not by those that follow.

    """
    delays: list[int | None] = [None] * len(changes)
    told: set[tuple[int, int]] = set()
    verdicts = []
    for event in events:
        about = [
            (number, topic)
            for number, change in enumerate(changes)
            for topic in event.topics
            if event.kind in SIGNS[change.kind] and event.batch >= change.batch
            and any(
                _is_of(change.group, classes[span][answers[span] == topic], strict=strict)
                for span in _spans(event, change, len(answers), known_at_once=known_at_once)
            )
        ]  # fmt: skip
        timely = [(number, topic) for number, topic in about if changes[number].holds(event.batch)]
        new = [pair for pair in timely if pair not in told]
        for number, _ in new:
            if delays[number] is None:
                delays[number] = event.batch - changes[number].batch
        told.update(timely)
        verdicts.append("true" if new else "repeat" if timely else "late" if about else "false")
    return Verdict(tuple(delays), tuple(verdicts))


def _spans(event: Told, change: Change, n: int, *, known_at_once: bool) -> list[slice]:
    """Return the documents that tell what an event's topic is about."""
    if event.kind in {"topic_born", "topic_split"}:
        own = slice(event.batch * BATCH, (event.batch + 1) * BATCH)
        return [own if known_at_once else slice((event.batch + 1) * BATCH, n)]
    start = change.batch * BATCH
    return [
        slice(max(start - USUAL * BATCH, 0), start),
        slice(start, (event.batch + 1) * BATCH),
    ]


def _is_of(group: str, got: np.ndarray, *, strict: bool) -> bool:
    """Say whether a topic that got documents of these newsgroups is about `group`."""
    groups, counts = np.unique(got, return_counts=True)
    if group not in groups:
        return False
    own = int(counts[groups == group][0])
    return own > len(got) / 2 or (not strict and own == counts.max())


def score(verdicts: Sequence[Verdict]) -> dict[str, float | None]:
    """Return precision and recall of events over many streams."""
    delays = [delay for verdict in verdicts for delay in verdict.delays]
    found = [delay for delay in delays if delay is not None]
    kinds = Counter(kind for verdict in verdicts for kind in verdict.events)
    n_events = kinds.total()
    recall = len(found) / len(delays)
    precision = kinds["true"] / n_events if n_events else 0.0
    return {
        "changes": len(delays),
        "found": len(found),
        "events": n_events,
        "repeats": kinds["repeat"],
        "late": kinds["late"],
        "false": kinds["false"],
        "precision": precision,
        "recall": recall,
        "F1": 2 * precision * recall / max(precision + recall, 1e-12),
        "median delay": float(np.median(found)) if found else None,
    }
