"""Fewer topics: those most alike are joined until a number is reached, or by density."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from topicstream.model.alignment import aligned_documents, learnt
from topicstream.model.regrouping import regroup
from topicstream.model.retelling import tell_again

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic, Documents

logger = logging.getLogger(__name__)
M = TypeVar("M", bound="BERTopic")


def reduce_topics(
    topic_model: M,
    docs: Documents = None,
    nr_topics: int | str = 20,
    images: Sequence[Any] | None = None,
    *,
    use_ctfidf: bool = False,
) -> M:
    """Join the topics most alike until `nr_topics` are left, and return the model.

    Parameters
    ----------
    topic_model
        A fitted model, which is changed.
    docs
        The documents it was fitted on, in the same order; None for a live model, which has the
        counts of their terms.
    nr_topics
        Topics wanted, outliers included; ``"auto"`` joins what lies close together. With as many
        topics or fewer already, only the words are told again.
    images
        Images of the documents, or None.
    use_ctfidf
        Whether likeness is that of c-TF-IDF rows, not of topic embeddings.

    Raises
    ------
    ValueError
        `nr_topics` is neither a positive integer nor ``"auto"``, or the documents are not those of
        the fit.

    """
    check_nr_topics(nr_topics)
    live = topic_model._live  # noqa: SLF001  # what only a live model has
    if docs is None and live is not None:
        from topicstream.model.live import regroup_without_documents

        topic_model.nr_topics = nr_topics
        regroup_without_documents(topic_model, live, _joined(topic_model, use_ctfidf=use_ctfidf))
        return topic_model
    documents = aligned_documents(topic_model, docs, images)
    topic_model.nr_topics = nr_topics
    topic_model._update_topic_size(documents)  # noqa: SLF001  # topics_ may have been assigned
    documents = reduce_frame(topic_model, documents, use_ctfidf=use_ctfidf)
    topic_model._save_representative_docs(documents)  # noqa: SLF001  # a hook
    return topic_model


def check_nr_topics(nr_topics: object) -> None:
    """Raise ValueError unless `nr_topics` is a positive integer, NumPy's included, or ``"auto"``.

    Parameters
    ----------
    nr_topics
        What the caller gave (D-44, D-64).

    Examples
    --------
    >>> check_nr_topics(12)
    >>> check_nr_topics("auto")

    """
    number = isinstance(nr_topics, Integral) and not isinstance(nr_topics, bool)
    if nr_topics == "auto" or (number and nr_topics > 0):  # type: ignore[operator]  # an integer
        return
    message = f"nr_topics is {nr_topics!r}; give a whole number from 1 on, or 'auto'"
    raise ValueError(message)


def reduce_frame(
    topic_model: BERTopic, documents: pd.DataFrame, *, use_ctfidf: bool = False
) -> pd.DataFrame:
    """Return the frame with topics reduced to the model's `nr_topics`; the model follows.

    Words are told again in any case, by the representation model where there is one. Nothing else
    changes where there is nothing to join (D-08, D-22).

    Parameters
    ----------
    topic_model
        A model with topics, sizes and c-TF-IDF or topic embeddings.
    documents
        The working frame.
    use_ctfidf
        Whether likeness is that of c-TF-IDF rows, not of topic embeddings.

    Raises
    ------
    ValueError
        `nr_topics` is neither a positive integer nor ``"auto"``.

    """
    joined = _joined(topic_model, use_ctfidf=use_ctfidf)
    if any(topic != kept for topic, kept in joined.items()):
        return regroup(topic_model, documents, joined)
    logger.info("there is nothing to reduce: %d topics", len(learnt(topic_model.topic_sizes_)))
    tell_again(topic_model, documents)
    return documents


def _joined(topic_model: BERTopic, *, use_ctfidf: bool) -> dict[int, int]:
    wanted: Any = topic_model.nr_topics
    check_nr_topics(wanted)
    topics = sorted(topic for topic in learnt(topic_model.topic_sizes_) if topic != -1)
    n_groups = 0 if wanted == "auto" else _n_groups(topic_model, int(wanted))
    if len(topics) <= max(n_groups, 1):
        return {}
    vectors = _vectors(topic_model, use_ctfidf=use_ctfidf)[-len(topics) :]
    labels = _alike(vectors, n_groups) if n_groups else _dense(vectors)
    return _lowest(topics, labels)


def _n_groups(topic_model: BERTopic, wanted: int) -> int:
    outliers = topic_model._outliers  # noqa: SLF001  # a hook
    if wanted <= outliers:
        logger.warning(
            "nr_topics is %d, which counts the outlier topic; one topic is kept beside it", wanted
        )
    return max(1, wanted - outliers)


def _vectors(topic_model: BERTopic, *, use_ctfidf: bool) -> NDArray[Any]:
    embeddings, weights = topic_model.topic_embeddings_, topic_model.c_tf_idf_
    if embeddings is None and weights is None:
        message = (
            "topic_embeddings_ and c_tf_idf_ are both None, so topics cannot be compared; save "
            "models with save_ctfidf=True, or fit with an embedding model or embeddings"
        )
        raise ValueError(message)
    if use_ctfidf and weights is None:
        logger.warning("there is no c-TF-IDF: topics are compared by their embeddings")
    if not use_ctfidf and embeddings is None:
        logger.warning("there are no topic embeddings: topics are compared by c-TF-IDF")
    take_weights = weights is not None and (use_ctfidf or embeddings is None)
    return np.asarray(learnt(weights).toarray() if take_weights else embeddings)


def _alike(vectors: NDArray[Any], n_groups: int) -> NDArray[np.int64]:
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.metrics.pairwise import cosine_similarity

    distances = np.maximum(1.0 - cosine_similarity(vectors), 0.0)
    np.fill_diagonal(distances, 0.0)
    tree = AgglomerativeClustering(n_groups, metric="precomputed", linkage="average")
    return np.asarray(tree.fit_predict(distances), dtype=np.int64)


def _dense(vectors: NDArray[Any]) -> NDArray[np.int64]:
    import hdbscan
    from sklearn.preprocessing import normalize

    clusterer = hdbscan.HDBSCAN(
        min_cluster_size=2, metric="euclidean", cluster_selection_method="eom"
    )
    labels = np.asarray(clusterer.fit_predict(normalize(vectors)), dtype=np.int64)
    noise = labels == -1
    labels[noise] = labels.max() + 1 + np.arange(noise.sum())  # noise stays alone
    return labels


def _lowest(topics: list[int], labels: NDArray[np.int64]) -> dict[int, int]:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    kept = np.asarray(topics)[first][inverse]
    return dict(zip(topics, kept.tolist(), strict=True))
