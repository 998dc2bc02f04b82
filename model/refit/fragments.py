"""Clusters that are parts of one topic, and whether they stand apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topicstream.model.centroids import Embeddings, Labels

LEAST_SHARE = 0.6  # of a cluster's documents that make it a part of a topic
LEAST_VALLEY = 3.5  # cutting one normal distribution in two gives 2.66; see `valley`


def joined(embeddings: Embeddings, labels: Labels, anchors: Labels) -> Labels:
    """Return the clusters, those joined that are parts of one topic and do not stand apart.

    HDBSCAN cuts where documents are few, which says little of whether a subject is two: a part of
    a topic remains a cluster of its own only when a valley lies between it and the largest part.

    Parameters
    ----------
    embeddings
        Unit rows, (n_documents, n_dimensions).
    labels
        Cluster of each document, -1 for none.
    anchors
        Topic of each document now, -1 for none.

    Returns
    -------
    ndarray of int64, (n_documents,)
        Clusters from 0 on, without gaps.

    """
    labels = labels.copy()
    table = shared(labels, anchors)
    for topic in range(table.shape[1]):
        parts = _parts(table, topic)
        for part in parts[1:]:
            if not _is_apart(embeddings[labels == part], embeddings[labels == parts[0]]):
                labels[labels == part] = parts[0]
    _, whole = np.unique(np.append(labels, -1), return_inverse=True)
    return np.asarray(whole[:-1], dtype=np.int64) - 1


def shared(labels: Labels, anchors: Labels) -> NDArray[np.int64]:
    """Return how many documents each cluster, one a row, shares with each topic, one a column.

    Examples
    --------
    >>> shared(np.array([0, 0, 1, -1]), np.array([1, 0, 1, 0]))
    array([[1, 1],
           [0, 1]])

    """
    table = np.zeros((labels.max(initial=-1) + 1, anchors.max(initial=-1) + 1), dtype=np.int64)
    both = (labels >= 0) & (anchors >= 0)
    np.add.at(table, (labels[both], anchors[both]), 1)
    return table


def _parts(table: NDArray[np.int64], topic: int) -> list[int]:
    """Return the clusters that are parts of a topic, largest first."""
    sizes = table.sum(axis=1)
    parts = np.flatnonzero(table[:, topic] >= np.maximum(LEAST_SHARE * sizes, 1.0))
    order = np.argsort(-table[parts, topic], kind="stable")
    return [int(part) for part in parts[order]]


def _is_apart(one: Embeddings, other: Embeddings) -> bool:
    # The direction comes from one half of the documents and is judged by the other half: in so
    # many dimensions there is always one along which those that it was chosen by fall apart.
    direction = one[::2].mean(axis=0) - other[::2].mean(axis=0)
    along, beside = one[1::2] @ direction, other[1::2] @ direction
    if not len(along) or not len(beside):
        return False
    return valley(along.astype(np.float64), beside.astype(np.float64)) >= LEAST_VALLEY


def valley(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return how far apart two groups of numbers are, in their common spread.

    References
    ----------
    K. M. Ashman, C. M. Bird, S. E. Zepf. Detecting bimodality in astronomical datasets. The
    Astronomical Journal 108 (1994), 2348-2361.

    Examples
    --------
    >>> valley(np.array([0.0, 1.0, 2.0]), np.array([9.0, 10.0, 11.0])).__round__(1)
    11.0

    """
    spread = float(np.sqrt((one.var() + other.var()) / 2.0))
    return abs(float(one.mean() - other.mean())) / max(spread, 1e-12)
