"""A clusterer that learns documents one by one, such as those of river, in BERTopic's batches."""

from __future__ import annotations

from collections import Counter
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

_OUTLIER = -1


class OneByOneClusterer:
    """Give a clusterer with `learn_one` and `predict_one` what BERTopic calls.

    Some such clusterers number their clusters anew as they learn. With a `radius`, clusters are
    told by where they lie: one that is found near an old one keeps the old one's label.

    Parameters
    ----------
    model
        A clusterer of river, or anything with `learn_one` and `predict_one` for dicts.
    radius
        Distance of two means up to which clusters of different batches are the same; None
        (default) takes the clusterer's labels as they are.

    Attributes
    ----------
    labels_ : list of int
        Label of each document of the last batch; -1 where the clusterer had none.

    References
    ----------
    J. Montiel et al. River: machine learning for streaming data in Python (2021), JMLR 22(110).

    Examples
    --------
    >>> from river.cluster import KMeans
    >>> clusterer = OneByOneClusterer(KMeans(n_clusters=2, halflife=0.5, sigma=1, seed=1))
    >>> len(clusterer.partial_fit([[0.0], [0.1], [9.0]]).labels_)
    3

    """

    labels_: list[int]

    def __init__(self, model: Any, radius: float | None = None) -> None:  # noqa: ANN401  # river's
        self.model = model
        self.radius = radius
        self._known: dict[int, tuple[NDArray[np.float64], int]] = {}
        self._label_of: dict[int, int] = {}

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002  # as scikit-learn has it
        """Learn a batch, and label it.

        Parameters
        ----------
        X
            Vectors, (n, n_dimensions).
        y
            Not used.

        Returns
        -------
        OneByOneClusterer
            This clusterer.

        """
        rows = np.asarray(X, dtype=np.float64)
        for row in rows:
            self.model.learn_one(_features(row))
        found = self._found(rows)
        if self.radius is not None:
            self._recognise(rows, np.array(found), self.radius)
        self.labels_ = self._relabelled(found)
        return self

    def predict(self, X: ArrayLike) -> list[int]:
        """Return the label of each vector, -1 for none, learning nothing.

        Parameters
        ----------
        X
            Vectors, (n, n_dimensions).

        """
        return self._relabelled(self._found(np.asarray(X, dtype=np.float64)))

    def _found(self, rows: NDArray[np.float64]) -> list[int]:
        found = [self.model.predict_one(_features(row)) for row in rows]
        return [_OUTLIER if label is None else int(label) for label in found]

    def _relabelled(self, found: list[int]) -> list[int]:
        if self.radius is None:
            return found
        return [self._label_of.get(label, _OUTLIER) for label in found]

    def _recognise(
        self, rows: NDArray[np.float64], found: NDArray[np.int64], radius: float
    ) -> None:
        """Give each cluster of a batch its label: the largest first, each label once."""
        self._label_of = {}
        for own, count in Counter(label for label in found.tolist() if label >= 0).most_common():
            mean = rows[found == own].mean(axis=0)
            label = self._nearest(mean, radius)
            self._label_of[own] = label
            old, weight = self._known.get(label, (mean, 0))
            total = weight + count
            self._known[label] = ((old * weight + mean * count) / total, total)

    def _nearest(self, mean: NDArray[np.float64], radius: float) -> int:
        taken = set(self._label_of.values())
        free = [label for label in self._known if label not in taken]
        distances = [float(np.linalg.norm(self._known[label][0] - mean)) for label in free]
        if free and min(distances) <= radius:
            return free[int(np.argmin(distances))]
        return len(self._known)


def _features(row: NDArray[np.float64]) -> dict[int, float]:
    return dict(enumerate(row.tolist()))
