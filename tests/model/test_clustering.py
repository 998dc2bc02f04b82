from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import TransformerMixin

from topicstream.model.bertopic import BERTopic
from topicstream.model.clustering import (
    call_with_y,
    fit_labels,
    hdbscan_delegator,
    is_supported_hdbscan,
    map_probabilities,
    reduce_dimensionality,
)
from topicstream.model.dimensionality import BaseDimensionalityReduction
from topicstream.model.mapper import TopicMapper


class WithoutY:
    """Reduces to the first column, and knows no labels."""

    def fit(self, X: NDArray[Any]) -> Self:
        self.n_rows = len(X)
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        return X[:, :1]


class MixedIn(TransformerMixin, WithoutY):  # type: ignore[misc]  # scikit-learn has no types
    """Has a fit_transform that takes labels, and a fit that does not."""


class BrokenInside:
    """Has a mistake of its own."""

    def fit_transform(self, X: NDArray[Any], y: object = None) -> NDArray[Any]:
        raise TypeError("a mistake of its own")


@pytest.mark.parametrize("reducer", [WithoutY(), MixedIn()])
def test_d27_a_reducer_whose_fit_takes_no_y_is_called_without(reducer: object) -> None:
    model = BERTopic(umap_model=reducer)
    assert reduce_dimensionality(model, np.eye(2), y=[0, 1]).tolist() == [[1.0], [0.0]]


def test_d27_a_type_error_from_inside_a_reducer_is_not_hidden() -> None:
    with pytest.raises(TypeError, match="a mistake of its own"):
        reduce_dimensionality(BERTopic(umap_model=BrokenInside()), np.eye(2), y=[0, 1])


def test_labels_reach_a_reducer_that_takes_them() -> None:
    seen: dict[str, object] = {}
    call_with_y(lambda X, y=None: seen.update(X=X, y=y), 1, [0, 1])
    assert seen == {"X": 1, "y": [0, 1]}


def test_nan_from_the_reducer_becomes_zero() -> None:
    reducer = SimpleNamespace(fit_transform=lambda X: X * np.nan)
    assert reduce_dimensionality(BERTopic(umap_model=reducer), np.eye(1)).tolist() == [[0.0]]


def test_too_few_documents_for_the_reducer_are_told_apart() -> None:
    with pytest.raises(
        ValueError, match="UMAP needs 7 documents for 5 dimensions, and there are 3"
    ):
        reduce_dimensionality(BERTopic(), np.eye(3))


def test_no_vectors_are_an_error_unless_nothing_is_reduced() -> None:
    with pytest.raises(ValueError, match="no embeddings for umap_model WithoutY"):
        reduce_dimensionality(BERTopic(umap_model=WithoutY()), None)
    model = BERTopic(umap_model=BaseDimensionalityReduction())
    assert reduce_dimensionality(model, None) is None


def test_too_few_documents_for_the_clusterer_are_told_apart() -> None:
    from sklearn.cluster import KMeans

    with pytest.raises(ValueError, match=r"KMeans\(n_clusters=5\) cannot cluster 3 documents"):
        fit_labels(KMeans(n_clusters=5), np.eye(3), None)


def test_d40_a_model_without_clusterer_says_what_it_needs() -> None:
    from topicstream.model.cluster import BaseCluster

    with pytest.raises(ValueError, match="pass y, one label per document"):
        fit_labels(BaseCluster(), np.eye(3), None)


def test_a_classifier_gives_the_labels_it_was_given() -> None:
    from sklearn.linear_model import LogisticRegression

    labels = fit_labels(LogisticRegression(), np.eye(3), np.array([2, 0, 2]))
    assert labels == [2, 0, 2]
    assert type(labels[0]) is int


def test_hdbscan_is_known_without_importing_it() -> None:
    import hdbscan
    from sklearn.cluster import HDBSCAN

    class Mine(hdbscan.HDBSCAN):  # type: ignore[misc]  # hdbscan has no types
        pass

    assert is_supported_hdbscan(hdbscan.HDBSCAN())
    assert is_supported_hdbscan(Mine())
    assert not is_supported_hdbscan(HDBSCAN(copy=True))


def test_an_unknown_function_of_hdbscan_is_refused() -> None:
    with pytest.raises(ValueError, match="allowed are approximate_predict"):
        hdbscan_delegator(object(), "predict")


def model_with_mapper(labels: list[int], new_ids: dict[int, int]) -> BERTopic:
    model = BERTopic()
    model.topic_mapper_ = TopicMapper(labels)
    model.topic_mapper_.add_mappings(new_ids, model)
    return model


def test_columns_follow_their_topics_and_merged_ones_add_up() -> None:
    model = model_with_mapper([-1, 0, 1, 2], {-1: -1, 0: 1, 1: 0, 2: 1})
    P = np.array([[0.1, 0.2, 0.3]])
    assert map_probabilities(model, P, original_topics=True) == pytest.approx(
        np.array([[0.2, 0.4]])
    )


def test_d69_outliers_that_are_gone_leave_no_column_behind() -> None:
    model = model_with_mapper([-1, 0, 1], {-1: -1, 0: 1, 1: 0})
    model.topic_sizes_ = {0: 3, 1: 2}  # update_topics sent the outliers elsewhere
    mapped = map_probabilities(model, np.array([[0.1, 0.9]]), original_topics=True)
    assert mapped is not None
    assert mapped.tolist() == [[0.9, 0.1]]


def test_one_probability_each_passes() -> None:
    model = model_with_mapper([0, 1], {0: 1, 1: 0})
    assert map_probabilities(model, np.array([0.5, 0.7]), original_topics=True) is not None
    assert map_probabilities(model, None) is None
