"""Learning topics from one batch after another."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction.text import CountVectorizer

from topicstream.model.bag_of_words import c_tf_idf
from topicstream.model.clustering import cluster_embeddings, reduce_dimensionality
from topicstream.model.documents import check_documents_type, check_embeddings_shape, working_frame
from topicstream.model.embedding import embed_or_take, has_embedder
from topicstream.model.guided import guide
from topicstream.model.mapper import TopicMapper
from topicstream.model.representative_docs import save_representative_docs
from topicstream.model.topic_vectors import mean_of_groups
from topicstream.model.vectorizers import OnlineCountVectorizer
from topicstream.model.words import extract_words_per_topic

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

_LOGGER = logging.getLogger(__name__)
_OUTLIER = -1


def partial_fit(
    topic_model: BERTopic,
    documents: str | Sequence[str],
    embeddings: Any = None,  # noqa: ANN401  # dense or sparse
    y: object = None,
    *,
    accumulate_topics: bool = False,
) -> BERTopic:
    """Learn from one more batch, and return the model.

    Ids are given in the order in which clusters appear; -1 stays the outlier topic whenever it
    appears (D-15). Topic embeddings are the mean of all documents so far (D-20); representative
    documents are the best of all batches (D-16).

    Parameters
    ----------
    topic_model
        Its clusterer has `partial_fit`; so has its vectorizer, or it is a plain CountVectorizer,
        in whose place an OnlineCountVectorizer with its settings comes.
    documents
        Texts, or one text.
    embeddings
        Their vectors, (n, n_dimensions); None (default) computes them.
    y
        Must be None: no sub-model learns from labels in batches.
    accumulate_topics
        Whether `topics_` grows by each batch's topics; False (default) keeps the last batch's.

    Returns
    -------
    BERTopic
        The model.

    Raises
    ------
    ValueError
        A sub-model or an option cannot work in batches, or embeddings do not fit.

    """
    texts = [documents] if isinstance(documents, str) else list(documents)
    check_documents_type(texts)
    check_embeddings_shape(embeddings, texts)
    _check_options(topic_model, y)
    _prepare_vectorizer(topic_model)
    frame = working_frame(texts)
    vectors = embed_or_take(topic_model, texts, embeddings)
    frame, moved = _clustered(topic_model, frame, vectors)
    known = {int(topic): int(n) for topic, n in (topic_model.topic_sizes_ or {}).items()}
    topics = frame["Topic"].tolist()
    # Before the words: representation models ask whether there are outliers (D-19).
    _count_topics(topic_model, topics, known, accumulate=accumulate_topics)
    _describe(topic_model, frame, known)
    if moved is not None:
        _move_centroids(topic_model, moved, np.asarray(topics, dtype=np.int64), known)
    return topic_model


def _check_options(topic_model: BERTopic, y: object) -> None:
    if not hasattr(topic_model.hdbscan_model, "partial_fit"):
        message = (
            f"hdbscan_model {type(topic_model.hdbscan_model).__name__} has no partial_fit: give "
            "BERTopic a clusterer that has, such as sklearn.cluster.MiniBatchKMeans"
        )
        raise ValueError(message)
    if y is not None:
        message = "y is given, but partial_fit learns without labels: leave y out, or call fit"
        raise ValueError(message)
    if topic_model.zeroshot_topic_list:
        message = (
            f"zeroshot_topic_list has {len(topic_model.zeroshot_topic_list)} names, which "
            "partial_fit cannot look for: call fit, or use seed_topic_list"
        )
        raise ValueError(message)
    if topic_model.nr_topics:
        _LOGGER.warning("nr_topics=%s: partial_fit reduces no topics", topic_model.nr_topics)


def _prepare_vectorizer(topic_model: BERTopic) -> None:
    vectorizer = topic_model.vectorizer_model
    if hasattr(vectorizer, "partial_fit") and hasattr(vectorizer, "update_bow"):
        return
    if type(vectorizer) is not CountVectorizer or hasattr(vectorizer, "vocabulary_"):
        message = (
            f"vectorizer_model {type(vectorizer).__name__} cannot learn in batches: give BERTopic "
            "an OnlineCountVectorizer, and a model that has not been fitted with fit"
        )
        raise ValueError(message)
    topic_model.vectorizer_model = OnlineCountVectorizer(**vectorizer.get_params())


def _clustered(
    topic_model: BERTopic,
    frame: pd.DataFrame,
    vectors: Any,  # noqa: ANN401  # dense, sparse or None
) -> tuple[pd.DataFrame, Any]:
    """Return the frame with today's ids as topics, and the vectors as they were clustered."""
    if topic_model.seed_topic_list and has_embedder(topic_model) and vectors is not None:
        vectors = guide(topic_model, vectors)[1]
    reduced = reduce_dimensionality(
        topic_model, _in_one_precision(topic_model.umap_model, vectors), partial_fit=True
    )
    frame, probabilities = cluster_embeddings(topic_model, reduced, frame, partial_fit=True)
    topic_model.probabilities_ = probabilities
    return frame.assign(Topic=_ids_of(topic_model, frame["Topic"].tolist())), vectors


def _in_one_precision(reducer: object, vectors: Any) -> Any:  # noqa: ANN401  # dense, sparse or None
    # IncrementalPCA answers float32 with float32 in the first batch and float64 in every later
    # one, which MiniBatchKMeans refuses as "Buffer dtype mismatch".
    if isinstance(vectors, np.ndarray) and hasattr(reducer, "partial_fit"):
        return vectors.astype(np.float64)
    return vectors


def _ids_of(topic_model: BERTopic, labels: Sequence[int]) -> list[int]:
    if topic_model.topic_mapper_ is None:
        topic_model.topic_mapper_ = TopicMapper(labels)
    ids = topic_model.topic_mapper_.get_mappings()
    new = [label for label in dict.fromkeys(labels) if label not in ids]
    first = max(ids.values(), default=_OUTLIER) + 1
    fresh = [label for label in new if label != _OUTLIER]
    added = {label: first + i for i, label in enumerate(fresh)}
    if _OUTLIER in new:
        added[_OUTLIER] = _OUTLIER
    topic_model.topic_mapper_.add_new_topics(added)
    return [(ids | added)[label] for label in labels]


def _count_topics(
    topic_model: BERTopic, topics: list[int], known: Mapping[int, int], *, accumulate: bool
) -> None:
    before = topic_model.topics_ or []
    topic_model.topics_ = [*before, *topics] if accumulate else list(topics)
    topic_model.topic_sizes_ = Counter(dict(known)) + Counter(topics)
    vectorizer = topic_model.vectorizer_model
    if known and _OUTLIER in topics and _OUTLIER not in known and hasattr(vectorizer, "X_"):
        # Rows are topics in ascending order: outliers that come late push all others down.
        blank = csr_matrix((1, vectorizer.X_.shape[1]), dtype=vectorizer.X_.dtype)
        vectorizer.X_ = csr_matrix(vstack([blank, vectorizer.X_], format="csr"))


def _describe(topic_model: BERTopic, batch: pd.DataFrame, known: Mapping[int, int]) -> None:
    counted = _with_blanks(batch, known)
    topic_model.c_tf_idf_, words = c_tf_idf(topic_model, counted, partial_fit=True)
    kept = _with_blanks(_with_kept(topic_model, batch), known)
    topic_model.topic_representations_ = extract_words_per_topic(topic_model, words, kept)
    save_representative_docs(topic_model, kept)


def _with_kept(topic_model: BERTopic, batch: pd.DataFrame) -> pd.DataFrame:
    """Return the batch and the best documents of earlier batches."""
    pairs = [(t, text) for t, some in topic_model.representative_docs_.items() for text in some]
    return _appended(batch, [text for _, text in pairs], [topic for topic, _ in pairs])


def _with_blanks(batch: pd.DataFrame, known: Mapping[int, int]) -> pd.DataFrame:
    """Return the batch and an empty document for each topic that has none in it."""
    absent = sorted(set(known) - set(batch["Topic"]))
    return _appended(batch, [" "] * len(absent), absent)


def _appended(batch: pd.DataFrame, texts: list[str], topics: list[int]) -> pd.DataFrame:
    if not texts:
        return batch
    columns = ["Document", "ID", "Topic"]
    more = working_frame(texts, topics=topics)
    return pd.concat([batch[columns], more[columns]], ignore_index=True)


def _move_centroids(
    topic_model: BERTopic,
    vectors: Any,  # noqa: ANN401  # dense or sparse
    topics: NDArray[np.int64],
    known: Mapping[int, int],
) -> None:
    """Make the topic embeddings the means of all documents so far."""
    present, counts = np.unique(topics, return_counts=True)
    means = mean_of_groups(vectors, topics)
    everything = np.array(sorted(topic_model.topic_sizes_ or {}))
    sums = np.zeros((len(everything), means.shape[1]))
    totals = np.zeros(len(everything))
    if topic_model.topic_embeddings_ is not None:
        old = np.searchsorted(everything, sorted(known))
        totals[old] = [known[topic] for topic in sorted(known)]
        sums[old] = topic_model.topic_embeddings_ * totals[old, None]
    new = np.searchsorted(everything, present)
    sums[new] += means * counts[:, None]
    totals[new] += counts
    mean = sums / np.maximum(totals, 1.0)[:, None]
    topic_model.topic_embeddings_ = mean.astype(means.dtype)
