"""A live model, as a stream's snapshot holds it, seen as a BERTopic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix, diags, vstack

from topicstream.model.alignment import learnt
from topicstream.model.backend import BaseEmbedder, select_backend
from topicstream.model.cluster import BaseCluster
from topicstream.model.ctfidf import class_idf, top_terms, weighted
from topicstream.model.dimensionality import BaseDimensionalityReduction
from topicstream.model.documents import is_sparse
from topicstream.model.errors import EmbeddingError
from topicstream.model.labels import default_label
from topicstream.model.mapper import TopicMapper
from topicstream.model.persistence.snapshot_files import snapshot_files
from topicstream.model.regrouping import joined_embeddings, plan, renumber
from topicstream.model.rows import widen
from topicstream.model.snapshot import decode
from topicstream.model.vectorizers import ClassTfidfTransformer
from topicstream.model.words import candidate_words, padded

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic
    from topicstream.model.online import OnlineTopicModel

TERM = r"[^\W\d_][^\W_]+"
"""What a stream counts as a term, but for its length and stop words."""

_WITHOUT_NAME = ("precomputed",)


class LiveTopics:
    """What a BERTopic of a snapshot knows beyond its own attributes.

    Parameters
    ----------
    online
        The model of the stream; it is read only.

    """

    def __init__(self, online: OnlineTopicModel) -> None:
        self.online = online
        self.outlier_terms, self.outlier_embedding = _outliers(online)

    @property
    def ids(self) -> list[int]:
        """Ids of the topics in the stream, ascending; there may be gaps."""
        found: list[int] = self.online.lineage.ids.tolist()
        return found

    def counts(self, topics: Sequence[int], now: Mapping[int, int]) -> csr_array:
        """Return term counts that fade with age, one row a topic.

        Parameters
        ----------
        topics
            Topics of today, -1 for the outliers.
        now
            From ids in the stream to those of today.

        """
        counts = csr_array(self.online.counts.dense())
        both = csr_array(vstack([self.outlier_terms, counts], format="csr"))
        row_of = {topic: row for row, topic in enumerate(topics)}
        pairs = [(row_of.get(now.get(t, -1), -1), i) for i, t in enumerate([-1, *self.ids])]
        kept = np.array([pair for pair in pairs if pair[0] >= 0], dtype=np.int64).reshape(-1, 2)
        member = csr_array((np.ones(len(kept)), kept.T), shape=(len(topics), both.shape[0]))
        found = csr_array(member @ both)
        # In another order sums would have other last bits than those of the stream.
        found.sort_indices()
        return found


def from_snapshot(
    cls: type[BERTopic],
    source: str | Path,
    embedding_model: object | None = None,
    *,
    prefix: str = "topicstream",
) -> BERTopic:
    """Return the live model in a snapshot as a fitted BERTopic.

    Parameters
    ----------
    cls
        The class to make.
    source
        Folder of a snapshot, a state folder, or a URL such as ``redis://localhost:6379/0``.
    embedding_model
        The embedder; None takes the one whose name the snapshot holds.
    prefix
        Name under which Redis holds the model.

    Raises
    ------
    SnapshotFormatError
        There is no snapshot, or none that is sound and of this version; a ValueError.

    """
    online, extra = decode(snapshot_files(source, prefix=prefix))
    return as_bertopic(cls, online, embedding_model or _embedder_name(extra))


def as_bertopic(
    cls: type[BERTopic], online: OnlineTopicModel, embedding_model: object | None = None
) -> BERTopic:
    """Return a stream's model as a fitted BERTopic.

    Parameters
    ----------
    cls
        The class to make.
    online
        The model of a stream, from now on to be read only.
    embedding_model
        The embedder; None for none.

    """
    topic_model = cls(
        top_n_words=online.settings.top_n_words,
        embedding_model=BaseEmbedder() if embedding_model is None else embedding_model,
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
        vectorizer_model=_vectorizer(online.counts.terms),
    )
    if embedding_model is not None:
        topic_model.embedding_model = select_backend(embedding_model)
    live = LiveTopics(online)
    topic_model._live = live
    _set_sizes(topic_model, live)
    _set_words(topic_model, live)
    _set_vectors(topic_model, live)
    _set_names(topic_model, online)
    return topic_model


def live_topics(
    topic_model: BERTopic,
    live: LiveTopics,
    vectors: Any,  # noqa: ANN401  # dense or sparse
) -> tuple[list[int], NDArray[np.float64]]:
    """Return topic and strength of each document as the stream would answer it.

    Parameters
    ----------
    topic_model
        The model, whose mapper says what became of the stream's ids.
    live
        What it knows of the stream.
    vectors
        Shape (n, d).

    Raises
    ------
    EmbeddingError
        The vectors have another width than the stream's; a ValueError.

    """
    dense = vectors.toarray() if is_sparse(vectors) else np.asarray(vectors)
    width = live.online.n_dimensions
    if width not in {None, dense.shape[1]}:
        raise EmbeddingError(
            f"embeddings have {dense.shape[1]} dimensions, but the topics of this stream have "
            f"{width}: use the embedder that the stream is embedded with"
        )
    topics, strengths = live.online.transform(dense.astype(np.float32))
    now = _now(topic_model)
    return [now.get(topic, topic) for topic in topics.tolist()], strengths


def topic_counts(topic_model: BERTopic, live: LiveTopics, topics: Sequence[int]) -> csr_array:
    """Return the term counts of topics without their documents, one row a topic.

    Parameters
    ----------
    topic_model
        The model.
    live
        What it knows of the stream.
    topics
        Their ids of today.

    """
    return live.counts(topics, _now(topic_model))


def regroup_without_documents(
    topic_model: BERTopic, live: LiveTopics, joined: Mapping[int, int]
) -> None:
    """Join topics, number them by size, and tell their words from the stream's counts.

    Parameters
    ----------
    topic_model
        The model that is changed.
    live
        What it knows of the stream.
    joined
        Topic to the topic it joins; a topic that is no key stays.

    """
    change = plan(topic_model, joined)
    topic_model.topic_embeddings_ = joined_embeddings(topic_model.topic_embeddings_, change)
    renumber(topic_model, change)
    _tell(topic_model, topic_counts(topic_model, live, change.targets), change.targets)


def live_topics_over_time(
    topic_model: BERTopic, live: LiveTopics, nr_bins: int | None = None
) -> pd.DataFrame:
    """Return words and sizes of each topic over time, as the stream remembers them.

    Parameters
    ----------
    topic_model
        The model.
    live
        What it knows of the stream.
    nr_bins
        Number of equal spans, about; None for bins as fine as they were kept.

    Returns
    -------
    DataFrame
        Columns Topic, Words, Frequency, Timestamp; by time, then by topic. What topics were before
        they were joined, in the stream or here, counts for the one that they became, with the words
        of the largest; topics that faded are left out.

    """
    timeline = live.online.timeline
    starts, ends = timeline.bins
    width = (ends.max() - starts.min()) / nr_bins if nr_bins and len(starts) else None
    idf = dict(zip(live.online.counts.terms, topic_model.ctfidf_model.idf_.tolist(), strict=True))
    frame = timeline.frame(idf=idf, bin_width=width)[["Topic", "Words", "Frequency", "Timestamp"]]
    now = {**_now(topic_model), -1: -1}
    for rested in live.online.lineage.resting:
        if not rested.into:
            now.pop(rested.id, None)
    frame = frame[frame["Topic"].isin(list(now))]
    frame = frame.assign(Topic=frame["Topic"].map(now))
    frame = frame[frame["Topic"].isin(list(learnt(topic_model.topic_sizes_)))]
    largest = frame.sort_values("Frequency", ascending=False, kind="stable")
    grouped = largest.groupby(["Timestamp", "Topic"], sort=True, as_index=False)
    summed = grouped.agg({"Words": "first", "Frequency": "sum"})
    return summed[["Topic", "Words", "Frequency", "Timestamp"]]


def _now(topic_model: BERTopic) -> dict[int, int]:
    return learnt(topic_model.topic_mapper_).get_mappings()


def _embedder_name(extra: Mapping[str, object]) -> str | None:
    name = extra.get("embedder")
    if not isinstance(name, str) or name.partition(":")[0] in _WITHOUT_NAME:
        return None
    return name


def _outliers(online: OnlineTopicModel) -> tuple[csr_array, NDArray[np.float32]]:
    """Return terms and mean of the last outliers: those before are remembered nowhere."""
    n_terms = len(online.counts.terms)
    nothing = csr_array((1, n_terms)), np.zeros(online.n_dimensions or 0, dtype=np.float32)
    recent = online.recent
    outside = np.zeros(0, np.int64) if recent is None else np.flatnonzero(recent.rows.topics < 0)
    if recent is None or not len(outside):
        return nothing
    known = widen(csr_array(recent.terms[outside]), n_terms)
    sums = csr_array(np.ones((1, len(outside)))) @ known
    return csr_array(sums), recent.unit_rows(outside).mean(axis=0)


def _set_sizes(topic_model: BERTopic, live: LiveTopics) -> None:
    online = live.online
    sizes = {topic.id: topic.size for topic in online.topics(fresh=False)}
    resting = online.lineage.resting
    faded = sum(rested.size for rested in resting if not rested.into)
    n_outliers = max(0, online.n_documents - sum(sizes.values()) - faded)
    outliers = {-1: n_outliers} if n_outliers else {}
    topic_model.topics_ = []
    topic_model.topic_sizes_ = Counter({**outliers, **sizes})
    mapper = TopicMapper([*outliers, *sizes])
    gone = {rested.id: rested.into for rested in resting}
    rested: list[list[int | None]] = [[topic, _heir(topic, gone, sizes)] for topic in gone]
    mapper.mappings_ = sorted([*mapper.mappings_, *rested], key=lambda row: int(row[0] or 0))
    topic_model.topic_mapper_ = mapper


def _heir(topic: int, gone: Mapping[int, tuple[int, ...]], living: Mapping[int, int]) -> int:
    """Return the living topic that a resting one went into, or -1."""
    for _ in range(len(gone)):
        into = gone.get(topic, ())
        if not into:
            break
        topic = into[0]
    return topic if topic in living else -1


def _set_words(topic_model: BERTopic, live: LiveTopics) -> None:
    online, terms = live.online, live.online.counts.terms
    counts = csr_array(online.counts.dense())
    idf = class_idf(counts)
    weigher = ClassTfidfTransformer()
    weigher._idf_diag = csr_matrix(diags(idf, format="csr", dtype=np.float64))  # noqa: SLF001  # bertopic's hook
    weigher.n_features_in_ = len(idf)
    topic_model.ctfidf_model = weigher
    topics = sorted(learnt(topic_model.topic_sizes_))
    weights = weighted(topic_counts(topic_model, live, topics), idf)
    topic_model.c_tf_idf_ = csr_matrix(weights)
    n = online.settings.top_n_words
    found = top_terms(weights.sorted_indices(), terms, n)
    topic_model.topic_representations_ = {
        topic: padded(words, n) for topic, words in zip(topics, found, strict=True)
    }


def _tell(topic_model: BERTopic, counts: csr_array, topics: Sequence[int]) -> None:
    weights = topic_model.ctfidf_model.fit(counts).transform(counts)
    terms = topic_model.vectorizer_model.get_feature_names_out()
    topic_model.c_tf_idf_ = weights
    topic_model.topic_representations_ = candidate_words(
        weights, terms, topics, topic_model.top_n_words
    )


def _set_vectors(topic_model: BERTopic, live: LiveTopics) -> None:
    means = live.online.centroids()
    outliers = [live.outlier_embedding] if -1 in learnt(topic_model.topic_sizes_) else []
    topic_model.topic_embeddings_ = np.vstack([*outliers, means]).astype(np.float32)


def _set_names(topic_model: BERTopic, online: OnlineTopicModel) -> None:
    names = online.names()
    words = learnt(topic_model.topic_representations_)
    if names:
        topic_model.custom_labels_ = [
            names.get(topic) or default_label(topic, words[topic]) for topic in sorted(words)
        ]


def _vectorizer(terms: Sequence[str]) -> Any:  # noqa: ANN401  # scikit-learn has no types
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(token_pattern=TERM, stop_words="english")
    vectorizer.vocabulary_ = {term: column for column, term in enumerate(terms)}
    return vectorizer
