"""Tells when a topic keeps its place but changes its words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import xlogy

from topicstream.model import rows
from topicstream.model.drift.level import Levels
from topicstream.model.drift.settings import DriftSettings

_FLOOR = 0.1  # chance alone gives 2/9 to the cube root of a chi-square over its freedom

# Up to three deviations stationary newsgroups are as a normal distribution has it.
_BEND, _SCALE = 3.0, 0.8


@dataclass(frozen=True, slots=True)
class Comparison:
    """A window's words beside the reference that they were measured against.

    Parameters
    ----------
    z : ndarray of shape (k,)
        Surprise by row in standard deviations, NaN where too little was said.
    divergence : ndarray of shape (k,)
        Jensen-Shannon divergence in nats, NaN where too little was said.
    window : csr_array of shape (k, n_terms)
        Words since the topic was last compared, those of this window among them.
    reference : csr_array of shape (k, n_terms)
        Words before.

    """

    z: NDArray[np.float64]
    divergence: NDArray[np.float64]
    window: csr_array
    reference: csr_array


def lookup(array: csr_array, pattern: csr_array) -> NDArray[np.float64]:
    """Return the counts in `array` at the places that `pattern` stores; both sorted."""
    width = max(array.shape[1], pattern.shape[1])
    have = rows.row_numbers(array) * width + array.indices
    want = rows.row_numbers(pattern) * width + pattern.indices
    if len(have) == 0:
        return np.zeros(len(want))
    spot = np.minimum(np.searchsorted(have, want), len(have) - 1)
    return np.where(have[spot] == want, array.data[spot], 0.0)


def jensen_shannon(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each cell's part of the Jensen-Shannon divergence, in nats.

    References
    ----------
    J. Lin (1991). Divergence measures based on the Shannon entropy. IEEE Trans. Inf. Theory 37(1).

    Examples
    --------
    >>> jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])).sum().round(4)
    np.float64(0.6931)

    """
    middle = np.maximum((p + q) / 2.0, 1e-300)
    parts = (xlogy(p, p / middle) + xlogy(q, q / middle)) / 2.0
    return np.asarray(parts, dtype=np.float64)


def _damped(counts: csr_array) -> csr_array:
    """Return the square roots: one document that says a word fifty times is still one."""
    roots = np.sqrt(counts.data)
    return rows.csr(roots, counts.indices, counts.indptr, counts.shape[1])


def _calm(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring in the long upper tail that real texts have, which quote and repeat one another."""
    beyond = np.maximum(z - _BEND, 0.0)
    return np.where(z > _BEND, _BEND + _SCALE * np.log1p(beyond), z)


class Words:
    """Reference words of each topic and what their divergence is by chance alone.

    Two samples of n and N words of one topic with s + 1 cells diverge by about
    s (1/n + 1/N) / 8 nats. Real documents repeat their words, so they diverge by more; how much
    more is learnt per topic, as the level of the ratio's cube root, which is close to normal.
    Words too rare to be expected once in the window share a cell.

    Parameters
    ----------
    settings
        Grace, half-life, tokens needed and words remembered.
    n_rows
        Number of topics (default 0).

    References
    ----------
    I. Grosse et al. (2002). Analysis of symbolic sequences using the Jensen-Shannon divergence.
    Phys. Rev. E 65, 041905.

    """

    def __init__(self, settings: DriftSettings, n_rows: int = 0) -> None:
        self._settings = settings
        # The first window is all reference, so that there is one divergence less to learn from.
        calm = replace(settings, grace=max(settings.grace - 1, 2))
        self.levels = Levels(calm, n_rows, floor=_FLOOR)
        self.pending = rows.empty(n_rows, 0)
        self.reference = rows.empty(n_rows, 0)
        self.totals = np.zeros(n_rows)
        self.windows = np.zeros(n_rows)

    def update(self, counts: csr_array) -> Comparison:
        """Compare the topics that have said enough with their reference, and learn.

        Parameters
        ----------
        counts : csr_array of shape (k, n_terms)
            Words of the window, sorted by column.

        """
        held = rows.add(self.pending, counts)
        said = rows.row_sums(held)
        ready = said >= self._settings.min_tokens
        due = ready[rows.row_numbers(held)]
        damped = _damped(held)
        window, self.pending = rows.pick(damped, due), rows.pick(held, ~due)
        reference, said = self.reference, np.where(ready, rows.row_sums(damped), 0.0)
        divergence, freedom, chance = self._diverge(window, said)
        ratio = np.cbrt(divergence / np.maximum(chance, 1e-300))
        z = _calm(self.levels.update(ratio, freedom))
        self._learn(window, said)
        return Comparison(z, divergence, damped, reference)

    def restart(self, topics: NDArray[np.int64], begun: csr_array) -> None:
        """Forget the words of these rows for those of `begun`; how much they scatter is kept."""
        if len(topics) == 0:
            return
        gone = np.isin(rows.row_numbers(self.reference), topics)
        new = rows.pick(begun, np.isin(rows.row_numbers(begun), topics))
        self.reference = rows.add(rows.pick(self.reference, ~gone), new)
        self.totals[topics] = rows.row_sums(new)[topics]
        self.windows[topics] = 0.0
        # A reference of one window is further from the next than one of many.
        self.levels.restart(topics)

    def align(self, where: NDArray[np.int64]) -> None:
        """Move the rows to `where` they were before, -1 for a new one."""
        self.levels.align(where)
        self.pending = rows.take_rows(self.pending, where)
        self.reference = rows.take_rows(self.reference, where)
        self.totals, self.windows = rows.take(self.totals, where), rows.take(self.windows, where)

    def keep_terms(self, columns: NDArray[np.int64]) -> None:
        """Move the columns; a word that is gone is one of the rest from now on."""
        self.pending = rows.take_columns(self.pending, columns)
        self.reference = rows.take_columns(self.reference, columns)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the whole state."""
        return {
            **{f"levels.{name}": value for name, value in self.levels.arrays().items()},
            **rows.csr_arrays("pending", self.pending),
            **rows.csr_arrays("reference", self.reference),
            "totals": self.totals.copy(),
            "windows": self.windows.copy(),
        }

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take on a state that `arrays` gave."""
        self.levels.load(rows.under("levels", arrays))
        self.pending = rows.csr_from("pending", arrays)
        self.reference = rows.csr_from("reference", arrays)
        self.totals = np.array(arrays["totals"], dtype=np.float64)
        self.windows = np.array(arrays["windows"], dtype=np.float64)

    def _diverge(
        self, window: csr_array, said: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        known = rows.row_numbers(self.reference)
        q = self.reference.data / np.maximum(self.totals, 1e-300)[known]
        cells = rows.pick(self.reference, q * said[known] >= 1.0)
        cell = rows.row_numbers(cells)
        q = cells.data / np.maximum(self.totals, 1e-300)[cell]
        p = lookup(window, cells) / np.maximum(said, 1.0)[cell]
        rest_p = np.maximum(1.0 - rows.row_sums(cells, p), 0.0)
        rest_q = np.maximum(1.0 - rows.row_sums(cells, q), 0.0)
        total = rows.row_sums(cells, jensen_shannon(p, q)) + jensen_shannon(rest_p, rest_q)
        freedom = np.diff(cells.indptr).astype(np.float64)
        use = (said > 0) & (self.windows >= 1) & (freedom >= 1)
        noise = 1.0 / np.maximum(said, 1.0) + 1.0 / np.maximum(self.totals, 1.0)
        return np.where(use, total, np.nan), freedom, freedom * noise / 8.0

    def _learn(self, window: csr_array, said: NDArray[np.float64]) -> None:
        fade = np.where(said > 0, self._settings.decay, 1.0)
        data = self.reference.data * fade[rows.row_numbers(self.reference)]
        old = rows.csr(data, self.reference.indices, self.reference.indptr, self.reference.shape[1])
        self.reference = self._prune(rows.add(old, window))
        self.totals = fade * self.totals + said
        self.windows += said > 0

    def _prune(self, counts: csr_array) -> csr_array:
        most = self._settings.top_terms
        keep = np.ones(counts.nnz, dtype=np.bool_)
        for row in np.flatnonzero(np.diff(counts.indptr) > 2 * most).tolist():
            start, stop = counts.indptr[row], counts.indptr[row + 1]
            order = np.argpartition(-counts.data[start:stop], most - 1)
            keep[start + order[most:]] = False
        return counts if keep.all() else rows.pick(counts, keep)
