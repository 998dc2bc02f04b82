"""Standardised shares: how surprising a count is, given what its share has been."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from topicstream.model.drift.rows import take
from topicstream.model.drift.settings import DriftSettings

_PRIOR = 10.0  # windows that the rows' common overdispersion counts for beside a row's own
_FIELDS = ("successes", "trials", "windows", "excess", "weight")


def deviance_root(
    counts: NDArray[np.float64], n_documents: int, shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the signed root of the binomial deviance of counts, about N(0, 1) by chance alone.

    Unlike (count - n p) / sd it stays close to normal where only a document or two is expected.

    Parameters
    ----------
    counts : ndarray of shape (k,)
        Documents seen.
    n_documents
        Documents in all.
    shares : ndarray of shape (k,)
        Shares expected, above 0 and below 1.

    References
    ----------
    P. McCullagh, J. A. Nelder (1989). Generalized Linear Models, 2nd ed., section 2.4.

    Examples
    --------
    >>> deviance_root(np.array([50.0, 150.0]), 1000, np.array([0.05, 0.05])).round(1).tolist()
    [0.0, 11.9]

    """
    expected = n_documents * shares
    rest, rest_expected = n_documents - counts, n_documents - expected
    deviance = 2.0 * (xlogy(counts, counts / expected) + xlogy(rest, rest / rest_expected))
    root: NDArray[np.float64] = np.sign(counts - expected) * np.sqrt(np.maximum(deviance, 0.0))
    return root


class Shares:
    """Reference shares of many rows, with the overdispersion that the feed shows.

    A window of n documents has variance p (1 - p) (1 + (n - 1) r) / n, with r learnt per row and
    drawn towards what all rows have in common, so that windows of any size are on one scale.

    Parameters
    ----------
    settings
        Grace and half-life.
    n_rows
        Number of rows (default 0).

    """

    def __init__(self, settings: DriftSettings, n_rows: int = 0) -> None:
        self._settings = settings
        self.successes = np.zeros(n_rows)
        self.trials = np.zeros(n_rows)
        self.windows = np.zeros(n_rows)
        self.excess = np.zeros(n_rows)
        self.weight = np.zeros(n_rows)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Return the reference share of each row, never quite 0 or 1."""
        shares: NDArray[np.float64] = (self.successes + 0.5) / (self.trials + 1.0)
        return shares

    def update(self, counts: NDArray[np.float64], n_documents: int) -> NDArray[np.float64]:
        """Return each row's surprise in standard deviations, NaN in its grace, and learn.

        Parameters
        ----------
        counts : ndarray of shape (k,)
            Documents of the window by row.
        n_documents
            Documents of the window.

        """
        shares = self.shares
        root = deviance_root(counts, n_documents, shares)
        root /= np.sqrt(1.0 + n_documents / np.maximum(self.trials, 1.0))
        spread = np.sqrt(1.0 + (n_documents - 1) * self._correlation())
        z = np.where(self.windows >= self._settings.grace, root / spread, np.nan)
        self._learn_excess(root, spread, n_documents, shares)
        self._learn_share(z, spread, counts, n_documents)
        return z

    def restart(self, rows: NDArray[np.int64], after: NDArray[np.float64]) -> None:
        """Forget the shares of `rows`, now `after`, and let the other rows share what is left.

        Parameters
        ----------
        rows
            Rows that changed.
        after : ndarray of shape (k,)
            Share of every row in the window that told so.

        """
        left = max(1.0 - float(after[rows].sum()), 0.01)
        left_before = max(1.0 - float(self.shares[rows].sum()), 0.01)
        self.successes = np.minimum(self.successes * (left / left_before), self.trials)
        for field in (self.successes, self.trials, self.windows):
            field[rows] = 0.0

    def align(self, where: NDArray[np.int64]) -> None:
        """Move the rows to `where` they were before, -1 for a new one."""
        for name in _FIELDS:
            setattr(self, name, take(getattr(self, name), where))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the whole state."""
        return {name: getattr(self, name).copy() for name in _FIELDS}

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take on a state that `arrays` gave."""
        for name in _FIELDS:
            setattr(self, name, np.array(arrays[name], dtype=np.float64))

    def _correlation(self) -> NDArray[np.float64]:
        common = float(self.excess.sum()) / max(float(self.weight.sum()), 1.0)
        own = (self.excess + _PRIOR * max(common, 0.0)) / (self.weight + _PRIOR)
        return np.clip(own, 0.0, 1.0)

    def _learn_excess(
        self,
        root: NDArray[np.float64],
        spread: NDArray[np.float64],
        n_documents: int,
        shares: NDArray[np.float64],
    ) -> None:
        expected = n_documents * shares
        # A row where hardly a document is expected says little about the spread.
        weight = np.where(self.windows > 0, expected / (1.0 + expected), 0.0)
        square = np.minimum(root**2, 16.0 * spread**2)
        excess = (square - 1.0) / max(n_documents - 1, 1)
        self.excess = self._settings.decay * self.excess + weight * excess
        self.weight = self._settings.decay * self.weight + weight

    def _learn_share(
        self,
        z: NDArray[np.float64],
        spread: NDArray[np.float64],
        counts: NDArray[np.float64],
        n_documents: int,
    ) -> None:
        # Beyond three deviations a window moves its reference no further.
        reach = 3.0 * spread * np.sqrt(n_documents * self.shares * (1.0 - self.shares)) + 1.0
        expected = n_documents * self.shares
        calm = np.clip(counts, np.maximum(expected - reach, 0.0), expected + reach)
        learnt = np.where(np.isnan(z), counts, calm)
        self.successes = self._settings.decay * self.successes + learnt
        self.trials = self._settings.decay * self.trials + n_documents
        self.windows += 1.0
