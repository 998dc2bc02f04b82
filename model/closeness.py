"""How close the documents of each topic lie to it: what is usual, and what is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topicstream.model.arrays import Arrays
from topicstream.model.centroids import Labels
from topicstream.model.rows import take

N_BINS = 512  # of cosine similarity, from 0 to 1; a topic's documents fill about a hundred
N_IMAGINARY = 10.0  # documents, spread as those of all topics, that every topic begins with


class Closeness:
    """Faded histograms of similarity, one a topic, and the strengths that follow from them.

    The strength of a document is the part of its topic's documents that lie no closer than it
    does: 0.03 says that three in a hundred are as far out. It is the p-value of a conformal
    predictor, so it means the same in a tight topic and in a wide one, whatever the embedder, and
    is spread evenly over 0 to 1 while the topic does not change. A topic of few documents borrows
    ten from all topics together. docs/decisions/0006 has more.

    References
    ----------
    V. Vovk, A. Gammerman, G. Shafer. Algorithmic Learning in a Random World (2005), chapter 2.

    Examples
    --------
    >>> closeness = Closeness()
    >>> closeness.resize(1)
    >>> closeness.add(np.zeros(99, int), np.linspace(0.01, 0.99, 99), np.ones(99))
    >>> closeness.strengths(np.array([0, 0]), np.array([0.5, 0.05])).round(2)
    array([0.49, 0.05])

    """

    def __init__(self) -> None:
        self.histograms = np.zeros((0, N_BINS))
        self.unit = 1.0  # the weight of one document of now; who adds keeps it up to date

    def resize(self, n_topics: int) -> None:
        """Forget everything and make room for `n_topics`."""
        self.histograms = np.zeros((n_topics, N_BINS))
        self.unit = 1.0

    def add(
        self, labels: Labels, similarities: NDArray[np.floating], weights: NDArray[np.float64]
    ) -> None:
        """Add documents to the histogram of their topic, each with its weight; -1 to none."""
        kept = labels >= 0
        np.add.at(self.histograms, (labels[kept], _bins(similarities[kept])), weights[kept])

    def strengths(self, labels: Labels, similarities: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the strength of each document in the topic named, 0 to 1; 0 for the label -1."""
        kept = labels >= 0
        rows, bins = np.where(kept, labels, 0), _bins(similarities)
        # Within a bin documents are taken to be spread evenly.
        beyond = 1.0 - np.clip(similarities * N_BINS - bins, 0.0, 1.0)
        if not len(self.histograms):
            return np.zeros(len(labels))
        below = np.cumsum(self.histograms, axis=1)
        whole = self.histograms.sum(axis=0)
        own = below[rows, bins] - beyond * self.histograms[rows, bins]
        all_topics = np.cumsum(whole)[bins] - beyond * whole[bins]
        borrowed = N_IMAGINARY * self.unit
        seen = own + borrowed * all_topics / max(float(whole.sum()), 1e-300)
        return np.where(kept, seen / (below[rows, -1] + borrowed), 0.0)

    def take(self, where: NDArray[np.int64]) -> None:
        """Move the rows to `where` they were before, -1 for a new one."""
        self.histograms = take(self.histograms, where)

    def fold(self, row: int, into: int) -> None:
        """Add one topic's histogram to another one's."""
        self.histograms[into] += self.histograms[row]

    def rescale(self, factor: float) -> None:
        """Multiply every weight by `factor`, a power of two, which is exact."""
        self.histograms *= factor
        self.unit *= factor

    def arrays(self) -> Arrays:
        """Return the state, by name."""
        return {"histograms": self.histograms, "unit": np.array([self.unit])}

    def restore(self, arrays: Arrays) -> None:
        """Become what `arrays` said when a snapshot was taken."""
        self.histograms, self.unit = arrays["histograms"], float(arrays["unit"][0])


def _bins(similarities: NDArray[np.floating]) -> NDArray[np.int64]:
    return np.clip((similarities * N_BINS).astype(np.int64), 0, N_BINS - 1)
