"""A change of the topics as an event, with what a reader needs in order to believe it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from topicstream.model.events import DriftEvent, Evidence
from topicstream.model.lifecycle.lives import Change

Words = Mapping[int, tuple[str, ...]]


class Moment(NamedTuple):
    """When changes were found, and how the topics are described before and after them.

    `before` and `after` are the foremost words of each topic, `examples` the ids of up to three
    documents for each change, and `n_recent` the number of documents that were looked at.
    """

    sequence: int
    window: tuple[float, float]
    before: Words
    after: Words
    examples: tuple[tuple[str, ...], ...]
    n_recent: int
    least_score: float

    @classmethod
    def of_swap(
        cls, sequence: int, clock: float, before: Words, after: Words, changes: tuple[Change, ...]
    ) -> Moment:
        """Return the moment of a refit, which no document of the stream shows."""
        return cls(sequence, (clock, clock), before, after, ((),) * len(changes), 0, 0.0)


def events_of(changes: tuple[Change, ...], moment: Moment) -> tuple[DriftEvent, ...]:
    """Return one event for each change."""
    return tuple(
        _event(change, examples, moment)
        for change, examples in zip(changes, moment.examples, strict=True)
    )


def least_score(false_births: float) -> float:
    """Return the score of a birth that is just believed.

    Examples
    --------
    >>> least_score(1e-5)
    5.0

    """
    return float(-np.log10(false_births))


def _event(change: Change, examples: tuple[str, ...], moment: Moment) -> DriftEvent:
    came_from = change.parents or (() if change.kind == "topic_born" else (change.topic,))
    went_into = change.children or (change.topic,)
    return DriftEvent(
        kind=change.kind,
        topic=change.topic,
        severity="low" if change.kind == "topic_retired" else "medium",
        score=change.score,
        threshold=moment.least_score if change.score else 0.0,
        window=moment.window,
        sequence=moment.sequence,
        evidence=Evidence(
            words_before=_words_of(came_from, moment.before),
            words_after=_words_of(went_into, moment.after),
            share_after=len(change.members) / max(moment.n_recent, 1),
            examples=examples,
        ),
        parents=change.parents,
        children=change.children,
    )


def _words_of(topics: tuple[int, ...], words: Words) -> tuple[str, ...]:
    return tuple(word for topic in topics for word in words.get(topic, ()))
