"""Topics joined, and topics taken away, by hand."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

from topicstream.model.alignment import aligned_documents, learnt
from topicstream.model.regrouping import Regrouping, inherited, plan, regroup, renumber

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic, Documents

logger = logging.getLogger(__name__)


def merge_topics(
    topic_model: BERTopic,
    docs: Documents,
    topics_to_merge: Sequence[int] | Sequence[Iterable[int]],
    images: Sequence[Any] | None = None,
) -> None:
    """Join topics, each group under its first topic; ids follow size again afterwards.

    Parameters
    ----------
    topic_model
        A fitted model, which is changed: words, embeddings, sizes, probabilities, names, mapper.
    docs
        The documents it was fitted on, in the same order; None for a live model, which has the
        counts of their terms.
    topics_to_merge
        One group of topic ids, or a list of groups; NumPy's integers too (D-44). -1 first sends a
        group to the outliers.
    images
        Images of the documents, or None.

    Raises
    ------
    ValueError
        A topic does not exist, there is no group, or the documents are not those of the fit.

    """
    groups = _groups(topics_to_merge)
    live = topic_model._live  # noqa: SLF001  # what only a live model has
    if docs is None and live is not None:
        from topicstream.model.live import regroup_without_documents

        _check_known(groups, learnt(topic_model.topic_sizes_))
        regroup_without_documents(topic_model, live, _joined(groups))
        return
    documents = aligned_documents(topic_model, docs, images)
    topic_model._update_topic_size(documents)  # noqa: SLF001  # topics_ may have been assigned
    _check_known(groups, learnt(topic_model.topic_sizes_))
    documents = regroup(topic_model, documents, _joined(groups))
    topic_model._save_representative_docs(documents)  # noqa: SLF001  # a hook


def _joined(groups: list[list[int]]) -> dict[int, int]:
    return {topic: group[0] for group in sorted(groups) for topic in group}


def _groups(topics_to_merge: Sequence[Any]) -> list[list[int]]:
    given = list(topics_to_merge)
    if given and all(isinstance(topic, Integral) for topic in given):
        given = [given]
    groups = [_group(group) for group in given]
    if groups and all(groups):
        return groups
    message = (
        f"topics_to_merge is {topics_to_merge!r}; give the ids of one group, such as [1, 2], or a "
        "list of groups, such as [[1, 2], [3, 4]]"
    )
    raise ValueError(message)


def _group(group: object) -> list[int]:
    topics = list(group) if isinstance(group, Iterable) and not isinstance(group, str) else []
    return [int(topic) for topic in topics] if all(isinstance(t, Integral) for t in topics) else []


def _check_known(groups: list[list[int]], known: Iterable[int]) -> None:
    wanted = {topic for group in groups for topic in group}
    unknown = sorted(wanted.difference(known))
    if unknown:
        message = (
            f"topics_to_merge holds {unknown}, which this model does not have; its topics are "
            f"{sorted(known)}"
        )
        raise ValueError(message)
    if len(wanted) < sum(len(set(group)) for group in groups):
        logger.warning("a topic stands in two groups of topics_to_merge; the later group takes it")


def delete_topics(topic_model: BERTopic, topics_to_delete: Sequence[int]) -> None:
    """Send the documents of topics to the outliers; what is left is numbered by size.

    Needs no documents: the words of the topics that stay, and of the outliers, stay as they are.
    Where there were no outliers, -1 comes with blank words and rows of zeros.

    Parameters
    ----------
    topic_model
        A fitted model, which is changed.
    topics_to_delete
        Topic ids; ids that the model does not have are passed over.

    Raises
    ------
    ValueError
        -1 is among them, or the model is not fitted.

    """
    sizes = learnt(topic_model.topic_sizes_)
    wanted = [topics_to_delete] if isinstance(topics_to_delete, Integral) else topics_to_delete
    gone = sorted({int(topic) for topic in wanted}.intersection(sizes))
    if -1 in gone:
        message = (
            "topics_to_delete holds -1, the outliers, which have nowhere to go; reduce_outliers "
            "and update_topics find topics for them"
        )
        raise ValueError(message)
    change = plan(topic_model, dict.fromkeys(gone, -1))
    renumber(topic_model, change)
    _take_rows(topic_model, change)
    _fill_outliers(topic_model, change)


def _take_rows(topic_model: BERTopic, change: Regrouping) -> None:
    selection = _selection(change)
    if topic_model.c_tf_idf_ is not None:
        topic_model.c_tf_idf_ = csr_matrix(selection @ topic_model.c_tf_idf_)
    embeddings = topic_model.topic_embeddings_
    if embeddings is not None:
        topic_model.topic_embeddings_ = (selection @ embeddings).astype(embeddings.dtype)
    words = learnt(topic_model.topic_representations_)
    blank = {-1: [("", 0.00001)]} if -1 in change.targets else {}
    topic_model.topic_representations_ = {**blank, **inherited(words, change)}


def _selection(change: Regrouping) -> csr_matrix:
    # Rows of before, counted with the outliers' (D-10); a new outlier topic gets none: zeros.
    places = {topic: row for row, topic in enumerate(change.sizes)}
    rows = [row for row, target in enumerate(change.targets) if target in change.heirs]
    columns = [places[topic] for topic in change.heirs.values()]
    shape = (len(change.targets), len(places))
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


def _fill_outliers(topic_model: BERTopic, change: Regrouping) -> None:
    if -1 not in change.targets or -1 in change.heirs:
        return
    aspects = topic_model.topic_aspects_.items()
    topic_model.topic_aspects_ = {name: {-1: [], **values} for name, values in aspects}
    if topic_model.representative_docs_:
        topic_model.representative_docs_ = {-1: [], **topic_model.representative_docs_}
