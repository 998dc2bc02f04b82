"""The first documents, from which the topics are found before they only follow the stream.

k-means++ with several starts runs again each time the number of distinct documents has doubled, so
that the first document already gets an answer and none waits. Ids survive: the new clusters are
matched to the old topics by the Hungarian method.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array, vstack
from sklearn.cluster import KMeans

from topicstream.model.arrays import Arrays, sparse_of, sparse_parts
from topicstream.model.centroids import Embeddings, Labels

DOCUMENTS_PER_TOPIC = 5  # fewer make a cluster of accidents
NEVER = 0  # as the number of documents from which topics are found: they are known
N_STARTS, N_FIRST_STARTS = 8, 2  # of the last fit, which is the one kept, and of those before


class WarmUp:
    """Distinct embeddings seen so far, how often, and with which terms.

    Parameters
    ----------
    size
        Distinct embeddings after which the warm-up is over.
    n_dimensions
        Width of an embedding.

    """

    def __init__(self, size: int, n_dimensions: int) -> None:
        self.size = size
        self.embeddings = np.zeros((0, n_dimensions), dtype=np.float32)
        self.weights: NDArray[np.float64] = np.zeros(0)
        self.terms = csr_array((0, 0))
        self.next_fit = 1

    @property
    def is_due(self) -> bool:
        """Whether the topics should be found anew."""
        return self.next_fit != NEVER and len(self.embeddings) >= self.next_fit

    @property
    def has_topics(self) -> bool:
        """Whether the topics were known before: none are found, the documents only show them."""
        return self.next_fit == NEVER

    @property
    def is_over(self) -> bool:
        """Whether there are enough documents to let the topics follow the stream."""
        return len(self.embeddings) >= self.size

    def add(self, embeddings: Embeddings, terms: csr_array) -> None:
        """Add a batch; a repeated embedding raises the weight of the first one."""
        rows = np.concatenate([self.embeddings, embeddings])
        weights = np.concatenate([self.weights, np.ones(len(embeddings))])
        known = _widened(self.terms, terms.shape[1])
        stacked = csr_array(vstack([known, terms], format="csr"))
        whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1] * 4))).ravel()
        _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        self.weights = np.asarray(np.bincount(rank[inverse], weights=weights))
        self.embeddings = np.ascontiguousarray(rows[first[order]])
        self.terms = stacked[first[order]]

    def keep_terms(self, columns: NDArray[np.int64]) -> None:
        """Follow a vocabulary that was cut back to `columns`."""
        known = _widened(self.terms, int(columns.max(initial=0)) + 1)
        self.terms = csr_array(known[:, columns])

    def term_counts(self, labels: Labels, n_topics: int) -> csr_array:
        """Return the term counts of the topics, (n_topics, n_terms), documents labelled so."""
        entries = (self.weights, (labels, np.arange(len(labels))))
        member = csr_array(entries, shape=(n_topics, len(labels)))
        return csr_array(member @ self.terms)

    def arrays(self) -> Arrays:
        """Return the state, by name."""
        return {
            "embeddings": self.embeddings,
            "weights": self.weights,
            "next_fit": np.array([self.next_fit]),
            **sparse_parts(self.terms),
        }

    @classmethod
    def from_arrays(cls, size: int, arrays: Arrays) -> WarmUp:
        """Return the warm-up whose `arrays` these are."""
        warm_up = cls(size, arrays["embeddings"].shape[1])
        warm_up.embeddings, warm_up.weights = arrays["embeddings"], arrays["weights"]
        warm_up.next_fit = int(arrays["next_fit"][0])
        warm_up.terms = sparse_of(arrays)
        return warm_up

    def find_topics(self, points: Embeddings, n_topics: int, seed: int) -> Labels:
        """Cluster the documents, given as `points` in the projection of now.

        Returns
        -------
        ndarray of int64, (n_distinct,)
            Cluster of each distinct document, 0 to at most ``n_topics - 1``.

        """
        doubled = 2 * len(points)
        # Not twice in a row when the end is near: the last fit is the dearest, and is the one kept.
        self.next_fit = doubled if doubled < self.size / 1.5 else max(self.size, len(points) + 1)
        wanted = max(1, min(n_topics, len(points) // DOCUMENTS_PER_TOPIC))
        n_starts = N_STARTS if self.is_over else N_FIRST_STARTS
        k_means = KMeans(wanted, n_init=n_starts, random_state=seed)
        # In float64, because scikit-learn seeds float32 points by way of float64, piece by piece.
        labels = k_means.fit(points.astype(np.float64), sample_weight=self.weights).labels_
        _, labels = np.unique(labels, return_inverse=True)
        return np.asarray(labels, dtype=np.int64)


def keep_ids(labels: Labels, found: Embeddings, known: Embeddings) -> Labels:
    """Give new clusters the ids of the topics that they continue.

    Parameters
    ----------
    labels
        Cluster of each document.
    found, known
        Directions of the new clusters and of the topics there were, one a row, unit length.

    Returns
    -------
    ndarray of int64
        Topic of each document. Clusters that continue no topic get the next free ids.

    References
    ----------
    H. W. Kuhn. The Hungarian method for the assignment problem (1955).

    Examples
    --------
    >>> east, north = [1.0, 0.0], [0.0, 1.0]
    >>> keep_ids(np.array([0, 1, 1]), np.array([north, east]), np.array([east]))
    array([1, 0, 0])

    """
    cluster, topic = linear_sum_assignment(-(found.astype(np.float64) @ known.T))
    ids = np.full(len(found), -1, dtype=np.int64)
    ids[cluster] = topic
    fresh = np.flatnonzero(ids < 0)
    ids[fresh] = len(known) + np.arange(len(fresh))
    return ids[labels]


def _widened(matrix: csr_array, n_columns: int) -> csr_array:
    """Return the same entries in a matrix at least `n_columns` wide."""
    shape = (matrix.shape[0], max(n_columns, matrix.shape[1]))
    return csr_array((matrix.data, matrix.indices, matrix.indptr), shape=shape)
