from __future__ import annotations

import numpy as np
import pytest

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.bertopic import BERTopic

TEXTS, LABELS, VECTORS = corpus()


@pytest.fixture
def model() -> BERTopic:
    return by_hand(with_outliers(LABELS))


def assert_whole(model: BERTopic) -> None:
    """All that hangs on topics has one entry for each, in ascending order."""
    topics = sorted(set(model.topics_ or []))
    assert topics == list(range(topics[0], topics[-1] + 1))
    assert sorted(model.topic_sizes_ or {}) == topics == list(model.topic_representations_ or {})
    assert all(
        type(topic) is int for topic in [*(model.topic_sizes_ or {}), *(model.topics_ or [])]
    )
    assert model.c_tf_idf_ is not None
    assert model.topic_embeddings_ is not None
    assert model.c_tf_idf_.shape[0] == len(model.topic_embeddings_) == len(topics)
    assert list(model.representative_docs_) == topics
    assert model.get_topic_info()["Count"].sum() == len(TEXTS)


def assert_mapped(model: BERTopic, labels: np.ndarray) -> None:
    assert model.topic_mapper_ is not None
    now = model.topic_mapper_.get_mappings()
    assert [now[label] for label in labels.tolist()] == model.topics_


def centroids(model: BERTopic) -> np.ndarray:
    topics = np.asarray(model.topics_)
    return np.array([VECTORS[topics == topic].mean(axis=0) for topic in np.unique(topics)])


def test_merged_topics_are_one_and_ids_follow_size(model: BERTopic) -> None:
    sizes = dict(model.topic_sizes_ or {})
    model.merge_topics(TEXTS, [3, 4])
    assert sorted((model.topic_sizes_ or {}).values()) == sorted(
        [sizes[-1], sizes[0], sizes[1], sizes[2], sizes[3] + sizes[4]]
    )
    assert_whole(model)
    assert_mapped(model, with_outliers(LABELS))
    assert model.topic_embeddings_ == pytest.approx(centroids(model))
    in_order = [size for topic, size in sorted((model.topic_sizes_ or {}).items()) if topic != -1]
    assert in_order == sorted(in_order, reverse=True)


def test_two_merges_one_after_the_other_keep_the_mapper_true(model: BERTopic) -> None:
    model.merge_topics(TEXTS, [0, 1])
    model.merge_topics(TEXTS, [[0, 1], [2, -1]])
    assert_mapped(model, with_outliers(LABELS))
    assert model.topic_mapper_ is not None
    assert len(model.topic_mapper_.mappings_[0]) == 7


def test_d_44_groups_of_numpy_integers_are_groups(model: BERTopic) -> None:
    """D-44: the library itself returns NumPy's integers."""
    model.merge_topics(TEXTS, list(np.array([0, 1])))
    model.merge_topics(TEXTS, [np.array([1, 2])])
    assert_whole(model)
    assert sorted(model.topic_sizes_ or {}) == [-1, 0, 1, 2]


def test_d_11_a_merge_that_takes_the_outliers_keeps_each_topics_embedding(model: BERTopic) -> None:
    """D-11: rows are counted with the outlier row that there was before."""
    model.merge_topics(TEXTS, [0, -1])
    assert -1 not in (model.topic_sizes_ or {})
    assert_whole(model)
    assert model.topic_embeddings_ == pytest.approx(centroids(model))


def test_outliers_first_send_a_topic_to_the_outliers(model: BERTopic) -> None:
    sizes = dict(model.topic_sizes_ or {})
    model.merge_topics(TEXTS, [-1, 0])
    assert (model.topic_sizes_ or {})[-1] == sizes[-1] + sizes[0]
    assert_whole(model)
    assert model.topic_embeddings_ == pytest.approx(centroids(model))


def test_d_08_probabilities_are_added_up_by_this_merge(model: BERTopic) -> None:
    """D-08: by the mapping of this operation, whatever happened before."""
    matrix = np.eye(5)[np.maximum(model.topics_ or [], 0)]
    model.probabilities_ = matrix
    model.merge_topics(TEXTS, [2, 3, 4])
    probabilities = model.probabilities_
    assert probabilities.shape == (60, 3)
    topics = np.asarray(model.topics_)
    assert (probabilities.argmax(axis=1) == topics)[topics != -1].all()
    assert probabilities.sum() == pytest.approx(60)
    assert matrix.shape == (60, 5)


def test_d_45_own_labels_go_with_their_topics(model: BERTopic) -> None:
    """D-45: labels went stale after a merge."""
    model.set_topic_labels(["none", "a", "b", "c", "d", "e"])
    before = model.get_document_info(TEXTS)["CustomName"]
    model.merge_topics(TEXTS, [[3, 4]])
    after = model.get_document_info(TEXTS)["CustomName"]
    assert after.tolist() == before.replace({"e": "d"}).tolist()
    model.delete_topics([0])
    gone = after == (model.custom_labels_ or [""])[0]
    assert len(model.custom_labels_ or []) == 4
    assert not gone.all()


@pytest.mark.parametrize(
    ("groups", "named"),
    [
        ([0, 99], r"holds \[99\].*topics are \[-1, 0"),
        ([[0, 1], [2, 77]], r"holds \[77\]"),
        ([], r"topics_to_merge is \[\]"),
        (["01"], r"topics_to_merge is \['01'\]"),
        ([0, [1, 2]], "topics_to_merge is"),
    ],
)
def test_groups_that_cannot_be_merged_are_named_and_nothing_changes(
    model: BERTopic, groups: list[int], named: str
) -> None:
    topics = list(model.topics_ or [])
    with pytest.raises(ValueError, match=named):
        model.merge_topics(TEXTS, groups)
    assert model.topics_ == topics


def test_d_42_documents_of_another_fit_are_refused(model: BERTopic) -> None:
    """D-42: the message names both lengths."""
    with pytest.raises(ValueError, match=r"docs has 59 items.*60"):
        model.merge_topics(TEXTS[1:], [0, 1])


def test_d_10_deleted_topics_take_their_own_rows_along(model: BERTopic) -> None:
    """D-10: not the outliers' row, and not the words' weights."""
    words, vectors, weights = model.get_topics().copy(), centroids(model), model.c_tf_idf_
    assert weights is not None
    model.delete_topics([0, 3])
    assert model.topic_embeddings_ == pytest.approx(vectors[[0, 2, 3, 5]])
    assert model.c_tf_idf_ is not None
    assert (model.c_tf_idf_.toarray() == weights[[0, 2, 3, 5]].toarray()).all()
    assert list(model.get_topics().values()) == [words[topic] for topic in (-1, 1, 2, 4)]
    assert_whole(model)
    assert_mapped(model, with_outliers(LABELS))
    model.ctfidf_model.transform(model.vectorizer_model.transform(["moon orbit"]))


def test_d_10_the_first_outliers_come_with_rows_of_zeros() -> None:
    """D-10: -1 is made where there was none."""
    model = by_hand(LABELS)
    model.set_topic_labels(list("abcde"))
    model.topic_aspects_ = {"Own": {topic: [("mine", 1.0)] for topic in range(5)}}
    model.delete_topics([4])
    assert_whole(model)
    assert sorted(model.topic_sizes_ or {}) == [-1, 0, 1, 2, 3]
    assert model.topic_embeddings_ is not None
    assert not model.topic_embeddings_[0].any()
    assert model.get_topic(-1) == [("", 0.00001)]
    assert model.custom_labels_ == ["", "a", "b", "c", "d"]
    assert model.get_topic_info()["Own"].tolist() == [[]] + [["mine"]] * 4
    assert_mapped(model, LABELS)


def test_two_deletions_one_after_the_other_keep_the_mapper_true(model: BERTopic) -> None:
    model.delete_topics([1])
    model.delete_topics([0, 2])
    assert_mapped(model, with_outliers(LABELS))
    assert sorted(model.topic_sizes_ or {}) == [-1, 0, 1]


def test_probabilities_lose_the_columns_of_deleted_topics(model: BERTopic) -> None:
    model.probabilities_ = np.tile(np.arange(5.0), (60, 1))
    model.delete_topics([1, 2])
    assert model.probabilities_[0].tolist() == [0.0, 3.0, 4.0]


def test_unknown_topics_are_passed_over_and_outliers_cannot_be_deleted(model: BERTopic) -> None:
    topics = list(model.topics_ or [])
    model.delete_topics([77])
    assert model.topics_ == topics
    with pytest.raises(ValueError, match="holds -1"):
        model.delete_topics([0, -1])
    assert model.topics_ == topics


def test_all_topics_can_be_deleted(model: BERTopic) -> None:
    model.delete_topics([0, 1, 2, 3, 4])
    assert model.get_topic_info()["Topic"].tolist() == [-1]
    assert model.topic_sizes_ == {-1: 60}
