import importlib.util

import pytest
from sklearn.cluster import HDBSCAN
from sklearn.decomposition import PCA

from topicstream.model.bertopic import BERTopic


def test_the_defaults_are_made_for_the_models_settings() -> None:
    model = BERTopic(min_topic_size=7, low_memory=True, n_gram_range=(1, 2))
    reducer, clusterer = model.umap_model, model.hdbscan_model
    assert (reducer.n_neighbors, reducer.n_components, reducer.min_dist) == (15, 5, 0.0)
    assert (reducer.metric, reducer.low_memory) == ("cosine", True)
    assert (clusterer.min_cluster_size, clusterer.metric) == (7, "euclidean")
    assert clusterer.prediction_data
    assert model.vectorizer_model.ngram_range == (1, 2)


def test_a_default_is_made_once_and_for_one_model() -> None:
    model = BERTopic()
    assert model.vectorizer_model is model.vectorizer_model
    assert model.vectorizer_model is not BERTopic().vectorizer_model
    assert model.ctfidf_model is model.ctfidf_model


def test_scikit_learn_stands_in_where_umap_and_hdbscan_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    model = BERTopic(min_topic_size=7)
    reducer, clusterer = model.umap_model, model.hdbscan_model
    monkeypatch.undo()
    assert isinstance(reducer, PCA)
    assert reducer.n_components == 5
    assert isinstance(clusterer, HDBSCAN)
    assert clusterer.min_cluster_size == 7
