"""A clusterer that asks the nearest documents whose topics are known."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray


class NearestDocuments:
    """Give a document the label that most of its nearest neighbours have, -1 included.

    Stands in for a clusterer that cannot be stored or cannot predict. It finds no clusters by
    itself: labels are given to `fit`.

    Parameters
    ----------
    n_neighbors
        How many are asked, 15 by default.

    Attributes
    ----------
    labels_ : ndarray of shape (n,)
        The labels that were given.

    Examples
    --------
    >>> clusterer = NearestDocuments(n_neighbors=1).fit([[0.0], [9.0]], y=[0, 4])
    >>> clusterer.predict([[8.0], [1.0]]).tolist()
    [4, 0]

    """

    labels_: Any

    def __init__(self, n_neighbors: int = 15) -> None:
        self.n_neighbors = n_neighbors

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002, FBT001, FBT002  # as scikit-learn has it
        """Return the arguments of the constructor."""
        return {"n_neighbors": self.n_neighbors}

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Keep vectors and labels.

        Parameters
        ----------
        X
            Shape (n, d).
        y
            The label of each; None (default) leaves none.

        Returns
        -------
        NearestDocuments
            This object.

        """
        self.vectors = np.array(X)
        self.labels_ = None if y is None else np.array(y, dtype=np.int64)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return a label for each vector; of two with equal votes, the smaller.

        Parameters
        ----------
        X
            Shape (n, d).

        Returns
        -------
        ndarray of shape (n,)
            Of those that `fit` was given.

        """
        from sklearn.neighbors import KNeighborsClassifier

        asked = min(self.n_neighbors, len(self.vectors))
        voters = KNeighborsClassifier(asked, weights="distance").fit(self.vectors, self.labels_)
        return np.asarray(voters.predict(np.asarray(X)), dtype=np.int64)
