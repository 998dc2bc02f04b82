"""The clusterer that clusters nothing."""

from __future__ import annotations

from typing import Any, Self


class BaseCluster:
    """Take the labels that are given: the place of a clusterer where topics are known.

    A BERTopic model whose clusterer is exactly this class predicts by the nearest topic embedding.

    Examples
    --------
    >>> BaseCluster().fit([[0.1], [0.9]], y=[0, 1]).labels_
    [0, 1]

    """

    labels_: Any

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ANN401, ARG002  # as scikit-learn has it
        """Keep `y` as the labels.

        Parameters
        ----------
        X
            Not used.
        y
            Label of each document, -1 for none; None by default.

        Returns
        -------
        BaseCluster
            This object.

        """
        self.labels_ = y
        return self

    def transform(self, X: Any) -> Any:  # noqa: ANN401  # whatever came in
        """Return `X` as it is."""
        return X
