"""Topics that follow a stream, one batch after the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.cluster import MiniBatchKMeans
from sklearn.metrics import pairwise_distances_argmin

from topicstream.model.centroids import Centroids, Embeddings, Labels
from topicstream.model.ctfidf import c_tf_idf
from topicstream.model.drift.monitor import DriftMonitor
from topicstream.model.drift.observation import Observation
from topicstream.model.drift.settings import DriftSettings
from topicstream.model.errors import EmbeddingError
from topicstream.model.events import DriftEvent
from topicstream.model.projection import Projection
from topicstream.model.terms import TermCounts, count_terms
from topicstream.model.topics import OUTLIER_LABEL, OUTLIERS, Topic, label_of
from topicstream.model.warm_up import WarmUp, keep_ids

Arrays = dict[str, NDArray[Any]]
"""State by name; the dtypes are those of the attributes they come from."""

LABEL_EVERY = 5_000  # documents between two looks at the labels' words
RESCALE_AT = 64.0  # half-lives after which the weights are brought back to one
N_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How an `OnlineTopicModel` learns.

    Parameters
    ----------
    n_topics
        Topics at most; fewer while fewer documents are known.
    n_components
        Components of the projection in which the nearest topic is looked for.
    warm_up
        Distinct documents from which the topics are found before they only follow the stream.
    half_life
        Documents after which a document weighs half.
    n_terms
        Terms that the vocabulary is cut back to.
    top_n_words
        Words that describe a topic.
    outlier_deviations
        A document is an outlier when it lies more than so many standard deviations farther from
        its topic than the topic's documents do on average.
    seed
        Seed of every random choice.
    drift
        When a change becomes an event.

    """

    n_topics: int = 50
    n_components: int = 100
    warm_up: int = 2_000
    half_life: float = 50_000.0
    n_terms: int = 50_000
    top_n_words: int = 10
    outlier_deviations: float = 3.0
    seed: int = 42
    drift: DriftSettings = field(default_factory=DriftSettings)


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

    Each batch: IncrementalPCA follows the embeddings; the centroids, which live in embedding
    space, are projected through it; MiniBatchKMeans starts from them and labels the batch; the
    labels update the centroids and the term counts behind c-TF-IDF. The same state, batch, time
    and seed give the same bytes.

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
        self._seen = np.zeros((0, 3))  # documents, first seen, last seen
        self._counts = TermCounts(self.settings.n_terms)
        self._projection = Projection(self.settings.n_components, self.settings.half_life)
        self._centroids = Centroids(0)
        self._warm_up: WarmUp | None = None
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
        if len(texts) == 0:
            return Step(self.sequence, np.zeros(0, np.int64), np.zeros(0, np.float32), ())
        self._begin(embeddings.shape[1])
        counted = count_terms(texts)
        weight = self._weight()
        if self._warm_up is not None:
            warm, labels, similarities = True, *self._warm(embeddings, self._rows(counted, texts))
        else:
            warm, labels, similarities = False, *self._follow(embeddings, weight)
        batch = self._counts.matrix(counted, labels, len(self._centroids))
        if not warm:
            self._counts.add(batch, weight)
        self._note(labels, np.asarray(timestamps if timestamps is not None else [now] * len(texts)))
        self.n_documents += len(texts)
        events = self._watch(labels, similarities, batch, ids, warm=warm)
        self._prune()
        self._relabel(due=warm)
        return Step(self.sequence, labels, np.clip(similarities, 0.0, 1.0), events)

    def transform(self, embeddings: Embeddings) -> tuple[Labels, NDArray[np.float32]]:
        """Return topic and strength of each document without learning from it.

        Raises
        ------
        EmbeddingError
            The embeddings do not fit the model.

        """
        embeddings = self._checked(embeddings, embeddings)
        if not len(self._centroids):
            return np.full(len(embeddings), OUTLIERS), np.zeros(len(embeddings), np.float32)
        points = self._projection.transform(embeddings)
        targets = self._projection.transform(self._centroids.means())
        labels = np.asarray(pairwise_distances_argmin(points, targets), dtype=np.int64)
        labels, similarities = self._judge(embeddings, labels)
        return labels, np.clip(similarities, 0.0, 1.0)

    def topics(self, *, fresh: bool = True) -> list[Topic]:
        """Return every topic with its words, sizes and times, by id.

        Parameters
        ----------
        fresh
            Whether to weigh the words anew, which looks at every count; otherwise they are those
            behind `labels`, at most 5,000 documents old. Sizes, shares and times are of now.

        """
        words = self._words() if fresh else self._described
        shares = self._centroids.weights / max(self._centroids.weights.sum(), 1e-300)
        return [
            Topic(
                topic,
                label_of(topic, [word for word, _ in words[topic]]),
                tuple((word, weight) for word, weight in words[topic]),
                int(size),
                float(shares[topic]),
                first if size else self.clock,
                last if size else self.clock,
            )
            for topic, (size, first, last) in enumerate(self._seen.tolist())
        ]

    def labels(self) -> dict[int, str]:
        """Return the label of each topic as it was when its words were last looked at."""
        described = enumerate(self._described)
        labels = {topic: label_of(topic, [word for word, _ in words]) for topic, words in described}
        return {OUTLIERS: OUTLIER_LABEL, **labels}

    def state_hash(self) -> str:
        """Return the SHA-256 of everything that the next batch depends on, as 64 hex digits."""
        digest = hashlib.sha256(json.dumps(self.scalars(), sort_keys=True).encode())
        arrays = self.arrays()
        for name in sorted(arrays):
            array = arrays[name]
            digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        digest.update(self._counts.digest)
        return digest.hexdigest()

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
            "next_fit": self._warm_up.next_fit if self._warm_up else None,
        }

    def arrays(self) -> Arrays:
        """Return the state in arrays, by name, but for the term counts."""
        arrays: Arrays = {
            "seen": self._seen,
            "centroids.sums": self._centroids.sums,
            "centroids.weights": self._centroids.weights,
            "centroids.similarity": self._centroids.similarity,
        }
        parts = {"projection": self._projection.arrays(), "drift": self._drift.arrays()}
        if self._warm_up is not None:
            parts["warm_up"] = {
                "embeddings": self._warm_up.embeddings,
                "weights": self._warm_up.weights,
                **sparse_parts(self._warm_up.terms),
            }
        for part, named in parts.items():
            arrays.update({f"{part}.{name}": array for name, array in named.items()})
        return arrays

    def restore(
        self,
        scalars: dict[str, object],
        arrays: Arrays,
        counts: TermCounts,
    ) -> None:
        """Become the model whose `scalars`, `arrays` and term counts these are."""
        for name in ("sequence", "n_documents", "n_dimensions", "clock"):
            setattr(self, name, scalars[name])
        for name in ("faded_from", "labelled_at", "described"):
            setattr(self, f"_{name}", scalars[name])
        self._counts = counts
        self._seen = arrays["seen"]
        self._centroids = Centroids(arrays["centroids.sums"].shape[1])
        for name in ("sums", "weights", "similarity"):
            setattr(self._centroids, name, arrays[f"centroids.{name}"])
        self._projection.restore(_part(arrays, "projection"))
        self._drift = DriftMonitor.from_arrays(self.settings.drift, _part(arrays, "drift"))
        self._warm_up = None
        if scalars["next_fit"] is not None:
            warm = _part(arrays, "warm_up")
            self._warm_up = WarmUp(self.settings.warm_up, warm["embeddings"].shape[1])
            self._warm_up.embeddings, self._warm_up.weights = warm["embeddings"], warm["weights"]
            self._warm_up.terms = sparse_of(warm)
            self._warm_up.next_fit = int(str(scalars["next_fit"]))

    @property
    def counts(self) -> TermCounts:
        """The term counts, to be read only."""
        return self._counts

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

    def _begin(self, n_dimensions: int) -> None:
        if self.n_dimensions is None:
            self.n_dimensions = n_dimensions
            self._centroids = Centroids(n_dimensions)
            self._warm_up = WarmUp(self.settings.warm_up, n_dimensions)

    def _weight(self) -> float:
        """Return the weight of a document of now; older ones weigh 1 at `_faded_from`."""
        age = (self.n_documents - self._faded_from) / self.settings.half_life
        if age > RESCALE_AT:
            whole = float(np.floor(age))
            self._faded_from += round(whole * self.settings.half_life)
            self._centroids.rescale(2.0**-whole)
            self._counts.rescale(2.0**-whole)
            age -= whole
        return float(2.0**age)

    def _rows(self, counted: pl.DataFrame, texts: Sequence[str]) -> csr_array:
        return self._counts.matrix(counted, np.arange(len(texts)), len(texts))

    def _warm(self, embeddings: Embeddings, terms: csr_array) -> tuple[Labels, NDArray[np.float32]]:
        """Find the topics from all documents so far, when that is due, and label the batch."""
        warm_up = self._warm_up
        usable = np.flatnonzero(embeddings.any(axis=1))
        if warm_up is None or not len(usable):
            return self._nearest(embeddings)
        warm_up.add(embeddings[usable], terms[usable])
        if warm_up.is_due:
            self._projection.fit(warm_up.embeddings)
            points = self._projection.transform(warm_up.embeddings)
            found = warm_up.find_topics(points, self.settings.n_topics, self.settings.seed)
            self._settle(warm_up, self._continued(warm_up, found))
        else:
            self._settle(warm_up, self._nearest(warm_up.embeddings)[0])
        if warm_up.is_over:
            self._warm_up = None
            self._faded_from = self.n_documents + len(embeddings)
        return self._nearest(embeddings)

    def _continued(self, warm_up: WarmUp, found: Labels) -> Labels:
        if not len(self._centroids):
            return found
        fresh = Centroids(warm_up.embeddings.shape[1])
        fresh.reset(int(found.max()) + 1)
        ones = np.ones(len(found), dtype=np.float32)
        fresh.add(warm_up.embeddings, found, ones, warm_up.weights)
        return keep_ids(found, fresh.directions(), self._centroids.directions())

    def _settle(self, warm_up: WarmUp, labels: Labels) -> None:
        """Take sums and counts from the warm-up documents alone, labelled as given."""
        n_topics = max(len(self._centroids), int(labels.max()) + 1)
        self._centroids.reset(n_topics)
        ones = np.ones(len(labels), dtype=np.float32)
        self._centroids.add(warm_up.embeddings, labels, ones, warm_up.weights)
        directions = self._centroids.directions()[labels]
        similarities = np.einsum("ij,ij->i", warm_up.embeddings, directions)
        self._centroids.reset(n_topics)
        self._centroids.add(warm_up.embeddings, labels, similarities, warm_up.weights)
        entries = (warm_up.weights, (labels, np.arange(len(labels))))
        member = csr_array(entries, shape=(n_topics, len(labels)))
        self._counts.replace(csr_array(member @ warm_up.terms))
        missing = n_topics - len(self._seen)
        self._seen = np.concatenate([self._seen, np.tile([0.0, np.inf, -np.inf], (missing, 1))])

    def _nearest(self, embeddings: Embeddings) -> tuple[Labels, NDArray[np.float32]]:
        """Label documents with the nearest topic, none of them an outlier but rows of zero."""
        if not len(self._centroids):
            return np.full(len(embeddings), OUTLIERS), np.zeros(len(embeddings), np.float32)
        points = self._projection.transform(embeddings)
        targets = self._projection.transform(self._centroids.means())
        labels = np.asarray(pairwise_distances_argmin(points, targets), dtype=np.int64)
        similarities = self._similarities(embeddings, labels)
        return np.where(embeddings.any(axis=1), labels, OUTLIERS), similarities

    def _follow(self, embeddings: Embeddings, weight: float) -> tuple[Labels, NDArray[np.float32]]:
        """Label a batch, then let projection and centroids follow it."""
        self._projection.update(embeddings)
        points = self._projection.transform(embeddings)
        centres = self._projection.transform(self._centroids.means())
        if len(points) >= len(centres):
            k_means = MiniBatchKMeans(
                len(centres),
                init=centres,
                n_init=1,
                batch_size=len(points),
                reassignment_ratio=0.0,
                random_state=self.settings.seed,
            )
            labels = np.asarray(k_means.partial_fit(points).labels_, dtype=np.int64)
        else:  # sklearn wants as many documents as clusters, and the labels are the same
            labels = np.asarray(pairwise_distances_argmin(points, centres), dtype=np.int64)
        labels, similarities = self._judge(embeddings, labels)
        weights = np.full(len(labels), weight)
        self._centroids.add(embeddings, labels, similarities, weights)
        return labels, similarities

    def _judge(self, embeddings: Embeddings, labels: Labels) -> tuple[Labels, NDArray[np.float32]]:
        """Turn documents unusually far from their topic into outliers."""
        similarities = self._similarities(embeddings, labels)
        mean, deviation = self._centroids.usual_similarity()
        # Identical documents have no deviation; rounding must not make outliers of them.
        line = mean - self.settings.outlier_deviations * deviation - 1e-3
        far = (similarities < line[labels]) | ~embeddings.any(axis=1)
        return np.where(far, OUTLIERS, labels), similarities

    def _similarities(self, embeddings: Embeddings, labels: Labels) -> NDArray[np.float32]:
        directions = self._centroids.directions()[labels]
        dots = np.einsum("ij,ij->i", embeddings, directions)
        lengths = np.maximum(np.linalg.norm(embeddings, axis=1), 1e-12)
        return np.asarray(dots / lengths, dtype=np.float32)

    def _note(self, labels: Labels, times: NDArray[np.float64]) -> None:
        kept = labels >= 0
        topics = labels[kept]
        self._seen[:, 0] += np.bincount(topics, minlength=len(self._seen))
        np.minimum.at(self._seen[:, 1], topics, times[kept])
        np.maximum.at(self._seen[:, 2], topics, times[kept])

    def _watch(
        self,
        labels: Labels,
        similarities: NDArray[np.float32],
        batch: csr_array,
        ids: Sequence[str],
        *,
        warm: bool,
    ) -> tuple[DriftEvent, ...]:
        n_topics = len(self._centroids)
        kept = labels >= 0
        counts = np.bincount(labels[kept], minlength=n_topics)
        summed = np.bincount(
            labels[kept], weights=1.0 - similarities[kept].astype(np.float64), minlength=n_topics
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            distances = summed / counts
        observation = Observation(
            sequence=self.sequence,
            now=self.clock,
            n_documents=len(labels),
            topic_ids=np.arange(n_topics, dtype=np.int64),
            counts=counts.astype(np.int64),
            distances=distances,
            n_outliers=int(np.count_nonzero(~kept)),
            term_counts=batch,
            terms=self._counts.terms,
            examples=_examples(labels, ids),
            warm=warm,
        )
        return self._drift.update(observation)

    def _prune(self) -> None:
        kept = self._counts.prune()
        if kept is None:
            return
        self._drift.keep_terms(kept)
        if self._warm_up is not None:
            self._warm_up.keep_terms(kept)

    def _relabel(self, *, due: bool) -> None:
        if due or self.n_documents - self._labelled_at >= LABEL_EVERY:
            self._labelled_at = self.n_documents
            self._described = self._words()

    def _words(self) -> list[list[tuple[str, float]]]:
        weights = c_tf_idf(self._counts.dense())
        n_words = min(self.settings.top_n_words, weights.shape[1])
        # Ties go to the older term, so that equal counts give equal words on every machine.
        best = np.argsort(-weights, axis=1, kind="stable")[:, :n_words]
        terms = self._counts.terms
        return [
            [(terms[c], float(row[c])) for c in columns.tolist() if row[c] > 0]
            for row, columns in zip(weights, best, strict=True)
        ]


def sparse_parts(matrix: csr_array) -> Arrays:
    """Return the arrays that make up a sparse matrix."""
    return {
        "data": matrix.data,
        "indices": matrix.indices.astype(np.int64),
        "indptr": matrix.indptr.astype(np.int64),
        "shape": np.array(matrix.shape, dtype=np.int64),
    }


def sparse_of(parts: Arrays) -> csr_array:
    """Return the sparse matrix that `sparse_parts` took apart."""
    n_rows, n_columns = parts["shape"].tolist()
    entries = (parts["data"], parts["indices"], parts["indptr"])
    return csr_array(entries, shape=(n_rows, n_columns))


def _part(arrays: Arrays, part: str) -> Arrays:
    prefix = f"{part}."
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


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
