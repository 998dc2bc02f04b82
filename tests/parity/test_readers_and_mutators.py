"""What readers and mutators give beside bertopic 0.17.4, on the same labels, vectors and texts."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.model.five_subjects import by_hand, corpus, with_outliers

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # bertopic and what it imports
    bertopic = pytest.importorskip("bertopic", reason="bertopic is not installed (extra parity)")
pytestmark = pytest.mark.filterwarnings("ignore")

TEXTS, LABELS, VECTORS = corpus(120)
Y = with_outliers(LABELS)


def reference(y: np.ndarray, **params: Any) -> Any:
    from bertopic.backend import BaseEmbedder
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction

    model = bertopic.BERTopic(
        embedding_model=BaseEmbedder(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
        **params,
    )
    return model.fit(TEXTS, VECTORS.copy(), y=y)


@pytest.fixture
def both() -> tuple[Any, Any]:
    return by_hand(Y), reference(Y)


@pytest.fixture
def same_words(both: tuple[Any, Any]) -> tuple[Any, Any]:
    """Readers do not choose words, so both get the reference's order of equal weights."""
    ours, theirs = both
    ours.topic_representations_ = {int(t): list(pairs) for t, pairs in theirs.get_topics().items()}
    return both


def words(model: Any) -> dict[int, tuple[list[float], set[str]]]:
    """Return scores, and the words above the last score: equal weights come in any order."""
    told = {}
    for topic, pairs in model.get_topics().items():
        scores = [round(float(score), 9) for _, score in pairs]
        clear = {word for word, score in pairs if round(score, 9) > scores[-1]}
        told[int(topic)] = (scores, clear)
    return told


def assert_same(ours: Any, theirs: Any) -> None:
    assert list(map(int, ours.topics_)) == list(map(int, theirs.topics_))
    assert dict(ours.topic_sizes_) == dict(theirs.topic_sizes_)
    assert words(ours) == words(theirs)
    assert ours.topic_embeddings_ == pytest.approx(theirs.topic_embeddings_)
    assert ours.c_tf_idf_.toarray() == pytest.approx(theirs.c_tf_idf_.toarray())
    mine, other = ours.topic_mapper_.mappings_, theirs.topic_mapper_.mappings_
    assert [(row[0], row[-1]) for row in mine] == [(row[0], row[-1]) for row in other]


def assert_same_frame(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    assert list(ours) == list(theirs)
    assert ours.dtypes.tolist() == theirs.dtypes.tolist()
    by_set = [name for name in ours if name in {"Representative_Docs", "Representative_document"}]
    pd.testing.assert_frame_equal(ours.drop(columns=by_set), theirs.drop(columns=by_set))


def test_the_fits_are_the_same(both: tuple[Any, Any]) -> None:
    assert_same(*both)


def test_frames_of_topics_sizes_and_documents(same_words: tuple[Any, Any]) -> None:
    ours, theirs = same_words
    for model in same_words:
        model.set_topic_labels({0: "largest"})
    assert_same_frame(ours.get_topic_info(), theirs.get_topic_info())
    assert_same_frame(ours.get_topic_info(2), theirs.get_topic_info(2))
    pd.testing.assert_frame_equal(ours.get_topic_freq(), theirs.get_topic_freq())
    given = pd.DataFrame({"z": range(120), "Topic": "old"}, index=range(7, 127))
    metadata = {"extra": list(range(120))}
    for arguments in ({}, {"df": given, "metadata": metadata}):
        assert_same_frame(
            ours.get_document_info(TEXTS, **arguments), theirs.get_document_info(TEXTS, **arguments)
        )


@pytest.mark.parametrize("n_dimensions", [1, 2])
def test_the_column_of_probabilities(same_words: tuple[Any, Any], n_dimensions: int) -> None:
    matrix = np.random.default_rng(3).dirichlet(np.ones(6), 120)[:, :5]
    for model in same_words:
        model.probabilities_ = matrix if n_dimensions == 2 else matrix[:, 0]
    ours, theirs = (model.get_document_info(TEXTS)["Probability"] for model in same_words)
    pd.testing.assert_series_equal(ours, theirs)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"nr_words": 2, "topic_prefix": False, "word_length": 3, "separator": ", "},
        {"nr_words": 4, "separator": " "},
    ],
)
def test_generated_labels(same_words: tuple[Any, Any], arguments: dict[str, Any]) -> None:
    ours, theirs = same_words
    assert ours.generate_topic_labels(**arguments) == theirs.generate_topic_labels(**arguments)


def test_names_of_parameters(both: tuple[Any, Any]) -> None:
    ours, theirs = both
    assert list(ours.get_params()) == list(theirs.get_params())
    assert set(theirs.get_params(deep=True)) == set(ours.get_params(deep=True))


@pytest.mark.parametrize("groups", [[0, 1], [[0, 3], [2, 4]], [[-1, 1]], [3, 2, 1, 0]])
def test_merged_topics(both: tuple[Any, Any], groups: list[Any]) -> None:
    for model in both:
        model.merge_topics(TEXTS, groups)
    assert_same(*both)


def test_merged_twice(both: tuple[Any, Any]) -> None:
    matrix = np.random.default_rng(3).dirichlet(np.ones(6), 120)[:, :5]
    for model in both:
        model.probabilities_ = matrix.copy()
        model.merge_topics(TEXTS, [0, 1])
        model.merge_topics(TEXTS, [[0, 2]])
    assert_same(*both)
    assert both[0].topic_mapper_.mappings_ == both[1].topic_mapper_.mappings_
    assert both[0].probabilities_ == pytest.approx(both[1].probabilities_)


@pytest.mark.parametrize("use_ctfidf", [False, True])
@pytest.mark.parametrize("nr_topics", [2, 3, 4])
def test_reduced_topics(both: tuple[Any, Any], nr_topics: int, use_ctfidf: bool) -> None:
    for model in both:
        model.reduce_topics(TEXTS, nr_topics=nr_topics, use_ctfidf=use_ctfidf)
    assert_same(*both)


@pytest.mark.parametrize("nr_topics", [3, "auto"])
def test_reduced_at_fit(nr_topics: int | str) -> None:
    twins = np.where(np.arange(120) % 2 == 0, LABELS, LABELS + 5)
    assert_same(by_hand(twins, nr_topics=nr_topics), reference(twins, nr_topics=nr_topics))


@pytest.mark.parametrize(
    ("strategy", "threshold"),
    [
        ("distributions", 0),
        ("distributions", 0.3),
        ("c-tf-idf", 0),
        ("c-tf-idf", 0.4),
        ("embeddings", 0),
        ("embeddings", 0.99),
        ("probabilities", 0.4),
    ],
)
def test_reduced_outliers(both: tuple[Any, Any], strategy: str, threshold: float) -> None:
    arguments: dict[str, Any] = {"strategy": strategy, "threshold": threshold}
    if strategy == "embeddings":
        arguments["embeddings"] = VECTORS
    if strategy == "probabilities":
        arguments["probabilities"] = np.random.default_rng(3).dirichlet(np.ones(6), 120)[:, :5]
    ours, theirs = (model.reduce_outliers(TEXTS, model.topics_, **arguments) for model in both)
    assert ours == list(map(int, theirs))


@pytest.mark.parametrize("arguments", [{}, {"n_gram_range": (1, 1), "top_n_words": 5}])
def test_updated_words(both: tuple[Any, Any], arguments: dict[str, Any]) -> None:
    for model in both:
        model.update_topics(TEXTS, **arguments)
    assert_same(*both)


def test_updated_assignment_has_the_same_words_and_sizes(both: tuple[Any, Any]) -> None:
    ours, theirs = both
    topics = ours.reduce_outliers(TEXTS, ours.topics_, strategy="embeddings", embeddings=VECTORS)
    for model in both:
        model.update_topics(TEXTS, topics=topics)
    assert ours.topics_ == theirs.topics_
    assert dict(ours.topic_sizes_) == dict(theirs.topic_sizes_)
    assert words(ours) == words(theirs)
    # The reference keeps the outliers' row (D-07).
    assert ours.topic_embeddings_ == pytest.approx(theirs.topic_embeddings_[1:])


def test_deletion_has_the_same_assignment(both: tuple[Any, Any]) -> None:
    ours, theirs = both
    for model in both:
        model.delete_topics([1, 3])
    assert ours.topics_ == list(map(int, theirs.topics_))
    assert dict(ours.topic_sizes_) == {int(t): int(n) for t, n in theirs.topic_sizes_.items()}
    assert len(ours.topic_mapper_.mappings_[0]) == len(theirs.topic_mapper_.mappings_[0])
