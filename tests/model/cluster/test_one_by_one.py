"""Clusterers that learn documents one by one."""

from __future__ import annotations

import numpy as np
from river.cluster import KMeans

from topicstream.model.bertopic import BERTopic
from topicstream.model.cluster import OneByOneClusterer
from topicstream.model.dimensionality import BaseDimensionalityReduction
from topicstream.model.vectorizers import OnlineCountVectorizer


class Renumbering:
    """Finds what is left and right of 5, nothing above 90, and swaps its numbers when told."""

    def __init__(self) -> None:
        self.n_learnt = 0
        self.swapped = False

    def learn_one(self, x: dict[int, float]) -> None:
        self.n_learnt += 1

    def predict_one(self, x: dict[int, float]) -> int | None:
        return None if x[0] > 90 else int((x[0] > 5) != self.swapped)


def test_every_document_is_learnt_once_and_labelled_d_18() -> None:
    """D-18: labels were fewer than documents, and None among them was a KeyError."""
    clusterer = OneByOneClusterer(Renumbering())

    assert clusterer.partial_fit([[0.0], [99.0], [9.0]]).labels_ == [0, -1, 1]
    assert clusterer.predict([[8.0]]) == [1]
    assert clusterer.model.n_learnt == 3


def test_clusters_keep_their_labels_where_the_clusterer_renumbers_them_d_15() -> None:
    """D-15: old words were given to new contents."""
    clusterer = OneByOneClusterer(Renumbering(), radius=2.0)
    first = clusterer.partial_fit([[0.0], [1.0], [9.0], [99.0]]).labels_
    clusterer.model.swapped = True

    second = clusterer.partial_fit([[9.5], [0.5]]).labels_

    assert first == [0, 0, 1, -1]
    assert second == [1, 0]
    assert clusterer.predict([[0.0], [9.0], [99.0]]) == [0, 1, -1]


def test_a_cluster_that_lies_elsewhere_is_a_new_one_d_15() -> None:
    """D-15: with `radius`, a number that is used again is no proof of being the same."""
    clusterer = OneByOneClusterer(Renumbering(), radius=2.0)
    clusterer.partial_fit([[0.0], [9.0]])

    assert clusterer.partial_fit([[50.0], [0.0]]).labels_ == [2, 0]


def test_river_works_in_a_model() -> None:
    rng = np.random.default_rng(0)
    texts = ["moon orbit", "bread oven"] * 20
    vectors = np.tile([[0.0, 0.0], [9.0, 9.0]], (20, 1)) + rng.normal(0, 0.1, (40, 2))
    model = BERTopic(
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=OneByOneClusterer(KMeans(n_clusters=2, halflife=0.5, sigma=5, seed=3)),
        vectorizer_model=OnlineCountVectorizer(),
    )

    for batch in (slice(0, 20), slice(20, 40)):
        model.partial_fit(texts[batch], vectors[batch])

    assert len(model.topics_ or []) == 20
    assert sum((model.topic_sizes_ or {}).values()) == 40
    assert model.transform(texts[20:], vectors[20:])[0] == model.topics_
