"""A reducer that puts a document between its nearest neighbours."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_SAME = 1e-6
"""Distance up to which a document is one that was there already."""


class NeighbourPlaces:
    """Place new vectors where their nearest neighbours lie in a reduction that is known.

    UMAP begins in a like way, and then moves points a little. A vector that is known gets its own
    place.

    Attributes
    ----------
    vectors : ndarray of shape (n, d)
        The vectors that were reduced.
    places : ndarray of shape (n, n_components)
        Where they lie.
    n_neighbors : int
        How many neighbours a place is made of, 15 by default.
    metric : str
        ``"cosine"`` (default) or ``"euclidean"``.

    Examples
    --------
    >>> reducer = NeighbourPlaces().fit([[1.0, 0.0], [0.0, 1.0]], places=[[5.0], [9.0]])
    >>> reducer.transform(np.array([[0.0, 2.0]])).tolist()
    [[9.0]]

    """

    def __init__(self) -> None:
        self.n_neighbors = 15
        self.metric = "cosine"

    def fit(self, X: Any, y: object = None, *, places: Any = None) -> Self:  # noqa: ANN401, ARG002  # as scikit-learn has it
        """Keep vectors and their places.

        Parameters
        ----------
        X
            Shape (n, d).
        y
            Not used.
        places
            Shape (n, n_components); it reduces nothing by itself, so they must be given.

        Returns
        -------
        NeighbourPlaces
            This object.

        Raises
        ------
        ValueError
            `places` is missing.

        """
        if places is None:
            message = (
                "NeighbourPlaces only repeats a reduction that is known: a model that was loaded "
                "needs a umap_model of its own before it is fitted again"
            )
            raise ValueError(message)
        self.vectors, self.places = np.array(X), np.array(places)
        return self

    def transform(self, X: Any) -> NDArray[Any]:  # noqa: ANN401  # dense or sparse
        """Return the places of vectors.

        Parameters
        ----------
        X
            Shape (n, d).

        Returns
        -------
        ndarray of shape (n, n_components)
            The median of the neighbours' places: a mean would lie between two clusters, where there
            is nothing.

        """
        from sklearn.neighbors import NearestNeighbors

        asked = min(self.n_neighbors, len(self.vectors))
        index = NearestNeighbors(n_neighbors=asked, metric=self.metric).fit(self.vectors)
        distances, rows = index.kneighbors(X)
        known = distances[:, 0] <= _SAME
        placed: NDArray[Any] = np.median(self.places[rows], axis=1)
        placed[known] = self.places[rows[known, 0]]
        return placed
