"""Moves the rows of arrays when topics come and go."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def positions(old: NDArray[np.int64], new: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each new id was before, -1 for one that was not there; both ascend.

    Examples
    --------
    >>> positions(np.array([1, 3, 7]), np.array([3, 4, 7])).tolist()
    [1, -1, 2]

    """
    if len(old) == 0:
        return np.full(len(new), -1, dtype=np.int64)
    spot = np.minimum(np.searchsorted(old, new), len(old) - 1)
    return np.where(old[spot] == new, spot, -1).astype(np.int64)


def take(array: NDArray[Any], where: NDArray[np.int64]) -> NDArray[Any]:
    """Return the rows at `where`, zeros for -1."""
    taken = np.empty((len(where), *array.shape[1:]), dtype=array.dtype)
    # Straight into place: counts of terms are large, and a second copy costs more than the first.
    for row, before in enumerate(where.tolist()):
        taken[row] = array[before] if before >= 0 else 0
    return taken


def csr(
    data: NDArray[np.float64], indices: NDArray[Any], indptr: NDArray[Any], n_terms: int
) -> csr_array:
    """Return a sparse array whose indices are 32 bits wide, whatever came in."""
    parts = (
        np.asarray(data, dtype=np.float64),
        np.asarray(indices, dtype=np.int32),
        np.asarray(indptr, dtype=np.int32),
    )
    return csr_array(parts, shape=(len(indptr) - 1, n_terms))


def empty(n_rows: int, n_terms: int) -> csr_array:
    """Return a sparse array of zeros."""
    return csr(np.zeros(0), np.zeros(0), np.zeros(n_rows + 1), n_terms)


def widen(array: csr_array, n_terms: int) -> csr_array:
    """Return the same counts over at least `n_terms` columns."""
    if array.shape[1] >= n_terms:
        return array
    return csr(array.data, array.indices, array.indptr, n_terms)


def add(one: csr_array, other: csr_array) -> csr_array:
    """Return the sum, sorted, over the wider of the two vocabularies."""
    width = max(one.shape[1], other.shape[1])
    total = widen(one, width) + widen(other, width)
    total.sort_indices()
    return csr(total.data, total.indices, total.indptr, width)


def under_one(first: csr_array | None, others: csr_array) -> csr_array:
    """Return the rows of `others` below the single row of `first`, or below an empty one."""
    below = csr(others.data, others.indices, others.indptr, others.shape[1])
    top = empty(1, below.shape[1]) if first is None else first
    data = np.concatenate([top.data, below.data])
    indices = np.concatenate([top.indices, below.indices])
    indptr = np.concatenate([[0], top.indptr[-1] + below.indptr])
    return csr(data, indices, indptr, max(top.shape[1], below.shape[1]))


def row_numbers(array: csr_array) -> NDArray[np.int64]:
    """Return the row of each stored count."""
    return np.repeat(np.arange(array.shape[0], dtype=np.int64), np.diff(array.indptr))


def row_sums(array: csr_array, values: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return the sum of the stored counts, or of other values in their place, by row."""
    values = array.data if values is None else values
    sums = np.bincount(row_numbers(array), weights=values, minlength=array.shape[0])
    return sums.astype(np.float64)


def pick(array: csr_array, keep: NDArray[np.bool_]) -> csr_array:
    """Return the array with only those stored counts that `keep` marks."""
    held = np.bincount(row_numbers(array)[keep], minlength=array.shape[0])
    indptr = np.concatenate([[0], np.cumsum(held)])
    return csr(array.data[keep], array.indices[keep], indptr, array.shape[1])


def take_rows(array: csr_array, where: NDArray[np.int64]) -> csr_array:
    """Return the rows at `where`, empty ones for -1."""
    spans = [slice(array.indptr[i], array.indptr[i + 1]) if i >= 0 else slice(0, 0) for i in where]
    sizes = [span.stop - span.start for span in spans]
    data = np.concatenate([np.zeros(0), *(array.data[span] for span in spans)])
    indices = np.concatenate([np.zeros(0), *(array.indices[span] for span in spans)])
    return csr(data, indices, np.concatenate([[0], np.cumsum(sizes)]), array.shape[1])


def take_columns(array: csr_array, columns: NDArray[np.int64]) -> csr_array:
    """Return the columns named, in their new order; one past the end is empty."""
    wide = widen(array, int(columns.max(initial=-1)) + 1)
    taken = wide[:, columns]
    taken.sort_indices()
    return csr(taken.data, taken.indices, taken.indptr, len(columns))


def csr_arrays(name: str, array: csr_array) -> dict[str, NDArray[Any]]:
    """Return a sparse array as four plain ones."""
    return {
        f"{name}.data": array.data.copy(),
        f"{name}.indices": array.indices.copy(),
        f"{name}.indptr": array.indptr.copy(),
        f"{name}.width": np.array([array.shape[1]], dtype=np.int64),
    }


def csr_from(name: str, arrays: dict[str, NDArray[Any]]) -> csr_array:
    """Return the sparse array that `csr_arrays` took apart."""
    parts = (arrays[f"{name}.{part}"].copy() for part in ("data", "indices", "indptr"))
    data, indices, indptr = parts
    return csr(data, indices, indptr, int(arrays[f"{name}.width"][0]))


def under(name: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays below a prefix, without it."""
    start = f"{name}."
    return {key[len(start) :]: arrays[key] for key in sorted(arrays) if key.startswith(start)}
