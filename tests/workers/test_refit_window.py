"""Which documents a refit reads."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.workers.crash_lab import NAMES, HashEmbedder
from topicstream.model.refit.settings import RefitSettings
from topicstream.stream.memory import MemoryLog
from topicstream.stream.records import Output, TopicPartition
from topicstream.workers.embed_worker import EmbedWorker
from topicstream.workers.refit_window import read_window
from topicstream.workers.refits import RefitError


def filled(n: int, n_partitions: int, n_answered: int) -> MemoryLog:
    """Documents embedded, in turn on each partition, and the first of them answered."""
    log = MemoryLog()
    log.create_topics(NAMES.specs(n_partitions))
    outputs = [
        Output(
            NAMES.documents,
            json.dumps({"id": f"d{i}", "text": f"word number {i}"}).encode(),
            partition=i % n_partitions,
        )
        for i in range(n)
    ]
    log.writer("feed").commit(outputs, {}, group="feed")
    embed = EmbedWorker(log, HashEmbedder(), NAMES, member="one")
    while embed.step(0.0):
        pass
    embed.close()
    offsets = {
        TopicPartition(NAMES.embeddings, part): n_answered // n_partitions
        for part in range(n_partitions)
    }
    log.writer("model").commit([], offsets, group=NAMES.model_group)
    return log


def numbers(log: MemoryLog, settings: RefitSettings) -> list[int]:
    sample = read_window(log, NAMES, 16, settings)
    assert sample.embeddings.shape == (len(sample.texts), 16)
    return sorted(int(text.rpartition(" ")[2]) for text in sample.texts)


@pytest.mark.parametrize("n_partitions", [1, 3])
def test_all_that_is_answered_is_read_while_the_window_has_room(n_partitions: int) -> None:
    log = filled(360, n_partitions, 300)

    assert numbers(log, RefitSettings(window=1_000)) == list(range(300))


@pytest.mark.parametrize("n_partitions", [1, 3])
def test_beyond_it_a_sample_is_read_in_which_older_ones_are_rarer(n_partitions: int) -> None:
    found = numbers(filled(600, n_partitions, 600), RefitSettings(window=120, half_life=60.0))

    assert len(found) == len(set(found)) == 120
    assert np.mean(np.array(found) >= 480) > 0.6
    assert found[-1] >= 590


def test_what_lies_beyond_any_chance_is_not_even_looked_at() -> None:
    found = numbers(filled(600, 1, 600), RefitSettings(window=100, half_life=5.0))

    assert len(found) == 100
    assert found[0] >= 500


def test_below_fifty_documents_there_is_no_window() -> None:
    with pytest.raises(RefitError, match="holds 40 documents that the model has answered"):
        read_window(filled(120, 1, 40), NAMES, 16, RefitSettings())
