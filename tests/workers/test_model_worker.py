from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.workers.crash_lab import SETTINGS, HashEmbedder
from topicstream.model.snapshot import decode
from topicstream.stream.errors import SnapshotError, StreamError
from topicstream.stream.memory import MemoryLog
from topicstream.stream.records import Output, Record
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.stream.snapshots.redis import RedisStore
from topicstream.stream.snapshots.store import Snapshot
from topicstream.workers.embed_worker import EmbedWorker
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.names import TopicNames

NAMES = TopicNames()


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog()
    log.create_topics(NAMES.specs())
    return log


def feed(log: MemoryLog, n: int, *, start: int = 0, times: Sequence[int] | None = None) -> None:
    words = ("hockey", "space", "gun", "engine")
    texts = [f"{words[i % 4]} number {i} of {words[i % 4]}s" for i in range(start, start + n)]
    documents: list[dict[str, Any]]
    documents = [{"id": f"d{start + i}", "text": t, "class": "x"} for i, t in enumerate(texts)]
    if times is not None:
        documents = [{**d, "timestamp": t} for d, t in zip(documents, times, strict=True)]
    values = [json.dumps(document).encode() for document in documents]
    log.writer("f").commit([Output(NAMES.documents, v) for v in values], {}, group="f")
    embed = EmbedWorker(log, HashEmbedder(), NAMES, member="one")
    while embed.step(0.0):
        pass
    embed.close()


def worker_on(log: MemoryLog, folder: Path, **options: Any) -> ModelWorker:
    options = {"batch_size": 10, **options}
    worker = ModelWorker(log, NAMES, DirectoryStore(folder), settings=SETTINGS, **options)
    worker.recover()
    return worker


def read(log: MemoryLog, topic: str) -> list[Record]:
    return log.reader(log.beginning_offsets(log.partitions(topic))).poll(10_000, 0.0)


def values(log: MemoryLog, topic: str) -> list[dict[str, Any]]:
    return [json.loads(record.value or b"") for record in read(log, topic)]


def test_batches_are_full_until_it_is_drained(log: MemoryLog, tmp_path: Path) -> None:
    feed(log, 25)
    worker = worker_on(log, tmp_path)
    sizes = []
    while step := worker.step(0.0):
        sizes.append(len(step.topics))
    assert sizes == [10, 10]
    last = worker.step(0.0, drain=True)
    assert last is not None
    assert len(last.topics) == 5
    assert worker.step(0.0, drain=True) is None


def test_a_batch_is_closed_by_age(log: MemoryLog, tmp_path: Path) -> None:
    feed(log, 3)
    worker = worker_on(log, tmp_path, max_age_s=0.0)
    step = worker.step(5.0)
    assert step is not None
    assert len(step.topics) == 3


def test_the_clock_is_event_time_and_never_runs_back_nor_ahead(
    log: MemoryLog, tmp_path: Path
) -> None:
    worker = worker_on(log, tmp_path, batch_size=2)
    clocks = []
    for times in [(50, 40), (20, 30), (60, 4_000_000_000)]:
        feed(log, 2, times=times)
        worker.step(0.0)
        assert worker.last is not None
        clocks.append(worker.last.clock_ms)
    assert clocks[:2] == [50_000, 50_000]
    # A document from the year 2096 counts as of when its record was written.
    assert clocks[2] == read(log, NAMES.embeddings)[-1].timestamp_ms


def test_each_document_is_answered_with_its_fields(log: MemoryLog, tmp_path: Path) -> None:
    feed(log, 60)
    worker = worker_on(log, tmp_path)
    while worker.step(0.0):
        pass
    answers = values(log, NAMES.assignments)
    assert [answer["id"] for answer in answers] == [f"d{i}" for i in range(60)]
    assert answers[-1]["class"] == "x"
    assert answers[-1]["model_sequence"] == 6
    assert answers[-1]["label"] == worker.model.labels()[answers[-1]["topic"]]
    assert "metadata" not in answers[-1]


def test_the_topics_topic_holds_what_the_model_knows(log: MemoryLog, tmp_path: Path) -> None:
    feed(log, 60)
    worker = worker_on(log, tmp_path)
    while worker.step(0.0):
        pass
    newest = {r.key: json.loads(r.value or b"{}") for r in read(log, NAMES.topics)}
    assert worker.model.topics()
    for topic in worker.model.topics():
        assert newest[str(topic.id).encode()]["size"] == topic.size


def test_vectors_of_another_width_are_dead_letters(log: MemoryLog, tmp_path: Path) -> None:
    feed(log, 4)
    narrow = HashEmbedder(n_dimensions=8)
    log.writer("f").commit([Output(NAMES.documents, b'{"text": "odd one"}')], {}, group="f")
    embed = EmbedWorker(log, _Narrow(narrow), NAMES, member="one")
    embed.step(0.0)
    embed.close()
    log.writer("f").commit([Output(NAMES.embeddings, b"rubbish")], {}, group="f")
    feed(log, 4, start=4)
    worker = worker_on(log, tmp_path)
    step = worker.step(0.0, drain=True)
    assert step is not None
    assert len(step.topics) == 8
    found = [(letter["reason"], letter["source"]) for letter in values(log, NAMES.deadletter)]
    assert found == [("wrong_dimensions", "embeddings/0/4"), ("bad_embedding", "embeddings/0/5")]


class _Narrow:
    """An embedder that gives half the width."""

    def __init__(self, inner: HashEmbedder) -> None:
        self.name, self.n_dimensions, self.fingerprint = "narrow", 8, "narrow"

    def embed(self, texts: Any) -> Any:
        return HashEmbedder().embed(texts)[:, :8]


def test_before_recover_it_does_not_run(log: MemoryLog, tmp_path: Path) -> None:
    worker = ModelWorker(log, NAMES, DirectoryStore(tmp_path), settings=SETTINGS)
    with pytest.raises(StreamError, match=r"call recover\(\) first"):
        worker.step(0.0)


def test_snapshots_are_taken_every_few_batches_and_at_the_end(
    log: MemoryLog, tmp_path: Path
) -> None:
    feed(log, 50)
    worker = worker_on(log, tmp_path, snapshot_every=2)
    while worker.step(0.0):
        pass
    store = DirectoryStore(tmp_path)
    assert [store.load(name).id.sequence for name in store.list()] == [4, 2]
    worker.close()
    assert store.load(store.list()[0]).id.sequence == 5


class FullDisk(DirectoryStore):
    """A store that keeps nothing any more."""

    def save(self, snapshot: Snapshot) -> None:
        raise SnapshotError("no space left on device")


def test_a_full_disk_does_not_stop_it(log: MemoryLog, tmp_path: Path) -> None:
    feed(log, 30)
    worker = ModelWorker(
        log, NAMES, FullDisk(tmp_path), settings=SETTINGS, batch_size=10, snapshot_every=1
    )
    worker.recover()
    while worker.step(0.0):
        pass
    assert worker.model.sequence == 3
    assert worker.checkpoints.n_failed_snapshots == 3


def test_redis_serves_the_state_and_is_healed_when_it_was_emptied(
    log: MemoryLog, tmp_path: Path, redis_url: str
) -> None:
    import redis

    feed(log, 40)
    store = RedisStore(redis_url, prefix="test")
    worker = worker_on(log, tmp_path, snapshot_every=2, redis=store)
    worker.step(0.0)
    worker.step(0.0)
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    worker.step(0.0)
    worker.step(0.0)
    served = store.read()
    store.close()
    assert served is not None
    assert decode(served.files)[0].state_hash() == worker.model.state_hash()


def test_without_redis_it_goes_on(log: MemoryLog, tmp_path: Path) -> None:
    feed(log, 20)
    store = RedisStore("redis://127.0.0.1:1", prefix="test")
    worker = worker_on(log, tmp_path, snapshot_every=1, redis=store)
    while worker.step(0.0):
        pass
    store.close()
    assert worker.model.sequence == 2
    assert worker.checkpoints.n_failed_publications == 3
