"""Standardised shares: how surprising a count is, given what its share has been."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from topicstream.model.drift.settings import DriftSettings
from topicstream.model.rows import take

_PRIOR = 10.0  # windows that the rows' common overdispersion counts for beside a row's own
_LAG = 6  # windows that wait; a change that takes longer to show begins to hide itself
SPANS = (1, 2, 4)  # windows that are looked at together: a sudden change, and a gradual one
_FIELDS = (
    *("successes", "trials", "windows", "excess", "weight"),
    *("waiting", "sizes", "last", "last_size", "begun"),
)


Array = NDArray[np.float64]


def deviance_root(counts: Array, n_documents: Array, shares: Array) -> Array:
    """Return the signed root of the binomial deviance of counts, about N(0, 1) by chance alone.

    Unlike (count - n p) / sd it stays close to normal where only a document or two is expected.

    Parameters
    ----------
    counts : ndarray of shape (k,)
        Documents seen.
    n_documents : ndarray of shape (k,)
        Documents in all.
    shares : ndarray of shape (k,)
        Shares expected, above 0 and below 1.

    References
    ----------
    P. McCullagh, J. A. Nelder (1989). Generalized Linear Models, 2nd ed., section 2.4.

    Examples
    --------
    >>> deviance_root(np.array([50.0]), np.array([1000.0]), np.array([0.1])).round(1)
    array([-5.8])

    """
    expected = n_documents * shares
    rest, rest_expected = n_documents - counts, n_documents - expected
    deviance = 2.0 * (xlogy(counts, counts / expected) + xlogy(rest, rest / rest_expected))
    root: Array = np.sign(counts - expected) * np.sqrt(np.maximum(deviance, 0.0))
    return root


def neighbour_step(
    counts: Array, sizes: Array, before: Array, before_sizes: Array
) -> tuple[Array, Array]:
    """Return the squared step between two windows, 1 on average by chance, and its size.

    The size is the harmonic mean of both, 0 where a row had no document in either.

    """
    total, both = counts + before, sizes + before_sizes
    share = total / np.maximum(both, 1.0)
    known = (before_sizes > 0) & (sizes > 0) & (share > 0) & (share < 1)
    size = np.where(known, 2.0 * sizes * before_sizes / np.maximum(both, 1.0), 0.0)
    gap = counts / np.maximum(sizes, 1.0) - before / np.maximum(before_sizes, 1.0)
    variance = np.where(known, 2.0 * share * (1.0 - share) / np.maximum(size, 1e-300), 1.0)
    return np.where(known, gap**2 / variance, 0.0), size


class Shares:
    """Reference shares of many rows, with the overdispersion that the feed shows.

    A window of n documents has variance p (1 - p) (1 + (n - 1) r) / n, with r learnt per row and
    drawn towards what all rows have in common, so that windows of any size are on one scale.

    The newest window, the newest two and the newest four are each held against the reference, so
    that a change that grows is seen as well as a sudden one. How far off the reference itself may
    be counts too, so the surprise is standard normal by chance from the first window on.

    Past its grace a row learns from a window only six windows later. A rise that grows over a few
    windows would otherwise move the reference and widen the spread that it is measured by.

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
        self.waiting = np.zeros((n_rows, _LAG))
        self.sizes = np.zeros((n_rows, _LAG))  # 0 where nothing waits
        self.last = np.zeros(n_rows)  # the window learnt before
        self.last_size = np.zeros(n_rows)
        self.begun = np.zeros(n_rows)  # the share to begin with, worth one document

    @property
    def shares(self) -> Array:
        """Return the reference share of each row, never quite 0 or 1."""
        begun = np.where(self.begun > 0, self.begun, 0.5)
        return np.asarray((self.successes + begun) / (self.trials + 1.0))

    def update(self, counts: Array, n_documents: int) -> Array:
        """Return each row's surprise over each span in standard deviations, and learn.

        Parameters
        ----------
        counts : ndarray of shape (k,)
            Documents of the window by row.
        n_documents
            Documents of the window.

        Returns
        -------
        ndarray of shape (len(SPANS), k)
            NaN where a row is in its grace, or was within the span.

        """
        sizes = np.full(len(counts), float(n_documents))
        ready = self.windows >= self._settings.grace
        spread = self._spread(sizes)
        z = [self._surprise(*self._newest(counts, sizes, span), spread) for span in SPANS]
        self._learn(*self._next(counts, sizes, ready=ready), ready=ready)
        return np.where(ready, np.array(z), np.nan)

    def restart(self, rows: NDArray[np.int64], after: Array) -> None:
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
        for field in (self.successes, self.trials, self.windows, self.sizes, self.last_size):
            field[rows] = 0.0
        self.begun[rows] = np.clip(after[rows], 1e-3, 0.5)

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

    def _correlation(self) -> Array:
        common = float(self.excess.sum()) / max(float(self.weight.sum()), 1.0)
        own = (self.excess + _PRIOR * max(common, 0.0)) / (self.weight + _PRIOR)
        return np.clip(own, 0.0, 1.0)

    def _spread(self, sizes: Array) -> Array:
        return np.sqrt(1.0 + np.maximum(sizes - 1.0, 0.0) * self._correlation())

    def _newest(self, counts: Array, sizes: Array, span: int) -> tuple[Array, Array]:
        """Return counts and sizes of the newest windows together; NaN where one is not known."""
        if span == 1:
            return counts, sizes
        past, past_sizes = self.waiting[:, 1 - span :], self.sizes[:, 1 - span :]
        known = np.where((past_sizes > 0).all(axis=1), 0.0, np.nan)
        return counts + past.sum(axis=1) + known, sizes + past_sizes.sum(axis=1)

    def _surprise(self, counts: Array, sizes: Array, spread: Array) -> Array:
        root = deviance_root(counts, sizes, self.shares)
        return root / (np.sqrt(1.0 + sizes / np.maximum(self.trials, 1.0)) * spread)

    def _next(
        self, counts: Array, sizes: Array, *, ready: NDArray[np.bool_]
    ) -> tuple[Array, Array]:
        """Let this window wait, and return the one to learn from: a row in its grace can't wait."""
        oldest, oldest_size = self.waiting[:, 0], self.sizes[:, 0]
        self.waiting = np.column_stack([self.waiting[:, 1:], counts])
        self.sizes = np.column_stack([self.sizes[:, 1:], np.where(ready, sizes, 0.0)])
        return np.where(ready, oldest, counts), np.where(ready, oldest_size, sizes)

    def _learn(self, counts: Array, sizes: Array, *, ready: NDArray[np.bool_]) -> None:
        known = sizes > 0
        counts, sizes = np.where(known, counts, 0.0), np.where(known, sizes, 1.0)
        spread, shares = self._spread(sizes), self.shares
        expected = sizes * shares
        self._learn_spread(counts, sizes, np.where(known, expected, 0.0))
        # Beyond three deviations a window moves its reference no further.
        reach = 3.0 * spread * np.sqrt(expected * (1.0 - shares)) + 1.0
        calm = np.clip(counts, np.maximum(expected - reach, 0.0), expected + reach)
        learnt = np.where(ready, calm, counts)
        fade = np.where(known, self._settings.decay, 1.0)
        self.successes = fade * self.successes + np.where(known, learnt, 0.0)
        self.trials = fade * self.trials + np.where(known, sizes, 0.0)
        self.windows += known

    def _learn_spread(self, counts: Array, sizes: Array, expected: Array) -> None:
        """Learn from the step between neighbours, which a slow change of the share hardly moves."""
        step, both = neighbour_step(counts, sizes, self.last, self.last_size)
        most = 16.0 * (1.0 + np.maximum(both - 1.0, 0.0) * self._correlation())
        # A row where hardly a document is expected says little about the spread.
        weight = np.where(both > 0, expected / (1.0 + expected), 0.0)
        excess = (np.minimum(step, most) - 1.0) / np.maximum(both - 1.0, 1.0)
        fade = np.where(weight > 0, self._settings.decay, 1.0)
        self.excess = fade * self.excess + weight * excess
        self.weight = fade * self.weight + weight
        known = expected > 0
        self.last = np.where(known, counts, self.last)
        self.last_size = np.where(known, sizes, self.last_size)
