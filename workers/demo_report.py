"""Which of the changes that were scheduled in the simulated feed were found, and how soon."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType

import msgspec

from topicstream.workers.simulation import Change, ChangeKind

BORN = ("topic_born", "topic_split")
SIGNS: Mapping[ChangeKind, tuple[str, ...]] = MappingProxyType(
    {
        "topic_born": (*BORN, "outlier_shift", "distance_shift", "share_shift", "word_shift"),
        "share_jump": ("share_shift",),
        "topic_vanished": ("share_shift", "topic_retired"),
        # With enough new words, documents leave their topic, which its share shows first.
        "words_changed": (*BORN, "word_shift", "distance_shift", "outlier_shift", "share_shift"),
    }
)
"""The kinds of event that a change may show itself by."""

N_BATCHES = 3  # an event speaks of a window of a few batches
MIN_PART = 0.2  # of a topic's documents, for the topic to count as being about the subject
REACH = 2_000  # documents after a change within which an event finds it
LATE = 4_000  # the same for one that repeats it: a small topic takes that long to say enough


class _Answer(msgspec.Struct):
    topic: int
    model_sequence: int
    class_: str = msgspec.field(name="class", default="")


class Words(msgspec.Struct, frozen=True):
    """What is read of the evidence of an event."""

    words_after: tuple[str, ...] = ()


class Event(msgspec.Struct):
    """What is read of a line of ``drift.jsonl``."""

    kind: str
    topic: int
    model_sequence: int
    severity: str = ""
    label: str = ""
    evidence: Words = Words()
    children: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A scheduled change, and the first event that tells of it.

    Parameters
    ----------
    change
        What was scheduled.
    event
        The event, or None when the change was missed.
    delay
        Documents from the change to the end of the batch that gave the event.
    n_events
        Events that tell of it in time.

    """

    change: Change
    event: Event | None
    delay: int | None
    n_events: int


@dataclass(frozen=True, slots=True)
class Report:
    """Findings in the order of the schedule, and the events that no change explains."""

    findings: tuple[Finding, ...]
    unexplained: tuple[Event, ...]


class Answers:
    """Which subjects each topic got in each batch.

    Examples
    --------
    >>> answers = Answers([(1, 0, "weather"), (1, 0, "weather"), (2, 0, "courts")])
    >>> answers.end_of(1), answers.end_of(2)
    (2, 3)
    >>> answers.part_of("courts", topic=0, last=2)
    0.3333333333333333

    """

    def __init__(self, rows: Iterable[tuple[int, int, str]]) -> None:
        self._subjects: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        sizes: Counter[int] = Counter()
        for sequence, topic, subject in rows:
            self._subjects[sequence, topic][subject] += 1
            sizes[sequence] += 1
        self._sequences = sorted(sizes)
        self._ends = list(accumulate(sizes[sequence] for sequence in self._sequences))

    def end_of(self, sequence: int) -> int:
        """Return how many documents were answered up to the end of batch `sequence`."""
        index = bisect_left(self._sequences, sequence + 1)
        return self._ends[index - 1] if index else 0

    def batch_at(self, document: int) -> int:
        """Return the number of the batch that holds the document with this number, from 0."""
        index = bisect_left(self._ends, document + 1)
        return self._sequences[min(index, len(self._sequences) - 1)] if self._sequences else 0

    def part_of(self, subject: str, *, topic: int, last: int) -> float:
        """Return the part of `topic` about `subject` in the few batches up to `last`, 0 to 1."""
        found: Counter[str] = Counter()
        for sequence in range(last - N_BATCHES + 1, last + 1):
            found.update(self._subjects.get((sequence, topic), {}))
        return found[subject] / max(found.total(), 1)


def read_report(folder: Path, changes: Sequence[Change]) -> Report:
    """Return what the files of a run say about `changes`.

    Parameters
    ----------
    folder
        Output of `topicstream run` over the simulated feed.
    changes
        What `schedule` says of that feed.

    """
    answer, event = msgspec.json.Decoder(_Answer), msgspec.json.Decoder(Event)
    with (folder / "assignments.jsonl").open("rb") as lines:
        found = map(answer.decode, lines)
        answers = Answers((row.model_sequence, row.topic, row.class_) for row in found)
    with (folder / "drift.jsonl").open("rb") as lines:
        return match(changes, [event.decode(line) for line in lines], answers)


def match(changes: Sequence[Change], events: Sequence[Event], answers: Answers) -> Report:
    """Set events beside the changes that they tell of.

    An event tells of a change when it is of a kind that such a change shows itself by, comes
    within 2,000 documents after it, and its topic's documents are about the subject. The same
    event within 4,000 finds nothing, but the change explains it.

    Parameters
    ----------
    changes
        The schedule.
    events
        What was found, in order.
    answers
        Which documents each topic got.

    """
    explained: set[int] = set()
    findings = []
    for change in changes:
        about = [i for i, event in enumerate(events) if _tells(event, change, answers)]
        explained.update(about)
        told = [i for i in about if _delay(events[i], change, answers) <= REACH]
        first = events[told[0]] if told else None
        delay = None if first is None else _delay(first, change, answers)
        findings.append(Finding(change, first, delay, len(told)))
    rest = tuple(event for i, event in enumerate(events) if i not in explained)
    return Report(tuple(findings), rest)


def _delay(event: Event, change: Change, answers: Answers) -> int:
    return answers.end_of(event.model_sequence) - change.document


def _tells(event: Event, change: Change, answers: Answers) -> bool:
    in_time = 0 < _delay(event, change, answers) <= LATE
    if event.kind not in SIGNS[change.kind] or not in_time:
        return False
    # A topic that vanished is known by what it held before, and one just born by what it gets.
    before, after = answers.batch_at(change.document) - 1, event.model_sequence + N_BATCHES
    return any(
        answers.part_of(change.subject, topic=topic, last=moment) >= MIN_PART
        for topic in (event.topic, *event.children)
        for moment in (event.model_sequence, before, after)
    )
