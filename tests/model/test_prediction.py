import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tests.model.conftest import FitOnce
from topicstream.model.backend.adapters import BaseEmbedder
from topicstream.model.bertopic import BERTopic
from topicstream.model.prediction import topic_similarities

Make = dict[str, Callable[..., BERTopic]]
Vectors = NDArray[np.float32]
KINDS = ["kmeans", "outliers", "probabilities", "manual", "zeroshot"]


@pytest.mark.parametrize("fast", [False, True])
def test_d13_topics_are_a_list_of_ints_and_columns_are_topics(
    each_model: BERTopic, documents: list[str], embeddings: Vectors, fast: bool
) -> None:
    each_model.calculate_probabilities = True
    topics, probabilities = each_model.transform(documents, embeddings, fast=fast)
    assert all(type(topic) is int for topic in topics)
    if probabilities is not None:
        assert probabilities.shape == (len(documents), 5)


def test_a_prediction_agrees_with_the_fit(
    each_model: BERTopic, documents: list[str], embeddings: Vectors
) -> None:
    topics, _ = each_model.transform(documents, embeddings)
    assert (np.array(topics) == np.array(each_model.topics_)).mean() > 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_the_fast_path_agrees_on_documents_inside_a_topic(
    kind: str, fitted: FitOnce, documents: list[str], embeddings: Vectors
) -> None:
    model = fitted(kind)
    exact = np.array(model.transform(documents, embeddings)[0])
    fast = np.array(model.transform(documents, embeddings, fast=True)[0])
    assert (exact == fast)[exact != -1].mean() > 0.95
    assert -1 not in fast


def test_one_text_is_a_list_of_one(fitted: FitOnce) -> None:
    topics, probabilities = fitted("outliers").transform("guitar piano violin concert")
    assert topics == [4]
    assert probabilities is not None
    assert probabilities.shape == (1,)


@pytest.mark.parametrize("flat", [False, True])
def test_d63_one_text_may_come_with_its_vector(
    flat: bool, fitted: FitOnce, documents: list[str], embeddings: Vectors
) -> None:
    model = fitted("outliers")
    vector = embeddings[5] if flat else embeddings[5:6]
    assert model.transform(documents[5], vector)[0] == (model.topics_ or [])[5:6]


def test_d63_vectors_are_enough(fitted: FitOnce, embeddings: Vectors) -> None:
    model = fitted("kmeans")
    assert model.transform(None, embeddings)[0] == model.topics_


def test_nothing_to_predict_is_refused(fitted: FitOnce) -> None:
    with pytest.raises(ValueError, match="pass documents, embeddings or images"):
        fitted("kmeans").transform(None)


def test_sparse_vectors_are_predicted(fitted: FitOnce, embeddings: Vectors) -> None:
    model = fitted("manual")
    assert model.transform(None, csr_matrix(embeddings))[0] == model.transform(None, embeddings)[0]


def test_a_model_that_is_not_fitted_is_refused() -> None:
    with pytest.raises(ValueError, match="not fitted yet"):
        BERTopic().transform(["a text"])


def test_other_lengths_are_refused(fitted: FitOnce, embeddings: Vectors) -> None:
    with pytest.raises(ValueError, match="210 rows, but there are 1 documents"):
        fitted("kmeans").transform(["a text"], embeddings)


@pytest.mark.parametrize("embedder", [None, BaseEmbedder()])
def test_d12_without_an_embedder_the_error_says_what_to_do(
    embedder: object, fitted: FitOnce
) -> None:
    model = fitted("kmeans")
    model.embedding_model = embedder
    with pytest.raises(ValueError, match="give BERTopic an embedding_model, or pass embeddings"):
        model.transform(["a text"])


def test_d12_a_clusterer_without_predict_leaves_it_to_the_nearest_topic(
    documents: list[str], embeddings: Vectors, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    from sklearn.cluster import AgglomerativeClustering

    model = make["kmeans"](hdbscan_model=AgglomerativeClustering(n_clusters=5))
    model.fit(documents, embeddings)
    with caplog.at_level(logging.WARNING):
        topics, _ = model.transform(documents, embeddings)
    assert "AgglomerativeClustering has no predict" in caplog.text
    assert (np.array(topics) == np.array(model.topics_)).mean() > 0.95


def test_without_topic_embeddings_the_error_says_so(fitted: FitOnce, embeddings: Vectors) -> None:
    model = fitted("manual")
    model.topic_embeddings_ = None
    with pytest.raises(ValueError, match="topic_embeddings_ is None"):
        model.transform(None, embeddings)


def test_vectors_of_another_embedder_are_refused(fitted: FitOnce) -> None:
    with pytest.raises(ValueError, match="have 3 dimensions, but the model's topic embeddings"):
        fitted("manual").transform(None, np.eye(3))


def test_a_label_that_is_not_known_is_an_outlier(fitted: FitOnce) -> None:
    assert fitted("kmeans")._map_predictions([99]) == [-1]


def test_the_outliers_similarity_can_be_had(fitted: FitOnce, embeddings: Vectors) -> None:
    similarities = topic_similarities(fitted("outliers"), embeddings)
    assert similarities.shape == (len(embeddings), 6)


def test_probabilities_of_hdbscan_follow_the_topics(
    fitted: FitOnce, documents: list[str], embeddings: Vectors
) -> None:
    topics, probabilities = fitted("probabilities").transform(documents, embeddings)
    assert probabilities is not None
    inside = np.array(topics) >= 0
    assert (probabilities.argmax(axis=1) == topics)[inside].mean() > 0.95


@pytest.mark.parametrize("kind", ["DBSCAN", "HDBSCAN"])
def test_d12_nor_do_other_clusterers_of_scikit_learn_that_cannot_predict(
    kind: str, documents: list[str], embeddings: Vectors, make: Make
) -> None:
    from sklearn import cluster

    options: dict[str, Any] = {"eps": 0.3} if kind == "DBSCAN" else {"copy": True}
    model = make["kmeans"](hdbscan_model=getattr(cluster, kind)(**options))
    model.fit(documents, embeddings)
    topics, _ = model.transform(documents, embeddings)
    inside = np.array(model.topics_) >= 0

    assert len(set(model.topics_ or [])) > 2
    assert (np.array(topics) == np.array(model.topics_))[inside].mean() > 0.9
