"""Cumulative sums over many series at once, with one false-alarm rate for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.rows import take

_OVERSHOOT = 1.166  # by which a normal sum passes its threshold, twice over


def threshold_of(n_inputs: float, allowance: float) -> float:
    """Return the threshold that a one-sided cumulative sum passes once in `n_inputs` by chance.

    Parameters
    ----------
    n_inputs
        Inputs between two false alarms, each with mean 0 and variance 1 while nothing changes.
    allowance
        What is taken off each input, above 0.

    References
    ----------
    D. Siegmund (1985). Sequential Analysis, section 2.6.

    Examples
    --------
    >>> round(threshold_of(930.0, 0.5), 1)
    5.0

    """
    reach = 1.0
    for _ in range(20):
        reach = float(np.log(2.0 * allowance**2 * n_inputs + 1.0 + reach))
    return max(reach / (2.0 * allowance) - _OVERSHOOT, 0.1)


class Detectors:
    """Page's cumulative sum over each of many series of standardised inputs.

    A series whose inputs keep to one side of 0 by more than the allowance sums up until it passes
    the threshold. After an event, or a row's `restart`, both its sums begin at 0.

    Parameters
    ----------
    allowance
        What is taken off each input.
    n_rows
        Number of series (default 0).
    only_up
        Look for rises only (default False).

    References
    ----------
    E. S. Page (1954). Continuous Inspection Schemes. Biometrika 41, 100-115.

    Examples
    --------
    >>> detectors = Detectors(1.5, 2)
    >>> [detectors.feed(np.array([0.3, 3.5]), 3.0).tolist() for _ in range(2)]
    [[0.0, 0.0], [0.0, 4.0]]

    """

    def __init__(self, allowance: float, n_rows: int = 0, *, only_up: bool = False) -> None:
        self._allowance = allowance
        self._only_up = only_up
        self.up = np.zeros(n_rows)
        self.down = np.zeros(n_rows)

    def feed(self, values: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
        """Return each row's sum where it is an event, 0 elsewhere; NaN is no input."""
        known = np.isfinite(values)
        inputs = np.where(known, values, 0.0)
        spare = np.where(known, self._allowance, 0.0)
        self.up = np.maximum(self.up + inputs - spare, 0.0)
        if not self._only_up:
            self.down = np.maximum(self.down - inputs - spare, 0.0)
        sums = np.where(known, np.maximum(self.up, self.down), 0.0)
        scores = np.where(sums > threshold, sums, 0.0)
        self.restart(np.flatnonzero(scores))
        return scores

    def restart(self, rows: NDArray[np.int64]) -> None:
        """Forget what these rows were fed."""
        self.up[rows] = 0.0
        self.down[rows] = 0.0

    def align(self, where: NDArray[np.int64]) -> None:
        """Move the rows to `where` they were before, -1 for a new one."""
        self.up, self.down = take(self.up, where), take(self.down, where)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the whole state."""
        return {"up": self.up.copy(), "down": self.down.copy()}

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take on a state that `arrays` gave."""
        self.up = np.array(arrays["up"], dtype=np.float64)
        self.down = np.array(arrays["down"], dtype=np.float64)
