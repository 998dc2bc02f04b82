"""State as named arrays: what a snapshot holds and a state hash covers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Arrays = dict[str, NDArray[Any]]
"""State by name; the dtypes are those of the attributes they come from."""


def joined(parts: Mapping[str, Arrays]) -> Arrays:
    """Return the arrays of several parts as one, each under ``<part>.<name>``.

    Examples
    --------
    >>> sorted(joined({"a": {"x": np.zeros(1)}, "b": {"x": np.ones(1)}}))
    ['a.x', 'b.x']

    """
    return {f"{part}.{name}": a for part, arrays in parts.items() for name, a in arrays.items()}


def part_of(arrays: Mapping[str, NDArray[Any]], part: str) -> Arrays:
    """Return the arrays of one part of what `joined` made."""
    prefix = f"{part}."
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}


def sparse_parts(matrix: csr_array) -> Arrays:
    """Return the arrays that make up a sparse matrix."""
    return {
        "data": matrix.data,
        "indices": matrix.indices.astype(np.int64),
        "indptr": matrix.indptr.astype(np.int64),
        "shape": np.array(matrix.shape, dtype=np.int64),
    }


def sparse_of(parts: Mapping[str, NDArray[Any]]) -> csr_array:
    """Return the sparse matrix that `sparse_parts` took apart."""
    n_rows, n_columns = parts["shape"].tolist()
    entries = (parts["data"], parts["indices"], parts["indptr"])
    return csr_array(entries, shape=(n_rows, n_columns))


def digest_of(scalars: Mapping[str, object], arrays: Arrays, chained: bytes) -> str:
    """Return the SHA-256 of a state, as 64 hex digits.

    Parameters
    ----------
    scalars
        What is not an array, ready for JSON.
    arrays
        The arrays; name, dtype and shape count as well.
    chained
        The digest of what is too large to be hashed whole each time.

    """
    digest = hashlib.sha256(json.dumps(scalars, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    digest.update(chained)
    return digest.hexdigest()
