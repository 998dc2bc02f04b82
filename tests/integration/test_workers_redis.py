"""The workers with a real Redis, which may fail in any way: readers see a whole, recent model.

Numbers in brackets are rows of the table of faults in the delivery document.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from tests.integration.crash_lab_kafka import Place
from tests.integration.oracle import (
    KILLED,
    Lab,
    check,
    check_answers,
    check_journal,
    embeddings,
    open_lab,
    preload,
    read_all,
)
from tests.services import RedisServer, ServiceError
from tests.workers.crash_lab import BATCH_SIZE, SETTINGS
from topicstream.model import snapshot as codec
from topicstream.stream.journal import Batch, decode
from topicstream.stream.memory import MemoryLog
from topicstream.stream.records import Output
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.stream.snapshots.redis import RedisStore
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.names import TopicNames

pytestmark = pytest.mark.integration

NAMES = TopicNames()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with open_lab() as opened:
        yield opened


@pytest.fixture(autouse=True)
def nobody_left(lab: Lab) -> Iterator[None]:
    yield
    lab.clean()


@pytest.fixture(scope="module")
def undisturbed(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    place = Place(str(tmp_path_factory.mktemp("undisturbed")))
    preload(place, embedded=True)
    assert lab.run(place, roles="model") == 0
    return check(lab, place)


@dataclass
class Audience:
    """A reader that never stops looking, and what it saw: sequence and hash of each model."""

    store: RedisStore
    seen: list[tuple[int, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.ended.is_set():
            self.look()
            time.sleep(0.002)

    def look(self) -> None:
        try:
            served = self.store.read()
            if served is None:
                return
            model, _ = codec.decode(served.files)
        except Exception as error:  # noqa: BLE001 - whatever a reader would see
            self.failures.append(repr(error))
            return
        if model.state_hash() != served.id.state_hash:
            self.failures.append(f"{served.id} holds another state")
        self.seen.append((served.id.sequence, served.id.state_hash))


@contextmanager
def audience_of(place: Place) -> Iterator[Audience]:
    store = place.serving_copy()
    assert store is not None
    audience = Audience(store)
    thread = threading.Thread(target=audience.watch)
    thread.start()
    yield audience
    audience.ended.set()
    thread.join()
    audience.look()
    store.close()


def check_served(place: Place, audience: Audience) -> None:
    """O5: every reader saw whole, committed states, none older than the one before."""
    with place.open() as log:
        entries = [decode(record) for record in read_all(log, place.names.journal)]
    committed = {entry.sequence: entry.state_hash for entry in entries}
    assert audience.failures == []
    assert all(committed[sequence] == digest for sequence, digest in audience.seen)
    sequences = [sequence for sequence, _ in audience.seen]
    assert sequences == sorted(sequences)
    assert len(set(sequences)) > 1
    assert sequences[-1] == max(e.sequence for e in entries if isinstance(e, Batch))


@pytest.mark.parametrize("name", ["redis_mid_upload", "redis_before_flip", "redis_after_flip"])
@pytest.mark.parametrize("sequence", [2, 4])
def test_killed_while_it_publishes_readers_see_a_whole_model(
    name: str, sequence: int, lab: Lab, redis_url: str, undisturbed: str, tmp_path: Path
) -> None:
    """[3]"""
    place = Place(str(tmp_path), redis=redis_url)
    preload(place, embedded=True)
    with audience_of(place) as audience:
        assert lab.run(place, f"{name}:kill@seq={sequence}", "model") == KILLED
        assert lab.run(place, roles="model") == 0
    check_served(place, audience)
    assert check(lab, place) == undisturbed


@pytest.mark.parametrize(
    "name",
    [
        "snapshot_mid_write",
        "snapshot_after_manifest",
        "snapshot_before_rename",
        "snapshot_after_rename",
    ],
)
def test_killed_while_it_saves_readers_keep_the_model_before(
    name: str, lab: Lab, redis_url: str, undisturbed: str, tmp_path: Path
) -> None:
    """[2] What is served is published after it was saved, so nothing is ever taken back."""
    place = Place(str(tmp_path), redis=redis_url)
    preload(place, embedded=True)
    with audience_of(place) as audience:
        assert lab.run(place, f"{name}:kill@seq=4", "model") == KILLED
        assert audience.store.current() is not None
        assert audience.store.current().id.sequence == 2  # type: ignore[union-attr]
        assert lab.run(place, roles="model") == 0
    check_served(place, audience)
    assert check(lab, place) == undisturbed


def test_on_kafka_too_readers_see_a_whole_model(
    lab: Lab, kafka_bootstrap: str, redis_url: str, undisturbed: str, tmp_path: Path
) -> None:
    """[2, 3] Snapshot and upload, each killed once, in one service."""
    prefix = f"r-{uuid.uuid4().hex[:8]}."
    place = Place(str(tmp_path), prefix, kafka_bootstrap, redis_url)
    preload(place, embedded=True)
    with audience_of(place) as audience:
        for failpoint in (
            "redis_mid_upload:kill@seq=2",
            "snapshot_before_rename:kill@seq=4",
            "redis_before_flip:kill@seq=5",
        ):
            assert lab.run(place, failpoint, "model") == KILLED
        assert lab.run(place, roles="model") == 0
    check_served(place, audience)
    assert check(lab, place) == undisturbed


@pytest.fixture
def server(redis_url: str) -> Iterator[RedisServer]:
    """A Redis of the test's own, which it may kill."""
    # redis_url first: without a Redis these are skipped, or fail, like the others.
    try:
        with RedisServer() as started:
            yield started
    except ServiceError as error:
        pytest.skip(str(error))


@pytest.fixture
def store(server: RedisServer) -> Iterator[RedisStore]:
    opened = RedisStore(server.url, "t", chunk_bytes=2_000, socket_timeout=0.5)
    yield opened
    opened.close()


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog()
    log.create_topics(NAMES.specs())
    outputs = [Output(NAMES.embeddings, b"rubbish"), *embeddings(NAMES)]
    log.writer("feed").commit(outputs, {}, group="feed")
    return log


@pytest.fixture
def worker(log: MemoryLog, store: RedisStore, tmp_path: Path) -> ModelWorker:
    worker = ModelWorker(
        log,
        NAMES,
        DirectoryStore(tmp_path),
        settings=SETTINGS,
        batch_size=BATCH_SIZE,
        redis=store,
        snapshot_every=1,
        republish_s=0.0,
    )
    worker.recover()
    assert worker.step(0.0) is not None
    return worker


def go_on(worker: ModelWorker, n: int = 2) -> None:
    for _ in range(n):
        assert worker.step(0.0) is not None


def check_healed(worker: ModelWorker, store: RedisStore, log: MemoryLog, undisturbed: str) -> None:
    """The fault is over: the next batch is served, and none was lost meanwhile."""
    while worker.step(0.0, drain=True):
        assert store.read() is not None
    served = store.read()
    assert served is not None
    assert served.id.state_hash == worker.model.state_hash() == undisturbed
    check_answers(log, NAMES)
    assert check_journal(log, NAMES) == undisturbed


def test_a_redis_that_was_killed_costs_nothing_and_is_filled_again(
    server: RedisServer, worker: ModelWorker, store: RedisStore, log: MemoryLog, undisturbed: str
) -> None:
    """[26]"""
    server.kill()
    go_on(worker)
    assert worker.checkpoints.n_failed_publications >= 2
    server.start()
    check_healed(worker, store, log, undisturbed)


def test_a_redis_that_stands_still_does_not_stop_the_worker(
    server: RedisServer, worker: ModelWorker, store: RedisStore, log: MemoryLog, undisturbed: str
) -> None:
    """[26] As with DEBUG SLEEP 10, or a machine that swaps."""
    server.pause()
    began = time.monotonic()
    go_on(worker)
    assert time.monotonic() - began < 10.0
    assert worker.checkpoints.n_failed_publications >= 2
    server.resume()
    check_healed(worker, store, log, undisturbed)


def test_a_redis_that_was_emptied_is_filled_without_a_new_batch(
    server: RedisServer, worker: ModelWorker, store: RedisStore, log: MemoryLog, undisturbed: str
) -> None:
    """[26]"""
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
    assert store.read() is None
    assert worker.step(0.0, drain=True) is not None
    served = store.read()
    assert served is not None
    assert served.id.sequence == worker.model.sequence
    check_healed(worker, store, log, undisturbed)
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
    assert worker.step(0.0) is None
    check_healed(worker, store, log, undisturbed)


def test_a_redis_without_memory_keeps_serving_what_it_has(
    server: RedisServer, worker: ModelWorker, store: RedisStore, log: MemoryLog, undisturbed: str
) -> None:
    """[26]"""
    before = store.read()
    with redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory", 1)
        go_on(worker)
        assert worker.checkpoints.n_failed_publications >= 2
        assert store.read() == before
        client.config_set("maxmemory", 0)
    check_healed(worker, store, log, undisturbed)


@pytest.mark.parametrize("wrong", ["string", "list"])
def test_a_key_of_the_wrong_type_is_written_over(
    wrong: str,
    server: RedisServer,
    worker: ModelWorker,
    store: RedisStore,
    log: MemoryLog,
    undisturbed: str,
) -> None:
    """[26] The pointer, and a chunk of what is served."""
    pointer = store.current()
    assert pointer is not None
    with redis.Redis.from_url(server.url) as client:
        for key in ("ts:{t}:cur", f"ts:{{t}}:v:{pointer.version}:0"):
            client.delete(key)
            client.set(key, "x") if wrong == "string" else client.lpush(key, "x")
    go_on(worker, 1)
    served = store.read()
    assert served is not None
    assert served.id.sequence == worker.model.sequence
    check_healed(worker, store, log, undisturbed)
