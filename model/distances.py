"""Distances between topics: checked, condensed and told apart."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.distance import squareform

from topicstream.model.documents import is_sparse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_log = logging.getLogger(__name__)


def validate_distance_matrix(
    X: Any,  # noqa: ANN401  # dense or sparse
    n_samples: int,
) -> NDArray[np.float64]:
    """Return distances in condensed form, whichever form they come in.

    Parameters
    ----------
    X
        Distances, square of shape (n, n) or condensed of length n (n - 1) / 2; not written to.
        The diagonal of a square matrix counts as zero, whatever is in it.
    n_samples
        The number of things that lie at these distances.

    Raises
    ------
    ValueError
        The shape is neither, or a distance is negative.

    Examples
    --------
    >>> validate_distance_matrix([[1e-9, 2.0, 3.0], [2.0, 0.0, 4.0], [3.0, 4.0, 0.0]], 3)
    array([2., 3., 4.])

    """
    dense = X.toarray() if is_sparse(X) else X
    distances = np.array(dense, dtype=np.float64)
    if distances.shape == (n_samples, n_samples):
        np.fill_diagonal(distances, 0.0)
        condensed: NDArray[np.float64] = squareform(distances, checks=False)
    elif distances.shape == (n_samples * (n_samples - 1) // 2,):
        condensed = distances
    else:
        raise ValueError(
            f"distances of {n_samples} topics have shape {distances.shape}; give "
            f"({n_samples}, {n_samples}), or condensed ({n_samples * (n_samples - 1) // 2},)"
        )
    if distances.min(initial=0.0) < 0.0:
        raise ValueError(
            f"a distance is {distances.min()}; distances are not negative: clip what rounding left"
        )
    return condensed


def get_unique_distances(dists: ArrayLike, noise_max: float = 1e-7) -> NDArray[np.float64]:
    """Return the distances with ties told apart by less than `noise_max`, in the same order.

    Equal distances are spread evenly between their value and the next one, so that the answer is
    the same every time.

    Parameters
    ----------
    dists
        Distances; not written to.
    noise_max
        Largest change, 1e-7 by default.

    Examples
    --------
    >>> get_unique_distances([0.5, 0.5, 1.0, 1.0], noise_max=0.2)
    array([0.5, 0.6, 1. , 1.1])

    """
    distances = np.array(dists, dtype=np.float64)
    values, group, sizes = np.unique(distances, return_inverse=True, return_counts=True)
    gaps = np.minimum(np.append(np.diff(values), np.inf), noise_max)
    order = np.argsort(distances, kind="stable")
    places = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    spread = values[group[order]] + places * (gaps / sizes)[group[order]]
    # Steps that are below the precision of large distances are raised to it.
    for i in range(1, len(spread)):
        if spread[i] <= spread[i - 1]:
            spread[i] = np.nextafter(spread[i - 1], np.inf)
    distances[order] = spread
    return distances


def select_topic_representation(
    ctfidf: Any | None = None,  # noqa: ANN401  # a sparse matrix or an array
    embeddings: NDArray[Any] | None = None,
    use_ctfidf: bool = True,  # noqa: FBT001, FBT002  # bertopic's signature
    output_ndarray: bool = False,  # noqa: FBT001, FBT002
) -> tuple[Any, bool]:
    """Return the wanted vectors of topics, or the other ones where those are missing.

    Parameters
    ----------
    ctfidf
        c-TF-IDF rows, or None.
    embeddings
        Topic embeddings, or None.
    use_ctfidf
        Whether c-TF-IDF is wanted, True by default.
    output_ndarray
        Whether sparse rows are made dense, False by default.

    Returns
    -------
    vectors
        One row a topic.
    used_ctfidf
        Whether they are c-TF-IDF rows.

    Raises
    ------
    ValueError
        Both are missing.

    """
    if ctfidf is None and embeddings is None:
        raise ValueError(
            "the model has neither c-TF-IDF nor topic embeddings; `update_topics(docs)` makes them"
        )
    use = ctfidf is not None and (use_ctfidf or embeddings is None)
    if use != bool(use_ctfidf):
        wanted, taken = ("c-TF-IDF", "embeddings") if use_ctfidf else ("embeddings", "c-TF-IDF")
        _log.warning("the model has no %s of topics: their %s are used", wanted, taken)
    if not use or ctfidf is None:
        return embeddings, False
    dense = output_ndarray and is_sparse(ctfidf)
    return (ctfidf.toarray() if dense else ctfidf), True
