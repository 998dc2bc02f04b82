"""Pairs of topics that have become one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topicstream.model.centroids import Embeddings


def pairs_that_are_one(
    now: Embeddings, then: Embeddings, usual: NDArray[np.float64], one_gap: float
) -> list[tuple[int, int]]:
    """Return the pairs of rows that have grown together, closest first, no row twice.

    The gap between two topics is the cosine distance of their centroids. Topics that were close
    from the beginning are not one for that: two halves of a large subject may be meant.

    Parameters
    ----------
    now
        Directions of the centroids, (n_topics, n_dimensions), unit length.
    then
        The same when each topic began.
    usual
        Mean cosine distance of each topic's documents to it, (n_topics,).
    one_gap
        Part of that distance below which a gap is none.

    Examples
    --------
    >>> then = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> now = np.array([[0.8, 0.6], [0.78, 0.626]])
    >>> pairs_that_are_one(now, then, np.array([0.3, 0.3]), 0.1)
    [(0, 1)]

    """
    gaps, gaps_then = _gaps(now), _gaps(then)
    narrow = gaps < one_gap * np.add.outer(usual, usual) / 2.0
    one, other = np.nonzero(np.triu(narrow & (gaps < gaps_then / 2.0), k=1))
    found: list[tuple[int, int]] = []
    taken: set[int] = set()
    for pair in np.argsort(gaps[one, other], kind="stable").tolist():
        rows = (int(one[pair]), int(other[pair]))
        if taken.isdisjoint(rows):
            found.append(rows)
            taken.update(rows)
    return found


def _gaps(directions: Embeddings) -> NDArray[np.float64]:
    wide = directions.astype(np.float64)
    return 1.0 - wide @ wide.T
