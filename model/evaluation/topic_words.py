"""The foremost words of topics, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from topicstream.model.topics import OUTLIERS, Topic

Topics: TypeAlias = Mapping[int, Sequence[str]] | Sequence[Sequence[str]]
"""Words of each topic, foremost first, by topic id; of a sequence the ids are 0, 1, 2, ..."""


class _Batch(Protocol):
    """A BERTopic, ours or bertopic's."""

    def get_topics(self) -> Mapping[Any, Any]: ...


class _Online(Protocol):
    """An OnlineTopicModel."""

    def topics(self) -> Sequence[Topic]: ...


def words(model: _Batch | _Online | Iterable[Topic]) -> dict[int, list[str]]:
    """Return the words of each topic of a model, foremost first, by topic id.

    The topic of outliers (-1) is left out, and so are blank words.

    Parameters
    ----------
    model
        A fitted BERTopic, an OnlineTopicModel, or what its ``topics()`` gave.

    Examples
    --------
    >>> from topicstream.model.online import OnlineTopicModel
    >>> model = OnlineTopicModel()
    >>> _ = model.partial_fit(["red apple"], np.eye(1, 4, dtype=np.float32), now=0.0)
    >>> words(model)
    {0: ['red', 'apple']}

    """
    pairs = {topic: some for topic, some in _pairs(model) if topic != OUTLIERS}
    return {topic: [word for word, _ in some if word.strip()] for topic, some in pairs.items()}


def _pairs(model: Any) -> Iterable[tuple[int, Iterable[tuple[str, float]]]]:  # noqa: ANN401
    if hasattr(model, "get_topics"):
        return [(int(topic), some or ()) for topic, some in model.get_topics().items()]
    topics = model.topics() if hasattr(model, "topics") else model
    return [(topic.id, topic.words) for topic in topics]


@dataclass(frozen=True, slots=True)
class WordTable:
    """Topics as rows of word numbers.

    Parameters
    ----------
    topics
        Id of each topic, (n_topics,).
    terms
        The distinct words, in order of appearance.
    columns
        Number in `terms` of each topic's words, foremost first, then -1, (n_topics, top_n).

    """

    topics: NDArray[np.int64]
    terms: list[str]
    columns: NDArray[np.int64]

    @property
    def n_words(self) -> NDArray[np.int64]:
        """Words of each topic, (n_topics,)."""
        found: NDArray[np.int64] = (self.columns >= 0).sum(axis=1, dtype=np.int64)
        return found


def word_table(topics: Topics, top_n: int, *, name: str = "topics") -> WordTable:
    """Return the first `top_n` different words of each topic.

    Parameters
    ----------
    topics
        Words of each topic, foremost first.
    top_n
        So many words of each topic; fewer where it has fewer.
    name
        What errors call the topics.

    Raises
    ------
    ValueError
        There is no topic, or `top_n` is below 1.
    TypeError
        `topics` is a model or a text, or a topic is no sequence of words.

    Examples
    --------
    >>> word_table([["a", "b", "a"], ["b", "c", "d"]], top_n=2).columns
    array([[0, 1],
           [1, 2]])

    """
    if top_n < 1:
        raise ValueError(f"top_n={top_n}: take at least one word of each topic, usually 10")
    rows = {i: list(dict.fromkeys(some))[:top_n] for i, some in _checked(topics, name).items()}
    terms = list(dict.fromkeys(word for row in rows.values() for word in row))
    number = {word: place for place, word in enumerate(terms)}
    padding = [-1] * top_n
    columns = [([number[word] for word in row] + padding)[:top_n] for row in rows.values()]
    return WordTable(np.array(list(rows), np.int64), terms, np.array(columns, np.int64))


def _checked(topics: Topics, name: str) -> Mapping[int, Sequence[str]]:
    if hasattr(topics, "get_topics") or hasattr(topics, "partial_fit"):
        raise TypeError(f"{name} is a {type(topics).__name__}: give `words({name})`")
    if isinstance(topics, str):
        raise TypeError(f"{name}={topics[:40]!r} is one text: give a list of words for each topic")
    found = topics if isinstance(topics, Mapping) else dict(enumerate(topics))
    if not found:
        raise ValueError(f"{name} is empty: give the words of one topic at least")
    for topic, some in found.items():
        if isinstance(some, str) or not all(isinstance(word, str) for word in some):
            raise TypeError(f"topic {topic} of {name} is {some!r}: give a list of words (str)")
    return found
