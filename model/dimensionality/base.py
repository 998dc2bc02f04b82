"""The reducer that reduces nothing."""

from __future__ import annotations

from typing import Any, Self


class BaseDimensionalityReduction:
    """Leave embeddings as they are: the place of a reducer where none is wanted.

    Examples
    --------
    >>> BaseDimensionalityReduction().fit([[0.1, 0.9]]).transform([[0.1, 0.9]])
    [[0.1, 0.9]]

    """

    def fit(self, X: Any = None, y: Any = None) -> Self:  # noqa: ANN401, ARG002  # as scikit-learn has it
        """Learn nothing.

        Parameters
        ----------
        X
            Not used.
        y
            Not used.

        Returns
        -------
        BaseDimensionalityReduction
            This object.

        """
        return self

    def transform(self, X: Any) -> Any:  # noqa: ANN401  # whatever came in
        """Return `X` as it is."""
        return X
