"""What holds for every kind of model after its topics have changed (section 18.4)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from topicstream.model.bertopic import BERTopic
from topicstream.model.regrouping import joined_embeddings, plan


def assert_consistent(model: BERTopic, documents: list[str]) -> None:
    topics = sorted(set(model.topics_ or []))
    assert topics == list(range(topics[0], topics[-1] + 1))
    assert topics == sorted(model.topic_sizes_ or {}) == list(model.get_topics())
    assert model.c_tf_idf_ is not None
    assert model.topic_embeddings_ is not None
    assert model.c_tf_idf_.shape[0] == len(model.topic_embeddings_) == len(topics)
    assert model.topic_mapper_ is not None
    assert {row[-1] for row in model.topic_mapper_.mappings_} == set(topics)
    info = model.get_topic_info()
    assert info["Count"].sum() == len(documents)
    assert info["Topic"][0] == topics[0]
    assert len(model.get_document_info(documents)) == len(documents)
    assert all(len(model.get_topic(topic)) == 10 for topic in topics if topic >= 0)
    if model.probabilities_ is not None and model.probabilities_.ndim == 2:
        width = model.probabilities_.shape[1]
        assert width in {len(topics), len(topics) - int(-1 in topics)}


def assert_mapped(model: BERTopic, labels: Any) -> None:
    assert model.topic_mapper_ is not None
    now = model.topic_mapper_.get_mappings()
    assert [now[int(label)] for label in labels] == model.topics_


def test_every_kind_is_whole_after_two_merges(each_model: BERTopic, documents: list[str]) -> None:
    largest = each_model.get_topic_freq(0)
    each_model.merge_topics(documents, [0, 1])
    assert_consistent(each_model, documents)
    assert each_model.get_topic_freq(0) > largest
    each_model.merge_topics(documents, [[0, 1]])
    assert_consistent(each_model, documents)
    labels = getattr(each_model.hdbscan_model, "labels_", None)
    if labels is not None:
        assert_mapped(each_model, labels)


def test_every_kind_is_whole_after_two_deletions(
    each_model: BERTopic, documents: list[str]
) -> None:
    n_before = len(set(each_model.topics_ or []))
    had_outliers = -1 in (each_model.topics_ or [])
    each_model.delete_topics([0, 2])
    assert_consistent(each_model, documents)
    assert len(set(each_model.topics_ or [])) == n_before - (2 if had_outliers else 1)
    each_model.delete_topics([1])
    assert_consistent(each_model, documents)
    labels = getattr(each_model.hdbscan_model, "labels_", None)
    if labels is not None:
        assert_mapped(each_model, labels)


@pytest.mark.parametrize("wanted", [3, "auto"])
def test_every_kind_is_whole_after_a_reduction(
    each_model: BERTopic, documents: list[str], wanted: int | str
) -> None:
    each_model.reduce_topics(documents, nr_topics=wanted)
    assert_consistent(each_model, documents)
    if wanted == 3:
        assert len(each_model.get_topic_freq()) == 3  # type: ignore[arg-type]  # a frame


def test_every_kind_takes_outliers_away(each_model: BERTopic, documents: list[str]) -> None:
    if -1 not in (each_model.topics_ or []):
        each_model.delete_topics([4])
    topics = each_model.reduce_outliers(documents, each_model.topics_ or [])
    assert topics.count(-1) < (each_model.topics_ or []).count(-1)
    topics = [0 if topic == -1 else topic for topic in topics]
    each_model.update_topics(documents, topics=topics)
    assert each_model.topics_ == topics
    assert -1 not in each_model.get_topics()
    found, similar = each_model.find_topics("guitar piano", top_n=2)
    assert len(found) == 2
    assert max(similar) <= 1.0 + 1e-6


def test_d_69_probabilities_have_no_column_for_outliers_that_are_gone(
    fitted: Any, documents: list[str]
) -> None:
    """D-69: one column too many after update_topics and a merge."""
    model = fitted("probabilities")
    topics = [0 if topic == -1 else topic for topic in model.topics_]
    model.update_topics(documents, topics=topics)
    model.merge_topics(documents, [0, 1])
    assert model.probabilities_.shape == (len(documents), len(set(model.topics_)))


def test_d_08_a_zero_shot_model_gains_two_columns_and_keeps_its_names(
    fitted: Any, documents: list[str]
) -> None:
    """D-08, D-09: names stay with their topics, ids without a gap."""
    model = fitted("zeroshot")
    width = len(model.topic_mapper_.mappings_[0])
    names = {model.topic_labels_[0], model.topic_labels_[1]}
    model.merge_topics(documents, [2, 3])
    assert len(model.topic_mapper_.mappings_[0]) == width + 2
    assert {model.topic_labels_[0], model.topic_labels_[1]} == names
    assert sorted(set(model.topics_) - {-1}) == list(range(len(set(model.topics_) - {-1})))


def test_embeddings_are_the_means_of_the_documents(
    fitted: Any, documents: list[str], embeddings: NDArray[np.float32]
) -> None:
    model = fitted("outliers")
    model.merge_topics(documents, [[0, 4], [1, -1]])
    topics = np.asarray(model.topics_)
    means = [embeddings[topics == topic].mean(axis=0) for topic in np.unique(topics)]
    assert model.topic_embeddings_ == pytest.approx(np.array(means), abs=1e-5)
    assert model.topic_embeddings_.dtype == np.float32


def test_a_plan_says_where_each_topic_goes(fitted: Any) -> None:
    model = fitted("manual")
    change = plan(model, {4: 0, 3: -1})
    assert change.final == {-1: -1, 0: 0, 1: 1, 2: 2, 3: -1, 4: 0}
    assert change.heirs == {-1: -1, 0: 0, 1: 1, 2: 2}
    assert model.topic_embeddings_ is not None
    with pytest.raises(ValueError, match=r"topic_embeddings_ has 2 rows for 6 topics"):
        joined_embeddings(model.topic_embeddings_[:2], change)
