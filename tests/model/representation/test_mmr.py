"""Maximal marginal relevance."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from topicstream.model.backend.adapters import BaseEmbedder
from topicstream.model.bertopic import BERTopic
from topicstream.model.representation import MaximalMarginalRelevance
from topicstream.model.representation.mmr import mmr, mmr_order

WORDS = ["car", "cars", "road"]
VECTORS = np.array([[1.0, 0.0], [0.99, 0.1], [0.3, 0.9]])
BLANK = ("", 0.00001)
NOTHING: Any = None


class Flat(BaseEmbedder):
    def embed(self, documents: Sequence[str], verbose: bool = False) -> NDArray[np.float64]:
        table = dict(zip(WORDS, VECTORS, strict=True))
        return np.array([np.mean([table[word] for word in d.split()], axis=0) for d in documents])


def chosen(model: BERTopic, pairs: list[tuple[str, float]], **options: Any) -> object:
    return MaximalMarginalRelevance(**options).extract_topics(model, NOTHING, NOTHING, {0: pairs})[
        0
    ]


def test_the_first_word_is_the_closest_and_the_next_differ() -> None:
    document = np.array([[1.0, 0.2]])

    assert mmr(document, VECTORS, WORDS, diversity=0.0, top_n=2) == ["cars", "car"]
    assert mmr(document, VECTORS, WORDS, diversity=0.8, top_n=2) == ["cars", "road"]


def test_more_words_than_there_are_is_all_of_them_d_53() -> None:
    """D-53: it was a crash."""
    assert sorted(mmr(VECTORS[0], VECTORS, WORDS, top_n=10)) == WORDS
    assert mmr_order(np.zeros(0), np.zeros((0, 0)), 0.1, 10) == []


def test_no_word_is_chosen_twice() -> None:
    order = mmr_order(np.zeros(6), np.ones((6, 6)), 1.0, 6)

    assert sorted(order) == list(range(6))


def test_words_keep_their_order_and_scores() -> None:
    model = BERTopic(embedding_model=Flat())
    pairs = [("road", 0.9), ("car", 0.5), ("cars", 0.4)]

    assert chosen(model, pairs, diversity=0.9, top_n_words=2) in (
        [("road", 0.9), ("car", 0.5)],
        [("road", 0.9), ("cars", 0.4)],
    )
    assert chosen(model, pairs, diversity=0.1, top_n_words=3) == pairs


def test_blanks_are_no_words_and_fill_up_to_the_number_d_53() -> None:
    """D-53: they were repeated beyond it."""
    model = BERTopic(embedding_model=Flat())

    words = chosen(model, [("car", 0.5), ("road", 0.4), *[BLANK] * 28], top_n_words=4)

    assert words == [("car", 0.5), ("road", 0.4), BLANK, BLANK]
    assert chosen(model, [BLANK] * 30, top_n_words=2) == [BLANK, BLANK]


def test_without_embedder_topics_stay_and_a_warning_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = BERTopic()
    model.embedding_model = None

    with caplog.at_level(logging.WARNING):
        assert chosen(model, [("car", 0.5)]) == [("car", 0.5)]

    assert "needs an embedding_model" in caplog.text


def test_words_are_embedded_in_one_call(
    documents: list[str], embeddings: NDArray[np.float32], make: Any, embedder: Any
) -> None:
    model = make["kmeans"](
        embedding_model=embedder, representation_model=MaximalMarginalRelevance(diversity=0.5)
    )

    model.fit(documents, embeddings)

    assert embedder.n_calls == 1
    assert {len(words) for words in model.topic_representations_.values()} == {10}
