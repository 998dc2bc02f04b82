"""How many documents each topic has had, and when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topicstream.model.centroids import Labels


class Sightings:
    """Number, first and last event time of each topic's documents.

    Examples
    --------
    >>> sightings = Sightings()
    >>> sightings.add(np.array([1, 1, -1]), np.array([30.0, 20.0, 10.0]), n_topics=2)
    >>> sightings.table[1].tolist()
    [2.0, 20.0, 30.0]

    """

    def __init__(self) -> None:
        self.table = np.zeros((0, 3))

    def add(self, labels: Labels, times: NDArray[np.float64], n_topics: int) -> None:
        """Note one batch.

        Parameters
        ----------
        labels
            Topic of each document; -1 is noted nowhere.
        times
            When each document came about, in seconds since 1970.
        n_topics
            Topics there are now, never fewer than before.

        """
        missing = n_topics - len(self.table)
        self.table = np.concatenate([self.table, np.tile([0.0, np.inf, -np.inf], (missing, 1))])
        kept = labels >= 0
        topics = labels[kept]
        self.table[:, 0] += np.bincount(topics, minlength=n_topics)
        np.minimum.at(self.table[:, 1], topics, times[kept])
        np.maximum.at(self.table[:, 2], topics, times[kept])
