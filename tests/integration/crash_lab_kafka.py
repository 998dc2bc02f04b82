"""Runs the workers on Kafka in child processes that may be stopped and killed; not run by pytest.

Reads one request a line. ``{"start": ...}`` forks and answers with the child's process id,
``{"wait": pid}`` answers with its exit status: several children may live side by side, and what is
heavy to import is imported once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.workers.crash_lab import BATCH_SIZE, SETTINGS, HashEmbedder
from topicstream.stream import failpoints
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.errors import FencedError, StreamError
from topicstream.stream.kafka import KafkaLog, KafkaOptions
from topicstream.stream.protocols import Transport
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.stream.snapshots.redis import RedisStore
from topicstream.workers.embed_worker import EmbedWorker
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.names import TopicNames
from topicstream.workers.refits import Refits

IDLE_S = 0.2
FENCED, FAILED, CRASHED = 75, 70, 1


class Place(msgspec.Struct, frozen=True):
    """Where one service lives: `kafka` is an address, or None for the embedded log."""

    folder: str
    prefix: str = ""
    kafka: str | None = None
    redis: str | None = None
    transaction_ms: int = 10_000

    @property
    def names(self) -> TopicNames:
        return TopicNames(self.prefix)

    @property
    def snapshots(self) -> Path:
        return Path(self.folder) / "snapshots"

    def open(self) -> Transport:
        if self.kafka is None:
            return EmbeddedLog(Path(self.folder) / "log.db")
        return KafkaLog(hasty(self.kafka, self.transaction_ms))

    def serving_copy(self) -> RedisStore | None:
        if self.redis is None:
            return None
        # A model is some 20 chunks: an upload can be cut in its middle.
        return RedisStore(self.redis, f"t{self.prefix}", chunk_bytes=2_000)


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a child is to do."""

    place: Place
    failpoint: str = ""
    roles: str = "all"


def hasty(bootstrap: str, transaction_ms: int) -> KafkaOptions:
    return KafkaOptions(
        bootstrap,
        transaction_timeout_ms=transaction_ms,
        delivery_timeout_ms=transaction_ms * 2 // 3,
        request_timeout_ms=transaction_ms // 3,
    )


def model_worker(place: Place, log: Transport, snapshots: Path | None = None) -> ModelWorker:
    return ModelWorker(
        log,
        place.names,
        DirectoryStore(snapshots or place.snapshots),
        settings=SETTINGS,
        batch_size=BATCH_SIZE,
        redis=place.serving_copy() if snapshots is None else None,
        snapshot_every=2,
        refits=Refits(Path(place.folder) / "refits"),
    )


def is_done(log: Transport, topic: str, group: str) -> bool:
    """Say whether `group` has committed everything that `topic` holds."""
    parts = log.partitions(topic)
    reader = log.reader({part: mark.offset for part, mark in log.committed(group, parts).items()})
    ends = log.end_offsets(parts)
    try:
        # A marker behind the last record is an offset too, which a poll passes.
        return not reader.poll(1, IDLE_S) and reader.positions() == ends
    finally:
        reader.close()


def embed_all(place: Place, log: Transport, then: Callable[[], object] = lambda: None) -> None:
    """Embed until nothing is left, with a turn for the model after each transaction."""
    embed = EmbedWorker(log, HashEmbedder(), place.names, member="one", batch_size=40)
    while embed.step(IDLE_S) or not is_done(log, place.names.documents, place.names.embed_group):
        then()
    embed.close()


def learn_all(place: Place, log: Transport, worker: ModelWorker) -> None:
    topic, group = place.names.embeddings, place.names.model_group
    while worker.step(IDLE_S, drain=True) or not is_done(log, topic, group):
        pass


def play(place: Place, roles: str) -> None:
    """Play the embed worker, the model worker, or both in turns, until all is answered."""
    with place.open() as log:
        if roles == "replay":
            replay(place, log)
            return
        if roles == "embed":
            embed_all(place, log)
            return
        worker = model_worker(place, log)
        worker.recover()
        if roles == "all":
            embed_all(place, log, lambda: worker.step(0.0))
        learn_all(place, log, worker)
        worker.close()


def replay(place: Place, log: Transport) -> None:
    """From the genesis, without any snapshot: every state is reached again, or this raises."""
    worker = model_worker(place, log, Path(place.folder) / "none")
    done: list[int] = []
    worker.recover(lambda n, _: done.append(n))
    if not done or done != list(range(1, worker.model.sequence + 1)):
        raise StreamError(f"{done} were replayed of {worker.model.sequence} batches")


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        answer = _wait(request["wait"]) if "wait" in request else _start(request["start"])
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _start(request: object) -> int:
    child = os.fork()
    if child == 0:
        _run_child(msgspec.convert(request, Request))
    return child


def _wait(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _run_child(request: Request) -> None:
    signal.alarm(120)  # a child that hangs must not outlive its test
    try:
        failpoints.configure(request.failpoint)
        play(request.place, request.roles)
    except FencedError:
        os._exit(FENCED)
    except StreamError as error:
        sys.stderr.write(f"child at {time.monotonic():.1f}: {type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(FAILED)
    except BaseException:  # noqa: BLE001  # the child must never come back into the loop
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(CRASHED)
    os._exit(0)


if __name__ == "__main__":
    main()
