"""Groups of documents of a kind that was not there before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom
from sklearn.cluster import HDBSCAN

from topicstream.model.centroids import Embeddings, unit
from topicstream.model.lifecycle.recent import Recent
from topicstream.model.lifecycle.reference import Reference
from topicstream.model.lifecycle.settings import LifecycleSettings

LEAST_PARENT = 0.2  # part of a group's documents that lie nearest to a topic it comes from
MAJORITY = 0.6  # the same for the one topic that may have fallen in two
SHRUNK = 1e-3  # chance that a topic which is as frequent as before passes for one that is not
N_ROUNDS = 3  # in which a group draws in what lies nearer to it than to any topic


class Group(NamedTuple):
    """Documents that may become a topic.

    Parameters
    ----------
    members
        Rows of the recent documents.
    direction
        Their mean at unit length.
    p_value
        Chance of so many of this kind if it were as frequent as before.
    parents
        Rows of the topics that they lie nearest to, the foremost first.
    is_part
        Whether nearly all come from one topic that is rarer without them: it has fallen in two.

    """

    members: NDArray[np.int64]
    direction: Embeddings
    p_value: float
    parents: tuple[int, ...]
    is_part: bool


class Places(NamedTuple):
    """Directions of the topics, one a row, and which of them the past knows.

    The others are new kinds that were found already.
    """

    directions: Embeddings
    old: NDArray[np.bool_]


def new_groups(
    recent: Recent,
    reference: Reference,
    topics: Places,
    n_judges: int,
    settings: LifecycleSettings,
) -> list[Group]:
    """Return the groups among the recent documents that the past does not know, surest first.

    A document far from its topic is of a new kind when too few documents of the past lie within
    the distance of its k-th neighbour among the recent ones; only those nearest to the same topic
    are looked at, which is fifty times less work. HDBSCAN finds the dense groups of such documents,
    which draw in all others that lie nearer to them than to any topic. The newest documents have no
    part in that: they judge. A group is kept when significantly more of them would fall to it than
    did in the past. No step knows a scale: any embedder will do.

    Parameters
    ----------
    recent
        The last documents.
    reference
        A sample of those before.
    topics
        Where the topics lie.
    n_judges
        The newest documents, which judge what the others propose.
    settings
        Sizes and error rates.

    References
    ----------
    M. F. Schilling. Multivariate two-sample tests based on nearest neighbors. JASA 81 (1986).
    R. Campello, D. Moulavi, J. Sander. Density-based clustering based on hierarchical density
    estimates. PAKDD 2013.

    """
    if len(recent) < recent.size:
        return []
    now = _Sample.of(recent.unit_rows(), topics.directions)
    past = _Sample.of(reference.unit_rows(), topics.directions)
    far = (recent.rows.strengths < settings.far) & recent.rows.embeddings.any(axis=1)
    new = _new_ones(now, past, far, topics.old, settings)
    n_judges = min(n_judges, len(recent) // 2)  # after a batch of any size there is a jury
    known, judges = new[new < len(recent) - n_judges], now.last(n_judges)
    if len(known) < settings.group_size:
        return []
    labels = _dense(now.rows[known], settings.group_size)
    directions_found = [
        _middle(now.rows[_grown(known[labels == number], known, now)])
        for number in range(labels.max() + 1)
    ]
    groups = []
    for direction in directions_found:
        p_value = _chance(direction, judges, past, settings)
        members = new[now.drawn_to(direction)[new]]
        if p_value < settings.false_births and len(members):
            parents, parts = _parts(now.nearest[members])
            alone = len(parts) > 0 and parts[0] >= MAJORITY
            is_part = alone and _has_shrunk(parents[0], direction, judges, past)
            middle = _middle(now.rows[members])
            groups.append(Group(members, middle, p_value, parents, is_part))
    return sorted(groups, key=lambda group: group.p_value)


class _Sample(NamedTuple):
    """Documents, their nearest topic, and how near it is."""

    rows: Embeddings
    nearest: NDArray[np.int64]
    nearness: NDArray[np.float32]

    @classmethod
    def of(cls, rows: Embeddings, directions: Embeddings) -> _Sample:
        nearness = rows @ directions.T
        return cls(rows, nearness.argmax(axis=1), nearness.max(axis=1))

    def cells(self, n_topics: int) -> list[NDArray[np.int64]]:
        """Return the documents nearest to each topic."""
        order = np.argsort(self.nearest, kind="stable")
        return np.split(order, np.searchsorted(self.nearest[order], np.arange(1, n_topics)))

    def last(self, n: int) -> _Sample:
        """Return the last `n` documents."""
        return _Sample(self.rows[-n:], self.nearest[-n:], self.nearness[-n:])

    def drawn_to(self, direction: Embeddings) -> NDArray[np.bool_]:
        """Return which documents are nearer to `direction` than to any topic."""
        return np.asarray(self.rows @ direction > self.nearness)


def _new_ones(
    now: _Sample,
    past: _Sample,
    far: NDArray[np.bool_],
    old: NDArray[np.bool_],
    settings: LifecycleSettings,
) -> NDArray[np.int64]:
    """Return which of the far recent documents are of a new kind, ascending."""
    chance = len(now.rows) / (len(now.rows) + len(past.rows))
    cells, past_cells = now.cells(len(old)), past.cells(len(old))
    found = [np.zeros(0, dtype=np.int64)]
    for topic in np.flatnonzero(old):
        cell = cells[topic]
        asked = cell[far[cell]]
        rows, past_rows = now.rows[cell], past.rows[past_cells[topic]]
        n_past = _n_nearer(now.rows[asked], rows, past_rows, settings.neighbours)
        p_values = binom.sf(settings.neighbours - 1, settings.neighbours + n_past, chance)
        found.append(asked[p_values < settings.novelty])
    return np.sort(np.concatenate(found))


def _n_nearer(asked: Embeddings, rows: Embeddings, past: Embeddings, k: int) -> NDArray[np.float64]:
    """Count the past documents nearer to each one than its k-th neighbour among `rows`."""
    if len(rows) <= k or not len(asked):
        return np.full(len(asked), np.inf)
    # Everyone is his own nearest neighbour: the k-th other one is the one after k.
    radius = np.partition(asked @ rows.T, len(rows) - k - 1, axis=1)[:, len(rows) - k - 1]
    n_past = np.count_nonzero(asked @ past.T >= radius[:, None], axis=1)
    return np.asarray(n_past, dtype=np.float64)


def _dense(points: Embeddings, group_size: int) -> NDArray[np.int64]:
    found = HDBSCAN(
        min_cluster_size=group_size,
        min_samples=max(2, group_size // 2),
        allow_single_cluster=True,
        algorithm="brute",  # for a few hundred points, and as the others need a tree first
        copy=True,
    ).fit(points.astype(np.float64))
    return np.asarray(found.labels_, dtype=np.int64)


def _grown(core: NDArray[np.int64], new: NDArray[np.int64], now: _Sample) -> NDArray[np.int64]:
    """Return the documents of a new kind that are nearer to the group's middle than to a topic."""
    members = core
    for _ in range(N_ROUNDS):
        members = new[now.drawn_to(_middle(now.rows[members]))[new]]
        if not len(members):
            return core
    return members


def _chance(
    direction: Embeddings, judges: _Sample, past: _Sample, settings: LifecycleSettings
) -> float:
    """Return the chance that so many judges fall to a group, were it as frequent as before."""
    now_drawn, past_drawn = judges.drawn_to(direction), past.drawn_to(direction)
    n_now, n_past = np.count_nonzero(now_drawn), np.count_nonzero(past_drawn)
    if not n_now:
        return 1.0
    # A subject of which more is written is no new one: what else lies there has grown as well.
    n_topics = 1 + max(int(judges.nearest.max()), int(past.nearest.max()))
    rest, past_rest = (
        np.bincount(some.nearest[~drawn], minlength=n_topics)
        for some, drawn in ((judges, now_drawn), (past, past_drawn))
    )
    grown = (rest + 1) / (past_rest + 1)
    ratio = max(float(grown[judges.nearest[now_drawn]].mean()), len(judges.rows) / len(past.rows))
    # One past document is taken for granted: not to have seen any is no proof that none was.
    if n_now / (n_past + 1) <= settings.lift * ratio:
        return 1.0
    return float(binom.sf(n_now - 1, n_now + n_past, ratio / (1.0 + ratio)))


def _parts(nearest: NDArray[np.int64]) -> tuple[tuple[int, ...], list[float]]:
    """Return the topics that many of a group lie nearest to, foremost first, and how many."""
    topics, sizes = np.unique(nearest, return_counts=True)
    order = [
        i for i in np.argsort(-sizes, kind="stable") if sizes[i] >= LEAST_PARENT * len(nearest)
    ]
    return tuple(topics[order].tolist()), (sizes[order] / max(len(nearest), 1)).tolist()


def _has_shrunk(topic: int, direction: Embeddings, judges: _Sample, past: _Sample) -> bool:
    """Say whether what a group leaves of a topic is rarer among the judges than in the past."""
    n_now, n_past = (
        np.count_nonzero((some.nearest == topic) & ~some.drawn_to(direction))
        for some in (judges, past)
    )
    chance = len(judges.rows) / (len(judges.rows) + len(past.rows))
    return bool(binom.cdf(n_now, n_now + n_past, chance) < SHRUNK)


def _middle(rows: Embeddings) -> Embeddings:
    return np.asarray(unit(rows.sum(axis=0, keepdims=True))[0])
