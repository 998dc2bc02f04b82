"""Texts to embeddings."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topicstream.model.backend.adapters import (
        BaseEmbedder,
        FunctionEmbedder,
        SentenceTransformerBackend,
        SklearnEmbedder,
    )
    from topicstream.model.backend.choose import select_backend
    from topicstream.model.backend.known_languages import languages

__all__ = [
    "BaseEmbedder",
    "FunctionEmbedder",
    "SentenceTransformerBackend",
    "SklearnEmbedder",
    "languages",
    "select_backend",
]

_HOMES = {
    "BaseEmbedder": "adapters",
    "FunctionEmbedder": "adapters",
    "SentenceTransformerBackend": "adapters",
    "SklearnEmbedder": "adapters",
    "languages": "known_languages",
    "select_backend": "choose",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the module holds
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
