"""How many documents each topic has had, and when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topicstream.model.centroids import Labels


class Sightings:
    """Number, first and last event time of each topic's documents, and when one came last.

    The last column counts the stream's documents up to the batch with the topic's last one.

    Examples
    --------
    >>> sightings = Sightings()
    >>> sightings.add(np.array([1, 1, -1]), np.array([30.0, 20.0, 10.0]), n_topics=2, so_far=3)
    >>> sightings.table[1].tolist()
    [2.0, 20.0, 30.0, 3.0]

    """

    def __init__(self) -> None:
        self.table = np.zeros((0, 4))

    def add(self, labels: Labels, times: NDArray[np.float64], n_topics: int, so_far: int) -> None:
        """Note one batch.

        Parameters
        ----------
        labels
            Topic of each document; -1 is noted nowhere.
        times
            When each document came about, in seconds since 1970.
        n_topics
            Topics there are now.
        so_far
            Documents of the stream, this batch included.

        """
        self._widen(n_topics, so_far)
        kept = labels >= 0
        topics = labels[kept]
        self.table[:, 0] += np.bincount(topics, minlength=n_topics)
        np.minimum.at(self.table[:, 1], topics, times[kept])
        np.maximum.at(self.table[:, 2], topics, times[kept])
        self.table[topics, 3] = so_far

    def take(self, where: NDArray[np.int64], so_far: int) -> None:
        """Move the rows to `where` they were before, -1 for a new one, seen by `so_far`."""
        kept = self.table[where[where >= 0]]
        self.table = kept
        self._widen(len(where), so_far)

    def fold(self, row: int, into: int) -> None:
        """Add one topic's documents to another one's."""
        one, other = self.table[row], self.table[into]
        last = np.maximum(one[2:], other[2:])
        self.table[into] = [one[0] + other[0], min(one[1], other[1]), *last]

    def _widen(self, n_topics: int, so_far: int) -> None:
        fresh = np.tile([0.0, np.inf, -np.inf, so_far], (n_topics - len(self.table), 1))
        self.table = np.concatenate([self.table, fresh])
