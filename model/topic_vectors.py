"""One vector for each topic: the mean of its documents, of topics merged, or of its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicstream.model.discriminant import spread_within
from topicstream.model.documents import is_sparse
from topicstream.model.embedding import extract_embeddings, has_embedder

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic


def create_topic_vectors(
    topic_model: BERTopic,
    documents: pd.DataFrame | None = None,
    embeddings: Any = None,  # noqa: ANN401  # dense or sparse
    mappings: Mapping[int, Mapping[str, Sequence[float]]] | None = None,
) -> None:
    """Set `topic_embeddings_`, one row for each topic by ascending id.

    Parameters
    ----------
    topic_model
        The model that is changed. Without embeddings, mappings and embedder it stays as it is.
    documents
        The frame with the column Topic, in the order of `embeddings`.
    embeddings
        Vectors of the documents, shape (n, d).
    mappings
        For each new topic the ``topics_from`` merged in it (old ids) and their ``topic_sizes``;
        or from old id to new id, when `topic_sizes_` tells the weights.

    """
    if embeddings is not None and documents is not None:
        topics = np.asarray(documents["Topic"], dtype=np.int64)
        topic_model.topic_embeddings_ = mean_of_groups(embeddings, topics)
        topic_model._spread = _spread(embeddings, topics, topic_model.topic_embeddings_)  # noqa: SLF001  # kept for prediction
    elif mappings is not None and topic_model.topic_embeddings_ is not None:
        topic_model.topic_embeddings_ = merged_vectors(topic_model.topic_embeddings_, mappings)
    elif has_embedder(topic_model) and topic_model.topic_representations_:
        topic_model.topic_embeddings_ = word_vectors(topic_model)


def mean_of_groups(vectors: Any, groups: NDArray[np.int64]) -> NDArray[Any]:  # noqa: ANN401  # dense or sparse
    """Return the mean vector of each group, by ascending group.

    Parameters
    ----------
    vectors
        Shape (n, d), dense or sparse.
    groups
        The group of each, shape (n,).

    Returns
    -------
    ndarray of shape (n_groups, d)
        Of the type of the vectors, but computed with 64 bits.

    Examples
    --------
    >>> mean_of_groups(np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 5.0]]), np.array([0, 0, -1]))
    array([[0., 5.],
           [2., 0.]])

    """
    _, places, counts = np.unique(groups, return_inverse=True, return_counts=True)
    rows = np.arange(len(places))
    share = csr_matrix((1.0 / counts[places], (places, rows)), shape=(len(counts), len(places)))
    means = share @ vectors
    dense = means.toarray() if is_sparse(means) else np.asarray(means)
    return dense.astype(vectors.dtype) if vectors.dtype.kind == "f" else dense


def _spread(vectors: Any, topics: NDArray[np.int64], means: NDArray[Any]) -> NDArray[Any] | None:  # noqa: ANN401  # dense or sparse
    return None if is_sparse(vectors) else spread_within(vectors, topics, means)


def merged_vectors(
    vectors: NDArray[Any], mappings: Mapping[int, Mapping[str, Sequence[float]]]
) -> NDArray[Any]:
    """Return the vectors of merged topics, weighted by size.

    Parameters
    ----------
    vectors
        Shape (n_old_topics, d), by ascending old id.
    mappings
        For each new topic ``topics_from``, all old ids in it, and ``topic_sizes``, theirs.

    Returns
    -------
    ndarray of shape (n_new_topics, d)
        By ascending new id.

    """
    # Whether row 0 is -1 is a fact of the old topics: the merge may have emptied it.
    old_ids = [int(old) for group in mappings.values() for old in group["topics_from"]]
    offset = int(-1 in old_ids)
    return np.vstack(
        [
            weighted_mean(
                vectors[[int(old) + offset for old in mappings[new]["topics_from"]]],
                mappings[new]["topic_sizes"],
            )
            for new in sorted(mappings)
        ]
    )


def weighted_mean(vectors: NDArray[Any], weights: Sequence[float]) -> NDArray[Any]:
    """Return the weighted mean of rows; weights that are all zero count as equal.

    Parameters
    ----------
    vectors
        Shape (n, d).
    weights
        Shape (n,).

    Returns
    -------
    ndarray of shape (d,)
        Of the type of the vectors.

    """
    shares = np.asarray(weights, dtype=np.float64)
    shares = shares if shares.sum() > 0 else np.ones(len(shares))
    mean: NDArray[Any] = (shares / shares.sum()) @ vectors
    return mean.astype(vectors.dtype)


def word_vectors(topic_model: BERTopic) -> NDArray[Any]:
    """Return the mean of the vectors of each topic's words, weighted by score.

    Parameters
    ----------
    topic_model
        A model with words and an embedder.

    Returns
    -------
    ndarray of shape (n_topics, d)
        By ascending id. A topic without words gets the vector of the empty text.

    """
    topics = topic_model.topic_representations_ or {}
    pairs = [_worthy(topics[topic]) for topic in sorted(topics)]
    vocabulary = sorted({word for topic in pairs for word, _ in topic})
    places = {word: place for place, word in enumerate(vocabulary)}
    vectors = np.asarray(extract_embeddings(topic_model, vocabulary, method="word", verbose=False))
    return np.vstack(
        [
            weighted_mean(vectors[[places[word] for word, _ in topic]], [s for _, s in topic])
            for topic in pairs
        ]
    )


def _worthy(pairs: Sequence[Sequence[Any]]) -> list[tuple[str, float]]:
    """Return the pairs without the blanks that fill a topic up, and without negative weights."""
    kept = [(str(word), max(float(score), 0.0)) for word, score in pairs if word]
    return kept or [("", 1.0)]
