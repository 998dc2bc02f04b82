from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy.cluster import hierarchy as scipy_hierarchy
from scipy.spatial.distance import squareform

from topicstream.model.bertopic import BERTopic
from topicstream.model.hierarchy import COLUMNS, cosine_distances
from topicstream.model.representation import BaseRepresentation


@pytest.fixture
def model(fitted: Any) -> Any:
    return fitted("outliers")


def test_every_merge_joins_its_two_children(model: Any, documents: list[str]) -> None:
    found = model.hierarchical_topics(documents)
    assert tuple(found.columns) == COLUMNS
    below: dict[str, list[int]] = {str(topic): [topic] for topic in range(5)}
    for row in found.iloc[::-1].itertuples():
        below[row.Parent_ID] = sorted(below[row.Child_Left_ID] + below[row.Child_Right_ID])
        assert row.Topics == below[row.Parent_ID]
    assert found.Topics.iloc[0] == [0, 1, 2, 3, 4]


def test_the_root_is_first_and_the_index_counts_down(model: Any, documents: list[str]) -> None:
    found = model.hierarchical_topics(documents)
    assert found.Parent_ID.tolist() == ["8", "7", "6", "5"]
    assert found.index.tolist() == [3, 2, 1, 0]
    assert found.Distance.is_monotonic_decreasing
    assert found.Distance.dtype.kind == "f"


def test_children_bear_the_names_of_topics_and_parents(model: Any, documents: list[str]) -> None:
    found = model.hierarchical_topics(documents)
    names = dict(zip(found.Parent_ID, found.Parent_Name, strict=True))
    for topic in range(5):
        names[str(topic)] = "_".join(word for word, _ in model.get_topic(topic)[:5])
    for side in ("Left", "Right"):
        expected = [names[id_] for id_ in found[f"Child_{side}_ID"]]
        assert found[f"Child_{side}_Name"].tolist() == expected


def test_a_merge_is_named_by_the_words_of_all_its_documents(
    model: Any, documents: list[str]
) -> None:
    found = model.hierarchical_topics(documents)
    counts = model.vectorizer_model.transform(documents).toarray()
    for row in found.itertuples():
        summed = counts[np.isin(model.topics_, row.Topics)].sum(axis=0)
        weights = summed / summed.sum() * model.ctfidf_model._idf_diag.diagonal()
        shown = [weights[model.vectorizer_model.vocabulary_[w]] for w in row.Parent_Name.split("_")]
        np.testing.assert_allclose(shown, np.sort(weights)[::-1][:5], rtol=1e-9)


@pytest.mark.parametrize("use_ctfidf", [True, False])
def test_distances_are_wards_on_cosines_without_outliers(
    model: Any, documents: list[str], use_ctfidf: bool
) -> None:
    vectors = (model.c_tf_idf_ if use_ctfidf else model.topic_embeddings_)[1:]
    square = cosine_distances(vectors)
    condensed = squareform(square, checks=False)
    expected = scipy_hierarchy.linkage(condensed, "ward", optimal_ordering=True)[:, 2]
    found = model.hierarchical_topics(documents, use_ctfidf=use_ctfidf)
    np.testing.assert_allclose(found.Distance[::-1], expected, atol=2e-7)


@pytest.mark.parametrize("condensed", [True, False])
def test_own_functions_are_used(model: Any, documents: list[str], condensed: bool) -> None:
    def distance(vectors: Any) -> Any:
        square = 2.0 * cosine_distances(vectors)
        return squareform(square, checks=False) if condensed else square

    found = model.hierarchical_topics(
        documents,
        linkage_function=lambda distances: scipy_hierarchy.linkage(distances, "single"),
        distance_function=distance,
    )
    assert set(found.Topics.iloc[0]) == set(range(5))
    nearest = squareform(2.0 * cosine_distances(model.c_tf_idf_[1:]), checks=False).min()
    assert found.Distance.iloc[-1] == pytest.approx(nearest)


def test_equal_distances_are_told_apart(model: Any, documents: list[str]) -> None:
    found = model.hierarchical_topics(documents, distance_function=lambda _: np.ones(10))
    assert found.Distance.is_unique
    again = model.hierarchical_topics(documents, distance_function=lambda _: np.ones(10))
    assert found.equals(again)


def test_the_model_stays_as_it_is(model: Any, documents: list[str]) -> None:
    """D-71: the reference assigns to a part of a frame; D-02 in kind."""
    weights, topics = model.c_tf_idf_.copy(), list(model.topics_)
    model.hierarchical_topics(documents)
    assert (model.c_tf_idf_ != weights).nnz == 0
    assert model.topics_ == topics


def test_the_representation_model_runs_only_when_asked(model: Any, documents: list[str]) -> None:
    """D-05, and D-52 in kind: each merge is told with its own weights."""
    sizes = []

    class Shouting(BaseRepresentation):
        def extract_topics(
            self, topic_model: Any, documents: Any, c_tf_idf: Any, topics: Any
        ) -> dict[int, Any]:
            sizes.append(len(documents))
            assert c_tf_idf.shape[0] == len(topics) == 1
            return {
                topic: [(word.upper(), score) for word, score in words]
                for topic, words in topics.items()
            }

    model.representation_model = Shouting()
    plain = model.hierarchical_topics(documents)
    assert not sizes
    found = model.hierarchical_topics(documents, fine_tune_representation=True)
    assert found.Parent_Name.str.lower().tolist() == plain.Parent_Name.tolist()
    assert found.Parent_Name.str.isupper().all()
    assert sizes == [sum(t in row for t in model.topics_) for row in found.Topics[::-1]]


def test_many_topics_merge_without_a_search_per_merge(documents: list[str], make: Any) -> None:
    """D-61: here 69 merges of 70 topics, over more than one block of them."""
    labels = [place % 70 for place in range(len(documents))]
    model = make["manual"]().fit(documents, y=labels)
    found = model.hierarchical_topics(documents)
    assert len(found) == 69
    assert sorted(found.Topics.iloc[0]) == list(range(70))
    whole = model.vectorizer_model.transform(documents).sum(axis=0)
    weights = np.asarray(whole).ravel() / whole.sum() * model.ctfidf_model._idf_diag.diagonal()
    columns = model.vectorizer_model.vocabulary_
    shown = [weights[columns[word]] for word in found.Parent_Name.iloc[0].split("_")]
    np.testing.assert_allclose(shown, np.sort(weights)[::-1][:5])


def test_fewer_than_two_topics_have_no_hierarchy(documents: list[str], make: Any) -> None:
    model = make["manual"]().fit(documents, y=[0] * len(documents))
    found = model.hierarchical_topics(documents)
    assert len(found) == 0
    assert tuple(found.columns) == COLUMNS
    assert model.get_topic_tree(found) == ".\n"


def test_a_topic_without_documents_keeps_its_place(model: Any, documents: list[str]) -> None:
    model.topics_ = [0 if topic == 4 else topic for topic in model.topics_]
    found = model.hierarchical_topics(documents)
    assert found.Topics.iloc[0] == [0, 1, 2, 3, 4]


def test_other_documents_are_refused(model: Any, documents: list[str]) -> None:
    """D-42."""
    with pytest.raises(ValueError, match="docs has 209 items, but the model's topics_ has 210"):
        model.hierarchical_topics(documents[1:])
    with pytest.raises(ValueError, match="not fitted"):
        BERTopic().hierarchical_topics(documents)
    with pytest.raises(TypeError, match="str"):
        model.hierarchical_topics("one text")


def test_distances_of_a_wrong_shape_are_refused(model: Any, documents: list[str]) -> None:
    with pytest.raises(ValueError, match=r"distances of 5 topics have shape \(3,\)"):
        model.hierarchical_topics(documents, distance_function=lambda _: np.ones(3))


def test_the_tree_has_a_line_for_every_topic(model: Any, documents: list[str]) -> None:
    tree = model.get_topic_tree(model.hierarchical_topics(documents))
    assert all(tree.count(f"Topic: {topic}\n") == 1 for topic in range(5))
    assert len(tree) > 50
    assert len(tree.splitlines()) == 1 + 5 + 3


def python_calls(function: Callable[[], object]) -> int:
    """Return how many calls of Python functions and builtins a function makes."""
    n_calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal n_calls
        n_calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return n_calls


def test_d61_work_grows_with_the_number_of_merges_and_not_with_its_square(
    documents: list[str], make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D-61: each merge went through all documents and all merges before it."""
    n_calls = {}
    monkeypatch.setattr(scipy_hierarchy, "fcluster", None)
    for n_topics in (50, 100, 200):
        labels = [place % n_topics for place in range(len(documents))]
        model = make["manual"]().fit(documents, y=labels)
        model.hierarchical_topics(documents)
        n_calls[n_topics] = python_calls(partial(model.hierarchical_topics, documents))

    assert n_calls[200] - n_calls[100] < 2.2 * (n_calls[100] - n_calls[50])
