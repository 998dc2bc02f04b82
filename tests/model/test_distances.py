from __future__ import annotations

import logging

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from topicstream.model.distances import (
    get_unique_distances,
    select_topic_representation,
    validate_distance_matrix,
)

SQUARE = np.array([[1e-9, 2.0, 3.0], [2.0, -1e-9, 4.0], [3.0, 4.0, 0.0]])


def test_square_and_condensed_distances_come_out_condensed() -> None:
    assert validate_distance_matrix(SQUARE, 3).tolist() == [2.0, 3.0, 4.0]
    assert validate_distance_matrix(np.array([2.0, 3.0, 4.0]), 3).tolist() == [2.0, 3.0, 4.0]
    assert validate_distance_matrix(csr_matrix(SQUARE), 3).tolist() == [2.0, 3.0, 4.0]


def test_the_callers_matrix_stays_as_it_is() -> None:
    """D-02 and D-17 in kind: the reference zeroes its diagonal."""
    given = SQUARE.copy()
    given.flags.writeable = False
    validate_distance_matrix(given, 3)
    condensed = np.array([2.0, 3.0, 4.0])
    assert not np.shares_memory(validate_distance_matrix(condensed, 3), condensed)


@pytest.mark.parametrize("shape", [(2, 3), (4, 4), (4,), (3, 3, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"give \(3, 3\), or condensed \(3,\)"):
        validate_distance_matrix(np.ones(shape), 3)


def test_negative_distances_are_refused() -> None:
    with pytest.raises(ValueError, match=r"-1.0; distances are not negative"):
        validate_distance_matrix(np.array([1.0, -1.0, 1.0]), 3)
    with pytest.raises(ValueError, match="not negative"):
        validate_distance_matrix(-SQUARE, 3)


@pytest.mark.parametrize("noise_max", [1e-7, 1e-3, 100.0])
@pytest.mark.parametrize(
    "distances",
    [
        [0.0, 0.0, 0.5, 0.75, 1.0, 1.0],
        [0.3] * 7,
        [1.0, 0.5, 1.0, 0.5, 0.2],
        [1e9, 1e9, 1e9],
        [1.0],
        [],
    ],
)
def test_ties_are_told_apart_in_their_order(distances: list[float], noise_max: float) -> None:
    given = np.array(distances)
    given.flags.writeable = False
    found = get_unique_distances(given, noise_max)
    assert len(set(found.tolist())) == len(distances)
    assert np.argsort(found).tolist() == np.argsort(given, kind="stable").tolist()
    assert (found >= given).all()
    assert (found - given <= max(noise_max, 1e-6)).all()
    assert found.tolist() == get_unique_distances(given, noise_max).tolist()


def test_the_wanted_vectors_are_taken_where_they_are(caplog: pytest.LogCaptureFixture) -> None:
    weights, vectors = csr_matrix([[1.0, 0.0]]), np.array([[2.0]])
    taken, used = select_topic_representation(weights, vectors)
    assert used
    assert taken is weights
    taken, used = select_topic_representation(weights, vectors, use_ctfidf=False)
    assert not used
    assert taken is vectors
    dense, _ = select_topic_representation(weights, vectors, output_ndarray=True)
    assert dense.tolist() == [[1.0, 0.0]]
    assert not caplog.records


def test_the_other_vectors_are_taken_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    weights, vectors = csr_matrix([[1.0, 0.0]]), np.array([[2.0]])
    with caplog.at_level(logging.WARNING):
        assert select_topic_representation(None, vectors) == (vectors, False)
        assert select_topic_representation(weights, None, use_ctfidf=False)[1]
    assert [record.getMessage() for record in caplog.records] == [
        "the model has no c-TF-IDF of topics: their embeddings are used",
        "the model has no embeddings of topics: their c-TF-IDF are used",
    ]
    with pytest.raises(ValueError, match="neither c-TF-IDF nor topic embeddings"):
        select_topic_representation()
