"""Learning in batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import IncrementalPCA
from sklearn.feature_extraction.text import CountVectorizer

from topicstream.model.bertopic import BERTopic
from topicstream.model.dimensionality import BaseDimensionalityReduction
from topicstream.model.representation import BaseRepresentation, KeyBERTInspired
from topicstream.model.vectorizers import OnlineCountVectorizer


class Told:
    """A clusterer that is told the labels of the next batches."""

    def __init__(self, *batches: list[Any]) -> None:
        self._batches = list(batches)
        self.labels_: list[Any] = []

    def partial_fit(self, X: object) -> Told:
        self.labels_ = self._batches.pop(0)
        return self


def told(*batches: list[Any], **options: Any) -> Any:
    return BERTopic(
        **{
            "umap_model": BaseDimensionalityReduction(),
            "hdbscan_model": Told(*batches),
            "vectorizer_model": OnlineCountVectorizer(),
            **options,
        }
    )


def vectors(*values: float) -> NDArray[np.float32]:
    return np.array([[value, 1.0] for value in values], dtype=np.float32)


def online_model(embedder: Any, **options: Any) -> Any:
    return BERTopic(
        **{
            "language": "english",
            "embedding_model": embedder,
            "umap_model": IncrementalPCA(n_components=5),
            "hdbscan_model": MiniBatchKMeans(n_clusters=5, n_init=10, random_state=1),
            "vectorizer_model": OnlineCountVectorizer(),
            **options,
        }
    )


@pytest.fixture
def online(documents: list[str], embeddings: NDArray[np.float32], embedder: Any) -> Any:
    model = online_model(embedder)
    for start in range(0, 210, 70):
        batch = slice(start, start + 70)
        model.partial_fit(documents[batch], embeddings[batch], accumulate_topics=True)
    return model


def test_topics_are_learnt_over_batches(
    online: Any, documents: list[str], subjects: list[int]
) -> None:
    topics = np.array(online.topics_)

    assert sum(online.topic_sizes_.values()) == 210
    assert set(online.get_topics()) == set(topics)
    assert online.c_tf_idf_.shape[0] == len(online.get_topics())
    largest = topics[np.array(subjects) == 0]
    assert np.bincount(largest).max() == len(largest)


def test_counts_of_batches_are_those_of_all_documents(online: Any, documents: list[str]) -> None:
    texts = ["" for _ in range(5)]
    for document, topic in zip(documents, online.topics_, strict=True):
        texts[topic] += f" {document}"
    names = online.vectorizer_model.get_feature_names_out()
    expected = CountVectorizer(vocabulary=list(names)).transform(texts)

    assert (expected != online.vectorizer_model.X_).nnz == 0


def test_embeddings_of_topics_are_the_means_of_their_documents_d_20(
    online: Any, documents: list[str], embeddings: NDArray[np.float32]
) -> None:
    """D-20: they were made of words, or None without an embedder."""
    topics = np.array(online.topics_)
    means = [embeddings[topics == topic].mean(axis=0) for topic in sorted(set(topics))]

    assert online.topic_embeddings_ == pytest.approx(np.array(means), abs=1e-5)


def test_vectors_alone_are_enough_d_20() -> None:
    """D-20: `topic_embeddings_` stayed None."""
    model = told([0, 0], [1, 0])

    model.partial_fit(["moon", "orbit"], vectors(1, 3))
    model.partial_fit(["bread", "moon"], vectors(9, 5))

    assert model.topic_embeddings_.tolist() == [[3, 1], [9, 1]]
    assert model.topic_embeddings_.dtype == np.float32


def test_topics_are_those_of_the_last_batch_or_of_all_d_14(
    documents: list[str], embeddings: NDArray[np.float32]
) -> None:
    """D-14: only the last batch's could be had."""
    last, every = told([0, 1], [2]), told([0, 1], [2])

    for model, accumulate in ((last, False), (every, True)):
        model.partial_fit(["moon", "bread"], vectors(1, 2), accumulate_topics=accumulate)
        model.partial_fit(["piano"], vectors(3), accumulate_topics=accumulate)

    assert last.topics_ == [2]
    assert every.topics_ == [0, 1, 2]
    assert len(every.get_document_info(["moon", "bread", "piano"])) == 3


def test_accumulated_topics_follow_a_merge_d_14(online: Any, documents: list[str]) -> None:
    online.merge_topics(documents, [0, 1])

    assert len(set(online.topics_)) == 4
    assert len(online.get_document_info(documents)) == 210


def test_ids_come_in_order_of_appearance_d_15() -> None:
    """D-15: in the order of a set."""
    model = told([7, 3], [90, 20, 3, 41])

    model.partial_fit(["moon", "bread"], vectors(1, 2))
    model.partial_fit(["piano", "goal", "oven", "nurse"], vectors(1, 2, 3, 4))

    assert model.topics_ == [8, 9, 3, 10]
    assert model.topic_mapper_.get_mappings() == {3: 3, 7: 7, 90: 8, 20: 9, 41: 10}


def test_late_outliers_are_outliers_and_rows_stay_right_d_15() -> None:
    """D-15: they became a topic with a positive id."""
    model = told([0, 1], [-1, 1], [0, 2])

    model.partial_fit(["moon", "bread"], vectors(1, 2))
    model.partial_fit(["stray", "oven"], vectors(9, 4))
    model.partial_fit(["orbit", "piano"], vectors(3, 7))

    words = {topic: {w for w, _ in pairs if w} for topic, pairs in model.get_topics().items()}
    assert words == {-1: {"stray"}, 0: {"moon", "orbit"}, 1: {"bread", "oven"}, 2: {"piano"}}
    assert model.topic_embeddings_[:, 0].tolist() == [9, 2, 3, 7]
    assert model.topic_sizes_ == {-1: 1, 0: 2, 1: 2, 2: 1}
    assert model._outliers == 1


def test_the_best_documents_of_all_batches_are_kept_d_16() -> None:
    """D-16: there were none."""
    model = told([0, 0, 0], [0, 1], [1])

    model.partial_fit(["moon", "moon orbit", "orbit orbit shuttle"], vectors(1, 2, 3))
    model.partial_fit(["zebra", "bread"], vectors(4, 5))
    model.partial_fit(["bread oven"], vectors(6))

    assert set(model.get_representative_docs(0)) == {"moon", "moon orbit", "orbit orbit shuttle"}
    assert set(model.get_representative_docs(1)) == {"bread", "bread oven"}


def test_aspects_and_words_of_a_model_are_learnt_d_16(
    documents: list[str], embeddings: NDArray[np.float32], embedder: Any
) -> None:
    """D-16: aspects never were."""
    keys = KeyBERTInspired(top_n_words=4)
    model = online_model(embedder, representation_model={"Main": keys, "Keys": keys})

    for batch in (slice(0, 100), slice(100, 110)):
        model.partial_fit(documents[batch], embeddings[batch])

    assert model.topic_aspects_["Keys"] == model.topic_representations_
    assert {len(words) for words in model.topic_aspects_["Keys"].values()} == {4}


@pytest.mark.parametrize(
    ("options", "y", "message"),
    [
        ({"zeroshot_topic_list": ["space"]}, None, "zeroshot_topic_list has 1 names"),
        ({}, [0], "y is given"),
        ({"hdbscan_model": BaseDimensionalityReduction()}, None, "has no partial_fit"),
        ({"vectorizer_model": object()}, None, "object cannot learn in batches"),
    ],
)
def test_what_cannot_be_done_in_batches_is_refused_d_16(
    options: dict[str, Any], y: list[int] | None, message: str
) -> None:
    """D-16: it was ignored."""
    with pytest.raises(ValueError, match=message):
        told([0], **options).partial_fit(["moon"], vectors(1), y=y)


def test_history_weighs_as_much_as_decay_leaves_d_17() -> None:
    """D-17: all counts of a topic were scaled to a sum of one after each batch."""
    model = told([0], [0], [0], vectorizer_model=OnlineCountVectorizer(decay=0.5))

    for _ in range(3):
        model.partial_fit(["moon orbit shuttle rocket"], vectors(1))

    assert model.vectorizer_model.X_.toarray().tolist() == [[1.75] * 4]


def test_a_document_without_cluster_is_an_outlier_d_18() -> None:
    """D-18: None was a KeyError."""
    model = told([None, 0], [0, None])

    model.partial_fit(["moon", "bread"], vectors(1, 2))
    assert model.topics_ == [-1, 0]
    model.partial_fit(["oven", "orbit"], vectors(1, 2))

    assert model.topics_ == [0, -1]


def test_a_clusterer_that_labels_other_documents_is_refused_d_18() -> None:
    """D-18: there were fewer topics than documents, without a word."""
    with pytest.raises(ValueError, match="Told gave 1 labels for 2 documents"):
        told([0]).partial_fit(["moon", "bread"], vectors(1, 2))


def test_sizes_are_known_when_words_are_made_d_19() -> None:
    """D-19: asking whether there are outliers was a TypeError in the first batch."""
    seen = []

    class Curious(BaseRepresentation):
        def extract_topics(
            self, topic_model: Any, documents: Any, c_tf_idf: Any, topics: Any
        ) -> Any:
            seen.append((topic_model._outliers, dict(topic_model.topic_sizes_), len(topics)))
            return topics

    model = told([-1, 0], [0], representation_model=Curious())
    model.partial_fit(["moon", "bread"], vectors(1, 2))
    model.partial_fit(["oven"], vectors(3))

    assert seen == [(1, {-1: 1, 0: 1}, 2), (1, {-1: 1, 0: 2}, 2)]


def test_a_plain_vectorizer_gives_way_to_one_that_learns() -> None:
    model = told([0], [0], vectorizer_model=CountVectorizer(ngram_range=(1, 2)))

    model.partial_fit(["moon orbit"], vectors(1)).partial_fit("moon shuttle", vectors(2))

    assert "moon shuttle" in model.vectorizer_model.get_feature_names_out()


def test_a_model_fitted_at_once_learns_no_batches() -> None:
    model = told([0], vectorizer_model=CountVectorizer().fit(["moon"]))

    with pytest.raises(ValueError, match="not been fitted with fit"):
        model.partial_fit(["moon"], vectors(1))


def test_predictions_use_the_clusterer(
    documents: list[str], embeddings: NDArray[np.float32], embedder: Any
) -> None:
    model = online_model(embedder)
    model.partial_fit(documents[:100], embeddings[:100])
    model.partial_fit(documents[100:], embeddings[100:])

    predicted, _ = model.transform(documents[100:], embeddings[100:])

    assert list(predicted) == model.topics_


def test_the_caller_s_vectors_are_left_alone(documents: list[str], embedder: Any) -> None:
    given = embedder.embed(documents[:60])
    before = given.copy()

    online_model(embedder, seed_topic_list=[["moon", "orbit"]]).partial_fit(documents[:60], given)

    assert (given == before).all()
