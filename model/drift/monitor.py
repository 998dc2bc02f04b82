"""Watches shares, distances, outliers and words, and tells each change once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.drift import rows
from topicstream.model.drift.detectors import Detectors
from topicstream.model.drift.evidence import Witness
from topicstream.model.drift.level import Levels
from topicstream.model.drift.observation import Observation
from topicstream.model.drift.settings import DriftSettings
from topicstream.model.drift.share import Shares
from topicstream.model.drift.window import Window
from topicstream.model.drift.words import Comparison, Words
from topicstream.model.events import DriftEvent

Dense = NDArray[np.float64]
_PARTS = ("window", "shares", "distances", "words", "on_share", "on_distance", "on_words")


class DriftMonitor:
    """Turns batches into drift events.

    Batches are pooled into windows. Each window gives every topic's share, the outlier rate, the
    mean distances and the words as standard deviations from a slowly fading reference, and
    Page-Hinkley sums these up. After an event its reference starts afresh: one change, one event.

    Parameters
    ----------
    settings
        Window, grace and thresholds (default `DriftSettings()`).

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> def batch(sequence, first):
    ...     return Observation(
    ...         sequence=sequence, now=60.0 * sequence, n_documents=1000,
    ...         topic_ids=np.arange(2), counts=np.array([first, 1000 - first]),
    ...         distances=np.array([0.3, 0.3]), n_outliers=0,
    ...         term_counts=csr_array((2, 0)), terms=(),
    ...     )
    >>> monitor = DriftMonitor()
    >>> for sequence in range(40):
    ...     for event in monitor.update(batch(sequence, 150 if sequence >= 30 else 50)):
    ...         print(event.sequence, event.kind, event.topic, event.severity)
    30 share_shift 0 medium
    30 share_shift 1 medium

    """

    def __init__(self, settings: DriftSettings = DriftSettings()) -> None:  # noqa: B008  frozen
        self.settings = settings
        self._begin(np.zeros(0, dtype=np.int64))

    def update(self, observation: Observation) -> tuple[DriftEvent, ...]:
        """Return the events that this batch gives, and learn from it.

        Parameters
        ----------
        observation
            The batch, of any size.

        """
        if observation.warm:
            self._begin(np.zeros(0, dtype=np.int64))
            return ()
        self._align(np.asarray(observation.topic_ids, dtype=np.int64))
        if observation.n_documents == 0:
            return ()
        self._window.add(observation)
        if self._window.n_documents < self.settings.window_size:
            return ()
        return self._close(observation)

    def keep_terms(self, columns: NDArray[np.int64]) -> None:
        """Follow a pruned vocabulary.

        Parameters
        ----------
        columns
            Old columns that stay, in their new order.

        """
        self._words.keep_terms(columns)
        self._window.words = rows.take_columns(self._window.words, columns)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the whole state as named arrays; `from_arrays` goes on bit by bit the same."""
        state: dict[str, NDArray[Any]] = {"topics": self._topics.copy()}
        for name in _PARTS:
            part = getattr(self, f"_{name}").arrays()
            state |= {f"{name}.{key}": value for key, value in part.items()}
        return state

    @classmethod
    def from_arrays(cls, settings: DriftSettings, arrays: dict[str, NDArray[Any]]) -> DriftMonitor:
        """Return the monitor whose `arrays` these are.

        Parameters
        ----------
        settings
            The settings that it had.
        arrays
            What `arrays` gave.

        """
        monitor = cls(settings)
        monitor._begin(np.array(arrays["topics"], dtype=np.int64))
        for name in _PARTS:
            getattr(monitor, f"_{name}").load(rows.under(name, arrays))
        return monitor

    def _begin(self, topics: NDArray[np.int64]) -> None:
        n, settings = len(topics), self.settings
        self._topics = topics
        self._window = Window(n)
        self._shares = Shares(settings, n + 1)
        self._distances = Levels(settings, n)
        self._words = Words(settings, n + 1)
        self._on_share = Detectors(settings, n + 1)
        self._on_distance = Detectors(settings, n)
        self._on_words = Detectors(settings, n, only_up=True)

    def _align(self, topics: NDArray[np.int64]) -> None:
        if np.array_equal(topics, self._topics):
            return
        where = rows.positions(self._topics, topics)
        both = np.concatenate([[0], np.where(where >= 0, where + 1, -1)])
        for part in (self._distances, self._on_distance, self._on_words):
            part.align(where)
        for part_with_outliers in (self._shares, self._words, self._on_share):
            part_with_outliers.align(both)
        self._window.align(where, topics)
        self._topics = topics.copy()

    def _close(self, batch: Observation) -> tuple[DriftEvent, ...]:
        window = self._window
        before, after = self._shares.shares, window.counts / window.n_documents
        scores = self._judge_shares(after)
        distance_scores = self._judge_distances()
        words = self._words.update(window.words)
        # Outliers are of every kind: their words are evidence, no reason for an event.
        word_scores = self._on_words.feed(words.z[1:])
        changed = np.flatnonzero(np.concatenate([scores[:1], word_scores]))
        self._words.restart(changed, words.window)
        found = [("outlier_shift", -1, scores[0])] if scores[0] > 0 else []
        found += [("share_shift", i, scores[i + 1]) for i in np.flatnonzero(scores[1:]).tolist()]
        found += [("distance_shift", i, distance_scores[i]) for i in _where(distance_scores)]
        found += [("word_shift", i, word_scores[i]) for i in _where(word_scores)]
        events = self._tell(batch, found, words, before, after) if found else ()
        window.close()
        return events

    def _judge_shares(self, after: Dense) -> Dense:
        z = self._shares.update(self._window.counts, self._window.n_documents)
        scores = self._on_share.feed(z)
        fired = np.flatnonzero(scores)
        if len(fired) > 0:
            self._shares.restart(fired, after)
        return scores

    def _judge_distances(self) -> Dense:
        means, units = self._window.take_distances(self.settings.min_documents)
        scores = self._on_distance.feed(self._distances.update(means, units))
        self._distances.restart(np.flatnonzero(scores))
        return scores

    def _tell(
        self,
        batch: Observation,
        found: list[tuple[str, int, float]],
        words: Comparison,
        before: Dense,
        after: Dense,
    ) -> tuple[DriftEvent, ...]:
        witness = Witness(words, tuple(batch.terms), self.settings.n_words)
        span = (self._window.started, batch.now)
        return tuple(
            self._event(
                kind,
                row,
                float(score),
                span=span,
                sequence=batch.sequence,
                witness=witness,
                before=before,
                after=after,
            )
            for kind, row, score in found
        )

    def _event(
        self,
        kind: str,
        row: int,
        score: float,
        *,
        span: tuple[float, float],
        sequence: int,
        witness: Witness,
        before: Dense,
        after: Dense,
    ) -> DriftEvent:
        topic = int(self._topics[row]) if row >= 0 else -1
        evidence = witness.tell(
            row,
            float(before[row + 1]),
            float(after[row + 1]),
            self._window.examples.get(topic, ()),
            changed=kind in {"word_shift", "outlier_shift"},
        )
        threshold = self.settings.threshold
        severity = _severity(score / threshold)
        return DriftEvent(kind, topic, severity, score, threshold, span, sequence, evidence)


def _where(scores: Dense) -> list[int]:
    found: list[int] = np.flatnonzero(scores).tolist()
    return found


def _severity(excess: float) -> str:
    return "low" if excess < 1.5 else "medium" if excess < 3.0 else "high"
