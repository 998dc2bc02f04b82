"""Records that are there and do not come are no records that are gone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.oracle import embeddings
from tests.workers.crash_lab import BATCH_SIZE, SETTINGS
from topicstream.stream.errors import RetentionError, UnavailableError
from topicstream.stream.memory import MemoryLog, MemoryReader
from topicstream.stream.records import Record, TopicPartition
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.workers import intake
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.names import TopicNames

NAMES = TopicNames()


class Slow(MemoryLog):
    """A log whose embeddings cannot be read for now."""

    is_slow = False

    def reader(self, positions: Mapping[TopicPartition, int]) -> MemoryReader:
        reader = super().reader(positions)
        if self.is_slow and any(part.topic == NAMES.embeddings for part in positions):

            def nothing(max_records: int, timeout_s: float) -> list[Record]:
                return []

            reader.poll = nothing  # type: ignore[method-assign]
        return reader


def worker_on(log: MemoryLog, folder: Path) -> ModelWorker:
    store = DirectoryStore(folder)
    return ModelWorker(
        log, NAMES, store, settings=SETTINGS, batch_size=BATCH_SIZE, snapshot_every=100
    )


@pytest.fixture
def log(tmp_path: Path) -> Slow:
    log = Slow()
    log.create_topics(NAMES.specs())
    log.writer("feed").commit(embeddings(NAMES), {}, group="feed")
    worker = worker_on(log, tmp_path / "first")
    worker.recover()
    assert worker.step(0.0) is not None
    return log


def test_a_replay_that_waits_in_vain_does_not_say_that_records_are_gone(
    log: Slow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "REPLAY_PATIENCE_S", 0.0)
    log.is_slow = True
    with pytest.raises(UnavailableError, match="start again"):
        worker_on(log, tmp_path).recover()
    log.is_slow = False
    worker_on(log, tmp_path).recover()


def test_a_replay_of_records_that_are_gone_says_so_at_once(log: Slow, tmp_path: Path) -> None:
    log.delete_before({TopicPartition(NAMES.embeddings, 0): 3})
    with pytest.raises(RetentionError):
        worker_on(log, tmp_path).recover()
