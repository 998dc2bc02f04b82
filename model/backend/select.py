"""From an embedder's name to the embedder."""

from __future__ import annotations

from topicstream.model.backend.base import Embedder
from topicstream.model.backend.precomputed import PrecomputedEmbedder
from topicstream.model.backend.sentence_transformers import SentenceTransformersEmbedder
from topicstream.model.backend.static import StaticEmbedder
from topicstream.model.errors import EmbedderError


def select_embedder(name: str, *, device: str | None = None, batch_size: int = 32) -> Embedder:
    """Return the embedder called `name`, with nothing loaded yet.

    Parameters
    ----------
    name
        ``"static"``; ``"precomputed"`` or ``"precomputed:384"``, where documents bring vectors,
        of width 384; anything else is a model of sentence-transformers, its name or its folder.
    device
        Where sentence-transformers computes: ``"cpu"``, ``"cuda"``, ...; None (default) takes a
        GPU when there is one. The others have no use for it.
    batch_size
        Texts that sentence-transformers computes together, 32 by default.

    Returns
    -------
    Embedder
        Weights are loaded when they are first needed.

    Raises
    ------
    EmbedderError
        `name` is empty, or the width after ``precomputed:`` is not a whole number from 1 on.

    Examples
    --------
    >>> select_embedder("precomputed:384").n_dimensions
    384
    >>> select_embedder("static").n_dimensions
    256

    """
    kind, colon, width = name.strip().partition(":")
    if not kind:
        message = (
            f"embedder is {name!r}; allowed are 'static', 'precomputed', 'precomputed:WIDTH', and "
            "the name or folder of a sentence-transformers model, such as 'all-MiniLM-L6-v2'"
        )
        raise EmbedderError(message)
    if kind == "static" and not colon:
        return StaticEmbedder()
    if kind == "precomputed":
        return PrecomputedEmbedder(_width(name, width) if colon else None)
    return SentenceTransformersEmbedder(name.strip(), device=device, batch_size=batch_size)


def _width(name: str, width: str) -> int:
    if not (width.isascii() and width.isdigit() and int(width) > 0):
        message = (
            f"embedder is {name!r}; what follows 'precomputed:' must be the width of the vectors, "
            "a whole number from 1 on, for example 'precomputed:384'"
        )
        raise EmbedderError(message)
    return int(width)
