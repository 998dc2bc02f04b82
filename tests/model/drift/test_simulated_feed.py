"""Drift on the demo's feed, through the real embedder and the model's defaults."""

from __future__ import annotations

from dataclasses import replace

import pytest
from threadpoolctl import threadpool_limits

from topicstream.model.backend.static import StaticEmbedder
from topicstream.model.drift.settings import DriftSettings
from topicstream.model.events import DriftEvent
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings
from topicstream.workers.commands.demo import BATCH_SIZE, N_TOPICS
from topicstream.workers.demo_report import Answers, Event, Report, match
from topicstream.workers.simulation import schedule, simulate

N = 24_000
SEED = 3  # not the demo's
QUIET = DriftSettings()


def watch(
    *, stationary: bool, drift: DriftSettings = QUIET, n_documents: int = N
) -> tuple[list[DriftEvent], Answers]:
    documents = list(simulate(n_documents, SEED, stationary=stationary))
    model, embedder = OnlineTopicModel(ModelSettings(N_TOPICS, drift=drift)), StaticEmbedder()
    events: list[DriftEvent] = []
    rows = []
    for start in range(0, n_documents, BATCH_SIZE):
        batch = documents[start : start + BATCH_SIZE]
        texts = [document["text"] for document in batch]
        ids = [document["id"] for document in batch]
        with threadpool_limits(1):
            step = model.partial_fit(texts, embedder.embed(texts), now=60.0 * start, ids=ids)
        events += step.events
        subjects = (document["class"] for document in batch)
        rows += [(step.sequence, t, c) for t, c in zip(step.topics.tolist(), subjects, strict=True)]
    return events, Answers(rows)


@pytest.fixture(scope="module")
def report() -> Report:
    events, answers = watch(stationary=False)
    told = [Event(e.kind, e.topic, e.sequence, children=e.children) for e in events]
    return match(schedule(N), told, answers)


def test_every_scheduled_change_is_found(report: Report) -> None:
    missed = [finding.change for finding in report.findings if finding.event is None]

    assert missed == []
    assert all(0 < (finding.delay or 0) <= 2_000 for finding in report.findings)


def test_hardly_an_event_tells_of_nothing(report: Report) -> None:
    assert len(report.unexplained) <= 1


def test_a_stationary_feed_is_quiet() -> None:
    events, _ = watch(stationary=True)

    assert len(events) <= 1


def test_a_monitor_without_patience_is_not_quiet() -> None:
    hasty = replace(QUIET, threshold=1.0, allowance=0.3)

    events, _ = watch(stationary=True, drift=hasty, n_documents=8_000)

    assert len(events) > 5
