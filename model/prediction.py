"""Topics of new documents."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.cluster import BaseCluster
from topicstream.model.clustering import (
    finite,
    hdbscan_delegator,
    is_supported_hdbscan,
    map_probabilities,
)
from topicstream.model.discriminant import discriminate
from topicstream.model.documents import (
    check_documents_type,
    check_embeddings_shape,
    check_is_fitted,
    in_one_form,
    is_sparse,
)
from topicstream.model.embedding import extract_embeddings, require_embedder
from topicstream.model.similarity import cosines, paired_cosines

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic
    from topicstream.model.live import LiveTopics

logger = logging.getLogger(__name__)

Prediction = tuple[list[int], NDArray[Any] | None]


def transform(
    topic_model: BERTopic,
    documents: Any,  # noqa: ANN401  # one text, texts or None
    embeddings: Any = None,  # noqa: ANN401  # dense or sparse
    images: list[Any] | None = None,
    *,
    fast: bool = False,
) -> Prediction:
    """Return the topics of new documents.

    Parameters
    ----------
    topic_model
        A fitted model.
    documents
        Texts, one text, or None where there are embeddings or images.
    embeddings
        Shape (n, d), or (d,) for one; None (default) computes them.
    images
        Paths or PIL images; None by default.
    fast
        Whether the topic embeddings alone decide, False by default.

    Returns
    -------
    topics
        Of Python ints.
    probabilities
        Shape (n,), or (n, n_topics) with `calculate_probabilities`, or None.

    Raises
    ------
    ValueError
        The model is not fitted, or lacks what prediction needs.

    """
    check_is_fitted(topic_model)
    vectors = _vectors(topic_model, documents, embeddings, images)
    if fast:
        return fast_topics(topic_model, vectors)
    if topic_model._live is not None:  # noqa: SLF001  # what only a live model has
        return _as_the_stream(topic_model, topic_model._live, vectors)  # noqa: SLF001
    if type(topic_model.hdbscan_model) is BaseCluster:
        return nearest_topics(topic_model, vectors)
    return _from_clusterer(topic_model, vectors)


def _as_the_stream(topic_model: BERTopic, live: LiveTopics, vectors: Any) -> Prediction:  # noqa: ANN401
    from topicstream.model.live import live_topics

    topics, strengths = live_topics(topic_model, live, vectors)
    if not topic_model.calculate_probabilities:
        return topics, strengths
    return topics, topic_similarities(topic_model, vectors)[:, topic_model._outliers :]  # noqa: SLF001  # a hook


def _vectors(
    topic_model: BERTopic,
    documents: Any,  # noqa: ANN401
    embeddings: Any,  # noqa: ANN401
    images: list[Any] | None,
) -> Any:  # noqa: ANN401
    texts = [documents] if isinstance(documents, str) else documents
    if texts is None and embeddings is None and images is None:
        message = "documents is None; pass documents, embeddings or images"
        raise ValueError(message)
    if texts is not None:
        check_documents_type(texts)
    if embeddings is None:
        require_embedder(topic_model, "transform without embeddings")
        return finite(extract_embeddings(topic_model, texts, images=images))
    rows = embeddings[None, :] if getattr(embeddings, "ndim", 2) == 1 else embeddings
    check_embeddings_shape(rows, texts)
    return in_one_form(rows)


def _from_clusterer(topic_model: BERTopic, vectors: Any) -> Prediction:  # noqa: ANN401
    clusterer = topic_model.hdbscan_model
    if is_supported_hdbscan(clusterer):
        reduced = finite(topic_model.umap_model.transform(vectors))
        return _from_hdbscan(topic_model, reduced)
    if hasattr(clusterer, "predict"):
        reduced = finite(topic_model.umap_model.transform(vectors))
        return map_predictions(topic_model, clusterer.predict(reduced)), None
    logger.warning(
        "%s has no predict; the nearest topic embedding decides instead",
        type(clusterer).__name__,
    )
    return nearest_topics(topic_model, vectors)


def _from_hdbscan(topic_model: BERTopic, reduced: NDArray[Any]) -> Prediction:
    clusterer = topic_model.hdbscan_model
    labels, strengths = hdbscan_delegator(clusterer, "approximate_predict", reduced)
    topics = map_predictions(topic_model, labels)
    if not topic_model.calculate_probabilities:
        return topics, np.asarray(strengths)
    memberships = hdbscan_delegator(clusterer, "membership_vector", reduced)
    matrix = np.asarray(memberships).reshape(len(topics), -1)
    return topics, map_probabilities(topic_model, matrix, original_topics=True)


def fast_topics(topic_model: BERTopic, vectors: Any) -> Prediction:  # noqa: ANN401  # dense or sparse
    """Return topics without asking reducer and clusterer; none is -1 where there is another.

    By linear discriminant where the model was fitted here on dense vectors, else by cosine.

    Parameters
    ----------
    topic_model
        A model with `topic_embeddings_`.
    vectors
        Shape (n, d).

    Returns
    -------
    topics
        Of Python ints.
    probabilities
        The cosine with that topic, shape (n,); with `calculate_probabilities` those of all topics.

    Raises
    ------
    ValueError
        The model has no topic embeddings, or of another width.

    """
    means = _topic_embeddings(topic_model, vectors)[topic_model._outliers :]  # noqa: SLF001  # a hook
    spread = topic_model.__dict__.get("_spread")
    if spread is None or is_sparse(vectors) or len(means) == 0:
        return nearest_topics(topic_model, vectors, outliers=False)
    best = discriminate(vectors, means, spread)
    ids = _ids_at(topic_model, best + topic_model._outliers)  # noqa: SLF001  # a hook
    if topic_model.calculate_probabilities:
        return ids, cosines(vectors, means)
    return ids, paired_cosines(vectors, means[best])


def nearest_topics(
    topic_model: BERTopic,
    vectors: Any,  # noqa: ANN401  # dense or sparse
    *,
    outliers: bool = True,
) -> Prediction:
    """Return the topic whose embedding is nearest to each document.

    Parameters
    ----------
    topic_model
        A model with `topic_embeddings_`.
    vectors
        Shape (n, d).
    outliers
        Whether the outliers' embedding takes part, True by default.

    Returns
    -------
    topics
        Of Python ints.
    probabilities
        The largest cosine, shape (n,); with `calculate_probabilities` those of all topics but the
        outliers, shape (n, n_topics).

    Raises
    ------
    ValueError
        The model has no topic embeddings, or of another width.

    """
    similarities = topic_similarities(topic_model, vectors)
    offset = topic_model._outliers  # noqa: SLF001  # a hook of the model
    first = 0 if outliers or similarities.shape[1] == offset else offset
    best = similarities[:, first:].argmax(axis=1) + first
    topics = _ids_at(topic_model, best)
    if topic_model.calculate_probabilities:
        return topics, similarities[:, offset:]
    return topics, similarities[np.arange(len(best)), best]


def _ids_at(topic_model: BERTopic, rows: NDArray[Any]) -> list[int]:
    """Return the topics whose embeddings stand in these rows; ids may have gaps."""
    ids: list[int] = np.array(sorted(topic_model.topic_sizes_ or {}))[rows].tolist()
    return ids


def topic_similarities(topic_model: BERTopic, vectors: Any) -> NDArray[Any]:  # noqa: ANN401  # dense or sparse
    """Return the cosine of each document with each topic, outliers included and first.

    Parameters
    ----------
    topic_model
        A model with `topic_embeddings_`.
    vectors
        Shape (n, d).

    Returns
    -------
    ndarray of shape (n, n_topics), one more with outliers
        By ascending topic.

    Raises
    ------
    ValueError
        The model has no topic embeddings, or of another width.

    """
    return cosines(vectors, _topic_embeddings(topic_model, vectors))


def _topic_embeddings(topic_model: BERTopic, vectors: Any) -> NDArray[Any]:  # noqa: ANN401
    centroids = topic_model.topic_embeddings_
    if centroids is None:
        message = (
            "topic_embeddings_ is None, so there is nothing to compare documents with: fit with "
            "embeddings or an embedding_model, or choose a clusterer with predict"
        )
        raise ValueError(message)
    if centroids.shape[1] != vectors.shape[1]:
        message = (
            f"embeddings have {vectors.shape[1]} dimensions, but the model's topic embeddings "
            f"have {centroids.shape[1]}: use the embedding_model that it was fitted with"
        )
        raise ValueError(message)
    return centroids


def map_predictions(topic_model: BERTopic, predictions: Sequence[int] | NDArray[Any]) -> list[int]:
    """Return today's topics for labels of the clusterer.

    Parameters
    ----------
    topic_model
        A model with a mapper.
    predictions
        Labels; one that the mapper does not know becomes -1.

    Returns
    -------
    list of int
        In the same order.

    """
    mapper = topic_model.topic_mapper_
    known = {} if mapper is None else mapper.get_mappings(original_topics=True)
    return [known.get(int(label), -1) for label in predictions]
