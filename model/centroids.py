"""Centroids in embedding space: what a topic is, whatever basis it is looked at in.

IncrementalPCA rotates its basis with every update, so a centroid kept in that basis would point
elsewhere after it. Here a centroid is a faded sum and a weight in embedding space, and is projected
anew before each use. docs/decisions/0002 has the measurement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from topicstream.model.arrays import Arrays

Embeddings = NDArray[np.float32]
Labels = NDArray[np.int64]


class Centroids:
    """Faded sums of embeddings per topic, and how close their documents lie."""

    def __init__(self, n_dimensions: int) -> None:
        self.sums = np.zeros((0, n_dimensions))
        self.weights = np.zeros(0)
        # Sum of similarities and of their squares: what is a usual distance in this topic.
        self.similarity = np.zeros((0, 2))

    def __len__(self) -> int:
        return len(self.weights)

    def means(self) -> Embeddings:
        """Return the centroids, (n_topics, n_dimensions) float32."""
        weights = np.maximum(self.weights, 1e-300)[:, None]
        return np.ascontiguousarray(self.sums / weights, dtype=np.float32)

    def directions(self) -> Embeddings:
        """Return the centroids at unit length; a centroid of zero stays zero."""
        means = self.means()
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        return np.asarray(means / np.maximum(lengths, 1e-12), dtype=np.float32)

    def reset(self, n_topics: int) -> None:
        """Forget everything and make room for `n_topics`."""
        self.sums = np.zeros((n_topics, self.sums.shape[1]))
        self.weights = np.zeros(n_topics)
        self.similarity = np.zeros((n_topics, 2))

    def arrays(self) -> Arrays:
        """Return the state, by name."""
        return {"sums": self.sums, "weights": self.weights, "similarity": self.similarity}

    def restore(self, arrays: Arrays) -> None:
        """Become what `arrays` said when a snapshot was taken."""
        self.sums, self.weights = arrays["sums"], arrays["weights"]
        self.similarity = arrays["similarity"]

    def add(
        self,
        embeddings: Embeddings,
        labels: Labels,
        similarities: NDArray[np.float32],
        weights: NDArray[np.float64],
    ) -> None:
        """Add documents to their topics, each with its weight; -1 is added nowhere."""
        kept = np.flatnonzero(labels >= 0)
        entries = (weights[kept], (labels[kept], kept))
        member = csr_array(entries, shape=(len(self), len(labels)))
        seen = similarities.astype(np.float64)
        self.sums += member @ embeddings.astype(np.float64)
        self.weights += np.asarray(member.sum(axis=1)).ravel()
        self.similarity += member @ np.column_stack([seen, seen * seen])

    def rescale(self, factor: float) -> None:
        """Multiply every sum by `factor`, a power of two, which is exact."""
        self.sums *= factor
        self.weights *= factor
        self.similarity *= factor

    def usual_similarity(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation of the similarities seen, per topic."""
        mean, square = (self.similarity / np.maximum(self.weights, 1e-300)[:, None]).T
        return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))
