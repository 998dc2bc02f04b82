"""Windows that slide over the tokens of documents."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Windows(NamedTuple):
    """Windows of all documents, in the order of the documents.

    Parameters
    ----------
    start, stop
        First token, and the one after the last, counted over all documents, (n_windows,).
    per_document
        Windows of each document, at least one, (n_documents,).

    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    per_document: NDArray[np.int64]

    @property
    def tokens(self) -> NDArray[np.int64]:
        """The tokens of all windows, one window after the other."""
        lengths = self.stop - self.start
        before = np.cumsum(lengths) - lengths
        tokens: NDArray[np.int64] = np.repeat(self.start - before, lengths)
        tokens += np.arange(len(tokens))
        return tokens

    @property
    def bounds(self) -> NDArray[np.int64]:
        """Where each window begins in `tokens`, and where the last one ends, (n_windows + 1,)."""
        return np.append(0, np.cumsum(self.stop - self.start))

    def some(self, rows: NDArray[np.intp]) -> Windows:
        """Return some of the windows; how many each document has is not known of them."""
        return Windows(self.start[rows], self.stop[rows], np.empty(0, dtype=np.int64))


def windows(n_tokens: NDArray[np.int64], width: int, stride: int, *, padding: bool) -> Windows:
    """Return the windows over documents.

    A document with fewer tokens than a window has one window with all of them, possibly none.

    Parameters
    ----------
    n_tokens
        Tokens of each document, (n_documents,).
    width
        Tokens of a window, at least 1.
    stride
        Tokens from one window to the next, at least 1.
    padding
        Whether shorter windows stand at both ends; without them, tokens after the last whole
        window are in none.

    Examples
    --------
    >>> found = windows(np.array([5]), width=3, stride=2, padding=True)
    >>> ["abcde"[start:stop] for start, stop in zip(found.start, found.stop)]
    ['a', 'abc', 'cde', 'e']

    """
    n_leading = -(-width // stride) - 1 if padding else 0
    whole = n_leading - (-n_tokens // stride) if padding else (n_tokens - width) // stride + 1
    per_document = np.where(n_tokens >= width, whole, 1)
    place = np.arange(per_document.sum()) - np.repeat(
        np.cumsum(per_document) - per_document, per_document
    )
    of_document = np.repeat(n_tokens, per_document)
    first = (place - np.where(of_document >= width, n_leading, 0)) * stride
    stop = np.minimum(first + width, of_document)
    start = np.maximum(first, 0)
    begins = np.repeat(np.cumsum(n_tokens) - n_tokens, per_document)
    return Windows(begins + start, begins + stop, per_document)
