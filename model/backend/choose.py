"""From whatever a user calls an embedding model to something that BERTopic can ask."""

from __future__ import annotations

import importlib.util
import logging
from typing import Any, cast

from topicstream.model.backend.adapters import (
    BaseEmbedder,
    FunctionEmbedder,
    SentenceTransformerBackend,
    SklearnEmbedder,
)
from topicstream.model.backend.known_languages import languages
from topicstream.model.backend.static import StaticEmbedder
from topicstream.model.errors import EmbedderError

logger = logging.getLogger(__name__)

_ENGLISH = "sentence-transformers/all-MiniLM-L6-v2"
_MULTILINGUAL = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"


def select_backend(
    embedding_model: object,
    language: str | None = None,
    verbose: bool = False,  # noqa: FBT001, FBT002, ARG001  # BERTopic's signature
) -> BaseEmbedder:
    """Return an embedder for whatever was given, or for the language.

    Parameters
    ----------
    embedding_model
        A BaseEmbedder, an embedder of topicstream, a name, a scikit-learn pipeline, an object
        with `encode`, `embed` or `embed_documents`, a function, or None.
    language
        What chooses when `embedding_model` is None: English by default.
    verbose
        Of no use here.

    Returns
    -------
    BaseEmbedder
        Weights are loaded when they are first needed.

    Raises
    ------
    EmbedderError
        The object cannot embed, or the language is unknown. A ValueError.

    Examples
    --------
    >>> select_backend(lambda texts: [[1.0, 2.0] for _ in texts]).embed(["gun"]).tolist()
    [[1.0, 2.0]]
    >>> select_backend(7)
    Traceback (most recent call last):
    ...
    topicstream.model.errors.EmbedderError: embedding_model is 7, of type int; ...

    """
    if embedding_model is None:
        return _for_language(language)
    if isinstance(embedding_model, BaseEmbedder):
        return embedding_model
    if isinstance(embedding_model, str):
        return _by_name(embedding_model)
    return _by_abilities(embedding_model)


def _by_name(name: str) -> BaseEmbedder:
    if name.strip() == "static":
        return _static()
    return SentenceTransformerBackend(name)


def _by_abilities(model: Any) -> BaseEmbedder:  # noqa: ANN401  # anything a user may pass
    if hasattr(model, "embed_documents") and hasattr(model, "embed_words"):
        return cast(BaseEmbedder, model)  # bertopic's own, or one like it
    if hasattr(model, "fit_transform") and hasattr(model, "transform"):
        return SklearnEmbedder(model)
    if hasattr(model, "encode"):
        return SentenceTransformerBackend(model)
    for method in ("embed", "embed_documents"):
        if callable(getattr(model, method, None)):
            return FunctionEmbedder(getattr(model, method), model)
    if callable(model):
        return FunctionEmbedder(model)
    message = (
        f"embedding_model is {model!r:.80}, of type {type(model).__name__}; it must be a name, a "
        "BaseEmbedder, a scikit-learn pipeline, a function from texts to vectors, or an object "
        "with encode, embed or embed_documents"
    )
    raise EmbedderError(message)


def _for_language(language: str | None) -> BaseEmbedder:
    wanted = (language or "english").lower()
    known = {known.lower() for known in languages}
    if wanted not in {"english", "en", "multilingual"} | known:
        message = f"language is {language!r}; allowed are 'multilingual', {', '.join(languages)}"
        raise EmbedderError(message)
    english = wanted in {"english", "en"}
    if importlib.util.find_spec("sentence_transformers") is not None:
        return SentenceTransformerBackend(_ENGLISH if english else _MULTILINGUAL)
    if not english:
        logger.warning(
            "sentence-transformers is not installed, and the static embedder knows English best; "
            "for %s, pip install 'topicstream[sentence-transformers]'",
            language,
        )
    return _static()


def _static() -> BaseEmbedder:
    embedder = StaticEmbedder()
    return FunctionEmbedder(embedder.embed, embedder)
