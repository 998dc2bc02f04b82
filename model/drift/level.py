"""Standardised levels: how far a mean lies from where it has been."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.drift.settings import DriftSettings
from topicstream.model.rows import take

_PRIOR = 10.0  # windows that the rows' common variance counts for beside a row's own
_MEDIAN = 0.7  # of a mean square of a few windows, where the mean is 1
_FIELDS = ("total", "mass", "windows", "squares", "degrees")


class Levels:
    """Reference means of many rows, with the variance of one unit behind them.

    Parameters
    ----------
    settings
        Grace and half-life.
    n_rows
        Number of rows (default 0).
    floor
        Variance of one unit, at least (default 1e-6).

    """

    def __init__(self, settings: DriftSettings, n_rows: int = 0, *, floor: float = 1e-6) -> None:
        self._settings = settings
        self._floor = floor
        self.total = np.zeros(n_rows)
        self.mass = np.zeros(n_rows)
        self.windows = np.zeros(n_rows)
        self.squares = np.zeros(n_rows)
        self.degrees = np.zeros(n_rows)

    def update(self, means: NDArray[np.float64], units: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each row's surprise in standard deviations, NaN in its grace, and learn.

        Parameters
        ----------
        means : ndarray of shape (k,)
            Mean of the window by row; NaN is no news.
        units : ndarray of shape (k,)
            What the mean was taken over; its variance falls with it.

        """
        seen = np.isfinite(means) & (units > 0)
        units = np.where(seen, units, 1.0)
        old = self.total / np.maximum(self.mass, 1e-300)
        variance = self._variance()
        noise = 1.0 / units + 1.0 / np.maximum(self.mass, 1e-300)
        gap = np.where(seen & (self.windows > 0), means - old, 0.0)
        ready = seen & (self.windows >= self._settings.grace)
        z = np.where(ready, gap / np.sqrt(variance * noise), np.nan)
        self._learn_variance(seen, gap**2 / noise, np.where(ready, 16.0 * variance, np.inf))
        reach = np.where(ready, 3.0 * np.sqrt(variance * noise), np.inf)
        calm = np.where(self.windows > 0, old + np.clip(gap, -reach, reach), means)
        self._learn_mean(seen, calm, units)
        return z

    def restart(self, rows: NDArray[np.int64]) -> None:
        """Forget the means of these rows; how much they scatter is kept."""
        for field in (self.total, self.mass, self.windows):
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

    def _variance(self) -> NDArray[np.float64]:
        known = self.degrees > 0
        each = self.squares[known] / self.degrees[known]
        # Of what most rows are like: a few that are all bursts must not hide changes of the others.
        common = float(np.median(each)) / _MEDIAN if len(each) else 0.0
        own = (self.squares + _PRIOR * common) / (self.degrees + _PRIOR)
        return np.maximum(own, self._floor)

    def _learn_variance(
        self,
        seen: NDArray[np.bool_],
        squares: NDArray[np.float64],
        most: NDArray[np.float64],
    ) -> None:
        new = seen & (self.windows > 0)
        fade = np.where(new, self._settings.decay, 1.0)
        self.squares = fade * self.squares + np.where(new, np.minimum(squares, most), 0.0)
        self.degrees = fade * self.degrees + new

    def _learn_mean(
        self, seen: NDArray[np.bool_], means: NDArray[np.float64], units: NDArray[np.float64]
    ) -> None:
        fade = np.where(seen, self._settings.decay, 1.0)
        self.total = fade * self.total + np.where(seen, means * units, 0.0)
        self.mass = fade * self.mass + np.where(seen, units, 0.0)
        self.windows += seen
