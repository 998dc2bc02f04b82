"""When a service starts a refit itself, and when not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workers.crash_lab import NAMES, SETTINGS
from topicstream.model.events import DriftEvent, Evidence
from topicstream.model.online import Step
from topicstream.stream.memory import MemoryLog
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.refit_schedule import RefitSchedule
from topicstream.workers.settings import load


class Noted(RefitSchedule):
    """Notes where it would start a refit."""

    def __init__(self, **rules: Any) -> None:
        super().__init__(load({"refit": rules}, environment=False))
        self.started: list[int] = []

    def _start(self, worker: ModelWorker) -> None:
        self.started.append(worker.model.n_documents)


@pytest.fixture
def worker(tmp_path: Path) -> ModelWorker:
    log = MemoryLog()
    log.create_topics(NAMES.specs())
    worker = ModelWorker(log, NAMES, DirectoryStore(tmp_path), settings=SETTINGS)
    worker.recover()
    return worker


def step(*kinds: str) -> Step:
    events = [DriftEvent(kind, 1, "low", 6.0, 5.0, (0.0, 1.0), 1, Evidence()) for kind in kinds]
    none = np.zeros(0, dtype=np.int64)
    return Step(1, none, np.zeros(0), none, tuple(events))


def run(schedule: Noted, worker: ModelWorker, *steps: Step | None) -> list[int]:
    """Let each step have ten documents."""
    schedule.look(worker, None)
    for each in steps:
        worker.model.n_documents += 10
        schedule.look(worker, each)
    return schedule.started


def test_by_default_none_is_started(worker: ModelWorker) -> None:
    assert run(Noted(), worker, *[step("word_shift")] * 100_000) == []


def test_one_is_started_after_every_so_many_documents(worker: ModelWorker) -> None:
    assert run(Noted(every_documents=30), worker, *[step()] * 10) == [30, 60, 90]


def test_an_interrupted_count_begins_where_the_service_begins(worker: ModelWorker) -> None:
    worker.model.n_documents = 95

    assert run(Noted(every_documents=30), worker, *[step()] * 4) == [125]


def test_none_is_started_without_a_batch(worker: ModelWorker) -> None:
    assert run(Noted(every_documents=30), worker, *[None] * 10) == []


def test_drift_asks_for_one_and_then_not_before_half_a_window(worker: ModelWorker) -> None:
    steps = [step("distance_shift")] * 20

    assert run(Noted(on_drift=True, window=100), worker, *steps) == [50, 100, 150, 200]


@pytest.mark.parametrize("kind", ["share_shift", "topic_born"])
def test_other_events_do_not_ask(kind: str, worker: ModelWorker) -> None:
    assert run(Noted(on_drift=True, window=100), worker, *[step(kind)] * 20) == []
