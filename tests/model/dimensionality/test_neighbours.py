"""Places between the nearest neighbours'."""

from __future__ import annotations

import numpy as np
import pytest

from topicstream.model.dimensionality import NeighbourPlaces

X = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
PLACES = np.array([[0.0], [4.0], [9.0]])


def test_known_vectors_have_their_own_place() -> None:
    assert NeighbourPlaces().fit(X, places=PLACES).transform(X).tolist() == PLACES.tolist()


def test_new_vectors_lie_in_the_middle_of_their_neighbours_and_not_between_two_crowds() -> None:
    reducer = NeighbourPlaces().fit(X, places=PLACES)

    assert reducer.transform(np.array([[0.7, 0.3]])).tolist() == [[4.0]]
    reducer.n_neighbors, reducer.metric = 1, "euclidean"
    assert reducer.transform(np.array([[0.3, 0.7]])).tolist() == [[9.0]]


def test_it_cannot_reduce_by_itself() -> None:
    with pytest.raises(ValueError, match="needs a umap_model of its own"):
        NeighbourPlaces().fit(X)
