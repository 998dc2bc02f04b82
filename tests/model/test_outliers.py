from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.bertopic import BERTopic
from topicstream.model.cluster import BaseCluster
from topicstream.model.dimensionality import BaseDimensionalityReduction

TEXTS, LABELS, VECTORS = corpus()


@pytest.fixture
def model() -> BERTopic:
    return by_hand(with_outliers(LABELS))


@pytest.fixture
def truth() -> list[int]:
    return by_hand(LABELS).topics_ or []


def placed(model: BERTopic, **arguments: Any) -> list[int]:
    return model.reduce_outliers(TEXTS, model.topics_ or [], **arguments)


def assert_placed(model: BERTopic, topics: list[int]) -> None:
    """Outliers are with their subject; the rest, and the model, are as they were."""
    before = model.topics_ or []
    assert all(new == old for new, old in zip(topics, before, strict=True) if old != -1)
    subject = dict(zip(before, LABELS.tolist(), strict=True))
    assert [subject[topic] for topic in topics] == LABELS.tolist()
    assert all(type(topic) is int for topic in topics)
    assert -1 in before


@pytest.mark.parametrize("strategy", ["distributions", "c-tf-idf", "C-TF-IDF"])
def test_words_place_outliers_with_their_subject(model: BERTopic, strategy: str) -> None:
    assert_placed(model, placed(model, strategy=strategy))


@pytest.mark.parametrize("embeddings", [VECTORS, csr_array(VECTORS), VECTORS.astype(np.float32)])
def test_embeddings_place_outliers_with_their_subject(model: BERTopic, embeddings: Any) -> None:
    assert_placed(model, placed(model, strategy="embeddings", embeddings=embeddings))


@pytest.mark.parametrize("n_outlier_columns", [0, 1])
def test_probabilities_place_outliers_with_their_subject(
    model: BERTopic, n_outlier_columns: int
) -> None:
    topics = model.topics_ or []
    subject = dict(zip(topics, LABELS.tolist(), strict=True))
    topic_of = {subject[topic]: topic for topic in range(5)}
    matrix = np.eye(5)[[topic_of[label] for label in LABELS.tolist()]]
    matrix = np.hstack([np.ones((60, n_outlier_columns)), matrix])
    assert_placed(model, placed(model, strategy="probabilities", probabilities=matrix))


@pytest.mark.parametrize("strategy", ["probabilities", "distributions", "c-tf-idf", "embeddings"])
def test_a_threshold_that_none_reaches_leaves_outliers_alone(
    model: BERTopic, strategy: str
) -> None:
    arguments = {"probabilities": np.full((60, 5), 0.2), "embeddings": VECTORS}
    wanted = {name: arguments[name] for name in arguments if name == strategy}
    assert placed(model, strategy=strategy, threshold=1.1, **wanted) == model.topics_


def test_d_33_a_min_similarity_of_ones_own_wins_over_the_threshold(model: BERTopic) -> None:
    """D-33: it was a duplicate argument; and the caller's dictionary stays as it is."""
    params = {"min_similarity": 100.0}
    assert placed(model, distributions_params=params) == model.topics_
    assert params == {"min_similarity": 100.0}


def test_d_33_an_unknown_strategy_is_named(model: BERTopic) -> None:
    """D-33: an UnboundLocalError told nothing."""
    with pytest.raises(ValueError, match=r"strategy is 'luck'; choose one of \['c-tf-idf'"):
        placed(model, strategy="luck")


def test_d_33_topics_without_outliers_come_back_as_they_are(model: BERTopic) -> None:
    """D-33: a low-level error before."""
    topics = np.zeros(60, dtype=np.int64)
    back = model.reduce_outliers(TEXTS, topics)
    assert back == [0] * 60
    assert type(back[0]) is int


def test_what_is_missing_is_named(model: BERTopic) -> None:
    with pytest.raises(ValueError, match="probabilities has shape"):
        placed(model, strategy="probabilities")
    with pytest.raises(ValueError, match="one column for each of 5 topics"):
        placed(model, strategy="probabilities", probabilities=np.ones((60, 3)))
    with pytest.raises(ValueError, match="neither embeddings nor an embedding model"):
        placed(model, strategy="embeddings")
    with pytest.raises(ValueError, match="topics has 2 items, documents has 60"):
        model.reduce_outliers(TEXTS, [0, -1])


def test_a_model_without_outliers_has_none_to_reduce() -> None:
    with pytest.raises(ValueError, match="no outlier topic"):
        by_hand(LABELS).reduce_outliers(TEXTS, [-1] * 60)


def test_read_only_input_is_enough(model: BERTopic) -> None:
    topics, vectors = np.array(model.topics_), VECTORS.copy()
    topics.flags.writeable = vectors.flags.writeable = False
    model.reduce_outliers(TEXTS, topics, strategy="embeddings", embeddings=vectors)


def test_all_documents_outliers_stay_outliers() -> None:
    model = by_hand(np.full(60, -1))
    for strategy in ("c-tf-idf", "embeddings"):
        assert placed(model, strategy=strategy, embeddings=VECTORS) == [-1] * 60


@pytest.mark.parametrize("strategy", ["c-tf-idf", "distributions"])
def test_d_30_outliers_are_cleaned_as_in_the_fit(strategy: str) -> None:
    """D-30: "law's" was looked up as "law", and the vocabulary held "laws"."""
    texts = ["law's jury"] * 8 + ["bread oven"] * 8 + ["law's"]
    model = BERTopic(
        umap_model=BaseDimensionalityReduction(), hdbscan_model=BaseCluster(), language="english"
    ).fit(texts, np.ones((17, 2)), y=[0] * 8 + [1] * 8 + [-1])
    assert "laws" in model.vectorizer_model.vocabulary_
    assert model.reduce_outliers(texts, model.topics_ or [], strategy=strategy)[-1] == 0
