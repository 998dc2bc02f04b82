"""The words of topics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicstream.model.bertopic import BERTopic
from topicstream.model.words import (
    candidate_words,
    extract_words_per_topic,
    known_weights,
    top_n_idx_sparse,
    top_n_values_sparse,
)

WEIGHTS = csr_matrix([[0.2, 0.0, 0.5, 0.1], [0.0, 0.1, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])


def test_the_largest_entries_come_last_and_gaps_are_none() -> None:
    columns = top_n_idx_sparse(WEIGHTS, 2)

    assert columns.tolist() == [[0, 2], [1, None], [None, None]]
    assert top_n_values_sparse(WEIGHTS, columns).tolist() == [[0.2, 0.5], [0.1, 0.0], [0.0, 0.0]]


def test_values_of_no_columns_are_zero() -> None:
    assert top_n_values_sparse(WEIGHTS, np.full((3, 1), None)).tolist() == [[0.0]] * 3


def test_candidates_are_padded_to_their_number() -> None:
    words = candidate_words(WEIGHTS, ["a", "b", "c", "d"], [-1, 0, 1], 2)

    blank = ("", 0.00001)
    assert words == {-1: [("c", 0.5), ("a", 0.2)], 0: [("b", 0.1), blank], 1: [blank, blank]}
    assert all(type(score) is float for pairs in words.values() for _, score in pairs)


def test_columns_need_not_be_sorted() -> None:
    shuffled = csr_matrix(([0.1, 0.3, 0.3], [2, 1, 0], [0, 3]), shape=(1, 3))

    assert candidate_words(shuffled, ["a", "b", "c"], [0], 2)[0] == [("a", 0.3), ("b", 0.3)]
    assert shuffled.indices.tolist() == [2, 1, 0]


def test_a_slice_of_topics_may_be_described() -> None:
    frame = pd.DataFrame({"Document": ["x", "y"], "Topic": [4, 2]})

    words = extract_words_per_topic(BERTopic(top_n_words=1), list("abcd"), frame, WEIGHTS[:2])

    assert words == {2: [("c", 0.5)], 4: [("b", 0.1)]}


def test_more_than_thirty_words_can_be_had() -> None:
    frame = pd.DataFrame({"Document": ["x"], "Topic": [0]})

    words = extract_words_per_topic(BERTopic(top_n_words=40), list("abcd"), frame, WEIGHTS[:1])

    assert len(words[0]) == 40


def test_a_model_without_weights_says_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"c_tf_idf_ is None.*update_topics"):
        known_weights(BERTopic())


def test_fit_sets_words_weights_and_vectors(
    documents: list[str], embeddings: NDArray[np.float32], make: Any
) -> None:
    model = make["kmeans"]().fit(documents, embeddings)

    assert list(model.topic_representations_) == [0, 1, 2, 3, 4]
    assert model.c_tf_idf_.shape == (5, len(model.vectorizer_model.get_feature_names_out()))
    assert model.topic_embeddings_.shape == (5, embeddings.shape[1])
    assert {len(words) for words in model.topic_representations_.values()} == {10}
    assert model.topic_aspects_ == {}
