import copy
import logging
import warnings
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tests.model.conftest import FitOnce, SubjectEmbedder
from topicstream.model.backend.adapters import BaseEmbedder
from topicstream.model.bertopic import BERTopic
from topicstream.model.cluster import BaseCluster
from topicstream.model.dimensionality import BaseDimensionalityReduction
from topicstream.model.representation import BaseRepresentation

Make = dict[str, Callable[..., BERTopic]]
Vectors = NDArray[np.float32]


class CountingRepresentation(BaseRepresentation):
    """Keeps the words, and counts how often it is asked."""

    def __init__(self) -> None:
        self.n_calls = 0

    def extract_topics(
        self,
        topic_model: BERTopic,
        documents: pd.DataFrame,
        c_tf_idf: object,
        topics: Mapping[int, list[tuple[str, float]]],
    ) -> dict[int, list[tuple[str, float]]]:
        self.n_calls += 1
        self.outliers = topic_model._outliers
        return dict(topics)


def test_what_is_returned_is_what_is_kept(each_model: BERTopic, documents: list[str]) -> None:
    topics = each_model.topics_
    assert topics is not None
    assert len(topics) == len(documents)
    assert all(type(topic) is int for topic in topics)
    assert sum((each_model.topic_sizes_ or {}).values()) == len(documents)
    assert set(topics) == set(each_model.get_topics())


def test_topics_are_numbered_by_size(fitted: FitOnce) -> None:
    for kind in ("kmeans", "outliers", "manual"):
        sizes = fitted(kind).topic_sizes_ or {}
        ordered = [sizes[topic] for topic in sorted(sizes) if topic != -1]
        assert ordered == sorted(ordered, reverse=True)


def test_rows_follow_ascending_topics(each_model: BERTopic) -> None:
    topics = sorted(set(each_model.topics_ or []))
    assert list(each_model.get_topics()) == topics
    assert each_model.c_tf_idf_ is not None
    assert each_model.c_tf_idf_.shape[0] == len(topics)
    assert each_model.topic_embeddings_ is not None
    assert each_model.topic_embeddings_.shape == (len(topics), 16)


def test_the_mapper_leads_from_the_clusterers_labels_to_topics(fitted: FitOnce) -> None:
    for kind in ("kmeans", "outliers", "probabilities", "manual"):
        model = fitted(kind)
        assert model.topic_mapper_ is not None
        assert model._map_predictions(model.hdbscan_model.labels_) == model.topics_
        assert {row[-1] for row in model.topic_mapper_.mappings_} == set(model.topics_ or [])


def test_topic_embeddings_are_means_of_documents(fitted: FitOnce, embeddings: Vectors) -> None:
    model = fitted("outliers")
    topics = np.array(model.topics_)
    expected = [embeddings[topics == topic].mean(axis=0) for topic in sorted(set(topics))]
    assert model.topic_embeddings_ is not None
    assert np.allclose(model.topic_embeddings_, expected, atol=1e-6)


def test_probabilities_have_a_column_for_each_topic(fitted: FitOnce) -> None:
    model = fitted("probabilities")
    assert model.probabilities_ is not None
    topics = np.array(model.topics_)
    inside = topics >= 0
    assert model.probabilities_.shape == (len(topics), 5)
    assert (model.probabilities_.argmax(axis=1) == topics)[inside].mean() > 0.95


def test_embeddings_are_computed_where_none_are_given(
    documents: list[str], fitted: FitOnce, make: Make
) -> None:
    assert make["outliers"]().fit(documents).topics_ == fitted("outliers").topics_


def test_the_static_embedder_needs_no_download(documents: list[str], make: Make) -> None:
    model = make["kmeans"](embedding_model="static").fit(documents)
    assert model.topic_embeddings_ is not None
    assert model.topic_embeddings_.shape == (5, 256)


def test_fitting_without_any_embedder_leaves_it_none(
    documents: list[str], embeddings: Vectors, make: Make
) -> None:
    model = make["kmeans"](embedding_model=None).fit(documents, embeddings)
    assert model.embedding_model is None
    assert model.language == "english"


def test_the_language_is_dropped_with_an_embedder() -> None:
    assert BERTopic(embedding_model="some/model").language is None
    assert BERTopic(language="dutch").language == "dutch"


def test_d28_sparse_embeddings_give_the_topics_of_dense_ones(
    documents: list[str], embeddings: Vectors, make: Make
) -> None:
    dense = make["kmeans"]().fit(documents, embeddings)
    sparse = make["kmeans"]().fit(documents, csr_array(embeddings))
    assert sparse.topic_embeddings_ is not None
    assert dense.topic_embeddings_ is not None
    assert sparse.topic_embeddings_.shape == dense.topic_embeddings_.shape
    assert len(set(sparse.topics_ or [])) == 5
    assert sparse.find_topics("guitar", top_n=1)[0] == dense.find_topics("guitar", top_n=1)[0]


def test_manual_topics_need_no_embeddings(documents: list[str], subjects: list[int]) -> None:
    model = BERTopic(
        embedding_model=BaseEmbedder(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
    )
    labels = [7 - subject for subject in subjects]
    topics, probabilities = model.fit_transform(documents, y=labels)
    assert model.topic_mapper_ is not None
    mapping = model.topic_mapper_.get_mappings()
    assert topics == [mapping[label] for label in labels]
    assert probabilities is None
    assert model.topic_embeddings_ is None


def test_supervised_topics_are_predicted_by_the_classifier(
    documents: list[str], embeddings: Vectors, subjects: list[int], make: Make
) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    options = {
        "umap_model": BaseDimensionalityReduction(),
        "hdbscan_model": KNeighborsClassifier(1),
    }
    model = make["kmeans"](**options).fit(documents, embeddings, y=subjects)
    topics, probabilities = model.transform(documents, embeddings)
    assert topics == model.topics_ == subjects
    assert probabilities is None


def test_labels_guide_the_reducer(
    documents: list[str], embeddings: Vectors, subjects: list[int], make: Make
) -> None:
    seen = []

    class Watching(BaseDimensionalityReduction):
        def fit(self, X: object = None, y: object = None) -> "Watching":
            seen.append(y)
            return self

    make["kmeans"](umap_model=Watching()).fit(documents, embeddings, y=subjects)
    assert np.asarray(seen[0]).tolist() == subjects


@pytest.mark.parametrize("nr_topics", [None, 3, np.int64(3), "auto", 50])
def test_the_representation_model_runs_once(
    nr_topics: int | str | None, documents: list[str], embeddings: Vectors, make: Make
) -> None:
    representation = CountingRepresentation()
    options = {"nr_topics": nr_topics, "representation_model": representation}
    model = make["outliers"](**options).fit(documents, embeddings)
    assert representation.n_calls == 1
    if nr_topics == 3:
        assert len(model.get_topic_info()) == 3


def test_d22_more_topics_asked_for_than_found_changes_nothing(
    documents: list[str], embeddings: Vectors, fitted: FitOnce, make: Make
) -> None:
    model, plain = make["outliers"](nr_topics=50).fit(documents, embeddings), fitted("outliers")
    assert model.topics_ == plain.topics_
    assert model.topic_embeddings_ is not None
    assert plain.topic_embeddings_ is not None
    assert np.array_equal(model.topic_embeddings_, plain.topic_embeddings_)
    assert model.topic_representations_ == plain.topic_representations_


def test_d43_a_second_fit_forgets_the_first(
    documents: list[str], embeddings: Vectors, fitted: FitOnce
) -> None:
    model = fitted("outliers")
    model.custom_labels_ = ["a", "b"]
    model.topic_aspects_ = {"Old": {}}
    model._topic_id_to_zeroshot_topic_idx = {0: 0}
    model.fit(documents, embeddings)
    assert model.custom_labels_ is None
    assert model.topic_aspects_ == {}
    assert model._topic_id_to_zeroshot_topic_idx == {}
    assert model.topics_ == fitted("outliers").topics_


def test_d19_outliers_can_be_asked_about_at_any_time(
    documents: list[str], embeddings: Vectors, make: Make
) -> None:
    assert BERTopic()._outliers == 0
    representation = CountingRepresentation()
    model = make["outliers"](representation_model=representation).fit(documents, embeddings)
    assert representation.outliers == model._outliers == 1
    assert model.topic_sizes_ is not None
    del model.topic_sizes_[-1]
    assert model._outliers == 0


def test_d46_no_filter_of_warnings_and_d47_no_log_level_is_touched() -> None:
    filters, level = list(warnings.filters), logging.getLogger("topicstream.model").level
    verbose, quiet = BERTopic(verbose=True), BERTopic()
    assert (verbose.verbose, quiet.verbose) == (True, False)
    assert list(warnings.filters) == filters
    assert logging.getLogger("topicstream.model").level == level


def test_d47_only_the_verbose_model_shows_its_steps(
    documents: list[str],
    embeddings: Vectors,
    make: Make,
    capsys: pytest.CaptureFixture[str],
) -> None:
    verbose, quiet = make["kmeans"](verbose=True), make["kmeans"]()
    quiet.fit(documents, embeddings)
    assert capsys.readouterr().err == ""
    verbose.fit(documents, embeddings)
    shown = capsys.readouterr().err
    assert shown.index("Dimensionality") < shown.index("Cluster")


def test_a_series_of_documents_may_have_any_index(
    documents: list[str], embeddings: Vectors, make: Make, fitted: FitOnce
) -> None:
    shuffled = pd.Series(documents, index=np.arange(len(documents))[::-1])
    model = make["outliers"]()
    assert model.fit_transform(shuffled, embeddings)[0] == fitted("outliers").topics_


def test_labels_of_another_length_are_refused(
    documents: list[str], embeddings: Vectors, make: Make
) -> None:
    with pytest.raises(ValueError, match="y has 2 items, but there are 210 documents"):
        make["manual"]().fit(documents, embeddings, y=[0, 1])


@pytest.mark.parametrize("nr_topics", [2.5, -1, "many"])
def test_a_wrong_number_of_topics_is_refused_before_anything_is_computed(
    nr_topics: Any, documents: list[str], make: Make, embedder: SubjectEmbedder
) -> None:
    model = make["kmeans"](nr_topics=nr_topics, embedding_model=embedder)
    with pytest.raises(ValueError, match="nr_topics is"):
        model.fit(documents)
    assert embedder.n_calls == 0


def test_neither_documents_nor_images_are_refused(make: Make) -> None:
    with pytest.raises(TypeError, match="documents is None and images is None"):
        make["kmeans"]().fit(None)


def test_all_documents_may_be_outliers(
    documents: list[str], embeddings: Vectors, make: Make
) -> None:
    model = make["manual"]().fit(documents, embeddings, y=[-1] * len(documents))
    assert set(model.topics_ or []) == {-1}
    assert model.get_topic_info()["Count"].tolist() == [len(documents)]
    assert model.transform(documents[:3], embeddings[:3])[0] == [-1, -1, -1]


def test_one_topic_is_enough(documents: list[str], embeddings: Vectors, make: Make) -> None:
    model = make["manual"]().fit(documents, embeddings, y=[4] * len(documents))
    assert model.topics_ == [0] * len(documents)


def test_documents_that_are_all_alike_can_be_fitted(make: Make) -> None:
    documents, vectors = ["the same words"] * 30, np.ones((30, 16), dtype="f4")
    model = make["manual"](umap_model=BaseDimensionalityReduction())
    assert model.fit(documents, vectors, y=[0] * 30).get_topic(0)


def test_images_without_texts_are_told_by_their_captions(
    embeddings: Vectors, documents: list[str], make: Make, subjects: list[int]
) -> None:
    class Captions(CountingRepresentation):
        image_to_text_model = "any"

        def image_to_text(self, frame: pd.DataFrame, vectors: object) -> pd.DataFrame:
            captions = frame.groupby("Topic", as_index=False).first()
            texts = [f"caption {topic} picture" for topic in captions["Topic"]]
            return captions.assign(Document=texts)[["Document", "ID", "Topic", "Image"]]

    model = make["manual"](representation_model=Captions())
    images = [f"{i}.jpg" for i in range(len(documents))]
    topics, _ = model.fit_transform(None, embeddings, images=images, y=subjects)
    assert topics == subjects
    assert model.topic_embeddings_ is not None
    assert model.topic_embeddings_.shape == (6, 16)
    assert "caption" in dict(model.get_topic(0))


def test_images_without_texts_and_captions_are_refused(
    embeddings: Vectors, make: Make, subjects: list[int]
) -> None:
    images = ["a.jpg"] * len(subjects)
    with pytest.raises(ValueError, match="no representation_model has an image_to_text_model"):
        make["manual"]().fit(None, embeddings, images=images, y=subjects)


def test_a_model_can_be_copied_and_pickled(fitted: FitOnce) -> None:
    model = fitted("zeroshot")
    assert copy.deepcopy(model).topic_labels_ == model.topic_labels_


def test_sub_models_may_be_set_afterwards() -> None:
    model, reducer = BERTopic(), SimpleNamespace()
    model.umap_model = reducer
    assert model.umap_model is reducer
    assert BERTopic(n_gram_range=(1, 2)).vectorizer_model.ngram_range == (1, 2)
    assert BERTopic(min_topic_size=7).hdbscan_model.min_cluster_size == 7


def test_an_embedder_of_our_own_is_called_once(
    documents: list[str], make: Make, embedder: SubjectEmbedder
) -> None:
    make["kmeans"](embedding_model=embedder).fit(documents)
    assert embedder.n_calls == 1


def test_sparse_vectors_go_through_any_reducer_that_takes_them(
    documents: list[str], make: Make
) -> None:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer().fit_transform(documents)
    reducer = TruncatedSVD(5, random_state=1)
    model = make["kmeans"](umap_model=reducer, embedding_model=None).fit(documents, vectors)

    assert len(set(model.topics_ or [])) == 5
    assert model.transform(documents, vectors)[0] == model.topics_
