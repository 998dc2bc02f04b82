"""The documents that show best what a topic is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicstream.model.bag_of_words import document_counts
from topicstream.model.words import known_weights

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic

N_STORED = 3
_MOST_COMPARED = 500  # documents that are compared with each other where diversity is wanted


def save_representative_docs(topic_model: BERTopic, documents: pd.DataFrame) -> None:
    """Set the model's `representative_docs_`: up to three texts of each topic, best first.

    Parameters
    ----------
    topic_model
        Has c-TF-IDF and words of the topics.
    documents
        Columns ``Document`` and ``Topic``.

    """
    topics = sorted(topic_model.topic_representations_ or {})
    rows = representative_rows(
        topic_model, known_weights(topic_model), documents, topics, nr_repr_docs=N_STORED
    )
    topic_model.representative_docs_ = _texts_of(documents, rows)


def extract_representative_docs(  # noqa: PLR0917  # bertopic's signature
    topic_model: BERTopic,
    c_tf_idf: csr_matrix,
    documents: pd.DataFrame,
    topics: Mapping[int, Any],
    nr_samples: int | None = 500,
    nr_repr_docs: int = 5,
    diversity: float | None = None,
) -> tuple[dict[int, list[str]], list[str], list[list[int]], list[list[int]]]:
    """Return the documents closest to each topic by c-TF-IDF.

    Parameters
    ----------
    topic_model
        Counts and weighs the terms of documents.
    c_tf_idf
        Weights, one row for each topic in ascending order.
    documents
        Columns ``Document`` and ``Topic``.
    topics
        Its keys are the topics.
    nr_samples
        Documents of a topic that are looked at, drawn without repetition (D-31), 500 by default;
        None looks at all.
    nr_repr_docs
        Documents wanted per topic, 5 by default; fewer where fewer differ or are alike at all.
    diversity
        Weight of differing from each other, from 0 to 1; None (default) for none.

    Returns
    -------
    tuple
        Texts by topic, best first; all these texts in one list; for each topic their places in
        that list; for each topic their labels in the index of `documents`.

    """
    rows = representative_rows(
        topic_model,
        c_tf_idf,
        documents,
        list(topics),
        nr_samples=nr_samples,
        nr_repr_docs=nr_repr_docs,
        diversity=diversity,
    )
    by_topic = _texts_of(documents, rows)
    flat = [text for texts in by_topic.values() for text in texts]
    ends = np.cumsum([0, *[len(texts) for texts in by_topic.values()]]).tolist()
    places = [list(range(start, end)) for start, end in pairwise(ends)]
    labels = [documents.index[some].tolist() for some in rows.values()]
    return by_topic, flat, places, labels


def representative_rows(
    topic_model: BERTopic,
    c_tf_idf: csr_matrix,
    documents: pd.DataFrame,
    topics: Sequence[int],
    *,
    nr_samples: int | None = None,
    nr_repr_docs: int = 5,
    diversity: float | None = None,
    random_state: int | None = 42,
) -> dict[int, list[int]]:
    """Return the rows of each topic's closest documents, closest first; equal texts count once.

    Parameters
    ----------
    topic_model
        Counts and weighs the terms of documents.
    c_tf_idf
        Weights, one row for each topic in ascending order.
    documents
        Columns ``Document`` and ``Topic``.
    topics
        The topics.
    nr_samples
        Documents of a topic that are looked at; None (default) for all.
    nr_repr_docs
        Documents wanted per topic, 5 by default. Documents that share no term with the topic are
        left out, unless all are such: then there is one.
    diversity
        Weight of differing from each other, from 0 to 1; None (default) for none.
    random_state
        Seed of the draw where a topic has more documents than `nr_samples`, 42 by default.

    """
    rows_of = _distinct_rows(documents, sorted(topics), nr_samples, random_state)
    rows = [row for some in rows_of.values() for row in some.tolist()]
    texts = documents["Document"].iloc[rows].tolist()
    counts = document_counts(topic_model, texts)
    weights = csr_matrix(topic_model.ctfidf_model.transform(counts))
    ends = np.cumsum([0, *[len(some) for some in rows_of.values()]])
    chosen = {}
    for i, (topic, some) in enumerate(rows_of.items()):
        part = weights[ends[i] : ends[i + 1]]
        best = _best(part, csr_matrix(c_tf_idf[[i]]), nr_repr_docs, diversity)
        chosen[topic] = some[best].tolist()
    return chosen


def _distinct_rows(
    documents: pd.DataFrame,
    topics: Sequence[int],
    nr_samples: int | None,
    random_state: int | None,
) -> dict[int, NDArray[np.int64]]:
    of_rows = documents["Topic"].to_numpy().astype(np.int64)
    pairs = list(zip(of_rows.tolist(), documents["Document"].tolist(), strict=True))
    # A dict, backwards so that the first of equal texts stays: pandas takes ten times as long.
    row_of = {pairs[row]: row for row in range(len(pairs) - 1, -1, -1)}
    order = np.array(sorted(row_of.values()), dtype=np.int64)
    order = order[np.argsort(of_rows[order], kind="stable")]
    starts = np.searchsorted(of_rows[order], topics, side="left")
    stops = np.searchsorted(of_rows[order], topics, side="right")
    parts = [order[start:stop] for start, stop in zip(starts, stops, strict=True)]
    drawn = _drawn(parts, nr_samples, np.random.default_rng(random_state))
    return dict(zip(topics, drawn, strict=True))


def _drawn(
    parts: Sequence[NDArray[np.int64]], n: int | None, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    for part in parts:
        if n is None or len(part) <= n:
            yield part
        else:
            yield np.sort(rng.choice(part, size=n, replace=False))


def _best(
    weights: csr_matrix, topic: csr_matrix, n: int, diversity: float | None
) -> NDArray[np.int64]:
    """Return the places of the documents whose weights are closest to the topic's."""
    similarity = _cosine(weights, topic)
    order = np.argsort(-similarity, kind="stable")
    n_alike = max(1, int(np.count_nonzero(similarity > 0.0)))
    if diversity and len(order):
        return _varied(weights, similarity, order[: min(n_alike, _MOST_COMPARED)], n, diversity)
    return order[: min(n, n_alike)]


def _varied(
    weights: csr_matrix,
    similarity: NDArray[np.float64],
    places: NDArray[np.int64],
    n: int,
    diversity: float,
) -> NDArray[np.int64]:
    from sklearn.metrics.pairwise import cosine_similarity

    from topicstream.model.representation.mmr import mmr_order

    between = cosine_similarity(weights[places])
    return places[mmr_order(similarity[places], between, diversity, n)]


def _cosine(weights: csr_matrix, topic: csr_matrix) -> NDArray[np.float64]:
    # A dot product by BLAS wakes its threads, which costs more than these few entries.
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    lengths *= np.sqrt(np.square(topic.data).sum())
    similarity = np.asarray(weights @ topic.toarray().ravel())
    return similarity / np.where(lengths > 0, lengths, 1.0)


def _texts_of(documents: pd.DataFrame, rows: Mapping[int, Sequence[int]]) -> dict[int, list[str]]:
    texts = documents["Document"]
    return {topic: texts.iloc[list(some)].tolist() for topic, some in rows.items()}
