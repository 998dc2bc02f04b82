"""No embedder: the documents bring their own vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from topicstream.model.errors import EmbedderError


class PrecomputedEmbedder:
    """Says how wide the vectors are that documents bring, and embeds nothing.

    Parameters
    ----------
    n_dimensions
        Width of the vectors, 1 or more; None (default) lets the first document decide.

    Raises
    ------
    EmbedderError
        `n_dimensions` is less than 1.

    Examples
    --------
    >>> embedder = PrecomputedEmbedder(384)
    >>> embedder.name, embedder.n_dimensions
    ('precomputed:384', 384)

    """

    def __init__(self, n_dimensions: int | None = None) -> None:
        if n_dimensions is not None and n_dimensions < 1:
            message = (
                f"n_dimensions is {n_dimensions}; it must be 1 or more, or None to let the first "
                "document decide"
            )
            raise EmbedderError(message)
        self.n_dimensions = n_dimensions
        self.name = "precomputed" if n_dimensions is None else f"precomputed:{n_dimensions}"

    @property
    def fingerprint(self) -> str:
        """Return the name: where the vectors come from is known to the documents only."""
        return self.name

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return an empty array for no texts, and refuse any other.

        Parameters
        ----------
        texts
            Texts that came without a vector.

        Returns
        -------
        ndarray of shape (0, n_dimensions)
            Nothing, of the right width.

        Raises
        ------
        EmbedderError
            There is a text.

        """
        if len(texts) > 0:
            message = (
                f"the embedder is {self.name!r}, and {len(texts)} documents came without an "
                "embedding: send each with its 'embedding', or choose an embedder, for example "
                "'static' or 'all-MiniLM-L6-v2'"
            )
            raise EmbedderError(message)
        return np.empty((0, self.n_dimensions or 0), dtype=np.float32)
