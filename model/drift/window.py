"""Pools batches until they are enough documents to judge by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model import rows
from topicstream.model.drift.observation import Observation

_EXAMPLES = 3
_FIELDS = ("counts", "distance_total", "distance_count")


class Window:
    """Documents seen since the last window closed.

    Row 0 of `counts` and `words` holds the outliers, row i + 1 topic i. Distances wait
    longer, by topic, until there are enough of them.

    Parameters
    ----------
    n_topics
        Number of topics (default 0).

    """

    def __init__(self, n_topics: int = 0) -> None:
        self.n_documents = 0
        self.started = 0.0
        self.counts = np.zeros(n_topics + 1)
        self.distance_total = np.zeros(n_topics)
        self.distance_count = np.zeros(n_topics)
        self.words = rows.empty(n_topics + 1, 0)
        self.examples: dict[int, tuple[str, ...]] = {}

    def add(self, batch: Observation) -> None:
        """Add a batch whose topics are the window's."""
        if self.n_documents == 0:
            self.started = batch.now
        self.n_documents += batch.n_documents
        self.counts = self.counts + np.concatenate([[batch.n_outliers], batch.counts])
        self._add_distances(batch)
        said = rows.under_one(batch.outlier_terms, batch.term_counts)
        self.words = rows.add(self.words, said)
        for topic in sorted(batch.examples):
            held = self.examples.get(topic, ()) + tuple(batch.examples[topic])
            self.examples[topic] = held[:_EXAMPLES]

    def take_distances(self, min_documents: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean distance and documents of topics that have enough, and forget these."""
        ready = self.distance_count >= min_documents
        count = np.maximum(self.distance_count, 1.0)
        means = np.where(ready, self.distance_total / count, np.nan)
        units = np.where(ready, self.distance_count, 0.0)
        self.distance_total = np.where(ready, 0.0, self.distance_total)
        self.distance_count = np.where(ready, 0.0, self.distance_count)
        return means, units

    def close(self) -> None:
        """Begin the next window."""
        self.n_documents = 0
        self.counts = np.zeros_like(self.counts)
        self.words = rows.empty(len(self.counts), self.words.shape[1])
        self.examples = {}

    def align(self, where: NDArray[np.int64], topics: NDArray[np.int64]) -> None:
        """Move the topics to `where` they were before; examples of the others go."""
        both = np.concatenate([[0], np.where(where >= 0, where + 1, -1)])
        self.counts = rows.take(self.counts, both)
        self.distance_total = rows.take(self.distance_total, where)
        self.distance_count = rows.take(self.distance_count, where)
        self.words = rows.take_rows(self.words, both)
        live = [-1, *topics.tolist()]
        self.examples = {t: self.examples[t] for t in live if t in self.examples}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the whole state."""
        pairs = [[topic, list(self.examples[topic])] for topic in sorted(self.examples)]
        return {
            **{name: getattr(self, name).copy() for name in _FIELDS},
            **rows.csr_arrays("words", self.words),
            "n_documents": np.array([self.n_documents], dtype=np.int64),
            "started": np.array([self.started]),
            "examples": np.frombuffer(json.dumps(pairs).encode(), dtype=np.uint8).copy(),
        }

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take on a state that `arrays` gave."""
        for name in _FIELDS:
            setattr(self, name, np.array(arrays[name], dtype=np.float64))
        self.words = rows.csr_from("words", dict(arrays))
        self.n_documents = int(arrays["n_documents"][0])
        self.started = float(arrays["started"][0])
        pairs = json.loads(arrays["examples"].tobytes())
        self.examples = {topic: tuple(ids) for topic, ids in pairs}

    def _add_distances(self, batch: Observation) -> None:
        seen = np.isfinite(batch.distances) & (batch.counts > 0)
        counts = np.where(seen, batch.counts, 0)
        self.distance_total = self.distance_total + np.where(seen, batch.distances, 0.0) * counts
        self.distance_count = self.distance_count + counts
