"""Words closest to a topic's best documents."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from topicstream.model.bertopic import BERTopic
from topicstream.model.representation import KeyBERTInspired

NOTHING: Any = None


def test_each_topic_is_described_by_its_own_documents_d_06(
    documents: list[str], embeddings: NDArray[np.float32], make: Any
) -> None:
    """D-06: rows 0, 1, 2, ... of the embeddings were taken, whatever the topic."""
    model = make["kmeans"](representation_model=KeyBERTInspired()).fit(documents, embeddings)

    for topic, words in model.topic_representations_.items():
        vectors = model.embedding_model.embed([word for word, _ in words if word])
        near = np.argmax(vectors @ model.topic_embeddings_.T, axis=1)
        assert near.tolist() == [topic] * len(near)
        assert len(near) == 10


def test_documents_are_not_embedded_again(
    documents: list[str], embeddings: NDArray[np.float32], make: Any, embedder: Any
) -> None:
    model = make["kmeans"](embedding_model=embedder, representation_model=KeyBERTInspired())

    model.fit(documents, embeddings)

    assert embedder.n_calls == 1  # the words, all at once


@pytest.mark.parametrize("width", [None, 3])
def test_unknown_vectors_and_those_of_another_width_are_made(
    fitted: Any, documents: list[str], width: int | None
) -> None:
    model = fitted("kmeans")
    frame = model.get_document_info(documents)[["Document", "Topic"]]
    given = None if width is None else np.ones((len(documents), width))

    words = KeyBERTInspired(top_n_words=3).extract_topics(
        model, frame, model.c_tf_idf_, model.topic_representations_, embeddings=given
    )

    assert {len(found) for found in words.values()} == {3}
    assert all(score > 0.8 for found in words.values() for _, score in found)


def test_scores_are_cosines_in_descending_order(fitted: Any, documents: list[str]) -> None:
    model = fitted("kmeans")
    frame = model.get_document_info(documents)[["Document", "Topic"]]

    words = KeyBERTInspired().extract_topics(
        model, frame, model.c_tf_idf_, model.topic_representations_
    )

    for found in words.values():
        scores = [score for _, score in found]
        assert scores == sorted(scores, reverse=True)
        assert max(scores) <= 1.0 + 1e-6


def test_a_topic_without_words_gets_blanks(fitted: Any, documents: list[str]) -> None:
    model = fitted("kmeans")
    frame = model.get_document_info(documents)[["Document", "Topic"]]

    words = KeyBERTInspired(top_n_words=2).extract_topics(
        model, frame, model.c_tf_idf_ * 0, model.topic_representations_
    )

    assert set(map(tuple, words.values())) == {(("", 0.00001), ("", 0.00001))}


def test_without_embedder_topics_stay_and_a_warning_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = BERTopic()
    model.embedding_model = None

    with caplog.at_level(logging.WARNING):
        words = KeyBERTInspired().extract_topics(model, NOTHING, NOTHING, {0: [("car", 0.5)]})

    assert words == {0: [("car", 0.5)]}
    assert "needs an embedding_model" in caplog.text
