"""What has to hold after every crash, and the children that crash (`crash_lab_kafka.py`)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tests.integration.crash_lab_kafka import Place, Request
from tests.workers.crash_lab import BATCH_SIZE, HashEmbedder
from topicstream.stream.journal import Batch, Chain, Term
from topicstream.stream.memory import MemoryLog
from topicstream.stream.protocols import Transport
from topicstream.stream.records import Output, Record, TopicPartition
from topicstream.workers.embed_worker import EmbedWorker
from topicstream.workers.names import TopicNames

KILLED = -signal.SIGKILL
PATIENCE_S = 60.0
N_DOCUMENTS = 120
BAD = (17, 67)
WORDS = ("hockey", "space", "gun", "engine", "doctor")


def document(number: int) -> bytes:
    if number in BAD:
        return b"\xff not a document"
    word = WORDS[number % len(WORDS)]
    text = f"{word} {word}s number {number} of {number % 7}"
    return json.dumps(
        {"id": f"d{number}", "text": text, "timestamp": 1_700_000_000 + number}
    ).encode()


def feed(log: Transport, names: TopicNames, first: int, last: int) -> None:
    outputs = [Output(names.documents, document(number)) for number in range(first, last)]
    writer = log.writer(f"{names.prefix}feed")
    writer.commit(outputs, {}, group=f"{names.prefix}feed")
    writer.close()


def preload(place: Place, *, embedded: bool = False) -> None:
    """Put the documents there; `embedded` means with their vectors, so that only the model works.

    The first record on the topic of vectors is none: its dead letter is the model worker's.
    """
    with place.open() as log:
        log.create_topics(place.names.specs())
        writer = log.writer(f"{place.prefix}feed")
        outputs = [Output(place.names.embeddings, b"rubbish")]
        outputs += embeddings(place.names) if embedded else documents(place.names)
        writer.commit(outputs, {}, group=f"{place.prefix}feed")
        writer.close()


def documents(names: TopicNames) -> list[Output]:
    return [Output(names.documents, document(number)) for number in range(N_DOCUMENTS)]


def embeddings(names: TopicNames) -> list[Output]:
    """Return what the embed worker makes of the documents, dead letters included."""
    log = MemoryLog()
    log.create_topics(names.specs())
    log.writer("feed").commit(documents(names), {}, group="feed")
    embed = EmbedWorker(log, HashEmbedder(), names, member="one")
    while embed.step(0.0):
        pass
    return [
        Output(record.topic, record.value, record.key, record.partition, record.headers)
        for topic in (names.embeddings, names.deadletter)
        for record in read_all(log, topic)
    ]


def until(condition: Callable[[], bool], what: str, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s in vain for {what}"
        time.sleep(0.01)


def state_of(pid: int) -> str:
    """Return what Linux says of a process: T when it is stopped, Z when it has ended."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def is_stopped(pid: int) -> bool:
    return state_of(pid) == "T"


@dataclass
class Lab:
    """Starts children, and sees that none is left."""

    process: subprocess.Popen[str]
    alive: set[int] = field(default_factory=set)

    def start(self, place: Place, failpoint: str = "", roles: str = "all") -> int:
        request = msgspec.to_builtins(Request(place, failpoint, roles))
        pid = self._ask({"start": request})
        self.alive.add(pid)
        return pid

    def wait(self, pid: int) -> int:
        status = self._ask({"wait": pid})
        self.alive.remove(pid)
        return status

    def run(self, place: Place, failpoint: str = "", roles: str = "all") -> int:
        return self.wait(self.start(place, failpoint, roles))

    def start_until_stopped(self, place: Place, failpoint: str, roles: str = "all") -> int:
        pid = self.start(place, failpoint, roles)
        until(lambda: is_stopped(pid), f"a child to stop at {failpoint}")
        return pid

    def resume(self, pid: int) -> int:
        os.kill(pid, signal.SIGCONT)
        return self.wait(pid)

    def clean(self) -> None:
        """O6: no process is left; those that a failed test leaves are ended."""
        for pid in sorted(self.alive):
            os.kill(pid, signal.SIGKILL)
            self.wait(pid)

    def _ask(self, question: dict[str, Any]) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextlib.contextmanager
def open_lab() -> Iterator[Lab]:
    # One thread: a child forked beside others might wait for a lock for ever.
    root = Path(__file__).parent.parent.parent
    env = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", PYTHONPATH=str(root))
    script = Path(__file__).with_name("crash_lab_kafka.py")
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    ) as process:
        lab = Lab(process)
        yield lab
        lab.clean()
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def read_all(log: Transport, topic: str) -> list[Record]:
    """Return every committed record of `topic`."""
    parts = log.partitions(topic)
    ends = log.end_offsets(parts)
    reader = log.reader(log.beginning_offsets(parts))
    records: list[Record] = []
    deadline = time.monotonic() + PATIENCE_S
    while any(at < ends[part] for part, at in reader.positions().items()):
        assert time.monotonic() < deadline, f"{topic} was not read to its end"
        records += reader.poll(10_000, 0.2)
    reader.close()
    return records


def check(lab: Lab, place: Place) -> str:
    """Hold the outcome against the oracle, and return the final state hash."""
    with place.open() as log:
        check_answers(log, place.names)
        final = check_journal(log, place.names)
    assert list(place.snapshots.glob("tmp-*")) == []  # O6: swept by the next start
    assert lab.run(place, roles="replay") == 0  # O3: in a fresh process, from the genesis
    assert not lab.alive
    return final


def check_answers(log: Transport, names: TopicNames) -> None:
    """O1: exactly one answer or dead letter for each document."""
    answered = [json.loads(r.value or b"")["id"] for r in read_all(log, names.assignments)]
    dead = [json.loads(r.value or b"")["source"] for r in read_all(log, names.deadletter)]
    assert sorted(answered) == sorted(f"d{i}" for i in range(N_DOCUMENTS) if i not in BAD)
    places = [f"{names.documents}/0/{number}" for number in BAD]
    assert sorted(dead) == sorted([*places, f"{names.embeddings}/0/0"])


def check_journal(log: Transport, names: TopicNames) -> str:
    """O2: no gap, an unbroken chain, rising terms, and offsets that are those of the last batch."""
    chain = Chain()
    records = read_all(log, names.journal)
    entries = [chain.feed(record) for record in records]
    batches = [entry for entry in entries if isinstance(entry, Batch)]
    assert [entry.sequence for entry in batches] == list(range(1, len(batches) + 1))
    term = -1
    for record, entry in zip(records, entries, strict=True):
        term = record.offset if isinstance(entry, Term) else term
        assert not isinstance(entry, Batch) or entry.term == term
    marks = log.committed(names.model_group, log.partitions(names.embeddings))
    assert {TopicPartition(p.topic, p.partition): p.offset for p in batches[-1].positions} == {
        part: mark.offset for part, mark in marks.items()
    }
    assert [entry.n for entry in batches[:-1]] == [BATCH_SIZE] * (len(batches) - 1)
    return batches[-1].state_hash


def hanging(bootstrap: str) -> list[object]:
    """Return the transactions that no producer will ever end (O6)."""
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    found = list(admin.find_hanging_transactions())
    admin.close()
    return found
