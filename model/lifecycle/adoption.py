"""The topics of a refit take the place of those that live, between two batches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from topicstream.model.events import DriftEvent, Evidence
from topicstream.model.lifecycle.lineage import Resting
from topicstream.model.lifecycle.lives import Change, Lives, Living
from topicstream.model.refit.candidate import Candidate

REFITTED = "model_refitted"


class _Plan(NamedTuple):
    """What becomes of each topic, by id; `goes_on` is the id of each topic of the candidate."""

    goes_on: NDArray[np.int64]
    new: tuple[int, ...]
    into: dict[int, tuple[int, ...]]


def adopt(candidate: Candidate, living: Living, lives: Lives) -> tuple[Change, ...]:
    """Take over the topics of a refit, and return what became of those that lived.

    Topics that the refit goes on keep their ids, sizes and dates; new ones get new ids; those that
    it knew and has not are no more. A topic born since the refit looked stays as it is, and one
    that is gone since does not come back under its id. Recent documents go to the nearest topic.

    Parameters
    ----------
    candidate
        The refit.
    living
        What the topics consist of; it is changed.
    lives
        Their lineage and the recent documents; changed as well.

    """
    before = lives.lineage.ids.tolist()
    plan = _plan(candidate, living, lives)
    _fill(candidate, living, lives, plan)
    for topic, into in plan.into.items():
        _end(topic, into, living, lives)
    lives.begin_anew(living.clusters)
    return _changes(plan, before, lives)


def refitted(
    before: tuple[int, ...], after: tuple[int, ...], now: float, sequence: int
) -> DriftEvent:
    """Return the event of the swap itself, from the ids before and after it."""
    return DriftEvent(
        kind=REFITTED,
        topic=-1,
        severity="low",
        score=0.0,
        threshold=0.0,
        window=(now, now),
        sequence=sequence,
        evidence=Evidence(),
        parents=before,
        children=after,
    )


def _plan(candidate: Candidate, living: Living, lives: Lives) -> _Plan:
    """Give every topic of the candidate its id; new ones get a row, with nothing in it yet."""
    lineage = lives.lineage
    alive = lineage.ids.tolist()
    goes_on, new = [], []
    for keeps, parent in zip(candidate.keeps, candidate.parents, strict=True):
        if keeps in alive:
            goes_on.append(keeps)
            continue
        come_from = [topic for topic in (keeps, parent) if topic in alive]
        goes_on.append(lineage.new(living.n_documents, come_from))
        new.append(goes_on[-1])
    _make_room(living, len(new))
    gone = {topic: (goes_on[row],) for topic, row in sorted(candidate.into.items())}
    into = {**gone, **dict.fromkeys(candidate.rests, ())}
    return _Plan(
        np.array(goes_on, dtype=np.int64),
        tuple(new),
        {topic: into[topic] for topic in sorted(into) if topic in alive},
    )


def _make_room(living: Living, n_new: int) -> None:
    where = np.append(np.arange(len(living.clusters)), np.full(n_new, -1))
    living.clusters.take(where)
    living.counts.take(where)
    living.sightings.take(where, living.n_documents)


def _fill(candidate: Candidate, living: Living, lives: Lives, plan: _Plan) -> None:
    """Put the candidate's sums into the rows of its topics, weighing what was there together."""
    rows = lives.lineage.rows_of(plan.goes_on)
    centroids, closeness = living.clusters.centroids, living.clusters.closeness
    replaced = np.unique(
        np.concatenate([rows, lives.lineage.rows_of(np.array([*plan.into], dtype=np.int64))])
    )
    scale = _scale(candidate, float(centroids.weights[replaced].sum()), closeness.unit)
    emptied = np.arange(len(centroids))
    emptied[rows] = -1
    living.clusters.take(emptied)
    living.counts.take(emptied)
    centroids.sums[rows] = candidate.sums * scale
    centroids.weights[rows] = candidate.weights * scale
    centroids.similarity[rows] = candidate.similarity * scale
    closeness.histograms[rows] = candidate.histograms * scale
    living.counts.add(_counts(candidate, living, rows), scale)


def _scale(candidate: Candidate, weight: float, unit: float) -> float:
    """Return what a document of the window weighs, so that the topics weigh what they did."""
    total = float(candidate.weights.sum())
    return weight / total if weight > 0.0 and total > 0.0 else unit


def _counts(candidate: Candidate, living: Living, rows: NDArray[np.int64]) -> csr_array:
    """Return the candidate's term counts by row and column of the live model."""
    column_of = {term: column for column, term in enumerate(living.counts.terms)}
    columns = np.array([column_of.get(term, -1) for term in candidate.terms], dtype=np.int64)
    entries = candidate.counts.tocoo()
    where = columns[entries.col]
    known = where >= 0
    placed = (rows[entries.row][known], where[known])
    shape = (len(living.clusters), len(living.counts.terms))
    return csr_array((entries.data[known], placed), shape=shape)


def _end(topic: int, into: tuple[int, ...], living: Living, lives: Lives) -> None:
    lineage = lives.lineage
    row = lineage.row_of(topic)
    size = int(living.sightings.table[row, 0])
    for heir in into:
        living.sightings.fold(row, lineage.row_of(heir))
    label = living.labels.get(topic, str(topic))
    lineage.rest(Resting(topic, label, size, living.sequence, into))
    where = np.delete(np.arange(len(living.clusters)), row)
    living.clusters.take(where)
    living.counts.take(where)
    living.sightings.take(where, living.n_documents)


def _changes(plan: _Plan, before: list[int], lives: Lives) -> tuple[Change, ...]:
    alive, parents = lives.lineage.ids.tolist(), lives.lineage.parents
    heirs: dict[int, list[int]] = {}
    for topic, into in plan.into.items():
        for heir in into:
            heirs.setdefault(heir, []).append(topic)
    merged = [
        Change("topics_merged", heir, parents=(*([heir] if heir in before else []), *gone))
        for heir, gone in sorted(heirs.items())
    ]
    retired = [Change("topic_retired", topic) for topic, into in plan.into.items() if not into]
    born: list[Change] = []
    parts: dict[int, list[int]] = {}
    for topic in plan.new:
        come_from = parents.get(topic, ())
        if come_from and come_from[0] in alive:
            parts.setdefault(come_from[0], []).append(topic)
        elif topic not in heirs:
            born.append(Change("topic_born", topic, parents=come_from))
    split = [Change("topic_split", topic, children=tuple(parts[topic])) for topic in sorted(parts)]
    return (*retired, *merged, *split, *born)
