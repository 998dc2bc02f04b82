"""One model from several: the first one's topics, and what is new in the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.alignment import learnt
from topicstream.model.backend import BaseEmbedder, select_backend
from topicstream.model.cluster import BaseCluster
from topicstream.model.dimensionality import BaseDimensionalityReduction
from topicstream.model.embedding import has_embedder
from topicstream.model.labels import zeroshot_name
from topicstream.model.mapper import TopicMapper
from topicstream.model.similarity import cosines

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic


def merge_models(
    cls: type[BERTopic],
    models: Sequence[BERTopic],
    min_similarity: float = 0.7,
    embedding_model: object | None = None,
) -> BERTopic:
    """Return a model with the first one's topics and those of the others that none resembles.

    Outliers stay outliers and are compared with nothing (D-38). Topics keep the order of the
    first model; new ones follow with the highest ids, and keep words, aspects, names and
    representative documents.

    Parameters
    ----------
    cls
        The class to make.
    models
        Two or more fitted models whose topic embeddings come from one embedder; not changed.
    min_similarity
        Cosine from which a topic is one that is there already.
    embedding_model
        The embedder, where the first model has none.

    Raises
    ------
    ValueError
        There are fewer than two models, or one has no topic embeddings or other dimensions.

    """
    _check(models)
    merged = _like(cls, models[0], embedding_model)
    outliers, rows, topics = _outlier_row(models), list[NDArray[Any]](), list[int]()
    named: dict[int, str] = {}
    sizes = Counter[int]()
    for model in models:
        ids = _ids(model, rows, min_similarity)
        for place, (old, new) in enumerate(ids.items()):
            if new == len(rows):
                rows.append(learnt(model.topic_embeddings_)[place - len(ids)])
                _take(merged, model, old, new)
                named |= _own_label(model, old, new)
        topics += [ids.get(int(topic), -1) for topic in learnt(model.topics_)]
        sizes += _sizes(model, ids)
    merged.topic_embeddings_ = np.vstack([*outliers, *rows])
    merged.topics_ = topics
    _finish(merged, models, sizes, named)
    return merged


def _check(models: Sequence[BERTopic]) -> None:
    if len(models) < 2:
        raise ValueError(f"models has {len(models)} items; give two fitted models or more")
    widths = []
    for place, model in enumerate(models):
        if model.topics_ is None or model.topic_embeddings_ is None:
            message = (
                f"models[{place}] is not fitted or has no topic embeddings, by which topics are "
                "compared; fit it with an embedding model or with embeddings"
            )
            raise ValueError(message)
        widths.append(model.topic_embeddings_.shape[1])
    if len(set(widths)) > 1:
        raise ValueError(f"topic embeddings have {widths} dimensions; use one embedder for all")


def _like(cls: type[BERTopic], first: BERTopic, embedding_model: object | None) -> BERTopic:
    params = {name: value for name, value in first.get_params().items() if "model" not in name}
    embedder = first.embedding_model
    if not has_embedder(first):
        embedder = BaseEmbedder() if embedding_model is None else select_backend(embedding_model)
    merged = cls(
        embedding_model=embedder,
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
        **params,
    )
    merged.language = first.language
    merged.topic_representations_, merged.topic_sizes_ = {}, Counter()
    merged.zeroshot_topic_list = list(first.zeroshot_topic_list or []) or None
    return merged


def _outlier_row(models: Sequence[BERTopic]) -> list[NDArray[Any]]:
    """Return the mean of the models' outlier rows by size: one row where any has outliers."""
    found = [model for model in models if -1 in learnt(model.topic_sizes_)]
    if not found:
        return []
    sizes = [learnt(model.topic_sizes_)[-1] for model in found]
    rows = [learnt(model.topic_embeddings_)[0] for model in found]
    return [np.average(rows, axis=0, weights=np.maximum(sizes, 1)).astype(rows[0].dtype)]


def _ids(model: BERTopic, rows: list[NDArray[Any]], min_similarity: float) -> dict[int, int]:
    """Return the id of each topic in the merged model; a new one gets the next that is free."""
    topics = [topic for topic in sorted(learnt(model.topic_sizes_)) if topic != -1]
    fresh = np.ones(len(topics), dtype=bool)
    nearest = np.zeros(len(topics), dtype=np.int64)
    if rows and topics:
        similar = cosines(learnt(model.topic_embeddings_)[-len(topics) :], np.vstack(rows))
        fresh, nearest = similar.max(axis=1) < min_similarity, similar.argmax(axis=1)
    ids = np.where(fresh, len(rows) + np.cumsum(fresh) - 1, nearest)
    return dict(zip(topics, ids.tolist(), strict=True))


def _take(merged: BERTopic, model: BERTopic, old: int, new: int) -> None:
    learnt(merged.topic_representations_)[new] = learnt(model.topic_representations_)[old]
    for name, values in model.topic_aspects_.items():
        if old in values:
            merged.topic_aspects_.setdefault(name, {})[new] = values[old]
    if old in model.representative_docs_:
        merged.representative_docs_[new] = model.representative_docs_[old]
    label = zeroshot_name(model, old)
    if label is not None:
        names = merged.zeroshot_topic_list or []
        names = names if label in names else [*names, label]
        merged.zeroshot_topic_list = names
        merged._topic_id_to_zeroshot_topic_idx[new] = names.index(label)  # noqa: SLF001  # a hook


def _own_label(model: BERTopic, old: int, new: int) -> dict[int, str]:
    labels, topics = model.custom_labels_, sorted(learnt(model.topic_sizes_))
    if labels is None or len(labels) != len(topics):
        return {}
    return {new: labels[topics.index(old)]}


def _sizes(model: BERTopic, ids: dict[int, int]) -> Counter[int]:
    """Return the documents of each topic of the merged model that come from this one."""
    sizes = Counter[int]()
    live = model._live is not None  # noqa: SLF001  # a live model has sizes, but no documents
    counted = learnt(model.topic_sizes_) if live else Counter(learnt(model.topics_))
    for topic, size in counted.items():
        sizes[ids.get(int(topic), -1)] += size
    return sizes


def _finish(
    merged: BERTopic, models: Sequence[BERTopic], sizes: Counter[int], named: dict[int, str]
) -> None:
    words = learnt(merged.topic_representations_)
    with_outliers = [model for model in models if -1 in learnt(model.topic_sizes_)]
    if with_outliers:
        words = {-1: learnt(with_outliers[0].topic_representations_)[-1], **words}
    merged.topic_representations_ = words
    # Every topic with words has a size, if only 0, so that sizes and rows keep step.
    merged.topic_sizes_ = Counter({**dict.fromkeys(words, 0), **sizes})
    merged.topic_mapper_ = TopicMapper(words)
    if named:
        names = {**merged.topic_labels_, **named}
        merged.custom_labels_ = [names[topic] for topic in sorted(words)]
