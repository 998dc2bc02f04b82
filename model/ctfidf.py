"""c-TF-IDF: which terms set a topic apart from the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def c_tf_idf(counts: csr_array) -> csr_array:
    """Return the class-based TF-IDF weight of every term in every topic.

    A term weighs its share of the topic's terms, times ln(1 + A / f) with A the mean number of
    terms per topic and f the term's count over all topics. Terms and topics without counts weigh 0.

    Parameters
    ----------
    counts
        Term counts, (n_topics, n_terms), not negative; not written to.

    Returns
    -------
    csr_array of float64, (n_topics, n_terms)

    References
    ----------
    M. Grootendorst. BERTopic: Neural topic modeling with a class-based TF-IDF procedure (2022),
    arXiv:2203.05794.

    Examples
    --------
    >>> c_tf_idf(csr_array([[3.0, 0.0, 1.0], [1.0, 2.0, 0.0]])).toarray().round(4)
    array([[0.4715, 0.    , 0.376 ],
           [0.2095, 0.6744, 0.    ]])

    """
    n_topics, n_terms = counts.shape
    per_term = np.bincount(counts.indices, weights=counts.data, minlength=n_terms)
    per_topic = np.asarray(counts.sum(axis=1)).ravel()
    mean_per_topic = per_topic.sum() / max(1, n_topics)
    with np.errstate(divide="ignore", over="ignore"):
        idf = np.log1p(mean_per_topic / per_term)
    idf[per_term <= 0.0] = 0.0
    shares = counts.data / np.repeat(
        np.where(per_topic > 0, per_topic, 1.0), np.diff(counts.indptr)
    )
    return csr_array((shares * idf[counts.indices], counts.indices, counts.indptr), counts.shape)


def top_terms(weights: csr_array, terms: Sequence[str], n: int) -> list[list[tuple[str, float]]]:
    """Return the `n` heaviest terms of each topic with their weights, heaviest first.

    Parameters
    ----------
    weights
        c-TF-IDF weights, (n_topics, n_terms), column indices sorted.
    terms
        The term of each column.
    n
        Terms wanted, 1 or more; terms that weigh nothing are left out.

    Examples
    --------
    >>> weights = csr_array([[0.2, 0.0, 0.5], [0.1, 0.1, 0.1]])
    >>> top_terms(weights, ["gun", "law", "moon"], 2)
    [[('moon', 0.5), ('gun', 0.2)], [('gun', 0.1), ('law', 0.1)]]

    """
    bounds = zip(weights.indptr[:-1].tolist(), weights.indptr[1:].tolist(), strict=True)
    rows = [slice(start, stop) for start, stop in bounds]
    return [_heaviest(weights.indices[row], weights.data[row], terms, n) for row in rows]


def _heaviest(
    columns: NDArray[np.int32], weights: NDArray[np.float64], terms: Sequence[str], n: int
) -> list[tuple[str, float]]:
    floor = np.partition(weights, -n)[-n] if len(weights) > n else 0.0
    near = np.flatnonzero((weights >= floor) & (weights > 0.0))
    # Ties go to the older term, so that equal counts give equal words on every machine.
    best = near[np.argsort(-weights[near], kind="stable")][:n]
    pairs = zip(columns[best].tolist(), weights[best].tolist(), strict=True)
    return [(terms[column], weight) for column, weight in pairs]
