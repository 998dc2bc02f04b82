"""What is wrong with the input is named: the argument, its value, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hdbscan import HDBSCAN
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer

from topicstream.model.bertopic import BERTopic
from topicstream.model.dimensionality import BaseDimensionalityReduction

Make = dict[str, Callable[..., BERTopic]]
Vectors = NDArray[np.float32]


@pytest.fixture
def model(fitted: Any) -> Any:
    return fitted("outliers")


TAKERS: dict[str, Callable[[Any, Any], object]] = {
    "fit": lambda model, docs: model.fit(docs),
    "fit_transform": lambda model, docs: model.fit_transform(docs),
    "update_topics": lambda model, docs: model.update_topics(docs),
    "merge_topics": lambda model, docs: model.merge_topics(docs, [0, 1]),
    "reduce_topics": lambda model, docs: model.reduce_topics(docs, 3),
    "reduce_outliers": lambda model, docs: model.reduce_outliers(docs, [-1]),
    "get_document_info": lambda model, docs: model.get_document_info(docs),
    "hierarchical_topics": lambda model, docs: model.hierarchical_topics(docs),
    "topics_over_time": lambda model, docs: model.topics_over_time(docs, [1]),
    "topics_per_class": lambda model, docs: model.topics_per_class(docs, ["a"]),
}


@pytest.mark.parametrize("name", TAKERS)
def test_a_string_for_documents_is_shown_with_what_to_pass(model: Any, name: str) -> None:
    with pytest.raises(
        TypeError, match=r"documents is the string 'one text'; pass a list of strings, one per"
    ):
        TAKERS[name](model, "one text")


def test_a_frame_for_documents_says_to_take_a_column(model: Any) -> None:
    frame = pd.DataFrame({"text": ["a text"]})
    with pytest.raises(TypeError, match=r"is of type DataFrame; pass a list .* df\['text'\]"):
        model.fit(frame)
    with pytest.raises(TypeError, match=r"df\['text'\]"):
        model.transform(frame)


def test_what_is_no_string_among_the_documents_is_shown_with_its_place(model: Any) -> None:
    with pytest.raises(
        TypeError, match=r"documents\[1\] is nan, of type float; .* leave it out or give it a text"
    ):
        model.fit(["a text", float("nan")])


def test_an_empty_list_of_documents_is_refused(model: Any) -> None:
    with pytest.raises(ValueError, match="documents is an empty list; pass at least one document"):
        model.fit([])


COUNTED: dict[str, Callable[[Any, list[str], Any], object]] = {
    "fit": lambda model, docs, vectors: model.fit(docs, vectors[:3]),
    "transform": lambda model, docs, vectors: model.transform(docs, vectors[:3]),
    "reduce_outliers": lambda model, docs, vectors: model.reduce_outliers(
        docs, model.topics_, strategy="embeddings", embeddings=vectors[:3]
    ),
}


@pytest.mark.parametrize("name", COUNTED)
def test_numbers_of_vectors_and_documents_that_differ_are_both_told(
    model: Any, name: str, documents: list[str], embeddings: Vectors
) -> None:
    with pytest.raises(
        ValueError, match="embeddings have 3 rows, but there are 210 documents: pass one row per"
    ):
        COUNTED[name](model, documents, embeddings)


def test_numbers_of_labels_and_images_that_differ_are_told(
    model: Any, documents: list[str], embeddings: Vectors
) -> None:
    with pytest.raises(ValueError, match="y has 2 items, but there are 210 documents: pass one"):
        model.fit(documents, embeddings, y=[0, 1])
    with pytest.raises(ValueError, match="images has 1 items, but there are 210 documents: pass"):
        model.fit(documents, embeddings, images=["a.jpg"])


@pytest.mark.parametrize("wrong", [float("nan"), 0.5, "space", None])
def test_a_label_that_is_no_whole_number_is_shown_with_its_place(
    wrong: Any, documents: list[str], embeddings: Vectors, make: Make
) -> None:
    labels = [0, wrong, *[1] * (len(documents) - 2)]
    with pytest.raises(ValueError, match=r"y\[1\] is .*; y must hold whole numbers.* -1 where"):
        make["manual"]().fit(documents, embeddings, y=labels)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_vectors_with_nan_are_told_by_their_rows(
    model: Any, method: str, documents: list[str], embeddings: Vectors, sparse: bool
) -> None:
    wrong = embeddings.copy()
    wrong[[7, 90], 2] = np.nan
    given = csr_matrix(wrong) if sparse else wrong
    with pytest.raises(
        ValueError, match="embeddings hold NaN or infinity in row 7 and 1 more rows: embed those"
    ):
        getattr(model, method)(documents, given)


def test_a_vector_where_a_matrix_must_be_is_told_by_its_shape(
    model: Any, documents: list[str], embeddings: Vectors
) -> None:
    with pytest.raises(ValueError, match=r"ndarray, shape \(210,\); pass a numpy array .* shape"):
        model.fit(documents, embeddings[:, 0])
    with pytest.raises(ValueError, match="embeddings are of type list; pass a numpy array"):
        model.fit(documents, embeddings.tolist())


def test_vectors_of_another_embedder_are_told_by_their_width(
    model: Any, documents: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"have 3 dimensions, but .* have 16: use the embedding_"):
        model.transform(documents, np.ones((210, 3)), fast=True)


UNFITTED: dict[str, tuple[Any, ...]] = {
    "transform": (["a"],),
    "get_topic": (0,),
    "get_topics": (),
    "get_topic_info": (),
    "get_topic_freq": (),
    "get_document_info": (["a"],),
    "get_representative_docs": (),
    "generate_topic_labels": (),
    "set_topic_labels": (["a"],),
    "update_topics": (["a"],),
    "merge_topics": (["a"], [0, 1]),
    "delete_topics": ([0],),
    "reduce_topics": (["a"],),
    "reduce_outliers": (["a"], [-1]),
    "find_topics": ("a",),
    "topics_over_time": (["a"], [1]),
    "topics_per_class": (["a"], [1]),
    "hierarchical_topics": (["a"],),
    "approximate_distribution": (["a"],),
    "push_to_hf_hub": ("me/topics",),
}


@pytest.mark.parametrize("name", UNFITTED)
def test_a_model_that_is_not_fitted_says_what_to_call(name: str) -> None:
    with pytest.raises(ValueError, match="is not fitted yet: call fit, fit_transform or partial_"):
        getattr(BERTopic(), name)(*UNFITTED[name])


def test_a_model_that_is_not_fitted_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not fitted yet: call fit"):
        BERTopic().save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_unknown_topics_are_named_beside_those_there_are(model: Any, documents: list[str]) -> None:
    with pytest.raises(
        ValueError, match=r"topics_to_merge holds \[99\].*; its topics are \[-1, 0, 1, 2, 3, 4\]"
    ):
        model.merge_topics(documents, [0, 99])
    with pytest.raises(ValueError, match=r"topics holds \[99\].*`get_topic_info\(\)` lists"):
        model.topics_over_time(documents, range(210), topics=[99] * 210)
    with pytest.raises(ValueError, match="topics holds 'space'; give an integer for each"):
        model.update_topics(documents, topics=["space"] * 210)


def test_one_document_is_told_apart_from_what_the_parts_need(
    documents: list[str], embeddings: Vectors, make: Make
) -> None:
    one, vector = documents[:1], embeddings[:1]
    with pytest.raises(
        ValueError,
        match="UMAP needs 7 documents for 5 dimensions, and there are 1: pass more documents",
    ):
        BERTopic().fit(one, vector)
    clusterer = HDBSCAN(min_cluster_size=5)
    plain = make["manual"](hdbscan_model=clusterer)
    with pytest.raises(
        ValueError, match=r"HDBSCAN\(.*\) cannot cluster 1 documents: .*; pass more documents, or"
    ):
        plain.fit(one, vector)


def test_one_document_is_a_topic_where_its_label_is_given(
    documents: list[str], embeddings: Vectors, make: Make
) -> None:
    model = make["manual"]().fit(documents[:1], embeddings[:1], y=[3])
    assert model.get_topic_info()["Count"].tolist() == [1]
    assert model.transform(documents[0], embeddings[0])[0] == [0]


def test_fewer_documents_than_topics_are_told_with_both_numbers(
    documents: list[str], embeddings: Vectors, make: Make
) -> None:
    reducer = BaseDimensionalityReduction()
    model = make["kmeans"](umap_model=reducer, hdbscan_model=KMeans(5, n_init=1))
    with pytest.raises(
        ValueError,
        match=r"KMeans\(n_clusters=5, .*cannot cluster 4 documents.*pass more documents, or a",
    ):
        model.fit(documents[:4], embeddings[:4])


def test_documents_that_are_all_alike_are_outliers_and_nothing_breaks(make: Make) -> None:
    documents, vectors = ["the same words"] * 30, np.ones((30, 16), dtype="f4")
    clusterer = HDBSCAN(min_cluster_size=5, allow_single_cluster=False)
    model = make["manual"](hdbscan_model=clusterer).fit(documents, vectors)

    assert set(model.topics_ or []) <= {-1, 0}
    assert model.get_topic_info()["Count"].sum() == 30
    assert model.get_representative_docs((model.topics_ or [])[0]) == ["the same words"]
    assert len(model.hierarchical_topics(documents)) == 0


def test_an_empty_vocabulary_names_the_vectorizer_and_what_to_change(
    documents: list[str], embeddings: Vectors, make: Make
) -> None:
    vectorizer = CountVectorizer(min_df=500)
    with pytest.raises(
        ValueError,
        match=r"vectorizer_model=CountVectorizer\(min_df=500\) finds no term in 210 .* lower min_",
    ):
        make["kmeans"](vectorizer_model=vectorizer).fit(documents, embeddings)
    with pytest.raises(ValueError, match=r"finds no term in 210 documents \(empty vocabulary\)"):
        make["kmeans"]().fit(["a ? b"] * 210, embeddings)
