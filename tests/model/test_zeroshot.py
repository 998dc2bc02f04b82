from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.model.conftest import FitOnce
from topicstream.model.bertopic import BERTopic
from topicstream.model.cluster import BaseCluster
from topicstream.model.zeroshot import combine

Make = dict[str, Callable[..., BERTopic]]
NAMES = ["space orbit moon", "kitchen bread", "football goal", "medicine doctor", "music guitar"]


def test_names_come_first_and_those_without_documents_get_no_topic() -> None:
    model = BERTopic()
    topics = combine(model, np.array([2, -1, 0, -1, 2, -1]), np.array([1, 0, -1]))
    assert topics.tolist() == [1, 3, 0, 2, 1, -1]
    assert model._topic_id_to_zeroshot_topic_idx == {0: 0, 1: 2}


def test_topics_are_called_by_their_names(fitted: FitOnce) -> None:
    model = fitted("zeroshot")
    labels = model.topic_labels_
    assert labels[0] == "guitar piano singer"
    assert labels[1] == "doctor patient hospital"
    assert "stamps coins" not in labels.values()
    assert sorted(labels) == list(range(min(labels), len(labels) + min(labels)))


def test_documents_keep_their_order(fitted: FitOnce, subjects: list[int]) -> None:
    topics = np.array(fitted("zeroshot").topics_)
    assert set(topics[np.array(subjects) == 4]) == {0}
    assert set(topics[np.array(subjects) == 3]) == {1}


def test_d23_names_stay_when_every_document_fits_one(
    documents: list[str], embeddings: NDArray[np.float32], make: Make
) -> None:
    model = make["zeroshot"](zeroshot_topic_list=NAMES, zeroshot_min_similarity=0.1)
    model.fit(documents, embeddings)
    assert list(model.topic_labels_.values()) == NAMES
    assert sum((model.topic_sizes_ or {}).values()) == len(documents)
    assert type(model.hdbscan_model) is BaseCluster


def test_d23_names_and_a_number_of_topics_go_together(
    documents: list[str], embeddings: NDArray[np.float32], make: Make
) -> None:
    options = {"zeroshot_topic_list": NAMES, "zeroshot_min_similarity": 0.1, "nr_topics": 6}
    model = make["zeroshot"](**options).fit(documents, embeddings)
    assert len(model.get_topic_info()) == 5
    assert set(model.topic_labels_.values()) == set(NAMES)


def test_too_few_topics_for_the_names_are_refused(
    documents: list[str], embeddings: NDArray[np.float32], make: Make
) -> None:
    model = make["zeroshot"](zeroshot_topic_list=NAMES, nr_topics=np.int64(3))
    with pytest.raises(ValueError, match="it must be more than 5"):
        model.fit(documents, embeddings)


def test_where_no_document_fits_a_name_it_is_a_plain_fit(
    documents: list[str], embeddings: NDArray[np.float32], make: Make
) -> None:
    zeroshot = make["zeroshot"](zeroshot_min_similarity=1.1).fit(documents, embeddings)
    plain = make["outliers"]().fit(documents, embeddings)
    assert zeroshot.topics_ == plain.topics_
    assert zeroshot.topic_labels_ == plain.topic_labels_


def test_d24_names_without_an_embedder_are_an_error(
    documents: list[str], embeddings: NDArray[np.float32], make: Make
) -> None:
    with pytest.raises(ValueError, match="zeroshot_topic_list needs an embedder"):
        make["zeroshot"](embedding_model=None).fit(documents, embeddings)


def test_probabilities_are_cosines_without_the_outliers_column(
    documents: list[str], embeddings: NDArray[np.float32], make: Make
) -> None:
    model = make["zeroshot"](calculate_probabilities=True).fit(documents, embeddings)
    assert model.probabilities_ is not None
    n_topics = len([topic for topic in model.get_topics() if topic != -1])
    assert model.probabilities_.shape == (len(documents), n_topics)


def test_a_second_fit_clusters_again(
    documents: list[str], embeddings: NDArray[np.float32], fitted: FitOnce
) -> None:
    model = fitted("zeroshot")
    before = model.topics_
    assert model.fit(documents, embeddings).topics_ == before


def test_a_handful_of_documents_without_a_name_are_outliers(
    documents: list[str], embeddings: NDArray[np.float32], make: Make, subjects: list[int]
) -> None:
    model = make["zeroshot"](zeroshot_topic_list=NAMES, zeroshot_min_similarity=0.9)
    model.fit(documents, embeddings)
    stray = np.array(subjects) == -1
    assert set(np.array(model.topics_)[stray]) == {-1}
    assert len(model.topic_labels_) == 6


def test_d09_names_outlive_a_merge_of_other_topics(fitted: FitOnce, documents: list[str]) -> None:
    model = fitted("zeroshot")
    model.merge_topics(documents, [2, 3])
    labels = set(model.topic_labels_.values())
    assert {"guitar piano singer", "doctor patient hospital"} <= labels
    music = next(t for t, label in model.topic_labels_.items() if label == "guitar piano singer")
    assert model._is_zeroshot()
    assert "guitar" in dict(model.get_topic(music))


def test_d09_a_name_is_lost_where_its_topic_becomes_another(
    fitted: FitOnce, documents: list[str]
) -> None:
    model = fitted("zeroshot")
    model.zeroshot_min_similarity = 0.9  # 30 documents of one and 20 of the other make 0.83
    model.merge_topics(documents, [0, 1])
    assert model._topic_id_to_zeroshot_topic_idx == {}
