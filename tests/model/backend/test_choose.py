from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

from topicstream.model.backend import BaseEmbedder, languages, select_backend
from topicstream.model.backend.adapters import (
    FunctionEmbedder,
    SentenceTransformerBackend,
    SklearnEmbedder,
)
from topicstream.model.errors import EmbedderError

TEXTS = ["gun laws", "the orbit of the moon"]


def lengths(texts: list[str]) -> list[list[float]]:
    return [[float(len(text)), 1.0] for text in texts]


class HasEncode:
    def encode(self, sentences: list[str], show_progress_bar: bool = False) -> object:
        return np.array(lengths(sentences))


class HasPlainEncode:
    def encode(self, sentences: list[str]) -> object:
        return lengths(sentences)


@pytest.mark.parametrize(
    "model",
    [
        HasEncode(),
        HasPlainEncode(),
        SimpleNamespace(embed=lengths),
        SimpleNamespace(embed_documents=lengths),
        lengths,
        FunctionEmbedder(lengths),
    ],
)
def test_d49_whatever_embeds_is_taken_for_what_it_can_do(model: Any) -> None:
    embedder = select_backend(model)
    assert isinstance(embedder, BaseEmbedder)
    assert embedder.embed_documents(TEXTS).tolist() == lengths(TEXTS)
    assert embedder.embed_words(tuple(TEXTS)).tolist() == lengths(TEXTS)


@pytest.mark.parametrize("model", [7, object(), ["a"]])
def test_d49_what_cannot_embed_is_refused(model: object) -> None:
    with pytest.raises(EmbedderError, match="it must be a name"):
        select_backend(model)


def test_an_embedder_is_returned_as_it_is() -> None:
    bare = BaseEmbedder()
    assert select_backend(bare) is bare


def test_an_embedder_of_another_package_keeps_its_way_with_words() -> None:
    model = SimpleNamespace(embed_documents=lengths, embed_words=lengths)
    assert select_backend(model) is model  # type: ignore[comparison-overlap]  # a duck


def test_a_pipeline_is_fitted_on_the_first_texts_only() -> None:
    embedder = select_backend(make_pipeline(TfidfVectorizer()))
    assert isinstance(embedder, SklearnEmbedder)
    first = embedder.embed_documents(TEXTS)
    assert issparse(first)
    assert (embedder.embed_words(TEXTS) != first).nnz == 0


def test_a_name_is_remembered_and_loaded_later() -> None:
    embedder = select_backend("some/model")
    assert isinstance(embedder, SentenceTransformerBackend)
    assert embedder._hf_model == "some/model"


@pytest.mark.parametrize("language", ["english", "EN", "multilingual", "Dutch", None, *languages])
def test_each_language_has_an_embedder(language: str | None) -> None:
    assert isinstance(select_backend(None, language=language), BaseEmbedder)


def test_an_unknown_language_is_refused_with_those_allowed() -> None:
    with pytest.raises(ValueError, match="language is 'klingon'; allowed are 'multilingual', arab"):
        select_backend(None, language="klingon")


def test_the_static_embedder_is_known_by_name() -> None:
    assert select_backend("static").embed_documents(TEXTS).shape == (2, 256)


def test_a_wrong_number_of_vectors_is_refused() -> None:
    with pytest.raises(EmbedderError, match=r"returned the shape \(1, 2\) for 2 texts"):
        FunctionEmbedder(lambda texts: lengths(texts[:1])).embed(TEXTS)


def test_there_are_53_languages() -> None:
    assert len(set(languages)) == 53


def test_d49_names_of_types_and_modules_decide_nothing() -> None:
    """D-49: anything with "pipeline" in its module's name was taken for one."""

    class Pipeline:
        def embed(self, texts: list[str]) -> object:
            return lengths(texts)

    Pipeline.__module__ = "transformers.pipelines.flair.spacy"
    assert isinstance(select_backend(Pipeline()), FunctionEmbedder)


def test_d50_every_embedder_can_be_imported_from_the_package() -> None:
    """D-50: most were hidden in modules with an underscore."""
    from topicstream.model import backend

    assert {"BaseEmbedder", "SentenceTransformerBackend", "SklearnEmbedder"} <= set(backend.__all__)
    assert all(getattr(backend, name) is not None for name in backend.__all__)
