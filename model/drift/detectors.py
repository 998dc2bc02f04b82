"""One Page-Hinkley detector per row, whose state is an array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from river.drift import PageHinkley

from topicstream.model.drift.rows import take
from topicstream.model.drift.settings import DriftSettings


def page_hinkley(inputs: NDArray[np.float64], allowance: float, *, only_up: bool = False) -> float:
    """Return the statistic that river's PageHinkley compares with its threshold.

    Parameters
    ----------
    inputs : ndarray of shape (n,)
        What the detector was fed, oldest first.
    allowance
        Deviation per input that is forgiven.
    only_up
        Look at rises only (default False).

    References
    ----------
    E. S. Page (1954). Continuous Inspection Schemes. Biometrika 41, 100-115.

    Examples
    --------
    >>> page_hinkley(np.array([0.0, 0.0, 0.0, 8.0]), 1.5)
    4.5

    """
    deviation = inputs - np.cumsum(inputs) / np.arange(1, len(inputs) + 1)
    rise = np.cumsum(deviation - allowance)
    fall = np.cumsum(deviation + allowance)
    up = float(rise[-1] - rise.min())
    # river starts its maximum at -1, not at minus infinity.
    down = float(max(fall.max(), -1.0) - fall[-1])
    return up if only_up else max(up, down)


class Detectors:
    """Page-Hinkley over each of many series.

    river's detectors keep their state to themselves. So the inputs are what is kept: a detector
    always equals a new one fed with its row of `inputs`, live or restored. A full row is cut to its
    newest half, and its detector built anew, at the same input in both lives.

    Parameters
    ----------
    settings
        Allowance, threshold and memory.
    n_rows
        Number of series (default 0).
    only_up
        Look for rises only (default False).

    """

    def __init__(self, settings: DriftSettings, n_rows: int = 0, *, only_up: bool = False) -> None:
        self._settings = settings
        self._only_up = only_up
        self.inputs = np.zeros((n_rows, 2 * settings.memory))
        self.lengths = np.zeros(n_rows, dtype=np.int64)
        self._live: list[Any] = [self._build(row) for row in range(n_rows)]

    def feed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each row's score where it is an event, 0 elsewhere; NaN is no input."""
        scores = np.zeros(len(values))
        for row in np.flatnonzero(np.isfinite(values)).tolist():
            scores[row] = self._feed_one(row, float(values[row]))
        return scores

    def restart(self, rows: NDArray[np.int64]) -> None:
        """Forget what these rows were fed."""
        for row in rows.tolist():
            self.inputs[row] = 0.0
            self.lengths[row] = 0
            self._live[row] = self._build(row)

    def align(self, where: NDArray[np.int64]) -> None:
        """Move the rows to `where` they were before, -1 for a new one."""
        self.inputs, self.lengths = take(self.inputs, where), take(self.lengths, where)
        self._live = [
            self._live[old] if old >= 0 else self._build(row)
            for row, old in enumerate(where.tolist())
        ]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the whole state."""
        return {"inputs": self.inputs.copy(), "lengths": self.lengths.copy()}

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take on a state that `arrays` gave."""
        self.inputs = np.array(arrays["inputs"], dtype=np.float64)
        self.lengths = np.array(arrays["lengths"], dtype=np.int64)
        self._live = [self._build(row) for row in range(len(self.lengths))]

    def _feed_one(self, row: int, value: float) -> float:
        detector = self._live[row]
        detector.update(value)
        self.inputs[row, self.lengths[row]] = value
        self.lengths[row] += 1
        if detector.drift_detected:
            return self._fire(row)
        if self.lengths[row] == self.inputs.shape[1]:
            self._shorten(row)
        return 0.0

    def _fire(self, row: int) -> float:
        fed = self.inputs[row, : self.lengths[row]]
        score = page_hinkley(fed, self._settings.allowance, only_up=self._only_up)
        self.restart(np.array([row]))
        return score

    def _shorten(self, row: int) -> None:
        half = self._settings.memory
        self.inputs[row, :half] = self.inputs[row, half:].copy()
        self.inputs[row, half:] = 0.0
        self.lengths[row] = half
        self._live[row] = self._build(row)

    def _build(self, row: int) -> Any:  # noqa: ANN401  river is untyped
        detector: Any = PageHinkley(
            min_instances=1,
            delta=self._settings.allowance,
            threshold=self._settings.threshold,
            alpha=1.0,
            mode="up" if self._only_up else "both",
        )
        for value in self.inputs[row, : self.lengths[row]].tolist():
            detector.update(value)
        return detector
