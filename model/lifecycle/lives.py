"""The topics' lives: looked at now and then, between two batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from topicstream.model.arrays import Arrays, joined, part_of
from topicstream.model.centroids import Embeddings, Labels, unit
from topicstream.model.clusters import Answers, Clusters
from topicstream.model.lifecycle.births import Group, Places, new_groups
from topicstream.model.lifecycle.lineage import Lineage, Resting
from topicstream.model.lifecycle.merges import pairs_that_are_one
from topicstream.model.lifecycle.recent import Recent, Rows
from topicstream.model.lifecycle.reference import Reference
from topicstream.model.settings import ModelSettings
from topicstream.model.sightings import Sightings
from topicstream.model.terms import TermCounts
from topicstream.model.topics import OUTLIERS


@dataclass(frozen=True, slots=True)
class Change:
    """One topic that came, went, or did both with another one.

    Parameters
    ----------
    kind
        "topic_born", "topic_split", "topics_merged" or "topic_retired".
    topic
        The topic that it is about: the new one, the one that was split, the one that two became,
        or the one that rests.
    parents
        Topics that it came from, if any.
    children
        Topics that came from it, if any.
    score
        How sure it is, in standard deviations; 0 where nothing was estimated.
    members
        Rows of the recent documents that show it.

    """

    kind: str
    topic: int
    parents: tuple[int, ...] = ()
    children: tuple[int, ...] = ()
    score: float = 0.0
    members: tuple[int, ...] = ()

    @property
    def topics(self) -> tuple[int, ...]:
        """Every topic that took part."""
        return (self.topic, *self.parents, *self.children)


@dataclass(frozen=True, slots=True)
class Living:
    """All that has a row for each topic."""

    clusters: Clusters
    counts: TermCounts
    sightings: Sightings
    labels: dict[int, str]
    sequence: int
    n_documents: int


class Lives:
    """Looks for births, splits, merges and topics that fade, and carries them out.

    It sees documents only after they were answered, so that no answer is ever taken back, and it
    decides by state, batch and seed alone, so that a replay decides the same.

    Parameters
    ----------
    settings
        How to learn.
    n_dimensions
        Width of an embedding.

    """

    def __init__(self, settings: ModelSettings, n_dimensions: int) -> None:
        self._settings, self._rules = settings, settings.lifecycle
        self.lineage = Lineage()
        self.recent = Recent(self._rules.recent, n_dimensions)
        self._reference = Reference(self._rules.reference, settings.half_life, n_dimensions)
        self._begun = np.zeros((0, n_dimensions), dtype=np.float32)
        self._unseen, self._n_past = 0, 0

    def begin(self, clusters: Clusters, past: Embeddings) -> None:
        """Start with the topics of the warm-up, and its documents for the past."""
        if not self.lineage.n_given:
            self.lineage.begin(len(clusters))
        self._begun = clusters.centroids.directions()
        self._reference.clear()
        self._reference.add(past.astype(np.float16), np.random.default_rng(self._settings.seed))

    def begin_anew(self, clusters: Clusters) -> None:
        """Go on with topics from elsewhere; recent documents go to the nearest of them."""
        self._begun = clusters.centroids.directions()
        if len(self.recent):
            answers = clusters.assign(self.recent.unit_rows())
            topics, nearest = (
                self.lineage.ids_of(rows) for rows in (answers.rows, answers.nearest)
            )
            self.recent.relabel(topics, nearest, answers.strengths)

    def named(self, answers: Answers) -> tuple[Labels, Labels]:
        """Return the topic of each document and the next best one, by id."""
        others = np.where(answers.rows < 0, answers.nearest, answers.runners_up)
        return self.lineage.ids_of(answers.rows), self.lineage.ids_of(others)

    def add(
        self, embeddings: Embeddings, answers: Answers, terms: csr_array, clusters: Clusters
    ) -> None:
        """Remember a batch; the documents that make room for it become the past."""
        topics, nearest = (self.lineage.ids_of(rows) for rows in (answers.rows, answers.nearest))
        weights = np.full(len(topics), clusters.closeness.unit)
        batch = Rows(embeddings.astype(np.float16), topics, nearest, answers.strengths, weights)
        leaving = self.recent.add(batch, terms)
        self._n_past += len(leaving)
        rng = np.random.default_rng([self._settings.seed, self._n_past])
        self._reference.add(leaving, rng)
        self._unseen += len(embeddings)

    @property
    def is_on(self) -> bool:
        """Whether topics come and go at all."""
        return self._rules.check_every > 0

    @property
    def is_due(self) -> bool:
        """Whether it is time to look at the topics."""
        return self.is_on and self._unseen >= self._rules.check_every

    def is_far(self, answers: Answers) -> NDArray[np.bool_]:
        """Return which documents may one day belong to a topic that is not there yet."""
        return np.asarray(answers.strengths < self._rules.far)

    def look(self, living: Living) -> tuple[Change, ...]:
        """Let topics rest, merge, split and be born.

        Parameters
        ----------
        living
            What the topics consist of; it is changed.

        """
        n_unseen, self._unseen = self._unseen, 0
        return (*self._retire(living), *self._merge(living), *self._bear(living, n_unseen))

    def rescale(self, factor: float) -> None:
        """Multiply every weight by `factor`, a power of two, which is exact."""
        self.recent.rescale(factor)

    def arrays(self) -> Arrays:
        """Return the state in arrays, by name."""
        parts = {"recent": self.recent.arrays(), "reference": self._reference.arrays()}
        return {**joined(parts), **self.small_arrays()}

    def small_arrays(self) -> Arrays:
        """Return what a state hash covers: a digest stands for the documents."""
        digest = np.frombuffer(self.recent.digest, dtype=np.uint8)
        return {
            "begun": self._begun,
            "counters": np.array([self._unseen, self._n_past]),
            "digest": digest,
        }

    def scalars(self) -> dict[str, Any]:
        """Return the state that is not an array, ready for JSON."""
        return self.lineage.scalars()

    def restore(self, scalars: dict[str, Any], arrays: Arrays) -> None:
        """Become what `scalars` and `arrays` said when a snapshot was taken."""
        self.lineage.restore(scalars)
        self.recent.restore(part_of(arrays, "recent"))
        self._reference.restore(part_of(arrays, "reference"))
        self._begun = arrays["begun"].copy()
        self._unseen, self._n_past = arrays["counters"].tolist()

    def _retire(self, living: Living) -> list[Change]:
        weights = living.clusters.centroids.weights / living.clusters.closeness.unit
        silent = living.n_documents - living.sightings.table[:, 3]
        faded = (weights < self._rules.retire_below) | (silent > self._rules.retire_after)
        lightest = np.argsort(weights, kind="stable")
        spare = max(0, len(weights) - self._rules.min_topics)
        going = [int(row) for row in lightest if faded[row]][:spare]
        topics = [int(self.lineage.ids[row]) for row in going]
        for topic in topics:
            self.recent.replace(topic, OUTLIERS)
            self._rest(living, topic, ())
        return [Change("topic_retired", topic) for topic in topics]

    def _merge(self, living: Living) -> list[Change]:
        centroids = living.clusters.centroids
        usual = 1.0 - centroids.usual_similarity()
        pairs = pairs_that_are_one(centroids.directions(), self._begun, usual, self._rules.one_gap)
        spare = max(0, len(centroids) - self._rules.min_topics)
        merged = []
        for pair in [self.lineage.ids[list(rows)] for rows in pairs[:spare]]:
            light, heavy = sorted(
                pair.tolist(), key=lambda topic: centroids.weights[self.lineage.row_of(topic)]
            )
            merged.append(self._join(living, light, heavy))
        return merged

    def _join(self, living: Living, light: int, heavy: int) -> Change:
        row, into = self.lineage.row_of(light), self.lineage.row_of(heavy)
        for part in (living.clusters, living.counts, living.sightings):
            part.fold(row, into)
        self._begun[into] = living.clusters.centroids.directions()[into]
        self.recent.replace(light, heavy)
        self._rest(living, light, (heavy,))
        return Change("topics_merged", heavy, parents=(heavy, light))

    def _bear(self, living: Living, n_unseen: int) -> list[Change]:
        old = self._is_old(living)
        directions, ids = living.clusters.centroids.directions(), self.lineage.ids
        changes = []
        places = Places(directions, old)
        found = new_groups(self.recent, self._reference, places, n_unseen, self._rules)
        for group in found:
            nearest = int(self._gaps(living, group).argmin())
            if nearest < len(old) and old[nearest] and not self._is_full():
                if self._stands_apart(living, group):
                    changes.append(self._birth(living, group, ids))
            else:
                self._move(living, group.members, nearest)
        return changes

    def _is_old(self, living: Living) -> NDArray[np.bool_]:
        """Return which topics are older than what is known of the past."""
        age = living.n_documents - self.lineage.births()
        return np.asarray(age > self._settings.half_life)

    def _birth(self, living: Living, group: Group, ids: NDArray[np.int64]) -> Change:
        parents = tuple(ids[list(group.parents)].tolist())
        topic = self._new(living, group.members, parents)
        score = float(-np.log10(max(group.p_value, 1e-300)))
        members = tuple(group.members.tolist())
        if group.is_part:
            return Change("topic_split", parents[0], (), (topic,), score, members)
        return Change("topic_born", topic, parents, (), score, members)

    def _gaps(self, living: Living, group: Group) -> NDArray[np.float64]:
        return np.asarray(1.0 - living.clusters.centroids.directions() @ group.direction)

    def _stands_apart(self, living: Living, group: Group) -> bool:
        usual = 1.0 - living.clusters.centroids.usual_similarity()
        return bool((self._gaps(living, group) > self._rules.one_gap * usual).all())

    def _is_full(self) -> bool:
        n_first = max(self._settings.n_topics, self.lineage.n_given)
        most = self._rules.max_topics or 2 * n_first
        return len(self.lineage.ids) >= most

    def _new(self, living: Living, members: NDArray[np.int64], parents: tuple[int, ...]) -> int:
        """Make a topic of recent documents."""
        clusters = living.clusters
        topic = self.lineage.new(living.n_documents, parents)
        where = np.append(np.arange(len(clusters)), -1)
        clusters.take(where)
        living.counts.take(where)
        living.sightings.take(where, living.n_documents)
        self._move(living, members, len(where) - 1)
        self._begun = np.concatenate([self._begun, clusters.centroids.directions()[-1:]])
        return topic

    def _move(self, living: Living, members: NDArray[np.int64], row: int) -> None:
        """Give recent documents to the topic at `row`, and take them from those that had them."""
        self._take_away(living, members)
        self._give(living, members, row)
        self.recent.move(members, int(self.lineage.ids[row]))

    def _take_away(self, living: Living, members: NDArray[np.int64]) -> None:
        """Take recent documents out of the topics that they were given to."""
        rows = self.lineage.rows_of(self.recent.rows.topics[members])
        members, rows = members[rows >= 0], rows[rows >= 0]
        embeddings, weights = self.recent.unit_rows(members), -self.recent.rows.weights[members]
        centroids = living.clusters.centroids
        directions = centroids.directions()
        similarities = np.einsum("ij,ij->i", embeddings, directions[rows])
        centroids.add(embeddings, rows, similarities, weights)
        centroids.hold(directions, living.clusters.closeness.unit)
        living.counts.add(self._terms(members, rows, weights, len(centroids)), 1.0)

    def _give(self, living: Living, members: NDArray[np.int64], row: int) -> None:
        embeddings, weights = self.recent.unit_rows(members), self.recent.rows.weights[members]
        n_topics = len(living.clusters)
        rows = np.full(len(members), row)
        similarities = embeddings @ unit(embeddings.sum(axis=0, keepdims=True))[0]
        living.clusters.centroids.add(embeddings, rows, similarities, weights)
        living.clusters.closeness.add(rows, similarities, weights)
        living.counts.add(self._terms(members, rows, weights, n_topics), 1.0)

    def _terms(
        self, members: NDArray[np.int64], rows: Labels, weights: NDArray[np.float64], n_topics: int
    ) -> csr_array:
        entries = (weights, (rows, np.arange(len(members))))
        member = csr_array(entries, shape=(n_topics, len(members)))
        return csr_array(member @ self.recent.terms[members])

    def _rest(self, living: Living, topic: int, into: tuple[int, ...]) -> None:
        row = self.lineage.row_of(topic)
        size = int(living.sightings.table[row, 0])
        label = living.labels.get(topic, str(topic))
        self.lineage.rest(Resting(topic, label, size, living.sequence, into))
        where = np.delete(np.arange(len(living.clusters)), row)
        living.clusters.take(where)
        living.counts.take(where)
        living.sightings.take(where, living.n_documents)
        self._begun = np.delete(self._begun, row, axis=0)
