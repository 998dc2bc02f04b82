"""Topics that follow a stream, one batch after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import ThreadpoolController

from topicstream.model.arrays import Arrays, digest_of, joined, part_of
from topicstream.model.centroids import Embeddings, Labels
from topicstream.model.clusters import Answers, Clusters
from topicstream.model.ctfidf import c_tf_idf, top_terms
from topicstream.model.drift.monitor import DriftMonitor
from topicstream.model.drift.observation import Observation
from topicstream.model.errors import EmbeddingError
from topicstream.model.events import DriftEvent
from topicstream.model.settings import ModelSettings
from topicstream.model.sightings import Sightings
from topicstream.model.terms import TermCounts
from topicstream.model.topics import OUTLIER_LABEL, OUTLIERS, Topic, label_of
from topicstream.model.vocabulary import Occurrences

LABEL_EVERY = 5_000  # documents between two looks at the labels' words
RESCALE_AT = 64.0  # half-lives after which the weights are brought back to one
N_EXAMPLES = 3
# With another number of threads BLAS and OpenMP add up in another order: other bits. And batches
# are so small that threads would mostly wait for each other.
_threads = ThreadpoolController()


@dataclass(frozen=True, slots=True)
class Step:
    """What one batch led to.

    Parameters
    ----------
    sequence
        Number of the batch, from 1.
    topics
        Topic of each document, -1 for an outlier.
    strengths
        Cosine similarity to the topic's centroid, 0 to 1.
    events
        Drift found with this batch.

    """

    sequence: int
    topics: Labels
    strengths: NDArray[np.float32]
    events: tuple[DriftEvent, ...]


class OnlineTopicModel:
    """Learns topics from a stream through `partial_fit`, and answers every document at once.

    Each batch: the clusters label it and follow it, its terms are counted per topic, c-TF-IDF
    weighs them when words are read, and the drift monitor compares it with what was usual. The
    same state, batch, time and seed give the same bytes.

    Examples
    --------
    >>> model = OnlineTopicModel()
    >>> step = model.partial_fit(["red apple"], np.eye(1, 4, dtype=np.float32), now=0.0)
    >>> step.topics, model.labels()[0]
    (array([0]), '0_red_apple')

    """

    def __init__(self, settings: ModelSettings | None = None) -> None:
        self.settings = settings or ModelSettings()
        self.sequence = 0
        self.n_documents = 0
        self.n_dimensions: int | None = None
        self.clock = 0.0
        self._faded_from = 0
        self._labelled_at = 0
        self._described: list[list[tuple[str, float]]] = []
        self._sightings = Sightings()
        self._counts = TermCounts(self.settings.n_terms)
        self._clusters: Clusters | None = None
        self._drift = DriftMonitor(self.settings.drift)

    def partial_fit(
        self,
        texts: Sequence[str],
        embeddings: Embeddings,
        *,
        now: float,
        ids: Sequence[str] = (),
        timestamps: Sequence[float] | None = None,
    ) -> Step:
        """Assign a batch of documents to topics, and learn from it.

        Parameters
        ----------
        texts
            One text a document; they become the words of the topics.
        embeddings
            float32, (n_documents, n_dimensions); rows of zero are outliers.
        now
            The batch's time in seconds since 1970; it never runs backwards.
        ids
            Names of the documents, for the evidence of drift events.
        timestamps
            When each document came about, in seconds since 1970; `now` by default.

        Raises
        ------
        EmbeddingError
            The embeddings have another width than before, another length than the texts, or hold
            NaN or infinity. Nothing was learnt.

        """
        embeddings = self._checked(texts, embeddings)
        self.sequence += 1
        self.clock = max(self.clock, now)
        times = np.asarray(timestamps if timestamps is not None else [now] * len(texts))
        if len(texts) == 0:
            return Step(self.sequence, np.zeros(0, np.int64), np.zeros(0, np.float32), ())
        with _threads.limit(limits=1):
            return self._learn(texts, embeddings, ids, times)

    def transform(self, embeddings: Embeddings) -> tuple[Labels, NDArray[np.float32]]:
        """Return topic and strength of each document without learning from it.

        Raises
        ------
        EmbeddingError
            The embeddings do not fit the model.

        """
        embeddings = self._checked(embeddings, embeddings)
        clusters = self._clusters or Clusters(self.settings, embeddings.shape[1])
        with _threads.limit(limits=1):
            topics, similarities = clusters.assign(embeddings)
        return topics, np.clip(similarities, 0.0, 1.0)

    def topics(self, *, fresh: bool = True) -> list[Topic]:
        """Return every topic with its words, sizes and times, by id.

        Parameters
        ----------
        fresh
            Whether to weigh the words anew, which looks at every count; otherwise they are those
            behind `labels`, at most 5,000 documents old. Sizes, shares and times are of now.

        """
        if self._clusters is None:
            return []
        described = self._words() if fresh else self._described
        weights = self._clusters.centroids.weights
        shares = (weights / max(weights.sum(), 1e-300)).tolist()
        return [
            Topic(
                topic,
                label_of(topic, [word for word, _ in words]),
                tuple(words),
                int(size),
                share,
                first if size else self.clock,
                last if size else self.clock,
            )
            for topic, (words, share, (size, first, last)) in enumerate(
                zip(described, shares, self._sightings.table.tolist(), strict=True)
            )
        ]

    def labels(self) -> dict[int, str]:
        """Return the label of each topic as it was when its words were last looked at."""
        described = enumerate(self._described)
        labels = {topic: label_of(topic, [word for word, _ in words]) for topic, words in described}
        return {OUTLIERS: OUTLIER_LABEL, **labels}

    @property
    def counts(self) -> TermCounts:
        """The term counts, to be read only."""
        return self._counts

    def state_hash(self) -> str:
        """Return the SHA-256 of everything that the next batch depends on, as 64 hex digits."""
        return digest_of(self.scalars(), self.arrays(), self._counts.digest)

    def scalars(self) -> dict[str, object]:
        """Return the state that is not an array, ready for JSON."""
        return {
            "settings": asdict(self.settings),
            "sequence": self.sequence,
            "n_documents": self.n_documents,
            "n_dimensions": self.n_dimensions,
            "clock": self.clock,
            "faded_from": self._faded_from,
            "labelled_at": self._labelled_at,
            "described": self._described,
        }

    def arrays(self) -> Arrays:
        """Return the state in arrays, by name, but for the term counts."""
        clusters = self._clusters.arrays() if self._clusters is not None else {}
        seen = {"table": self._sightings.table}
        return joined({"clusters": clusters, "drift": self._drift.arrays(), "sightings": seen})

    def restore(self, scalars: dict[str, object], arrays: Arrays, counts: TermCounts) -> None:
        """Become the model whose `scalars`, `arrays` and term counts these are."""
        for name in ("sequence", "n_documents", "n_dimensions", "clock"):
            setattr(self, name, scalars[name])
        for name in ("faded_from", "labelled_at", "described"):
            setattr(self, f"_{name}", scalars[name])
        self._counts = counts
        self._sightings.table = arrays["sightings.table"]
        clusters = part_of(arrays, "clusters")
        self._clusters = Clusters.from_arrays(self.settings, clusters) if clusters else None
        self._drift = DriftMonitor.from_arrays(self.settings.drift, part_of(arrays, "drift"))

    def _checked(self, texts: Sequence[object] | Embeddings, embeddings: Embeddings) -> Embeddings:
        embeddings = np.ascontiguousarray(embeddings, dtype=np.float32)
        if embeddings.ndim != 2 or len(embeddings) != len(texts):
            raise EmbeddingError(
                f"embeddings have the shape {embeddings.shape}; {len(texts)} documents need "
                f"({len(texts)}, n_dimensions)"
            )
        if len(texts) and self.n_dimensions not in {None, embeddings.shape[1]}:
            raise EmbeddingError(
                f"embeddings are {embeddings.shape[1]} wide; this model has learnt from "
                f"{self.n_dimensions}: use the embedder it began with, or begin a new state"
            )
        if not np.isfinite(embeddings).all():
            raise EmbeddingError("embeddings hold NaN or infinity; leave those documents out")
        return embeddings

    def _begun(self, n_dimensions: int) -> Clusters:
        if self._clusters is None:
            self.n_dimensions = n_dimensions
            self._clusters = Clusters(self.settings, n_dimensions)
        return self._clusters

    def _learn(
        self,
        texts: Sequence[str],
        embeddings: Embeddings,
        ids: Sequence[str],
        times: NDArray[np.float64],
    ) -> Step:
        clusters = self._begun(embeddings.shape[1])
        found = self._counts.locate(texts)
        warm = clusters.warm_up is not None
        learn = self._warm if warm else self._follow
        answers, batch = learn(clusters, embeddings, found)
        self._sightings.add(answers.topics, times, len(clusters))
        self.n_documents += len(texts)
        if warm and clusters.warm_up is None:
            self._faded_from = self.n_documents
        outside = self._counts.matrix(found, np.where(answers.topics < 0, 0, -1), 1)
        events = self._drift.update(self._observation(answers, batch, outside, ids, warm=warm))
        self._prune()
        self._relabel(due=warm)
        strengths = np.clip(answers.similarities, 0.0, 1.0)
        return Step(self.sequence, answers.topics, strengths, events)

    def _warm(
        self, clusters: Clusters, embeddings: Embeddings, found: Occurrences
    ) -> tuple[Answers, csr_array]:
        n_documents = len(embeddings)
        rows = self._counts.matrix(found, np.arange(n_documents), n_documents)
        answers, counts = clusters.warm(embeddings, rows)
        if counts is not None:
            self._counts.replace(counts)
        return answers, self._counts.matrix(found, answers.topics, len(clusters))

    def _follow(
        self, clusters: Clusters, embeddings: Embeddings, found: Occurrences
    ) -> tuple[Answers, csr_array]:
        weight = self._weight(clusters)
        answers = clusters.follow(embeddings, weight)
        batch = self._counts.matrix(found, answers.topics, len(clusters))
        self._counts.add(batch, weight)
        return answers, batch

    def _weight(self, clusters: Clusters) -> float:
        """Return the weight of a document of now; older ones weigh 1 at `_faded_from`."""
        age = (self.n_documents - self._faded_from) / self.settings.half_life
        if age > RESCALE_AT:
            whole = float(np.floor(age))
            self._faded_from += round(whole * self.settings.half_life)
            clusters.centroids.rescale(2.0**-whole)
            self._counts.rescale(2.0**-whole)
            age -= whole
        return float(2.0**age)

    def _observation(
        self,
        answers: Answers,
        batch: csr_array,
        outside: csr_array,
        ids: Sequence[str],
        *,
        warm: bool,
    ) -> Observation:
        n_topics, labels = batch.shape[0], answers.topics
        kept = labels >= 0
        counts = np.bincount(labels[kept], minlength=n_topics)
        distances = 1.0 - answers.similarities[kept].astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(labels[kept], weights=distances, minlength=n_topics) / counts
        return Observation(
            sequence=self.sequence,
            now=self.clock,
            n_documents=len(labels),
            topic_ids=np.arange(n_topics, dtype=np.int64),
            counts=counts.astype(np.int64),
            distances=mean,
            n_outliers=int(np.count_nonzero(~kept)),
            term_counts=batch,
            terms=self._counts.terms,
            examples=_examples(labels, ids),
            outlier_terms=outside,
            warm=warm,
        )

    def _prune(self) -> None:
        kept = self._counts.prune()
        if kept is None or self._clusters is None:
            return
        self._drift.keep_terms(kept)
        if self._clusters.warm_up is not None:
            self._clusters.warm_up.keep_terms(kept)

    def _relabel(self, *, due: bool) -> None:
        if due or self.n_documents - self._labelled_at >= LABEL_EVERY:
            self._labelled_at = self.n_documents
            self._described = self._words()

    def _words(self) -> list[list[tuple[str, float]]]:
        weights = c_tf_idf(csr_array(self._counts.dense()))
        return top_terms(weights, self._counts.terms, self.settings.top_n_words)


def _examples(labels: Labels, ids: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """Return the ids of the first few documents of each topic."""
    if not ids:
        return {}
    order = np.argsort(labels, kind="stable")
    topics, starts = np.unique(labels[order], return_index=True)
    stops = np.append(starts[1:], len(order))
    return {
        int(topic): tuple(ids[row] for row in order[start : min(stop, start + N_EXAMPLES)])
        for topic, start, stop in zip(topics, starts, stops, strict=True)
    }
