"""Learning topics from a collection of documents, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.captions import caption_frame
from topicstream.model.cluster import BaseCluster
from topicstream.model.clustering import (
    cluster_embeddings,
    finite,
    is_supported_hdbscan,
    map_probabilities,
    reduce_dimensionality,
)
from topicstream.model.documents import (
    check_documents_type,
    check_embeddings_shape,
    check_given_labels,
    working_frame,
)
from topicstream.model.embedding import embed_or_take, has_embedder
from topicstream.model.frequency import sort_mappings_by_frequency, update_topic_size
from topicstream.model.guided import guide
from topicstream.model.mapper import TopicMapper
from topicstream.model.prediction import nearest_topics
from topicstream.model.progress import announce
from topicstream.model.reduction import check_nr_topics, reduce_frame
from topicstream.model.representative_docs import save_representative_docs
from topicstream.model.topic_vectors import create_topic_vectors
from topicstream.model.words import extract_topics
from topicstream.model.zeroshot import combine, match

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic


@dataclass(frozen=True, slots=True)
class _Clustered:
    """The working frame with the clusterer's labels, and what is known beside them."""

    documents: pd.DataFrame
    probabilities: NDArray[Any] | None
    n_matched: int


def fit_transform(
    topic_model: BERTopic,
    documents: Any,  # noqa: ANN401  # texts, or None beside images
    embeddings: Any = None,  # noqa: ANN401  # dense or sparse
    images: list[Any] | None = None,
    y: Sequence[int] | NDArray[Any] | None = None,
) -> tuple[list[int], NDArray[Any] | None]:
    """Learn the topics of the documents, and return each document's.

    Parameters
    ----------
    topic_model
        The model that is fitted; what it learnt before is forgotten (D-43).
    documents
        Texts; None where there are only images.
    embeddings
        Shape (n, d), not written to; None (default) computes them.
    images
        One per document; None by default.
    y
        Labels, -1 where unknown; None by default.

    Returns
    -------
    topics
        The topic of each document.
    probabilities
        Shape (n,) or (n, n_topics), or None.

    Raises
    ------
    TypeError
        The documents are no strings.
    ValueError
        Embeddings, labels or sub-models do not fit.

    """
    frame = _checked_frame(documents, embeddings, images, y)
    if topic_model.nr_topics is not None:
        check_nr_topics(topic_model.nr_topics)
    _forget(topic_model)
    vectors = embed_or_take(topic_model, frame["Document"].tolist(), embeddings, images)
    if topic_model.seed_topic_list and has_embedder(topic_model) and vectors is not None:
        y, vectors = guide(topic_model, vectors)
    clustered = _cluster(topic_model, frame, vectors, y)
    frame = _describe(topic_model, clustered, vectors)
    topic_model.probabilities_ = _probabilities(topic_model, clustered, vectors)
    return list(topic_model.topics_ or []), topic_model.probabilities_


def _checked_frame(
    documents: Any,  # noqa: ANN401
    embeddings: Any,  # noqa: ANN401
    images: list[Any] | None,
    y: Sequence[int] | NDArray[Any] | None,
) -> pd.DataFrame:
    if documents is None:
        return _image_frame(images)
    check_documents_type(documents)
    check_embeddings_shape(embeddings, documents)
    if images is not None and len(images) != len(documents):
        message = (
            f"images has {len(images)} items, but there are {len(documents)} documents: pass one "
            "for each"
        )
        raise ValueError(message)
    check_given_labels(y, len(documents))
    return working_frame(documents, images=images)


def _image_frame(images: list[Any] | None) -> pd.DataFrame:
    if not isinstance(images, list):
        message = (
            f"documents is None and images is {images!r:.80}; pass documents, or a list of images"
        )
        raise TypeError(message)
    return working_frame([None] * len(images), images=images)


def _forget(topic_model: BERTopic) -> None:
    # A zero-shot fit put a BaseCluster in the place of the clusterer.
    own = topic_model.__dict__.pop("_clusterer_of_user", None)
    if own is not None and type(topic_model.hdbscan_model) is BaseCluster:
        topic_model.hdbscan_model = own
    topic_model._forget()  # noqa: SLF001  # the constructor's other half


def _cluster(
    topic_model: BERTopic,
    frame: pd.DataFrame,
    vectors: Any,  # noqa: ANN401
    y: Sequence[int] | NDArray[Any] | None,
) -> _Clustered:
    reduced = reduce_dimensionality(topic_model, vectors, y=y)
    if topic_model.zeroshot_topic_list:
        matched = match(topic_model, vectors)
        if (matched >= 0).any():
            return _cluster_rest(topic_model, frame, vectors, matched, y)
    documents, probabilities = cluster_embeddings(topic_model, reduced, frame, y=y)
    return _Clustered(documents, probabilities, 0)


def _cluster_rest(
    topic_model: BERTopic,
    frame: pd.DataFrame,
    vectors: Any,  # noqa: ANN401
    matched: NDArray[np.int64],
    y: Sequence[int] | NDArray[Any] | None,
) -> _Clustered:
    """Cluster what fits no name, if anything is left, and put both together (D-23)."""
    announce(topic_model, "Zeroshot Step 2", "combining given topics with clusters")
    rest = np.flatnonzero(matched < 0)
    labels = _labels_of_rest(topic_model, frame.iloc[rest], vectors, rest, y)
    topics = combine(topic_model, matched, labels)
    documents = frame.assign(Topic=topics.tolist())
    update_topic_size(topic_model, documents)
    topic_model.topic_mapper_ = TopicMapper(topics.tolist())
    topic_model.__dict__["_clusterer_of_user"] = topic_model.hdbscan_model
    topic_model.hdbscan_model = BaseCluster()
    announce(topic_model, "Zeroshot Step 2", "completed")
    return _Clustered(documents, None, int((matched >= 0).sum()))


def _labels_of_rest(
    topic_model: BERTopic,
    frame: pd.DataFrame,
    vectors: Any,  # noqa: ANN401
    rest: NDArray[np.int64],
    y: Sequence[int] | NDArray[Any] | None,
) -> NDArray[np.int64]:
    clusterer = topic_model.hdbscan_model
    fewest = clusterer.min_cluster_size if is_supported_hdbscan(clusterer) else 1
    if len(rest) < fewest:
        return np.full(len(rest), -1)
    reduced = finite(topic_model.umap_model.transform(vectors[rest]))
    known = None if y is None else np.asarray(y)[rest]
    clustered, _ = cluster_embeddings(topic_model, reduced, frame, y=known)
    return np.asarray(clustered["Topic"], dtype=np.int64)


def _describe(topic_model: BERTopic, clustered: _Clustered, vectors: Any) -> pd.DataFrame:  # noqa: ANN401
    """Find words, embeddings and representative documents of the topics, in their last order."""
    announce(topic_model, "Representation", "finding the words of topics")
    frame = clustered.documents
    if not clustered.n_matched:
        frame = sort_mappings_by_frequency(topic_model, frame)
    texts = caption_frame(topic_model, frame, vectors)
    if texts is frame:
        frame = texts = _words(topic_model, frame, vectors)
    else:
        extract_topics(topic_model, texts, verbose=topic_model.verbose)
        create_topic_vectors(topic_model, frame, vectors)
        update_topic_size(topic_model, frame)
    save_representative_docs(topic_model, texts)
    announce(topic_model, "Representation", "completed")
    return frame


def _words(topic_model: BERTopic, frame: pd.DataFrame, vectors: Any) -> pd.DataFrame:  # noqa: ANN401
    extract_topics(
        topic_model,
        frame,
        embeddings=vectors,
        verbose=topic_model.verbose,
        fine_tune_representation=not topic_model.nr_topics,
    )
    if not topic_model.nr_topics:
        return frame
    announce(topic_model, "Topic reduction", "joining topics")
    reduced = reduce_frame(topic_model, frame)
    announce(topic_model, "Topic reduction", "completed")
    return reduced


def _probabilities(
    topic_model: BERTopic,
    clustered: _Clustered,
    vectors: Any,  # noqa: ANN401
) -> NDArray[Any] | None:
    if clustered.n_matched:
        return nearest_topics(topic_model, vectors)[1]
    return map_probabilities(topic_model, clustered.probabilities, original_topics=True)
