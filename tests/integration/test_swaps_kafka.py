"""A refit swapped in on a real Kafka, killed at every place [6]: the old topics or the new ones."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.integration.crash_lab_kafka import Place
from tests.integration.oracle import KILLED, Lab, check, open_lab, preload, read_all
from topicstream.model import snapshot as codec
from topicstream.model.centroids import Embeddings, Labels
from topicstream.model.refit.settings import RefitSettings
from topicstream.stream.journal import Chain, Swap
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.workers import refit
from topicstream.workers.refits import Refits

pytestmark = pytest.mark.integration

PLACES = (
    "before_refit",
    "before_swap",
    "after_begin",
    "half_sends",
    "after_flush",
    "after_offsets",
    "in_commit",
    "after_commit",
    "after_swap",
    "snapshot_before_rename",
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with open_lab() as opened:
        yield opened


def two_as_one(embeddings: Embeddings, anchors: Labels, settings: RefitSettings) -> Labels:
    del embeddings, settings
    return np.where(anchors == 1, 0, anchors)


def post(place: Place) -> None:
    """Let a refit wait in which two topics are one."""
    store = DirectoryStore(place.snapshots)
    model, _ = codec.decode(store.load(store.list()[0]).files)
    rules = RefitSettings(window=100, min_topic_size=5)
    with place.open() as log:
        made = refit.make(refit.Source(log, place.names), model, rules, two_as_one)
    made = replace(made, candidate=replace(made.candidate, coherence=None))
    refit.post(made, Refits(Path(place.folder) / "refits"))


def swaps(place: Place) -> list[Swap]:
    with place.open() as log:
        chain = Chain()
        entries = [chain.feed(record) for record in read_all(log, place.names.journal)]
        events = [json.loads(r.value or b"")["kind"] for r in read_all(log, place.names.drift)]
    found = [entry for entry in entries if isinstance(entry, Swap)]
    assert events.count("model_refitted") == len(found)
    assert events.count("topics_merged") == len(found)
    return found


def test_killed_around_the_swap_there_is_one_and_it_is_whole(
    lab: Lab, kafka_bootstrap: str, tmp_path: Path
) -> None:
    hashes = set()
    for name in PLACES:
        folder = tmp_path / name
        folder.mkdir()
        place = Place(str(folder), f"w-{uuid.uuid4().hex[:8]}.", kafka_bootstrap)
        preload(place, embedded=True)
        assert lab.run(place, roles="model") == 0
        post(place)

        assert lab.run(place, f"{name}:kill@seq=6", "model") == KILLED, name
        assert len(swaps(place)) == (name in {"after_commit", "after_swap", *PLACES[-1:]}), name
        assert lab.run(place, roles="model") == 0
        (swap,) = swaps(place)
        check(lab, place)
        hashes.add(swap.state_hash)

    assert len(hashes) == 1
