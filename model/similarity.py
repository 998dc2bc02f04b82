"""Cosines between rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.documents import is_sparse


def cosines(X: Any, Y: Any) -> NDArray[Any]:  # noqa: ANN401  # dense or sparse
    """Return the cosine of each row of `X` with each row of `Y`; 0 for rows of zeros.

    Parameters
    ----------
    X
        Shape (n, d), dense or sparse.
    Y
        Shape (m, d), dense or sparse.

    Returns
    -------
    ndarray of shape (n, m)
        Of 32 bits when both are, else of 64.

    Examples
    --------
    >>> cosines(np.array([[3.0, 4.0]]), np.array([[0.0, 1.0], [0.0, 0.0]])).tolist()
    [[0.8, 0.0]]

    """
    X, Y = _floats(X), _floats(Y)
    products = X @ Y.T
    dense: NDArray[Any] = products.toarray() if is_sparse(products) else np.asarray(products)
    lengths = np.multiply.outer(_lengths(X), _lengths(Y))
    cosine: NDArray[Any] = np.divide(dense, lengths.astype(dense.dtype))
    return cosine


def paired_cosines(X: NDArray[Any], Y: NDArray[Any]) -> NDArray[Any]:
    """Return the cosine of each row of `X` with the same row of `Y`; 0 for rows of zeros.

    Parameters
    ----------
    X
        Shape (n, d).
    Y
        Shape (n, d).

    Returns
    -------
    ndarray of shape (n,)
        Of floats.

    Examples
    --------
    >>> paired_cosines(np.eye(2), np.array([[2.0, 0.0], [1.0, 0.0]])).tolist()
    [1.0, 0.0]

    """
    products = np.einsum("ij,ij->i", X, Y)
    cosine: NDArray[Any] = products / (_lengths(X) * _lengths(Y))
    return cosine


def _floats(X: Any) -> Any:  # noqa: ANN401  # dense or sparse
    return X if is_sparse(X) or X.dtype.kind == "f" else X.astype(np.float64)


def _lengths(X: Any) -> NDArray[Any]:  # noqa: ANN401  # dense or sparse
    squares = X.multiply(X).sum(axis=1) if is_sparse(X) else np.einsum("ij,ij->i", X, X)
    lengths = np.sqrt(np.asarray(squares, dtype=np.float64).ravel())
    return np.where(lengths > 0.0, lengths, 1.0)
