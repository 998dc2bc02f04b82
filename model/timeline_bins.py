"""The bins of a timeline: few, nested, fine near now and wide far from it.

An empty bin takes no room, so that one document with a wrong year costs one bin. When there are too
many, bins merge until the width of each grows with the square root of its distance from now. So
the oldest are only about twice as wide as if all were equal, and the last hour still has several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from topicstream.model.timeline_settings import MONDAY_S

N_RECENT = 101  # documents whose median time is now: one wrong clock among them moves nothing
_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799  # the years 1 to 9999


class Bins(NamedTuple):
    """Bins that do not overlap, the oldest first.

    Parameters
    ----------
    starts
        Where each begins, in seconds since 1970, int64, (n_bins,).
    levels
        Which of the widths it has, int64, (n_bins,).

    """

    starts: NDArray[np.int64]
    levels: NDArray[np.int64]


def no_bins() -> Bins:
    """Return no bins."""
    return Bins(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def whole_seconds(times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return times cut to whole seconds, and to the years that a calendar has.

    Examples
    --------
    >>> whole_seconds(np.array([1.9, -0.5, 1e300]))
    array([           1,           -1, 253402300799])

    """
    return np.clip(np.floor(times), _FIRST_S, _LAST_S).astype(np.int64)


def covering(bins: Bins, seconds: NDArray[np.int64], widths: Sequence[int]) -> NDArray[np.int64]:
    """Return the number of the bin that holds each moment, -1 for none.

    Examples
    --------
    >>> covering(Bins(np.array([0, 60]), np.array([0, 0])), np.array([61, 120]), (60, 300))
    array([ 1, -1])

    """
    number = np.searchsorted(bins.starts, seconds, side="right") - 1
    if not len(bins.starts):
        return number
    ends = bins.starts + np.asarray(widths)[bins.levels]
    return np.where((number >= 0) & (seconds < ends[number]), number, -1)


def opened(bins: Bins, seconds: NDArray[np.int64], widths: Sequence[int]) -> Bins:
    """Return the bins with a finest one more for each moment that is in none."""
    outside = seconds[covering(bins, seconds, widths) < 0]
    if not len(outside):
        return bins
    fresh = np.unique(_begin(outside, widths[0]))
    place = np.searchsorted(bins.starts, fresh)
    return Bins(
        np.insert(bins.starts, place, fresh), np.insert(bins.levels, place, np.zeros_like(fresh))
    )


def coarsened(
    bins: Bins, widths: Sequence[int], *, now: float, n_bins: int, scale: float
) -> tuple[Bins, NDArray[np.int64], float]:
    """Merge bins until there are at most `n_bins`.

    Parameters
    ----------
    bins
        The bins.
    widths
        Widths in seconds, each dividing the next.
    now
        Moment near which bins stay fine, in seconds since 1970.
    n_bins
        How many are allowed, 2 or more.
    scale
        What this returned the last time; the finest width for the first time.

    Returns
    -------
    tuple of Bins, ndarray of int64, and float
        The bins, the number of the one that each old bin is in, and the scale: a bin may be as wide
        as the root of scale times distance.

    Examples
    --------
    >>> minutes = Bins(np.arange(8) * 60, np.zeros(8, dtype=np.int64))
    >>> bins, place, _ = coarsened(minutes, (60, 120, 240), now=480.0, n_bins=7, scale=60.0)
    >>> bins.starts, place
    (array([  0, 120, 240, 300, 360, 420]), array([0, 0, 1, 1, 2, 3, 4, 5]))

    """
    # It may fall again, or one burst of strange times would coarsen all that comes after it.
    scale = max(float(widths[0]), scale / 2.0)
    while True:
        heads = _heads(bins, widths, now, scale)
        if np.count_nonzero(heads) <= n_bins:
            break
        scale *= 1.25
    place = np.cumsum(heads) - 1
    return _merged(bins, np.flatnonzero(heads), widths), place, scale


def _heads(bins: Bins, widths: Sequence[int], now: float, scale: float) -> NDArray[np.bool_]:
    """Return which bins are the first of those that merge into one."""
    parents = bins.starts.copy()
    for level in range(1, len(widths)):
        width = widths[level]
        parent = _begin(bins.starts, width)
        distance = np.maximum(parent - now, now - (parent + width))
        may = float(width) ** 2 <= scale * np.maximum(distance, widths[0])
        # What may be so wide may be narrower too, so that siblings always agree.
        if not may.any():
            break
        np.copyto(parents, parent, where=may & (bins.levels < level))
    heads = np.ones(len(parents), dtype=np.bool_)
    heads[1:] = parents[1:] != parents[:-1]
    return heads


def _merged(bins: Bins, heads: NDArray[np.int64], widths: Sequence[int]) -> Bins:
    """Return each group of bins as the narrowest bin that holds it."""
    last = np.append(heads[1:], len(bins.starts)) - 1
    first_start, last_start = bins.starts[heads], bins.starts[last]
    levels = np.maximum.reduceat(bins.levels, heads)
    for level, width in enumerate(widths):
        apart = _begin(first_start, width) != _begin(last_start, width)
        np.copyto(levels, level + 1, where=apart & (levels <= level))
    width_of = np.asarray(widths)[levels]
    starts = np.where(heads == last, first_start, _begin(first_start, width_of))
    return Bins(starts, levels)


def _begin(seconds: NDArray[np.int64], width: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the bins of a width begin that hold these moments."""
    return (seconds - MONDAY_S) // width * width + MONDAY_S
