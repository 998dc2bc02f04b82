"""c-TF-IDF: which terms set a topic apart from the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix

LEAST_IDF = 1e-6
"""What BM25 gives a term at least."""


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
    return weighted(counts, class_idf(counts))


def class_idf(
    counts: csr_array | csr_matrix, *, whole_mean: bool = False, bm25: bool = False
) -> NDArray[np.float64]:
    """Return how much each term sets topics apart, (n_terms,).

    Parameters
    ----------
    counts
        Term counts, (n_topics, n_terms), not negative; not written to.
    whole_mean
        Whether the mean number of terms per topic is cut to a whole number, as BERTopic does;
        False by default. A mean below one is never cut: all weights would be zero.
    bm25
        Whether the weight is ln(1 + (A - f + 0.5) / (f + 0.5)) in place of ln(1 + A / f); False by
        default. It is at least `LEAST_IDF`, so that a term in every other place still has a rank.

    Examples
    --------
    >>> class_idf(csr_array([[3, 0, 1, 0], [1, 2, 0, 0]]), whole_mean=True).round(4)
    array([0.5596, 0.9163, 1.3863, 0.    ])

    """
    n_topics, n_terms = counts.shape
    per_term = np.bincount(counts.indices, weights=counts.data, minlength=n_terms)
    mean_per_topic = _per_topic(counts).sum() / max(1, n_topics)
    if whole_mean and mean_per_topic >= 1.0:
        mean_per_topic = np.floor(mean_per_topic)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        odds = (mean_per_topic - per_term + 0.5) / (per_term + 0.5)
        idf = np.log1p(odds if bm25 else mean_per_topic / per_term)
    if bm25:
        idf = np.fmax(idf, LEAST_IDF)
    idf[per_term <= 0.0] = 0.0
    return np.asarray(idf, dtype=np.float64)


def weighted(
    counts: csr_array | csr_matrix, idf: NDArray[np.float64], *, dampened: bool = False
) -> csr_array:
    """Return each term's share of its row, times the term's weight.

    Parameters
    ----------
    counts
        Term counts, (n_rows, n_terms), not negative; not written to.
    idf
        Weight of each term, (n_terms,), as `class_idf` gives it.
    dampened
        Whether the square root of the share is taken, which lowers frequent terms; False by
        default.

    Examples
    --------
    >>> weighted(csr_array([[3, 0, 1]]), np.ones(3), dampened=True).toarray().round(4)
    array([[0.866, 0.   , 0.5  ]])

    """
    per_topic = _per_topic(counts)
    shares = counts.data / np.repeat(
        np.where(per_topic > 0, per_topic, 1.0), np.diff(counts.indptr)
    )
    if dampened:
        shares = np.sqrt(shares)
    return csr_array((shares * idf[counts.indices], counts.indices, counts.indptr), counts.shape)


def _per_topic(counts: csr_array | csr_matrix) -> NDArray[np.float64]:
    return np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()


def top_terms(
    weights: csr_array | csr_matrix, terms: Sequence[str], n: int
) -> list[list[tuple[str, float]]]:
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
