"""One change of a model's topics: some are joined, the rest keep apart, all are numbered anew."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from topicstream.model.alignment import learnt
from topicstream.model.retelling import tell_again

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Regrouping:
    """Where each topic goes; taken down before anything is changed (D-08, D-11).

    Parameters
    ----------
    sizes
        Documents of each topic before, topics ascending.
    kept
        Topic before to the topic, of those before, that it is joined to; itself where it stays.
    final
        Topic before to its id afterwards.

    """

    sizes: Mapping[int, int]
    kept: Mapping[int, int]
    final: Mapping[int, int]

    @property
    def targets(self) -> list[int]:
        """Return the ids afterwards, ascending."""
        return sorted(set(self.final.values()))

    @property
    def heirs(self) -> dict[int, int]:
        """Return which topic before each id afterwards inherits its names from."""
        heirs = {self.final[kept]: kept for kept in self.kept.values() if kept in self.final}
        return {target: heirs[target] for target in self.targets if target in heirs}

    def weights(self) -> NDArray[np.float64]:
        """Return the share of each topic before (columns) in each topic afterwards (rows)."""
        rows = {target: row for row, target in enumerate(self.targets)}
        weights = np.zeros((len(rows), len(self.sizes)))
        for column, (topic, size) in enumerate(self.sizes.items()):
            weights[rows[self.final[topic]], column] = max(1, size)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def columns(self) -> NDArray[np.float64]:
        """Return which column of topics before adds to which afterwards, outliers left out."""
        old = [topic for topic in self.sizes if topic != -1]
        new = {topic: column for column, topic in enumerate(t for t in self.targets if t != -1)}
        matrix = np.zeros((len(old), len(new)))
        for row, topic in enumerate(old):
            if self.final[topic] != -1:
                matrix[row, new[self.final[topic]]] = 1.0
        return matrix


def plan(topic_model: BERTopic, joined: Mapping[int, int]) -> Regrouping:
    """Return the regrouping that joins topics and numbers what is left by size.

    Where there are zero-shot topics whose order is not by size, the order stays and gaps close.

    Parameters
    ----------
    topic_model
        A fitted model.
    joined
        Topic to the topic it joins, or to -1; a topic that is no key stays.

    """
    sizes = {topic: int(n) for topic, n in sorted(learnt(topic_model.topic_sizes_).items())}
    kept = {topic: int(joined.get(topic, topic)) for topic in sizes}
    left = Counter[int]()
    for topic in _in_order_of_appearance(topic_model, sizes):
        left[kept[topic]] += sizes[topic]
    left.pop(-1, None)
    order = sorted(left) if _has_own_order(topic_model) else [t for t, _ in left.most_common()]
    ranks = {-1: -1, **{topic: rank for rank, topic in enumerate(order)}}
    return Regrouping(sizes, kept, {topic: ranks[kept[topic]] for topic in sizes})


def _in_order_of_appearance(topic_model: BERTopic, sizes: Mapping[int, int]) -> list[int]:
    # Two topics of one size keep the order in which the documents show them.
    seen, first = np.unique(np.asarray(learnt(topic_model.topics_), dtype=int), return_index=True)
    places = dict(zip(seen.tolist(), first.tolist(), strict=True))
    return sorted(sizes, key=lambda topic: places.get(topic, len(learnt(topic_model.topics_))))


def _has_own_order(topic_model: BERTopic) -> bool:
    return bool(topic_model._topic_id_to_zeroshot_topic_idx) and not topic_model.nr_topics  # noqa: SLF001  # a hook


def renumber(topic_model: BERTopic, change: Regrouping) -> None:
    """Carry everything over that hangs on topic ids: assignment, sizes, names, probabilities.

    Parameters
    ----------
    topic_model
        The model that is changed; words, c-TF-IDF and embeddings are left to the caller.
    change
        What `plan` returned for it.

    """
    _extend_mapper(topic_model, change)
    topic_model.probabilities_ = _probabilities(topic_model.probabilities_, change)
    topic_model.custom_labels_ = _labels(topic_model.custom_labels_, change)
    topic_model.topic_aspects_ = {
        name: inherited(values, change) for name, values in topic_model.topic_aspects_.items()
    }
    topic_model.representative_docs_ = inherited(topic_model.representative_docs_, change)
    topic_model.topics_ = _moved(learnt(topic_model.topics_), change)
    sizes = Counter[int](dict.fromkeys(topic_model.topics_, 0))
    for topic, size in change.sizes.items():
        sizes[change.final[topic]] += size
    topic_model.topic_sizes_ = sizes


def moved_frame(documents: pd.DataFrame, change: Regrouping) -> pd.DataFrame:
    """Return the frame with the topics of afterwards.

    Parameters
    ----------
    documents
        A frame with the column Topic; not written to.
    change
        What `plan` returned.

    """
    return documents.assign(Topic=_moved(documents["Topic"].tolist(), change))


def _moved(topics: list[int], change: Regrouping) -> list[int]:
    labels, inverse = np.unique(np.asarray(topics, dtype=np.int64), return_inverse=True)
    final = np.array([change.final.get(int(label), -1) for label in labels], dtype=np.int64)
    moved: list[int] = final[inverse].tolist()
    return moved


def _extend_mapper(topic_model: BERTopic, change: Regrouping) -> None:
    mapper = learnt(topic_model.topic_mapper_)
    mapper.begin_change(topic_model)
    mapper.add_mappings({-1: -1, **change.kept}, topic_model)
    ranks = {change.kept[topic]: final for topic, final in change.final.items()}
    mapper.add_mappings({-1: -1, **ranks}, topic_model)


def _probabilities(probabilities: NDArray[Any] | None, change: Regrouping) -> NDArray[Any] | None:
    if probabilities is None or probabilities.ndim == 1:
        return probabilities
    columns = change.columns()
    outliers = probabilities.shape[1] - len(columns)
    if outliers == 0:
        return np.asarray(probabilities @ columns)
    if outliers == 1 and -1 in change.sizes:  # similarities, the outliers' in column 0
        similar = probabilities[:, 1:] @ columns
        return np.hstack([probabilities[:, :1], similar]) if -1 in change.targets else similar
    logger.warning(
        "probabilities_ has %d columns for %d topics and cannot follow this change; it is dropped",
        probabilities.shape[1],
        len(columns),
    )
    return None


def _labels(labels: list[str] | None, change: Regrouping) -> list[str] | None:
    if labels is None or len(labels) != len(change.sizes):
        return labels
    named = dict(zip(change.sizes, labels, strict=True))
    return [
        named[change.heirs[target]] if target in change.heirs else "" for target in change.targets
    ]


def inherited(values: Mapping[int, T], change: Regrouping) -> dict[int, T]:
    """Return values by topic, each under the id that its topic has afterwards.

    Parameters
    ----------
    values
        Topic before to anything; a joined topic inherits from the one that it was joined to.
    change
        What `plan` returned.

    """
    return {new: values[old] for new, old in change.heirs.items() if old in values}


def joined_embeddings(embeddings: NDArray[Any] | None, change: Regrouping) -> NDArray[Any] | None:
    """Return the mean of the joined topics' embeddings, weighted by size.

    Parameters
    ----------
    embeddings
        Shape (n_topics, d), topics ascending, outliers first; None passes.
    change
        What `plan` returned; its rows are those of before, outliers or not (D-11).

    """
    if embeddings is None:
        return None
    if len(embeddings) != len(change.sizes):
        message = (
            f"topic_embeddings_ has {len(embeddings)} rows for {len(change.sizes)} topics; call "
            "update_topics with the documents first, which brings them in line"
        )
        raise ValueError(message)
    return np.asarray(change.weights() @ embeddings, dtype=embeddings.dtype)


def regroup(
    topic_model: BERTopic, documents: pd.DataFrame, joined: Mapping[int, int]
) -> pd.DataFrame:
    """Join topics, number them by size, and bring all that the model knows in line.

    Representative documents are left to the caller.

    Parameters
    ----------
    topic_model
        A fitted model, which is changed.
    documents
        The working frame; its topics are the model's.
    joined
        Topic to the topic it joins; a topic that is no key stays.

    Returns
    -------
    DataFrame
        The frame with the topics of afterwards.

    """
    change = plan(topic_model, joined)
    embeddings = joined_embeddings(topic_model.topic_embeddings_, change)
    renumber(topic_model, change)
    topic_model.topic_embeddings_ = embeddings
    moved = moved_frame(documents, change)
    tell_again(topic_model, moved)
    return moved
