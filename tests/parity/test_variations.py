"""Topics over time, per class, in a hierarchy and in documents beside bertopic 0.17.4."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.model.five_subjects import by_hand, corpus, with_outliers

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # bertopic and what it imports
    bertopic = pytest.importorskip("bertopic", reason="bertopic is not installed (extra parity)")
pytestmark = pytest.mark.filterwarnings("ignore")  # bertopic writes into slices of frames (D-71)

TEXTS, LABELS, VECTORS = corpus(120)
Y = with_outliers(LABELS)
TIMES = [place % 5 for place in range(len(TEXTS))]


class Embedder:
    """Gives a word the vector of some document."""

    def embed(self, documents: Any, verbose: Any = None) -> Any:
        return np.array([VECTORS[sum(word.encode()) % len(VECTORS)] for word in documents])


@pytest.fixture(scope="module")
def fitted() -> tuple[Any, Any]:
    from bertopic.backend import BaseEmbedder as TheirEmbedder
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction

    from topicstream.model.backend import BaseEmbedder as OurEmbedder

    class Ours(Embedder, OurEmbedder): ...

    class Theirs(Embedder, TheirEmbedder): ...  # type: ignore[misc]  # bertopic is untyped

    theirs = bertopic.BERTopic(
        embedding_model=Theirs(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
    )
    return by_hand(Y, embedding_model=Ours()), theirs.fit(TEXTS, VECTORS.copy(), y=Y)


@pytest.fixture
def both(fitted: tuple[Any, Any]) -> tuple[Any, Any]:
    """Copies: bertopic changes its weights in some of these methods (D-02)."""
    return copy.deepcopy(fitted)


def assert_same_slices(ours: pd.DataFrame, theirs: pd.DataFrame, last: str) -> None:
    """Compare all but the order of words, which is any where weights are equal."""
    assert list(ours) == list(theirs) == ["Topic", "Words", "Frequency", last]
    assert ours["Topic"].tolist() == theirs["Topic"].tolist()
    assert ours["Frequency"].tolist() == theirs["Frequency"].tolist()
    assert ours[last].tolist() == pytest.approx(theirs[last].tolist())
    mine, other = ([set(w.split(", ")) for w in one["Words"]] for one in (ours, theirs))
    shared = [len(a & b) / len(a) for a, b in zip(mine, other, strict=True)]
    assert np.mean(shared) > 0.9


@pytest.mark.parametrize("overall", [True, False])
def test_topics_over_time_are_the_same_without_evolution(
    both: tuple[Any, Any], overall: bool
) -> None:
    """With it they differ: D-01."""
    ours, theirs = (
        model.topics_over_time(TEXTS, TIMES, evolution_tuning=False, global_tuning=overall)
        for model in both
    )
    assert_same_slices(ours, theirs, "Timestamp")


def test_bins_have_the_same_edges(both: tuple[Any, Any]) -> None:
    times = list(range(len(TEXTS)))
    ours, theirs = (
        model.topics_over_time(TEXTS, times, nr_bins=4, evolution_tuning=False) for model in both
    )
    assert_same_slices(ours, theirs, "Timestamp")


@pytest.mark.parametrize("overall", [True, False])
def test_topics_per_class_are_the_same(both: tuple[Any, Any], overall: bool) -> None:
    """Classes come in another order: D-67."""
    ours, theirs = (
        model.topics_per_class(TEXTS, TIMES, global_tuning=overall).sort_values(["Class", "Topic"])
        for model in both
    )
    assert_same_slices(ours, theirs, "Class")


@pytest.mark.parametrize("use_ctfidf", [True, False])
def test_hierarchies_are_the_same(both: tuple[Any, Any], use_ctfidf: bool) -> None:
    ours, theirs = (model.hierarchical_topics(TEXTS, use_ctfidf=use_ctfidf) for model in both)
    assert list(ours) == list(theirs)
    assert ours.index.tolist() == theirs.index.tolist()
    for name in ("Parent_ID", "Child_Left_ID", "Child_Right_ID", "Topics"):
        assert ours[name].tolist() == theirs[name].tolist()
    assert ours["Distance"].tolist() == pytest.approx(theirs["Distance"].tolist(), abs=1e-6)


def test_trees_of_one_hierarchy_are_the_same(both: tuple[Any, Any]) -> None:
    ours, theirs = both
    merges = theirs.hierarchical_topics(TEXTS)
    middle = float(merges["Distance"].median())
    for far in (None, middle):
        for tight in (True, False):
            mine, other = (
                model.get_topic_tree(merges, max_distance=far, tight_layout=tight)
                for model in (ours, theirs)
            )
            assert mine == other


@pytest.mark.parametrize("padding", [True, False])
@pytest.mark.parametrize(("window", "stride"), [(4, 1), (3, 2), (5, 3), (50, 1)])
def test_distributions_are_the_same(
    both: tuple[Any, Any], window: int, stride: int, padding: bool
) -> None:
    ours, theirs = (
        model.approximate_distribution(TEXTS, window=window, stride=stride, padding=padding)[0]
        for model in both
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("embedded", [True, False])
def test_distributions_of_tokens_are_the_same(both: tuple[Any, Any], embedded: bool) -> None:
    (ours, mine), (theirs, other) = (
        model.approximate_distribution(
            TEXTS, calculate_tokens=True, use_embedding_model=embedded, padding=True
        )
        for model in both
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    for a, b in zip(mine, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_searches_find_the_same(both: tuple[Any, Any]) -> None:
    for term in ("rocket", "goal", "bread oven"):
        (mine, cosines), (other, theirs) = (model.find_topics(term) for model in both)
        assert mine == [int(topic) for topic in other]
        assert cosines == pytest.approx([float(value) for value in theirs])
