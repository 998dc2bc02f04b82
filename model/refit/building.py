"""From a window of documents and their clusters to a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from topicstream.model.arrays import part_of
from topicstream.model.centroids import Centroids, Embeddings, Labels, unit
from topicstream.model.closeness import Closeness
from topicstream.model.ctfidf import c_tf_idf, top_terms
from topicstream.model.online import OnlineTopicModel
from topicstream.model.refit.candidate import Candidate, CandidateError
from topicstream.model.refit.fragments import joined, shared
from topicstream.model.refit.matching import Described, Matches, match
from topicstream.model.refit.settings import RefitSettings
from topicstream.model.terms import TermCounts

N_ROUNDS = 2  # of which the first finds the centroids that similarities are taken to


@dataclass(frozen=True, slots=True)
class Window:
    """Documents that topics are found in.

    Parameters
    ----------
    texts
        One a document.
    embeddings
        float32, (n_documents, n_dimensions), unit length.
    anchors
        Row of each document's topic among those that live, -1 for none.

    """

    texts: Sequence[str]
    embeddings: Embeddings
    anchors: Labels

    @classmethod
    def of(cls, texts: Sequence[str], embeddings: Embeddings, model: OnlineTopicModel) -> Window:
        """Return the window as a model sees it; documents without a vector are left out.

        Raises
        ------
        EmbeddingError
            The embeddings do not fit the model.

        """
        kept = np.flatnonzero(embeddings.any(axis=1))
        rows = unit(embeddings[kept])
        topics, _ = model.transform(rows)
        anchors = model.lineage.rows_of(topics)
        return cls([texts[row] for row in kept.tolist()], rows, anchors)


def candidate_of(
    window: Window,
    clusters: Labels,
    model: OnlineTopicModel,
    settings: RefitSettings,
    embedder: str | None,
) -> Candidate:
    """Return the candidate: what clusters say of the topics that live.

    Parameters
    ----------
    window
        The documents.
    clusters
        Cluster of each, -1 for none, as `fit` gives them.
    model
        The model of now, to be read only.
    settings
        What the clusters were found with.
    embedder
        Name of the embedder.

    Raises
    ------
    CandidateError
        There are fewer than two clusters.

    """
    labels = joined(window.embeddings, clusters, window.anchors)
    n_found = labels.max(initial=-1) + 1
    if n_found < 2:
        raise CandidateError(
            f"{len(labels)} documents fall into {n_found} topics; take a larger window, or a "
            f"smaller min_topic_size than {settings.min_topic_size}"
        )
    terms = TermCounts(model.settings.n_terms)
    rows = _term_rows(terms, window.texts)
    words = _foremost(_sums_of(rows, labels), terms.terms, model.settings.top_n_words)
    matches = _matched(window, labels, words, model)
    labels, matches = _without_confirmed(labels, matches)
    centroids, closeness, counts = _settled(window, labels, rows, model, matches)
    ids = model.lineage.ids
    return Candidate(
        embedder=embedder,
        sequence=model.sequence,
        known=tuple(ids.tolist()),
        stays=tuple(ids[matches.stays()].tolist()),
        keeps=tuple(model.lineage.ids_of(matches.keeps).tolist()),
        parents=tuple(model.lineage.ids_of(matches.parents).tolist()),
        into={int(ids[row]): int(matches.into[row]) for row in np.flatnonzero(matches.into >= 0)},
        rests=tuple(ids[matches.rests].tolist()),
        n_documents=len(labels),
        coherence=None,
        sums=centroids.sums,
        weights=centroids.weights,
        similarity=centroids.similarity,
        histograms=closeness.histograms,
        counts=counts,
        terms=list(terms.terms),
    )


def _without_confirmed(labels: Labels, matches: Matches) -> tuple[Labels, Matches]:
    """Leave out the topics that say nothing new, and number the others anew."""
    rest = np.flatnonzero(~matches.confirms)
    number = np.full(len(matches.confirms) + 1, -1, dtype=np.int64)
    number[rest] = np.arange(len(rest))
    left = matches._replace(
        keeps=matches.keeps[rest],
        confirms=matches.confirms[rest],
        parents=matches.parents[rest],
        into=number[matches.into],
    )
    return number[labels], left


def _term_rows(terms: TermCounts, texts: Sequence[str]) -> csr_array:
    found = terms.locate(texts)
    return terms.matrix(found, np.arange(len(texts)), len(texts))


def _matched(
    window: Window,
    labels: Labels,
    words: list[list[str]],
    model: OnlineTopicModel,
) -> Matches:
    n_live = len(model.lineage.ids)
    live_words = [[word for word, _ in topic.words] for topic in model.topics()]
    found = Described(_directions(window.embeddings, labels), words)
    live = Described(_live_directions(model), live_words)
    table = np.zeros((len(words), n_live), dtype=np.int64)
    known = shared(labels, window.anchors)
    table[:, : known.shape[1]] = known
    sizes = np.bincount(window.anchors[window.anchors >= 0], minlength=n_live)
    return match(found, live, table, sizes, least_size=model.settings.lifecycle.retire_below)


def _settled(
    window: Window, labels: Labels, rows: csr_array, model: OnlineTopicModel, matches: Matches
) -> tuple[Centroids, Closeness, csr_array]:
    """Let every document of the window choose the nearest topic, as the live model will."""
    staying = _live_directions(model)[matches.stays()]
    n_found, n_dimensions = len(matches.keeps), window.embeddings.shape[1]
    centroids, closeness, ones = Centroids(n_dimensions), Closeness(), np.ones(len(labels))
    nearest, similarity = labels, np.ones(len(labels), dtype=np.float32)
    for _ in range(N_ROUNDS):
        centroids.reset(n_found)
        centroids.add(window.embeddings, nearest, similarity, ones)
        nearness = window.embeddings @ np.concatenate([centroids.directions(), staying]).T
        nearest, similarity = nearness.argmax(axis=1), nearness.max(axis=1)
        nearest = np.where(nearest < n_found, nearest, -1)
    closeness.resize(n_found)
    closeness.add(nearest, similarity, ones)
    return centroids, closeness, _sums_of(rows, nearest, n_found)


def _live_directions(model: OnlineTopicModel) -> Embeddings:
    arrays = part_of(model.arrays(), "clusters.centroids")
    centroids = Centroids(arrays["sums"].shape[1])
    centroids.restore(arrays)
    return centroids.directions()


def _directions(embeddings: Embeddings, labels: Labels) -> Embeddings:
    centroids = Centroids(embeddings.shape[1])
    centroids.reset(int(labels.max()) + 1)
    ones = np.ones(len(labels))
    centroids.add(embeddings, labels, ones.astype(np.float32), ones)
    return centroids.directions()


def _sums_of(rows: csr_array, labels: Labels, n_topics: int | None = None) -> csr_array:
    kept = np.flatnonzero(labels >= 0)
    n_topics = int(labels.max()) + 1 if n_topics is None else n_topics
    member = csr_array((np.ones(len(kept)), (labels[kept], kept)), shape=(n_topics, len(labels)))
    return csr_array(member @ rows)


def _foremost(counts: csr_array, terms: Sequence[str], n: int) -> list[list[str]]:
    weights = c_tf_idf(counts)
    weights.sort_indices()
    return [[word for word, _ in words] for words in top_terms(weights, terms, n)]
