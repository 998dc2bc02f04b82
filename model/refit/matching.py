"""Which topics of a refit are which of those that live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from topicstream.model.centroids import Embeddings
from topicstream.model.refit.fragments import LEAST_SHARE

FLOOR = 0.4  # of the score below which a topic is none of those that live
CONFIRMED = 1 / 3  # of the documents that two topics have together, those that both have


class Described(NamedTuple):
    """Topics by direction, (n_topics, n_dimensions) of unit length, and foremost words."""

    directions: Embeddings
    words: Sequence[Sequence[str]]


class Matches(NamedTuple):
    """What becomes of topics, as rows of the refit and of the topics that live.

    `keeps` names the live topic that each topic of the refit goes on, -1 where it is new;
    `confirms` marks those that say nothing new of it. `parents` names the live topic that a new
    one's documents come from, -1 for none; `into` the topic of the refit that each live one goes
    into, -1 for those that go on, stay as they are, or rest; `rests` marks those that have too few
    documents left.
    """

    keeps: NDArray[np.int64]
    confirms: NDArray[np.bool_]
    parents: NDArray[np.int64]
    into: NDArray[np.int64]
    rests: NDArray[np.bool_]

    def stays(self) -> NDArray[np.bool_]:
        """Return which of the live topics stay as they are."""
        changed = np.zeros(len(self.into), dtype=np.bool_)
        changed[self.keeps[(self.keeps >= 0) & ~self.confirms]] = True
        return np.asarray(~changed & (self.into < 0) & ~self.rests)


def match(
    found: Described,
    live: Described,
    shared: NDArray[np.int64],
    sizes: NDArray[np.int64],
    *,
    least_size: float,
) -> Matches:
    """Match the topics of a refit to those that live.

    Pairs come from the Hungarian method on the mean of three scores: the cosine of the centroids,
    the part of the foremost words that both have, and the part of the documents that both have. A
    live topic without a partner goes into the new one that has most of its documents; where none
    has, it stays, unless it has hardly any. A topic that shares enough documents with its partner
    is confirmed: to move it a little would only send documents on its border elsewhere.

    Parameters
    ----------
    found, live
        The topics.
    shared
        Documents that they share, (n_found, n_live).
    sizes
        Documents of each live topic, (n_live,), those in no topic of the refit too.
    least_size
        Documents below which a live topic without a partner rests.

    References
    ----------
    H. W. Kuhn. The Hungarian method for the assignment problem (1955).

    Examples
    --------
    >>> east, north = [1.0, 0.0], [0.0, 1.0]
    >>> found = Described(np.array([north, east]), [["gun", "law"], ["moon", "orbit"]])
    >>> live = Described(np.array([east]), [["moon", "nasa"]])
    >>> match(found, live, np.array([[1], [8]]), np.array([9]), least_size=2).keeps
    array([-1,  0])

    """
    scores = _scores(found, live, shared, sizes)
    keeps = np.full(len(scores), -1, dtype=np.int64)
    rows, columns = linear_sum_assignment(-scores)
    sure = scores[rows, columns] >= FLOOR
    keeps[rows[sure]] = columns[sure]
    alone = np.setdiff1d(np.arange(shared.shape[1]), keeps)
    into = np.full(shared.shape[1], -1, dtype=np.int64)
    into[alone] = _most(shared.T[alone], sizes[alone])
    rests = np.zeros(shared.shape[1], dtype=np.bool_)
    rests[alone] = (into[alone] < 0) & (sizes[alone] < least_size)
    parents = np.where(keeps < 0, _most(shared, shared.sum(axis=1)), -1)
    confirms = _agree(keeps, shared, sizes)
    confirms[into[into >= 0]] = False
    return Matches(keeps, confirms, parents, into, rests)


def _agree(
    keeps: NDArray[np.int64], shared: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which topics of the refit hold much the same documents as the one they go on."""
    kept = keeps >= 0
    both = shared[np.arange(len(keeps)), keeps]
    either = shared.sum(axis=1) + sizes[keeps] - both
    return np.asarray(kept & (both >= CONFIRMED * either))


def _scores(
    found: Described, live: Described, shared: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.float64]:
    nearness = found.directions.astype(np.float64) @ live.directions.T
    overlap = [[_overlap(one, other) for other in live.words] for one in found.words]
    either = np.add.outer(shared.sum(axis=1), sizes) - shared
    both = shared / np.maximum(either, 1)
    total = nearness + np.array(overlap).reshape(nearness.shape) + both
    return np.asarray(total / 3.0, dtype=np.float64)


def _overlap(one: Sequence[str], other: Sequence[str]) -> float:
    n_words = max(len(one), len(other))
    return len({*one} & {*other}) / n_words if n_words else 0.0


def _most(shared: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the column that has most of each row's documents, -1 where none has."""
    if not shared.size:
        return np.full(len(shared), -1, dtype=np.int64)
    best = shared.argmax(axis=1)
    enough = shared.max(axis=1) >= np.maximum(LEAST_SHARE * sizes, 1.0)
    return np.where(enough, best, -1).astype(np.int64)
