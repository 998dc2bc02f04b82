"""Scores of topics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scores:
    """One figure for each topic, and one for all.

    Parameters
    ----------
    topics
        Id of each topic, (n_topics,).
    per_topic
        Score of each topic, NaN where it has none, (n_topics,).
    n_words
        Words of each topic that the score rests on, (n_topics,).
    mean
        The figure for all topics; NaN where no topic has a score.

    """

    topics: NDArray[np.int64]
    per_topic: NDArray[np.float64]
    n_words: NDArray[np.int64]
    mean: float


def mean_of_known(values: NDArray[np.float64]) -> float:
    """Return the mean of what is not NaN, or NaN.

    Examples
    --------
    >>> mean_of_known(np.array([0.5, np.nan, 1.0]))
    0.75

    """
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
