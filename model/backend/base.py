"""What every embedder promises, and how texts are made fit for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from topicstream.model.errors import EmbedderError


class Embedder(Protocol):
    """Turns texts into vectors of unit length; belongs to one thread."""

    @property
    def name(self) -> str:
        """Return the name that `select_embedder` knows it by."""

    @property
    def n_dimensions(self) -> int | None:
        """Return the width of its vectors, or None where the documents decide."""

    @property
    def fingerprint(self) -> str:
        """Return a hash of weights and settings: equal where vectors may be mixed."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector for each text, in the order of the texts.

        Parameters
        ----------
        texts
            Any number of texts, none included.

        Returns
        -------
        ndarray of shape (n_texts, n_dimensions)
            Rows of unit length, never NaN; a row of zeros for a text with nothing in it.

        Raises
        ------
        EmbedderError
            An item is not a string, or this embedder cannot embed at all.

        """


def encodable(texts: Sequence[str]) -> list[str]:
    r"""Return the texts with each lone surrogate replaced by a question mark.

    A lone surrogate is legal in JSON and in Python, and in nothing that stores UTF-8.

    Parameters
    ----------
    texts
        Strings, each of any length.

    Returns
    -------
    list of str
        A new list of the same length.

    Raises
    ------
    EmbedderError
        An item is not a string.

    Examples
    --------
    >>> encodable(["gun laws", "half a smile \ud83d"])
    ['gun laws', 'half a smile ?']

    """
    return [_encodable(position, text) for position, text in enumerate(texts)]


def _encodable(position: int, text: str) -> str:
    if not isinstance(text, str):
        message = (
            f"texts[{position}] is {text!r:.80}, of type {type(text).__name__}; an embedder takes "
            "strings only: leave the document out or give it a text"
        )
        raise EmbedderError(message)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows scaled to length 1; a row that is all zero, or not all finite, becomes zero.

    Each row is computed by itself, so its bits do not depend on its neighbours.

    Parameters
    ----------
    vectors
        Vectors in rows, shape (n, n_dimensions).

    Returns
    -------
    ndarray of shape (n, n_dimensions)
        A new array.

    Examples
    --------
    >>> unit_rows(np.array([[3, 4], [0, 0], [np.nan, 1]], dtype=np.float32)).round(3).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0], [0.0, 0.0]]

    """
    rows = np.array(vectors, dtype=np.float64)  # the square of any float32 fits
    rows[~np.isfinite(rows).all(axis=1)] = 0.0
    lengths = np.sqrt(np.square(rows).sum(axis=1))
    unit: NDArray[np.float32] = (rows / np.where(lengths > 0.0, lengths, 1.0)[:, None]).astype("f4")
    return unit
