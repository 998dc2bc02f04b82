"""Topics that follow a stream, one batch after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import ThreadpoolController

from topicstream.model import examples
from topicstream.model.arrays import Arrays, digest_of, joined, part_of
from topicstream.model.centroids import Embeddings, Labels, unit
from topicstream.model.clusters import Answers, Clusters
from topicstream.model.descriptions import Descriptions
from topicstream.model.drift.monitor import DriftMonitor
from topicstream.model.drift.observation import Observation
from topicstream.model.errors import EmbeddingError, StartError
from topicstream.model.events import DriftEvent
from topicstream.model.given_names import GivenNames
from topicstream.model.lifecycle import adoption
from topicstream.model.lifecycle.evidence import Moment, events_of, least_score
from topicstream.model.lifecycle.lineage import Lineage
from topicstream.model.lifecycle.lives import Lives, Living
from topicstream.model.lifecycle.recent import Recent
from topicstream.model.refit.candidate import Candidate, CandidateError
from topicstream.model.settings import ModelSettings
from topicstream.model.sightings import Sightings
from topicstream.model.terms import TermCounts
from topicstream.model.timeline import Timeline
from topicstream.model.topics import Topic
from topicstream.model.vocabulary import Occurrences

if TYPE_CHECKING:
    from topicstream.model.starting_topics import StartingTopics  # it takes pandas along

RESCALE_AT = 64.0  # half-lives after which the weights are brought back to one
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
        Part of the topic's documents that lie no closer to it, 0 to 1; see `Closeness`. For an
        outlier, of the nearest topic.
    runners_up
        Next best topic of each document; of an outlier, the best. -1 where there is none.
    events
        Drift found with this batch, and what became of the topics after it.

    """

    sequence: int
    topics: Labels
    strengths: NDArray[np.float64]
    runners_up: Labels
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
        self._descriptions = Descriptions(self.settings.top_n_words)
        self._sightings = Sightings()
        self._counts = TermCounts(self.settings.n_terms)
        self._clusters: Clusters | None = None
        self._lives: Lives | None = None
        self._drift = DriftMonitor(self.settings.drift)
        self.timeline = Timeline(self.settings.timeline)

    def begin(self, start: StartingTopics) -> None:
        """Begin with topics that another model found; only a model that knows nothing can.

        The first `ModelSettings.warm_up` documents, none of which is an outlier, show how close
        documents lie to these topics.

        Raises
        ------
        StartError
            This model has topics already.

        """
        if self._clusters is not None:
            raise StartError("this model has learnt already; begin with one that knows nothing")
        clusters, lives = self._begun(start.n_dimensions)
        weights = start.weights(self.settings.half_life)
        clusters.take_over(start.centroids, weights)
        lives.lineage.take_over(start.ids, start.next_id)
        self._counts.begin(start.terms, csr_array(start.shares * weights[:, None]))
        self._descriptions.names = GivenNames(start.names)
        none = np.zeros(0, dtype=np.int64)
        self._sightings.add(none, np.zeros(0), len(clusters), 0)
        self._describe()

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
            none = np.zeros(0, np.int64)
            return Step(self.sequence, none, np.zeros(0), none, ())
        with _threads.limit(limits=1):
            return self._learn(texts, embeddings, ids, times)

    def transform(self, embeddings: Embeddings) -> tuple[Labels, NDArray[np.float64]]:
        """Return topic and strength of each document without learning from it.

        Raises
        ------
        EmbeddingError
            The embeddings do not fit the model.

        """
        embeddings = self._checked(embeddings, embeddings)
        clusters = self._clusters or Clusters(self.settings, embeddings.shape[1])
        with _threads.limit(limits=1):
            answers = clusters.assign(embeddings)
        return self.lineage.ids_of(answers.rows), answers.strengths

    def adopt(self, candidate: Candidate) -> tuple[DriftEvent, ...]:
        """Take over the topics of a refit between two batches, and tell what became of which.

        It counts as a batch of its own; what drift is measured by starts afresh.

        Raises
        ------
        CandidateError
            The first topics are still being looked for. Nothing has changed.

        """
        clusters, lives = self._clusters, self._lives
        if clusters is None or lives is None or clusters.warm_up is not None:
            raise CandidateError("this model is still finding its first topics; refit it later")
        before, labels = self._foremost(), self.labels()
        ids = tuple(self.lineage.ids.tolist())
        self.sequence += 1
        living = Living(
            clusters, self._counts, self._sightings, labels, self.sequence, self.n_documents
        )
        with _threads.limit(limits=1):
            changes = adoption.adopt(candidate, living, lives)
        self._drift = DriftMonitor(self.settings.drift)
        self._describe()
        moment = Moment.of_swap(self.sequence, self.clock, before, self._foremost(), changes)
        after = tuple(self.lineage.ids.tolist())
        swap = adoption.refitted(ids, after, self.clock, self.sequence)
        return (swap, *events_of(changes, moment))

    @property
    def lineage(self) -> Lineage:
        """Ids of the living topics, their parents, and the topics that rest; to be read only."""
        return self._lives.lineage if self._lives is not None else Lineage()

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
        described = self._descriptions.fresh(self._counts) if fresh else self._descriptions.words
        weights = self._clusters.centroids.weights
        shares = (weights / max(weights.sum(), 1e-300)).tolist()
        return [
            Topic(
                topic,
                self._descriptions.names.label(topic, [word for word, _ in words]),
                tuple(words),
                int(size),
                share,
                first if size else self.clock,
                last if size else self.clock,
                self.lineage.parents.get(topic, ()),
            )
            for topic, words, share, (size, first, last, _) in zip(
                self.lineage.ids.tolist(),
                described,
                shares,
                self._sightings.table.tolist(),
                strict=True,
            )
        ]

    def labels(self) -> dict[int, str]:
        """Return the label of each topic as it was when its words were last looked at."""
        return self._descriptions.labels(self.lineage.ids)

    def names(self) -> dict[int, str]:
        """Return the names that topics were given elsewhere and that still hold, by topic."""
        return self._descriptions.names.texts()

    def centroids(self) -> Embeddings:
        """Return the mean embedding of each topic by id, (n_topics, n_dimensions) float32."""
        if self._clusters is None:
            return np.zeros((0, self.n_dimensions or 0), dtype=np.float32)
        return self._clusters.centroids.means()

    @property
    def recent(self) -> Recent | None:
        """The last documents, to be read only; None before the first."""
        return None if self._lives is None else self._lives.recent

    @property
    def counts(self) -> TermCounts:
        """The term counts, to be read only."""
        return self._counts

    def state_hash(self) -> str:
        """Return the SHA-256 of everything that the next batch depends on, as 64 hex digits."""
        small = self._arrays(self._lives.small_arrays() if self._lives is not None else {})
        return digest_of(self.scalars(), small, self._counts.digest + self.timeline.digest)

    def scalars(self) -> dict[str, object]:
        """Return the state that is not an array, ready for JSON."""
        return {
            "settings": asdict(self.settings),
            "sequence": self.sequence,
            "n_documents": self.n_documents,
            "n_dimensions": self.n_dimensions,
            "clock": self.clock,
            "faded_from": self._faded_from,
            "lineage": self.lineage.scalars(),
            "descriptions": self._descriptions.scalars(),
        }

    def arrays(self) -> Arrays:
        """Return the state in arrays, by name, but for the term counts."""
        lives = self._lives.arrays() if self._lives is not None else {}
        return {**self._arrays(lives), **joined({"timeline": self.timeline.arrays()})}

    def restore(self, scalars: dict[str, Any], arrays: Arrays, counts: TermCounts) -> None:
        """Become the model whose `scalars`, `arrays` and term counts these are."""
        for name in ("sequence", "n_documents", "n_dimensions", "clock"):
            setattr(self, name, scalars[name])
        self._faded_from = scalars["faded_from"]
        self._counts = counts
        self._descriptions.restore(scalars["descriptions"])
        self._sightings.table = arrays["sightings.table"]
        clusters = part_of(arrays, "clusters")
        self._clusters = Clusters.from_arrays(self.settings, clusters) if clusters else None
        if self.n_dimensions is not None:
            self._lives = Lives(self.settings, self.n_dimensions)
            self._lives.restore(scalars["lineage"], part_of(arrays, "lives"))
        self._drift = DriftMonitor.from_arrays(self.settings.drift, part_of(arrays, "drift"))
        timeline = part_of(arrays, "timeline")
        self.timeline = Timeline.from_arrays(self.settings.timeline, timeline, counts.terms)

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
        return unit(embeddings)

    def _arrays(self, lives: Arrays) -> Arrays:
        clusters = self._clusters.arrays() if self._clusters is not None else {}
        seen = {"table": self._sightings.table}
        parts = {"clusters": clusters, "drift": self._drift.arrays(), "sightings": seen}
        return joined({**parts, "lives": lives})

    def _begun(self, n_dimensions: int) -> tuple[Clusters, Lives]:
        if self._clusters is None or self._lives is None:
            self.n_dimensions = n_dimensions
            self._clusters = Clusters(self.settings, n_dimensions)
            self._lives = Lives(self.settings, n_dimensions)
        return self._clusters, self._lives

    def _learn(
        self,
        texts: Sequence[str],
        embeddings: Embeddings,
        ids: Sequence[str],
        times: NDArray[np.float64],
    ) -> Step:
        clusters, lives = self._begun(embeddings.shape[1])
        found = self._counts.locate(texts)
        warm_up = clusters.warm_up
        learn = self._warm if warm_up is not None else self._follow
        answers, batch = learn(clusters, embeddings, found)
        self.n_documents += len(texts)
        if warm_up is not None:
            lives.begin(clusters, warm_up.embeddings)
            if clusters.warm_up is None:
                self._faded_from = self.n_documents
        self._sightings.add(answers.rows, times, len(clusters), self.n_documents)
        topics, runners_up = lives.named(answers)
        self.timeline.add(topics, times, found, self._counts.terms, embeddings)
        outside = self._counts.matrix(found, np.where(topics < 0, 0, -1), 1)
        drift = self._drift.update(
            Observation.of(
                answers.rows,
                answers.similarities,
                batch,
                lives.lineage.ids,
                sequence=self.sequence,
                now=self.clock,
                terms=self._counts.terms,
                examples=examples.by_topic(topics, ids),
                outlier_terms=outside,
                warm=warm_up is not None,
            )
        )
        if warm_up is None and lives.is_on:
            far = np.where(lives.is_far(answers), np.arange(len(texts)), -1)
            lives.add(embeddings, answers, self._counts.matrix(found, far, len(texts)), clusters)
        changes = self._live(clusters, lives, ids, times) if lives.is_due else ()
        self._prune()
        if warm_up is not None or self._descriptions.is_due(self.n_documents):
            self._describe()
        return Step(self.sequence, topics, answers.strengths, runners_up, (*drift, *changes))

    def _live(
        self, clusters: Clusters, lives: Lives, ids: Sequence[str], times: NDArray[np.float64]
    ) -> tuple[DriftEvent, ...]:
        """Let topics come and go, and tell of it."""
        before, labels = self._foremost(), self.labels()
        parts = (clusters, self._counts, self._sightings)
        changes = lives.look(Living(*parts, labels, self.sequence, self.n_documents))
        if not changes:
            return ()
        self._describe()
        self._drift.settle(np.array([t for change in changes for t in change.topics]))
        n_earlier = len(lives.recent) - len(times)
        moment = Moment(
            self.sequence,
            (float(times.min()), self.clock),
            before,
            self._foremost(),
            tuple(examples.of_members(change.members, ids, n_earlier) for change in changes),
            len(lives.recent),
            least_score(self.settings.lifecycle.false_births),
        )
        return events_of(changes, moment)

    def _foremost(self) -> dict[int, tuple[str, ...]]:
        return self._descriptions.foremost(self.lineage.ids)

    def _describe(self) -> None:
        settled = self._clusters is not None and self._clusters.warm_up is None
        ids, n_documents = self.lineage.ids, self.n_documents
        self._descriptions.look(ids, self._counts, n_documents, settled=settled)

    def _warm(
        self, clusters: Clusters, embeddings: Embeddings, found: Occurrences
    ) -> tuple[Answers, csr_array]:
        n_documents = len(embeddings)
        rows = self._counts.matrix(found, np.arange(n_documents), n_documents)
        if self.lineage.n_given and not self.n_documents:
            # Shares of terms become counts: as many as so many documents have here.
            self._counts.rescale(max(1.0, len(found.columns) / n_documents))
        answers, counts = clusters.warm(embeddings, rows)
        if counts is not None:
            self._counts.replace(counts)
        batch = self._counts.matrix(found, answers.rows, len(clusters))
        if self.lineage.n_given:
            self._counts.add(batch, 1.0)
        return answers, batch

    def _follow(
        self, clusters: Clusters, embeddings: Embeddings, found: Occurrences
    ) -> tuple[Answers, csr_array]:
        weight = self._weight(clusters)
        answers = clusters.follow(embeddings, weight)
        batch = self._counts.matrix(found, answers.rows, len(clusters))
        self._counts.add(batch, weight)
        return answers, batch

    def _weight(self, clusters: Clusters) -> float:
        """Return the weight of a document of now; older ones weigh 1 at `_faded_from`."""
        age = (self.n_documents - self._faded_from) / self.settings.half_life
        if age > RESCALE_AT:
            whole = float(np.floor(age))
            self._faded_from += round(whole * self.settings.half_life)
            for part in (clusters, self._counts, self._lives):
                if part is not None:
                    part.rescale(2.0**-whole)
            age -= whole
        return float(2.0**age)

    def _prune(self) -> None:
        kept = self._counts.prune()
        if kept is None or self._clusters is None:
            return
        self._drift.keep_terms(kept)
        self.timeline.keep_terms(kept)
        if self._clusters.warm_up is not None:
            self._clusters.warm_up.keep_terms(kept)
        if self._lives is not None:
            self._lives.recent.keep_terms(kept)
