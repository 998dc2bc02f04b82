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
from topicstream.model.projection import Projection
from topicstream.model.settings import ModelSettings
from topicstream.model.topics import OUTLIERS
from topicstream.model.warm_up import WarmUp, keep_ids

N_DEVIATIONS_FLOOR = 1e-3  # identical documents have no deviation; rounding makes no outliers


class Answers(NamedTuple):
    """Topic of each document, -1 for an outlier, and its cosine similarity to that topic."""

    topics: Labels
    similarities: NDArray[np.float32]


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
        self.warm_up: WarmUp | None = WarmUp(settings.warm_up, n_dimensions)
        self._projection = Projection(settings.n_components, settings.half_life)

    def __len__(self) -> int:
        return len(self.centroids)

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
            Term counts of the topics, which replace those before; None when nothing was learnt.

        """
        warm_up, usable = self.warm_up, np.flatnonzero(embeddings.any(axis=1))
        if warm_up is None or not len(usable):
            return self._nearest(embeddings), None
        warm_up.add(embeddings[usable], terms[usable])
        labels = self._found(warm_up) if warm_up.is_due else self._labels(warm_up.embeddings)
        self._settle(warm_up, labels)
        if warm_up.is_over:
            self.warm_up = None
        return self._nearest(embeddings), warm_up.term_counts(labels, len(self))

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
        self.centroids.add(embeddings, *answers, np.full(len(embeddings), weight))
        return answers

    def assign(self, embeddings: Embeddings) -> Answers:
        """Label documents without learning from them."""
        if not len(self):
            return self._nearest(embeddings)
        return self._judged(embeddings, self._labels(embeddings))

    def arrays(self) -> Arrays:
        """Return the state, by name."""
        parts = {"centroids": self.centroids.arrays(), "projection": self._projection.arrays()}
        if self.warm_up is not None:
            parts["warm_up"] = self.warm_up.arrays()
        return joined(parts)

    @classmethod
    def from_arrays(cls, settings: ModelSettings, arrays: Arrays) -> Clusters:
        """Return the clusters whose `arrays` these are."""
        clusters = cls(settings, arrays["centroids.sums"].shape[1])
        clusters.centroids.restore(part_of(arrays, "centroids"))
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

    def _settle(self, warm_up: WarmUp, labels: Labels) -> None:
        """Take the centroids from the warm-up documents alone, labelled as given."""
        n_topics = max(len(self), int(labels.max()) + 1)
        # Twice: similarities are those to the centroids that the first pass finds.
        similarities = np.ones(len(labels), dtype=np.float32)
        for _ in range(2):
            self.centroids.reset(n_topics)
            self.centroids.add(warm_up.embeddings, labels, similarities, warm_up.weights)
            similarities = self._similarities(warm_up.embeddings, labels)

    def _nearest(self, embeddings: Embeddings) -> Answers:
        """Label documents with the nearest topic, none of them an outlier but rows of zero."""
        if not len(self):
            n_documents = len(embeddings)
            return Answers(np.full(n_documents, OUTLIERS), np.zeros(n_documents, np.float32))
        labels = self._labels(embeddings)
        similarities = self._similarities(embeddings, labels)
        return Answers(np.where(embeddings.any(axis=1), labels, OUTLIERS), similarities)

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
        similarities = self._similarities(embeddings, labels)
        mean, deviation = self.centroids.usual_similarity()
        line = mean - self.settings.outlier_deviations * deviation - N_DEVIATIONS_FLOOR
        far = (similarities < line[labels]) | ~embeddings.any(axis=1)
        return Answers(np.where(far, OUTLIERS, labels), similarities)

    def _similarities(self, embeddings: Embeddings, labels: Labels) -> NDArray[np.float32]:
        directions = self.centroids.directions()[labels]
        dots = np.einsum("ij,ij->i", embeddings, directions)
        lengths = np.maximum(np.linalg.norm(embeddings, axis=1), 1e-12)
        return np.asarray(dots / lengths, dtype=np.float32)
