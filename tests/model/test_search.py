from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from topicstream.model.backend.adapters import BaseEmbedder
from topicstream.model.bertopic import BERTopic


@pytest.fixture
def model(fitted: Any) -> Any:
    return fitted("outliers")


def test_topics_come_from_near_to_far_with_their_cosines(model: Any) -> None:
    topics, similarities = model.find_topics("guitar piano", top_n=6)
    query = model.embedding_model.embed_words(["guitar piano"])
    expected = cosine_similarity(query, model.topic_embeddings_)[0]
    assert sorted(topics) == [-1, 0, 1, 2, 3, 4]
    assert similarities == sorted(similarities, reverse=True)
    np.testing.assert_allclose(similarities, [expected[topic + 1] for topic in topics], rtol=1e-6)
    assert "guitar" in dict(model.get_topic(topics[0]))


def test_ids_and_similarities_are_plain_numbers(model: Any) -> None:
    """D-44 in kind: what the library returns is what its checks take."""
    topics, similarities = model.find_topics("moon", top_n=2)
    assert [type(topic) for topic in topics] == [int, int]
    assert [type(value) for value in similarities] == [float, float]
    assert model.get_topic_freq(topics[0]) == 60


def test_more_than_there_are_is_all(model: Any) -> None:
    assert len(model.find_topics("moon", top_n=99)[0]) == 6


def test_a_model_without_outliers_has_its_own_ids(fitted: Any) -> None:
    model = fitted("kmeans")
    assert model.find_topics("moon", top_n=1)[0] == [0]


def test_an_image_is_embedded_by_an_embedder_of_images(model: Any) -> None:
    class OfImages(BaseEmbedder):
        def embed_images(self, images: Any, verbose: bool = False) -> Any:
            return self.embed_documents(["guitar"] * len(images))

        def embed(self, documents: Any, verbose: bool = False, images: Any = None) -> Any:
            return self.embed_images(images) if images else of_words.embed(documents)

    expected, of_words = model.find_topics("guitar"), model.embedding_model
    model.embedding_model = OfImages()
    assert model.find_topics(image="a.png") == expected


def test_what_is_missing_is_named(model: Any) -> None:
    with pytest.raises(ValueError, match="search_term and image are both None"):
        model.find_topics()
    with pytest.raises(ValueError, match="embeds no images"):
        model.find_topics(image="a.png")
    with pytest.raises(ValueError, match="not fitted"):
        BERTopic().find_topics("moon")
    model.topic_embeddings_ = None
    with pytest.raises(ValueError, match="no topic embeddings"):
        model.find_topics("moon")
    model.embedding_model = None
    with pytest.raises(ValueError, match="needs an embedder"):
        model.find_topics("moon")
