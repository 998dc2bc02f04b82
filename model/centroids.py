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
from topicstream.model.rows import take

Embeddings = NDArray[np.float32]
Labels = NDArray[np.int64]


def unit(embeddings: NDArray[np.floating]) -> Embeddings:
    """Return the rows at unit length, in float32; a row of zeros stays zero.

    Examples
    --------
    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)

    """
    wide = embeddings.astype(np.float32)
    # Squares of float32 overflow from 1e19 on.
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide, dtype=np.float64))[:, None]
    return np.asarray(wide / np.maximum(lengths, 1e-12), dtype=np.float32)


class Centroids:
    """Faded sums of embeddings per topic, and how close their documents lie."""

    def __init__(self, n_dimensions: int) -> None:
        self.sums = np.zeros((0, n_dimensions))
        self.weights = np.zeros(0)
        self.similarity = np.zeros(0)  # sums, as of the documents themselves

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
        self.similarity = np.zeros(n_topics)

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
        self.sums += member @ embeddings.astype(np.float64)
        self.weights += np.asarray(member.sum(axis=1)).ravel()
        self.similarity += member @ similarities.astype(np.float64)

    def rescale(self, factor: float) -> None:
        """Multiply every sum by `factor`, a power of two, which is exact."""
        self.sums *= factor
        self.weights *= factor
        self.similarity *= factor

    def hold(self, directions: Embeddings, least: float) -> None:
        """Keep topics that hardly a document is left of where they were.

        What remains of a sum is rounding then, and its mean could be anywhere.

        Parameters
        ----------
        directions
            Where they were, one a row; zeros for one that was nowhere yet.
        least
            Weight that a topic is given back when it has less.

        """
        empty = (self.weights < least) & directions.any(axis=1)
        self.sums[empty] = least * directions[empty]
        self.weights[empty] = self.similarity[empty] = least

    def take(self, where: NDArray[np.int64]) -> None:
        """Move the rows to `where` they were before, -1 for a new one."""
        for name in ("sums", "weights", "similarity"):
            setattr(self, name, take(getattr(self, name), where))

    def fold(self, row: int, into: int) -> None:
        """Add one topic to another one; it stays where it is."""
        for part in (self.sums, self.weights, self.similarity):
            part[into] += part[row]

    def usual_similarity(self) -> NDArray[np.float64]:
        """Return the mean of the similarities seen, per topic."""
        return np.asarray(self.similarity / np.maximum(self.weights, 1e-300))
