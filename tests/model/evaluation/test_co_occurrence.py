"""Windows counted without a loop over them, against loops over them."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from topicstream.model.evaluation.co_occurrence import Counting, co_occurrence
from topicstream.model.evaluation.token_places import places

TERMS = ["a", "b", "c"]
DOCUMENTS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "other"]), max_size=25), max_size=6)


def shares(
    documents: list[list[str]], window: int, counting: Counting, *, chunk: int, block: int
) -> NDArray[np.float64]:
    found = co_occurrence(
        places(documents, TERMS, None, chunk=chunk),
        np.array([[0, 1, 2]]),
        window=window,
        counting=counting,
        block=block,
    )
    first, second = np.indices((3, 3))
    return found.pairs(first, second) * max(found.n_windows, 1)


def by_loops(documents: list[list[str]], window: int, counting: Counting) -> NDArray[np.float64]:
    counts = np.zeros((3, 3))
    for document in documents:
        held: set[str] = set()
        for start in range(max(len(document) - window + 1, 1)):
            shown = document[start : start + window]
            if counting == "exact" or start == 0:
                held = set(shown)
            else:
                held.discard(document[start - 1])  # even where it stands in the window once more
                held.add(shown[-1])
            present = np.array([term in held for term in TERMS])
            counts += np.outer(present, present)
    return counts


@settings(max_examples=200, deadline=None)
@given(
    documents=DOCUMENTS,
    window=st.integers(1, 12),
    counting=st.sampled_from(["exact", "gensim"]),
    chunk=st.integers(1, 4),
    block=st.integers(1, 40),
)
def test_counts_are_those_of_a_loop_over_all_windows(
    documents: list[list[str]], window: int, counting: Counting, chunk: int, block: int
) -> None:
    found = shares(documents, window, counting, chunk=chunk, block=block)

    np.testing.assert_allclose(found, by_loops(documents, window, counting), atol=1e-9)


def test_pairs_of_words_that_share_no_topic_are_not_kept() -> None:
    found = co_occurrence(
        places([["a", "b", "c"]], TERMS, None),
        np.array([[0, 1], [2, -1]]),
        window=3,
        counting="exact",
    )

    kept = found.pairs(np.array([0, 0]), np.array([1, 2]))
    assert kept.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("counting", ["exact", "gensim"])
def test_a_document_of_words_of_topics_only_needs_little_memory(counting: Counting) -> None:
    numbers = np.random.default_rng(0).integers(0, 50, 100_000)
    terms = [f"w{i}" for i in range(50)]
    found = list(places([[terms[i] for i in numbers.tolist()]], terms, None))

    tracemalloc.start()
    co_occurrence(found, np.arange(50).reshape(5, 10), window=110, counting=counting)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    # a byte for each word of each window would be 11 MB, and a number with its place ten times that
    assert peak < 40e6
