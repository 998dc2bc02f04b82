"""The warm-up: distinct documents, topics found anew now and then, ids that survive."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from topicstream.model.warm_up import WarmUp, keep_ids

ROWS = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
TERMS = csr_array(np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 0.0]]))


def test_a_repeated_embedding_weighs_more_and_is_kept_once() -> None:
    warm_up = WarmUp(10, 2)
    warm_up.add(ROWS, TERMS)
    warm_up.add(ROWS[:1], TERMS[:1])

    assert warm_up.embeddings.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert warm_up.weights.tolist() == [3.0, 1.0]
    assert warm_up.term_counts(np.array([1, 0]), 2).toarray().tolist() == [[0.0, 2.0], [3.0, 0.0]]


def test_topics_are_found_at_once_and_then_each_time_documents_have_doubled() -> None:
    rng = np.random.default_rng(0)
    warm_up = WarmUp(100, 3)
    fits = []
    for n in range(1, 101):
        row = rng.normal(size=(1, 3)).astype(np.float32)
        warm_up.add(row, csr_array((1, 0)))
        if warm_up.is_due:
            warm_up.find_topics(warm_up.embeddings, 4, seed=0)
            fits.append(n)

    assert fits == [1, 2, 4, 8, 16, 32, 64, 100]
    assert warm_up.is_over


def test_few_documents_make_few_topics() -> None:
    warm_up = WarmUp(100, 3)
    warm_up.add(np.eye(3, dtype=np.float32), csr_array((3, 0)))

    assert set(warm_up.find_topics(warm_up.embeddings, 50, seed=0).tolist()) == {0}


def test_clusters_take_the_ids_of_the_topics_they_continue() -> None:
    known = np.eye(3, dtype=np.float32)
    found = known[[2, 0, 1]] + 0.1

    assert keep_ids(np.array([0, 1, 2]), found, known).tolist() == [2, 0, 1]


def test_what_is_left_gets_new_ids() -> None:
    known = np.eye(1, 3, dtype=np.float32)
    found = np.eye(3, dtype=np.float32)[[1, 0, 2]]

    assert keep_ids(np.array([0, 1, 2]), found, known).tolist() == [1, 0, 2]


def test_a_restored_warm_up_is_the_same() -> None:
    warm_up = WarmUp(10, 2)
    warm_up.add(ROWS, TERMS)
    warm_up.find_topics(warm_up.embeddings, 2, seed=0)

    restored = WarmUp.from_arrays(10, warm_up.arrays())

    for one, other in zip(warm_up.arrays().items(), restored.arrays().items(), strict=True):
        assert one[0] == other[0]
        assert np.array_equal(one[1], other[1])
