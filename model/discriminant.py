"""Topics of documents by linear discriminant: nearest topic, in units of how far topics spread.

Topics are long in some directions and narrow in others, and plain distance does not know. The
spread around the topics' means is learnt when documents are there, and it outlives merges.

References
----------
Fisher, "The use of multiple measurements in taxonomic problems", 1936; shrinkage after Friedman,
"Regularized Discriminant Analysis", 1989.

"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SHRINKAGE = 0.5
_ENOUGH = 4096
"""Documents that tell the spread well enough: of more, only every second, third, ... is asked."""

_WIDEST = 4096
"""Dimensions beyond which the square matrix would be larger than the model."""


def spread_within(
    vectors: NDArray[Any], groups: NDArray[np.int64], means: NDArray[Any]
) -> NDArray[Any] | None:
    """Return the covariance of documents around the mean of their topic, outliers left out.

    Parameters
    ----------
    vectors
        Shape (n, d).
    groups
        The topic of each, shape (n,).
    means
        One row for each topic that occurs, by ascending topic.

    Returns
    -------
    ndarray of shape (d, d), or None
        None where all are outliers, or where `d` is more than 4096.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [3.0, 0.0], [9.0, 9.0]])
    >>> spread_within(X, np.array([0, 0, -1]), np.array([[9.0, 9.0], [2.0, 0.0]])).tolist()
    [[1.0, 0.0], [0.0, 0.0]]

    """
    inside = np.flatnonzero(groups >= 0)
    if not len(inside) or vectors.shape[1] > _WIDEST:
        return None
    inside = inside[:: len(inside) // _ENOUGH + 1]
    differences = vectors[inside] - means[np.searchsorted(np.unique(groups), groups[inside])]
    spread: NDArray[Any] = differences.T @ differences / len(inside)
    return spread


def discriminate(
    vectors: NDArray[Any], means: NDArray[Any], spread: NDArray[Any]
) -> NDArray[np.int64]:
    """Return the row of `means` that each vector belongs to.

    Parameters
    ----------
    vectors
        Shape (n, d).
    means
        Shape (n_topics, d).
    spread
        What `spread_within` returned, shape (d, d).

    Returns
    -------
    ndarray of shape (n,)
        Rows.

    Examples
    --------
    >>> discriminate(np.array([[0.9, 0.0]]), np.eye(2), np.eye(2)).tolist()
    [0]

    """
    d = len(spread)
    level = float(np.trace(spread)) / d or 1.0
    shrunk = (1 - _SHRINKAGE) * spread + _SHRINKAGE * level * np.eye(d)
    weights = np.linalg.solve(shrunk, means.T.astype(np.float64))
    biases = -0.5 * np.einsum("ij,ji->i", means, weights)
    scores = vectors @ weights.astype(vectors.dtype) + biases.astype(vectors.dtype)
    rows: NDArray[np.int64] = scores.argmax(axis=1)
    return rows
