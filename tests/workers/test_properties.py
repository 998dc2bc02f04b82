"""However a feed is cut, and wherever it is broken off, the same batches end in the same state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from topicstream.model.backend.base import unit_rows
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings
from topicstream.model.snapshot import decode, encode

SETTINGS = ModelSettings(n_topics=3, n_components=3, warm_up=12, half_life=20.0, n_terms=100)
WORDS = ("hockey", "space", "gun", "engine", "doctor")
TEXTS = [f"{WORDS[n % 5]} number{n % 7} of{n % 11}" for n in range(60)]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    # As in every worker: the same bits, and for batches this small a quarter of the time.
    with threadpool_limits(1):
        yield


def vector(text: str) -> NDArray[np.float64]:
    digest = hashlib.sha256(text.split(maxsplit=1)[0].encode()).digest()[:8]
    noise = hashlib.sha256(text.encode()).digest()[:8]
    rows = [np.frombuffer(part, np.uint8).astype(np.float64) - 127.5 for part in (digest, noise)]
    mixed: NDArray[np.float64] = rows[0] + 0.3 * rows[1]
    return mixed


EMBEDDINGS = unit_rows(np.array([vector(text) for text in TEXTS], dtype=np.float32))


def learn(model: OnlineTopicModel, begin: int, end: int) -> str:
    model.partial_fit(TEXTS[begin:end], EMBEDDINGS[begin:end], now=float(end))
    return model.state_hash()


def restored(model: OnlineTopicModel) -> OnlineTopicModel:
    return decode(encode(model))[0]


splits = st.lists(st.integers(0, len(TEXTS)), max_size=12).map(
    lambda cuts: sorted([0, *cuts, len(TEXTS)])
)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(cuts=splits, data=st.data())
def test_broken_off_and_restored_anywhere_it_ends_in_the_same_state(
    cuts: list[int], data: st.DataObject
) -> None:
    """[31] Empty batches, batches of one, and a break within and after the warm-up."""
    batches = list(pairwise(cuts))
    killed_after = data.draw(st.integers(0, len(batches)), label="killed after")
    control = OnlineTopicModel(SETTINGS)
    hashes = [learn(control, *batch) for batch in batches]

    model = OnlineTopicModel(SETTINGS)
    for batch in batches[:killed_after]:
        learn(model, *batch)
    model = restored(model)

    assert [learn(model, *batch) for batch in batches[killed_after:]] == hashes[killed_after:]


@settings(deadline=None, max_examples=6, derandomize=True)
@given(cuts=splits)
def test_restored_after_every_batch_it_ends_in_the_same_state(cuts: list[int]) -> None:
    """[31] What a snapshot leaves out would add up here."""
    control, model = OnlineTopicModel(SETTINGS), OnlineTopicModel(SETTINGS)
    for batch in pairwise(cuts):
        model = restored(model)
        assert learn(model, *batch) == learn(control, *batch)


@settings(deadline=None, max_examples=6, derandomize=True)
@given(cuts=splits)
def test_a_learnt_batch_leaves_no_trace_in_a_copy(cuts: list[int]) -> None:
    """[31] A restored model shares no memory with the one it came from."""
    model = OnlineTopicModel(SETTINGS)
    for batch in pairwise(cuts):
        before = restored(model)
        digest = before.state_hash()
        learn(model, *batch)
        assert before.state_hash() == digest
