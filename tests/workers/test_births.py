"""A topic that is born goes out as an event and into the journal, and a recovery bears it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.workers.crash_lab import HashEmbedder
from tests.workers.test_model_worker import read, values
from topicstream.model.lifecycle.settings import LifecycleSettings
from topicstream.model.settings import ModelSettings
from topicstream.stream.journal import Batch, decode
from topicstream.stream.memory import MemoryLog
from topicstream.stream.records import Output
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.workers.embed_worker import EmbedWorker
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.names import TopicNames

NAMES = TopicNames()
SETTINGS = ModelSettings(
    n_topics=3,
    n_components=8,
    warm_up=300,
    n_terms=200,
    lifecycle=LifecycleSettings(check_every=100, recent=600, reference=600),
)


def feed(log: MemoryLog, n: int, n_places: int, seed: int) -> None:
    """Put documents about so many subjects on the log, each with its vector."""
    rng = np.random.default_rng(seed)
    documents: list[dict[str, Any]] = []
    for number, place in enumerate(rng.integers(0, n_places, n)):
        vector = np.eye(16)[place] + rng.normal(0, 0.12, 16)
        documents.append(
            {
                "id": f"{seed}-{number}",
                "text": f"subject{place} word{number % 7}",
                "timestamp": 1e6 * seed + number,
                "embedding": vector.tolist(),
            }
        )
    outputs = [Output(NAMES.documents, json.dumps(each).encode()) for each in documents]
    log.writer("f").commit(outputs, {}, group="f")
    embed = EmbedWorker(log, HashEmbedder(), NAMES, member="one")
    while embed.step(0.0):
        pass
    embed.close()


def test_a_birth_is_told_journaled_and_repeated(tmp_path: Path) -> None:
    log = MemoryLog()
    log.create_topics(NAMES.specs())
    store = DirectoryStore(tmp_path)
    worker = ModelWorker(log, NAMES, store, settings=SETTINGS, batch_size=100, snapshot_every=1_000)
    worker.recover()
    feed(log, 1_500, 3, seed=1)
    feed(log, 1_000, 4, seed=2)
    while worker.step(0.0, drain=True):
        pass

    (born,) = [event for event in values(log, NAMES.drift) if event["kind"] == "topic_born"]
    assert born["topic"] == 3
    assert "subject3" in born["evidence"]["words_after"]
    entries = [decode(record) for record in read(log, NAMES.journal)]
    changes = [
        (entry.sequence, change.kind, change.topic)
        for entry in entries
        if isinstance(entry, Batch)
        for change in entry.changes
    ]
    assert changes == [(born["model_sequence"], "topic_born", 3)]
    topics = {record["id"]: record for record in values(log, NAMES.topics)}
    assert set(topics) == {0, 1, 2, 3}
    last = [answer for answer in values(log, NAMES.assignments) if answer["id"].startswith("2-9")]
    assert {answer["topic"] for answer in last} >= {0, 1, 2, 3}
    assert all(answer["runner_up"] != answer["topic"] for answer in last)

    again = ModelWorker(log, NAMES, DirectoryStore(tmp_path / "none"), settings=SETTINGS)
    again.recover()
    assert again.model.state_hash() == worker.model.state_hash()
    assert again.model.lineage.ids.tolist() == [0, 1, 2, 3]
    again.close()
