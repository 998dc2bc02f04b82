"""Which topic a document belongs to, and how the topics follow the stream.

While it warms up, the topics are found from all documents so far, again and again; from then on,
IncrementalPCA follows the embeddings, the centroids, which live in embedding space, are projected
through it, MiniBatchKMeans starts from them, and its labels update the centroids.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.cluster import MiniBatchKMeans
from sklearn.metrics import pairwise_distances_argmin

from topicstream.model.arrays import Arrays, joined, part_of
from topicstream.model.centroids import Centroids, Embeddings, Labels
from topicstream.model.closeness import Closeness
from topicstream.model.projection import Projection
from topicstream.model.settings import ModelSettings
from topicstream.model.topics import OUTLIERS
from topicstream.model.warm_up import NEVER, WarmUp, keep_ids


class Answers(NamedTuple):
    """What clusters say of each document, as rows of theirs.

    Parameters
    ----------
    rows
        Its topic, -1 for an outlier.
    nearest
        The nearest topic, which an outlier has as well; -1 for an embedding of zeros.
    runners_up
        The nearest of the other topics; -1 where there is none.
    similarities
        Cosine similarity to the nearest topic.
    strengths
        Strength in the nearest topic, 0 to 1.

    """

    rows: Labels
    nearest: Labels
    runners_up: Labels
    similarities: NDArray[np.float32]
    strengths: NDArray[np.float64]


class Clusters:
    """Topics as places in embedding space.

    Parameters
    ----------
    settings
        How to learn.
    n_dimensions
        Width of an embedding.

    """

    def __init__(self, settings: ModelSettings, n_dimensions: int) -> None:
        self.settings = settings
        self.centroids = Centroids(n_dimensions)
        self.closeness = Closeness()
        self.warm_up: WarmUp | None = WarmUp(settings.warm_up, n_dimensions)
        self._projection = Projection(settings.n_components, settings.half_life)

    def __len__(self) -> int:
        return len(self.centroids)

    def take_over(self, centroids: Embeddings, weights: NDArray[np.float64]) -> None:
        """Begin with topics that another model found; a warm-up shows how its documents lie.

        Parameters
        ----------
        centroids
            float32, (n_topics, n_dimensions); only their directions count.
        weights
            What each topic weighs, in documents.

        """
        self.centroids.reset(len(centroids))
        self.centroids.sums += centroids
        self.centroids.weights += 1.0
        self.centroids.sums = self.centroids.directions() * weights[:, None]
        self.centroids.weights = weights.copy()
        self.closeness.resize(len(centroids))
        self.warm_up = WarmUp(self.settings.warm_up, centroids.shape[1])
        self.warm_up.next_fit = NEVER

    def warm(self, embeddings: Embeddings, terms: csr_array) -> tuple[Answers, csr_array | None]:
        """Learn from one more batch while warming up.

        Parameters
        ----------
        embeddings
            float32, (n_documents, n_dimensions); rows of zero are outliers.
        terms
            Term counts, (n_documents, n_terms).

        Returns
        -------
        Answers
            Each document's topic; none but rows of zero is an outlier yet.
        csr_array or None
            Term counts of the topics, which replace those before; None when nothing was learnt, or
            when the topics were known before.

        """
        warm_up, usable = self.warm_up, np.flatnonzero(embeddings.any(axis=1))
        if warm_up is None or not len(usable):
            return self._without_outliers(embeddings), None
        warm_up.add(embeddings[usable], terms[usable])
        if warm_up.has_topics:
            self._see(warm_up, embeddings[usable])
            return self._without_outliers(embeddings), None
        labels = self._found(warm_up) if warm_up.is_due else self._labels(warm_up.embeddings)
        self._settle(warm_up, labels)
        if warm_up.is_over:
            self.warm_up = None
        return self._without_outliers(embeddings), warm_up.term_counts(labels, len(self))

    def follow(self, embeddings: Embeddings, weight: float) -> Answers:
        """Label a batch, then let projection and centroids follow it.

        Parameters
        ----------
        embeddings
            float32, (n_documents, n_dimensions).
        weight
            Weight of each document of this batch, above 0.

        """
        self._projection.update(embeddings)
        answers = self._judged(embeddings, self._clustered(embeddings))
        weights = np.full(len(embeddings), weight)
        self.centroids.add(embeddings, answers.rows, answers.similarities, weights)
        # Outliers too: a topic that grows wider would otherwise call ever more documents unusual.
        self.closeness.unit = weight
        self.closeness.add(answers.nearest, answers.similarities, weights)
        return answers

    def assign(self, embeddings: Embeddings) -> Answers:
        """Label documents without learning from them."""
        if not len(self) or (self.warm_up is not None and self.warm_up.has_topics):
            return self._without_outliers(embeddings)
        return self._judged(embeddings, self._labels(embeddings))

    def take(self, where: NDArray[np.int64]) -> None:
        """Move the topics to `where` they were before, -1 for a new one."""
        self.centroids.take(where)
        self.closeness.take(where)

    def fold(self, row: int, into: int) -> None:
        """Add one topic to another one; it stays where it is."""
        self.centroids.fold(row, into)
        self.closeness.fold(row, into)

    def rescale(self, factor: float) -> None:
        """Multiply every weight by `factor`, a power of two, which is exact."""
        self.centroids.rescale(factor)
        self.closeness.rescale(factor)

    def arrays(self) -> Arrays:
        """Return the state, by name."""
        parts = {
            "centroids": self.centroids.arrays(),
            "closeness": self.closeness.arrays(),
            "projection": self._projection.arrays(),
        }
        if self.warm_up is not None:
            parts["warm_up"] = self.warm_up.arrays()
        return joined(parts)

    @classmethod
    def from_arrays(cls, settings: ModelSettings, arrays: Arrays) -> Clusters:
        """Return the clusters whose `arrays` these are."""
        clusters = cls(settings, arrays["centroids.sums"].shape[1])
        clusters.centroids.restore(part_of(arrays, "centroids"))
        clusters.closeness.restore(part_of(arrays, "closeness"))
        clusters._projection.restore(part_of(arrays, "projection"))
        warm_up = part_of(arrays, "warm_up")
        clusters.warm_up = WarmUp.from_arrays(settings.warm_up, warm_up) if warm_up else None
        return clusters

    def _found(self, warm_up: WarmUp) -> Labels:
        """Find the topics anew; those that continue an earlier one keep its id."""
        self._projection.fit(warm_up.embeddings)
        points = self._projection.transform(warm_up.embeddings)
        labels = warm_up.find_topics(points, self.settings.n_topics, self.settings.seed)
        if not len(self):
            return labels
        fresh = Centroids(warm_up.embeddings.shape[1])
        fresh.reset(int(labels.max()) + 1)
        unit = np.ones(len(labels), dtype=np.float32)
        fresh.add(warm_up.embeddings, labels, unit, warm_up.weights)
        return keep_ids(labels, fresh.directions(), self.centroids.directions())

    def _see(self, warm_up: WarmUp, embeddings: Embeddings) -> None:
        """Learn how close the documents of topics taken over lie, and end the warm-up in time."""
        labels = self._labels(embeddings)
        own = self._similarities(embeddings)[np.arange(len(labels)), labels]
        self.closeness.add(labels, own, np.ones(len(labels)))
        if warm_up.is_over:
            self._fit_in(warm_up)
            self.warm_up = None

    def _fit_in(self, warm_up: WarmUp) -> None:
        """Give topics taken over the length and the closeness of the documents seen here.

        Other embeddings may have had another length, and the mean of unit vectors is the shorter
        the wider a topic is: neither is known of a centroid alone.
        """
        seen, weights = warm_up.embeddings, warm_up.weights
        labels = self._labels(seen)
        own = self._similarities(seen)[np.arange(len(labels)), labels]
        along = own * np.linalg.norm(seen, axis=1)
        before = self.centroids.weights.copy()
        self.centroids.sums *= _mean_by_label(along, labels, weights, len(self))[:, None]
        self.centroids.similarity = before * _mean_by_label(own, labels, weights, len(self))
        self.centroids.add(seen, labels, own, weights)
        self._projection.fit(seen)

    def _settle(self, warm_up: WarmUp, labels: Labels) -> None:
        """Take the centroids from the warm-up documents alone, labelled as given."""
        n_topics = max(len(self), int(labels.max()) + 1)
        # Twice: similarities are those to the centroids that the first pass finds.
        similarities = np.ones(len(labels), dtype=np.float32)
        for _ in range(2):
            self.centroids.reset(n_topics)
            self.centroids.add(warm_up.embeddings, labels, similarities, warm_up.weights)
            similarities = self._similarities(warm_up.embeddings)[np.arange(len(labels)), labels]
        self.closeness.resize(n_topics)
        self.closeness.add(labels, similarities, warm_up.weights)

    def _without_outliers(self, embeddings: Embeddings) -> Answers:
        """Label documents with the nearest topic, none of them an outlier but rows of zero."""
        if not len(self):
            none = np.full(len(embeddings), OUTLIERS)
            zeros = np.zeros(len(embeddings))
            return Answers(none, none, none, zeros.astype(np.float32), zeros)
        answers = self._answers(embeddings, self._labels(embeddings))
        return answers._replace(rows=answers.nearest)

    def _labels(self, embeddings: Embeddings) -> Labels:
        points = self._projection.transform(embeddings)
        centres = self._projection.transform(self.centroids.means())
        return np.asarray(pairwise_distances_argmin(points, centres), dtype=np.int64)

    def _clustered(self, embeddings: Embeddings) -> Labels:
        centres = self._projection.transform(self.centroids.means())
        if len(embeddings) < len(centres):
            # scikit-learn wants as many documents as clusters, and the labels are the same.
            return self._labels(embeddings)
        k_means = MiniBatchKMeans(
            len(centres),
            init=centres,
            n_init=1,
            batch_size=len(embeddings),
            reassignment_ratio=0.0,
            random_state=self.settings.seed,
        )
        found = k_means.partial_fit(self._projection.transform(embeddings))
        return np.asarray(found.labels_, dtype=np.int64)

    def _judged(self, embeddings: Embeddings, labels: Labels) -> Answers:
        """Turn documents unusually far from their topic into outliers."""
        answers = self._answers(embeddings, labels)
        far = answers.strengths < self.settings.outlier_share
        return answers._replace(rows=np.where(far, OUTLIERS, answers.nearest))

    def _answers(self, embeddings: Embeddings, labels: Labels) -> Answers:
        similarities = self._similarities(embeddings)
        each = np.arange(len(labels))
        own = similarities[each, labels]
        similarities[each, labels] = -np.inf
        others = similarities.argmax(axis=1) if len(self) > 1 else np.full(len(labels), OUTLIERS)
        has_place = embeddings.any(axis=1)
        nearest = np.where(has_place, labels, OUTLIERS)
        runners_up = np.where(has_place, others, OUTLIERS)
        return Answers(nearest, nearest, runners_up, own, self.closeness.strengths(nearest, own))

    def _similarities(self, embeddings: Embeddings) -> NDArray[np.float32]:
        """Return the cosine similarity of each document to each topic."""
        dots = embeddings @ self.centroids.directions().T
        lengths = np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
        return np.asarray(dots / lengths, dtype=np.float32)


def _mean_by_label(
    values: NDArray[np.float32], labels: Labels, weights: NDArray[np.float64], n_topics: int
) -> NDArray[np.float64]:
    """Return the weighted mean of each topic's values; of all values for one without any."""
    sums = np.bincount(labels, weights * values, minlength=n_topics)
    seen = np.bincount(labels, weights, minlength=n_topics)
    overall = max(float(sums.sum() / seen.sum()), 1e-6)
    means = np.where(seen > 0, sums / np.maximum(seen, 1e-300), overall)
    # Below zero a centroid would turn round: such documents are of another kind altogether.
    return np.where(means > 0, means, overall)
