from __future__ import annotations

import numpy as np
import pytest

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.bertopic import BERTopic

TEXTS, LABELS, VECTORS = corpus()


@pytest.fixture
def model() -> BERTopic:
    return by_hand(with_outliers(LABELS))


def without_outliers(model: BERTopic) -> list[int]:
    return [3 if topic == -1 else topic for topic in model.topics_ or []]


def test_other_n_grams_give_other_words_and_a_larger_vocabulary(model: BERTopic) -> None:
    before = len(model.vectorizer_model.get_feature_names_out())
    model.update_topics(TEXTS, n_gram_range=(1, 2))
    assert len(model.vectorizer_model.get_feature_names_out()) > before
    assert model.c_tf_idf_ is not None
    assert model.c_tf_idf_.shape[1] > before


def test_what_is_not_given_is_reset_as_in_bertopic(model: BERTopic) -> None:
    model.top_n_words = 3
    vectorizer, weigher = model.vectorizer_model, model.ctfidf_model
    model.update_topics(TEXTS)
    assert model.top_n_words == 10
    assert len(model.get_topic(0)) == 10
    assert model.vectorizer_model is not vectorizer
    assert model.ctfidf_model is not weigher
    assert model.representation_model is None


def test_d_07_outliers_that_got_topics_leave_no_row_behind(model: BERTopic) -> None:
    """D-07: the embeddings keep step with the topics."""
    assert model.topic_embeddings_ is not None
    rows = model.topic_embeddings_[1:].copy()
    model.set_topic_labels(["none", *"abcde"])
    model.topic_aspects_ = {"Own": {topic: [("mine", 1.0)] for topic in range(-1, 5)}}
    docs_before = model.representative_docs_
    topics = without_outliers(model)
    model.update_topics(TEXTS, topics=topics)
    assert model.topics_ == topics
    assert model.topic_embeddings_ == pytest.approx(rows)
    assert model.c_tf_idf_ is not None
    assert model.c_tf_idf_.shape[0] == 5
    assert model.custom_labels_ == list("abcde")
    assert list(model.representative_docs_) == [0, 1, 2, 3, 4]
    assert model.representative_docs_ is not docs_before
    assert model.get_topic_info()["CustomName"].tolist() == list("abcde")


def test_d_07_topics_joined_by_hand_get_the_mean_of_their_embeddings(model: BERTopic) -> None:
    """D-07: also predictions, which go by the mapper, follow."""
    topics = [0 if topic == 1 else topic for topic in model.topics_ or []]
    model.update_topics(TEXTS, topics=topics)
    of = np.asarray(topics)
    means = [VECTORS[of == topic].mean(axis=0) for topic in np.unique(of)]
    assert model.topic_embeddings_ == pytest.approx(np.array(means))
    assert set(model.topics_ or []) == {-1, 0, 2, 3, 4}
    assert model.topic_mapper_ is not None
    now = model.topic_mapper_.get_mappings()
    assert [now[label] for label in with_outliers(LABELS).tolist()] == topics
    assert sorted(model.topic_representations_ or {}) == [-1, 0, 2, 3, 4]


def test_a_topic_made_of_outliers_alone_gets_the_outliers_embedding(model: BERTopic) -> None:
    assert model.topic_embeddings_ is not None
    outliers = model.topic_embeddings_[0].copy()
    model.update_topics(
        TEXTS, topics=[5 if topic == -1 else topic for topic in model.topics_ or []]
    )
    assert model.topic_embeddings_[-1] == pytest.approx(outliers)


def test_embeddings_stay_where_only_the_words_change(model: BERTopic) -> None:
    before = model.topic_embeddings_
    model.update_topics(TEXTS, n_gram_range=(1, 2))
    assert model.topic_embeddings_ is before


def test_topics_must_be_integers_one_for_each_document(model: BERTopic) -> None:
    with pytest.raises(ValueError, match="topics has 2 items"):
        model.update_topics(TEXTS, topics=[0, 1])
    with pytest.raises(ValueError, match=r"topics holds 0\.5"):
        model.update_topics(TEXTS, topics=[0.5] * 60)  # type: ignore[list-item]  # wrong on purpose
    with pytest.raises(ValueError, match=r"docs has 59 items"):
        model.update_topics(TEXTS[1:])


def test_a_list_of_labels_names_every_topic(model: BERTopic) -> None:
    model.set_topic_labels(model.generate_topic_labels(nr_words=1))
    assert model.custom_labels_ is not None
    assert model.custom_labels_[0].startswith("-1_")
    with pytest.raises(ValueError, match="topic_labels has 1 labels, the model has 6"):
        model.set_topic_labels(["a"])


def test_a_dict_of_labels_names_some_topics_and_keeps_the_rest(model: BERTopic) -> None:
    names = [model.topic_labels_[topic] for topic in range(-1, 5)]
    model.set_topic_labels({0: "zero"})
    model.set_topic_labels({1: "one", 0: "", 77: "unknown"})
    assert model.custom_labels_ == [names[0], "zero", "one", *names[3:]]


@pytest.mark.parametrize("labels", [5, "abcdef", None])
def test_d_45_labels_of_another_type_are_refused_by_name(model: BERTopic, labels: object) -> None:
    """D-45: an UnboundLocalError told nothing."""
    with pytest.raises(TypeError, match="topic_labels is of type"):
        model.set_topic_labels(labels)  # type: ignore[arg-type]  # wrong on purpose


def test_d_45_a_tuple_or_an_array_of_labels_is_a_list(model: BERTopic) -> None:
    """D-45: other containers crashed."""
    model.set_topic_labels(np.array(list("abcdef")))  # type: ignore[arg-type]  # taken all the same
    assert model.custom_labels_ == list("abcdef")
    assert all(type(label) is str for label in model.custom_labels_)
