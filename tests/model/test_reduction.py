from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.bertopic import BERTopic
from topicstream.model.documents import working_frame
from topicstream.model.representation import BaseRepresentation

TEXTS, LABELS, VECTORS = corpus()


@pytest.fixture
def model() -> BERTopic:
    return by_hand(with_outliers(LABELS))


class CountingWords(BaseRepresentation):
    """Counts how often a model asks for words."""

    def __init__(self) -> None:
        self.n_calls = 0

    def extract_topics(
        self, topic_model: BERTopic, documents: Any, c_tf_idf: Any, topics: Any
    ) -> Any:
        self.n_calls += 1
        return topics


@pytest.mark.parametrize("use_ctfidf", [False, True])
@pytest.mark.parametrize("wanted", [2, 3, np.int64(4)])
def test_so_many_topics_are_left_outliers_included(
    model: BERTopic, wanted: int, use_ctfidf: bool
) -> None:
    assert model.reduce_topics(TEXTS, nr_topics=wanted, use_ctfidf=use_ctfidf) is model
    assert len(model.get_topic_info()) == wanted
    assert len(model.topics_ or []) == 60
    assert model.nr_topics == wanted
    topics = np.asarray(model.topics_)
    means = [VECTORS[topics == topic].mean(axis=0) for topic in np.unique(topics)]
    assert model.topic_embeddings_ == pytest.approx(np.array(means))


def test_reduction_at_fit_is_reduction_after_it(model: BERTopic) -> None:
    at_fit = by_hand(with_outliers(LABELS), nr_topics=3)
    model.reduce_topics(TEXTS, nr_topics=3)
    assert at_fit.topics_ == model.topics_
    assert at_fit.get_topics() == model.get_topics()
    assert at_fit.topic_embeddings_ == pytest.approx(model.topic_embeddings_)
    assert at_fit.topic_mapper_ is not None
    assert len(at_fit.topic_mapper_.mappings_[0]) == 5


def test_auto_joins_what_lies_together() -> None:
    _, labels, _ = corpus(200)
    twins = np.where(np.arange(200) % 2 == 0, labels, labels + 5)
    topics = np.asarray(by_hand(twins, nr_topics="auto").topics_)
    for subject in range(5):
        assert len(np.unique(topics[labels == subject])) == 1
    assert len(np.unique(topics)) <= 5


def test_d_22_as_many_topics_as_wanted_change_nothing_but_come_sorted() -> None:
    """D-22: sorted by size, centroids kept, the representation asked once."""
    words = CountingWords()
    plain = by_hand(with_outliers(LABELS))
    model = by_hand(with_outliers(LABELS), nr_topics=20, representation_model=words)
    assert model.topics_ == plain.topics_
    assert model.topic_embeddings_ == pytest.approx(plain.topic_embeddings_)
    assert words.n_calls == 1


def test_d_08_a_reduction_that_reduces_nothing_leaves_probabilities_alone(model: BERTopic) -> None:
    """D-08: they were permuted again by the mapping of the fit."""
    matrix = np.random.default_rng(1).random((60, 5))
    model.probabilities_ = matrix.copy()
    topics = list(model.topics_ or [])
    model.reduce_topics(TEXTS, nr_topics=6)
    model.reduce_topics(TEXTS, nr_topics=60)
    assert (model.probabilities_ == matrix).all()
    assert model.topics_ == topics


def test_the_hook_leaves_frame_and_sizes_alone_where_there_is_nothing_to_do(
    model: BERTopic,
) -> None:
    model.nr_topics = 100
    frame = working_frame(TEXTS, model.topics_)
    sizes = dict(model.topic_sizes_ or {})
    reduced = model._reduce_topics(frame)
    assert reduced.equals(frame)
    assert model.topic_sizes_ == sizes


@pytest.mark.parametrize("wanted", [0, -1, 2.5, "many", None, True])
def test_d_64_only_positive_numbers_and_auto_are_taken(model: BERTopic, wanted: Any) -> None:
    """D-64: any string counted as automatic."""
    with pytest.raises(ValueError, match=f"nr_topics is {wanted!r}"):
        model.reduce_topics(TEXTS, nr_topics=wanted)


def test_d_64_one_topic_with_outliers_keeps_a_topic_beside_them(
    model: BERTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """D-64: a crash inside scikit-learn."""
    model.reduce_topics(TEXTS, nr_topics=1)
    assert model.get_topic_info()["Topic"].tolist() == [-1, 0]
    assert "counts the outlier topic" in caplog.text


def test_the_other_representation_stands_in_with_a_warning(
    model: BERTopic, caplog: pytest.LogCaptureFixture
) -> None:
    model.topic_embeddings_ = None
    model.reduce_topics(TEXTS, nr_topics=3)
    assert len(model.get_topic_info()) == 3
    assert "compared by c-TF-IDF" in caplog.text


def test_a_model_of_outliers_alone_or_of_one_topic_stays_as_it_is() -> None:
    for label in (-1, 0):
        model = by_hand(np.full(60, label))
        for wanted in (1, 5, "auto"):
            model.reduce_topics(TEXTS, nr_topics=wanted)
        assert model.topics_ == [label] * 60
