import numpy as np
import pytest

from tests.model.conftest import SubjectEmbedder
from topicstream.model.backend.adapters import BaseEmbedder
from topicstream.model.bertopic import BERTopic
from topicstream.model.embedding import has_embedder


def test_one_text_counts_as_a_list_of_one() -> None:
    model = BERTopic(embedding_model=SubjectEmbedder())
    assert model._extract_embeddings("guitar").shape == (1, 16)


def test_d12_a_model_without_embedder_says_so() -> None:
    with pytest.raises(ValueError, match="give BERTopic an embedding_model"):
        BERTopic()._extract_embeddings(["guitar"])


def test_words_go_to_the_embedder_of_words() -> None:
    class TwoKinds(BaseEmbedder):
        def embed_words(self, words: object, verbose: bool = False) -> object:
            return np.ones((1, 2))

        def embed_documents(self, document: object, verbose: bool = False) -> object:
            return np.zeros((1, 2))

    model = BERTopic(embedding_model=TwoKinds())
    assert model._extract_embeddings(["a"], method="word").tolist() == [[1.0, 1.0]]
    assert model._extract_embeddings(["a"]).tolist() == [[0.0, 0.0]]


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="allowed are 'document' and 'word'"):
        BERTopic(embedding_model=SubjectEmbedder())._extract_embeddings(["a"], method="image")


def test_a_bare_embedder_is_none() -> None:
    assert not has_embedder(BERTopic(embedding_model=BaseEmbedder()))
    assert has_embedder(BERTopic(embedding_model=SubjectEmbedder()))
    assert BERTopic(embedding_model=BaseEmbedder())._extract_embeddings(["a"]) is None


def test_images_go_to_an_embedder_that_takes_them() -> None:
    class Images(BaseEmbedder):
        def embed_images(self, images: list[object], verbose: bool = False) -> object:
            return np.ones((len(images), 2))

        def embed(
            self, documents: object, verbose: bool = False, images: list[object] | None = None
        ) -> object:
            return self.embed_images(images or [])

    model = BERTopic(embedding_model=Images())
    assert model._extract_embeddings(None, images=["a.jpg", "b.jpg"]).shape == (2, 2)
