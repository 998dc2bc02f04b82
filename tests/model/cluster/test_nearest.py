"""Labels of the nearest documents."""

from __future__ import annotations

import numpy as np

from topicstream.model.cluster import NearestDocuments

X = np.array([[0.0], [1.0], [2.0], [9.0], [10.0]])
Y = [3, 3, -1, 5, 5]


def test_the_nearest_vote_and_outliers_have_a_vote() -> None:
    clusterer = NearestDocuments(n_neighbors=2).fit(X, Y)

    assert clusterer.predict([[0.4], [9.4], [2.0]]).tolist() == [3, 5, -1]
    assert clusterer.labels_.tolist() == Y


def test_fewer_documents_than_neighbours_all_vote() -> None:
    assert NearestDocuments().fit(X[:2], [0, 0]).predict([[7.0]]).tolist() == [0]


def test_without_labels_it_has_none() -> None:
    assert NearestDocuments().fit(X).labels_ is None
