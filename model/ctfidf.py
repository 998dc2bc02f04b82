"""c-TF-IDF: which terms set a topic apart from the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def c_tf_idf(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the class-based TF-IDF weight of every term in every topic.

    A term weighs its share of the topic's terms, times ln(1 + A / f) with A the mean number of
    terms per topic and f the term's count over all topics. Terms and topics without counts weigh 0.

    Parameters
    ----------
    counts
        Term counts, (n_topics, n_terms), not negative; not written to.

    Returns
    -------
    ndarray of float64, (n_topics, n_terms)

    References
    ----------
    M. Grootendorst. BERTopic: Neural topic modeling with a class-based TF-IDF procedure (2022),
    arXiv:2203.05794.

    Examples
    --------
    >>> c_tf_idf(np.array([[3.0, 0.0, 1.0], [1.0, 2.0, 0.0]])).round(4)
    array([[0.4715, 0.    , 0.376 ],
           [0.2095, 0.6744, 0.    ]])

    """
    per_term = counts.sum(axis=0)
    per_topic = counts.sum(axis=1, keepdims=True)
    mean_per_topic = counts.sum() / max(1, len(counts))
    with np.errstate(divide="ignore", over="ignore"):
        idf = np.log1p(mean_per_topic / per_term)
    weights = counts / np.where(per_topic > 0, per_topic, 1.0)
    weights *= np.where(per_term > 0, idf, 0.0)
    return np.asarray(weights)
