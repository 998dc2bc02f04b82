"""Words told again with other settings or another assignment, and labels of your own."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.alignment import aligned_documents, learnt
from topicstream.model.documents import check_length
from topicstream.model.retelling import tell_again

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

logger = logging.getLogger(__name__)


def update_topics(
    topic_model: BERTopic,
    docs: Sequence[str],
    *,
    images: Sequence[Any] | None = None,
    topics: Sequence[int] | NDArray[Any] | None = None,
    top_n_words: int = 10,
    n_gram_range: tuple[int, int] | None = None,
    vectorizer_model: object | None = None,
    ctfidf_model: object | None = None,
    representation_model: object | None = None,
) -> None:
    """Tell the words of topics again, with other settings, another assignment, or both.

    As in BERTopic, what is not given is reset: `top_n_words` to 10, vectorizer and c-TF-IDF to new
    ones, the representation model to none.

    Parameters
    ----------
    topic_model
        A fitted model, which is changed.
    docs
        The documents it was fitted on, in the same order.
    images
        Their images, or None.
    topics
        Another topic for each document, None to keep them. Sizes, embeddings, representative
        documents, names and mapper follow (D-07).
    top_n_words
        Words kept of each topic.
    n_gram_range
        Fewest and most tokens in a term, for the new vectorizer; None keeps the model's.
    vectorizer_model
        None makes a CountVectorizer.
    ctfidf_model
        None makes a ClassTfidfTransformer.
    representation_model
        None keeps the c-TF-IDF words.

    Raises
    ------
    ValueError
        The model is not fitted, or lengths differ.

    """
    documents = aligned_documents(topic_model, docs, images)
    change = None if topics is None else _reassignment(topic_model, topics)
    topic_model.top_n_words = top_n_words
    topic_model.n_gram_range = n_gram_range or topic_model.n_gram_range
    # None makes a new one when it is read.
    topic_model.vectorizer_model = vectorizer_model
    topic_model.ctfidf_model = ctfidf_model
    topic_model.representation_model = representation_model
    if change is None:
        tell_again(topic_model, documents)
        return
    documents = documents.assign(Topic=change.after)
    _adopt(topic_model, change)
    topic_model._update_topic_size(documents)  # noqa: SLF001  # a hook
    tell_again(topic_model, documents)
    topic_model._save_representative_docs(documents)  # noqa: SLF001  # a hook


@dataclass(frozen=True, slots=True)
class _Reassignment:
    """The topics of documents before and after, and how many went from which to which."""

    old: list[int]
    new: list[int]
    counts: NDArray[np.float64]
    after: list[int]

    def only_outliers_moved(self) -> bool:
        """Return whether every document with a topic kept it."""
        away = [
            self.counts[row, column]
            for row, topic in enumerate(self.old)
            for column, other in enumerate(self.new)
            if topic not in {-1, other}
        ]
        return not any(away)

    def destinations(self) -> dict[int, int]:
        """Return where most documents of each topic went; without documents it stays."""
        largest = np.asarray(self.new)[self.counts.argmax(axis=1)]
        there = np.where(self.counts.any(axis=1), largest, self.old)
        return dict(zip(self.old, there.tolist(), strict=True))


def _reassignment(topic_model: BERTopic, topics: Sequence[int] | NDArray[Any]) -> _Reassignment:
    check_length("topics", list(topics), topic_model)
    wrong = [topic for topic in topics if not isinstance(topic, Integral)]
    if wrong:
        raise ValueError(f"topics holds {wrong[0]!r}; give an integer for each document")
    before, after = np.asarray(topic_model.topics_), np.asarray(topics, dtype=np.int64)
    known = sorted({*learnt(topic_model.topic_sizes_), *before.tolist()})
    new, column = np.unique(after, return_inverse=True)
    row = np.searchsorted(known, before)
    counts = np.zeros((len(known), len(new)))
    np.add.at(counts, (row, column), 1.0)
    logger.info("topics are assigned by hand: %d before, %d now", len(known), len(new))
    return _Reassignment(known, new.tolist(), counts, after.tolist())


def _adopt(topic_model: BERTopic, change: _Reassignment) -> None:
    if change.only_outliers_moved():
        _keep_names(topic_model, change)
    else:
        logger.warning("topics mean something else now: custom labels and aspects are dropped")
        topic_model.custom_labels_, topic_model.topic_aspects_ = None, {}
        _follow(topic_model, change)
    topic_model.topic_embeddings_ = _embeddings(topic_model.topic_embeddings_, change)


def _keep_names(topic_model: BERTopic, change: _Reassignment) -> None:
    labels = topic_model.custom_labels_
    if labels is not None and len(labels) == len(change.old):
        named = dict(zip(change.old, labels, strict=True))
        topic_model.custom_labels_ = [named.get(topic, "") for topic in change.new]
    topic_model.topic_aspects_ = {
        name: {topic: values[topic] for topic in change.new if topic in values}
        for name, values in topic_model.topic_aspects_.items()
    }


def _follow(topic_model: BERTopic, change: _Reassignment) -> None:
    """Let predictions, and probabilities by topic, go where most of a topic's documents went."""
    destinations = {**change.destinations(), -1: -1}
    mapper = learnt(topic_model.topic_mapper_)
    mapper.begin_change(topic_model)
    mapper.add_mappings(destinations, topic_model)
    mapper.add_mappings({topic: topic for topic in destinations.values()}, topic_model)
    if topic_model.probabilities_ is not None and topic_model.probabilities_.ndim == 2:
        topic_model.probabilities_ = None


def _embeddings(embeddings: NDArray[Any] | None, change: _Reassignment) -> NDArray[Any] | None:
    """Return each new topic as the mean of the old ones its documents come from."""
    if embeddings is None or len(embeddings) != len(change.old):
        return None
    weights = change.counts.copy()
    outliers = np.asarray(change.old) == -1
    # An outlier says little of where it went, unless nothing but outliers went there.
    from_topics = weights[~outliers].sum(axis=0) > 0
    joins = from_topics & (np.asarray(change.new) != -1)
    weights[np.ix_(outliers, joins)] = 0.0
    mean = (weights / weights.sum(axis=0)).T @ embeddings
    return np.asarray(mean, dtype=embeddings.dtype)


def set_topic_labels(
    topic_model: BERTopic, topic_labels: Sequence[str] | Mapping[int, str]
) -> None:
    """Give topics names of your own, all of them or some.

    Parameters
    ----------
    topic_model
        A fitted model, which is changed.
    topic_labels
        One label for each topic, ascending, -1 included; or topic to label, where a topic left
        out or given an empty label keeps the name it has.

    Raises
    ------
    ValueError
        The number of labels is not that of topics.
    TypeError
        It is neither a sequence of labels nor a mapping (D-45).

    """
    topics = sorted(learnt(topic_model.topic_sizes_))
    if isinstance(topic_labels, Mapping):
        topic_model.custom_labels_ = _named(topic_model, topics, topic_labels)
        return
    if isinstance(topic_labels, str) or not hasattr(topic_labels, "__iter__"):
        kind = type(topic_labels).__name__
        message = f"topic_labels is of type {kind}; give a list of labels, or a dict by topic"
        raise TypeError(message)
    labels = [str(label) for label in topic_labels]
    if len(labels) != len(topics):
        message = (
            f"topic_labels has {len(labels)} labels, the model has {len(topics)} topics; give one "
            f"for each of {topics}, or a dict for some"
        )
        raise ValueError(message)
    topic_model.custom_labels_ = labels


def _named(topic_model: BERTopic, topics: list[int], given: Mapping[int, str]) -> list[str]:
    names, custom = topic_model.topic_labels_, topic_model.custom_labels_
    before = custom if custom is not None and len(custom) == len(topics) else None
    present = before or [names.get(topic, str(topic)) for topic in topics]
    return [given.get(topic) or name for topic, name in zip(topics, present, strict=True)]
