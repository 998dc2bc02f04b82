"""Watches shares, distances, outliers and words, and tells each change once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import norm

from topicstream.model import rows
from topicstream.model.drift.detectors import Detectors, threshold_of
from topicstream.model.drift.evidence import Witness
from topicstream.model.drift.level import Levels
from topicstream.model.drift.observation import Observation
from topicstream.model.drift.settings import DriftSettings
from topicstream.model.drift.share import SPANS, Shares
from topicstream.model.drift.window import Window
from topicstream.model.drift.words import Comparison, Words
from topicstream.model.events import DriftEvent

Dense = NDArray[np.float64]
_PARTS = ("window", "shares", "distances", "words", "on_distance", "on_words")
SHARES = ("share_shift", "outlier_shift")


class Thresholds(NamedTuple):
    """What a surprise must pass, one that is normal by chance and one that is summed up."""

    normal: float
    sum: float


class DriftMonitor:
    """Turns batches into drift events.

    Batches are pooled into windows. Each window gives every topic's share, the outlier rate, the
    mean distances and the words as standard deviations from a slowly fading reference. What passes
    a threshold set for the whole feed is an event; after it the topic's references start afresh:
    one change, one event.

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
    30 share_shift 0 high
    30 share_shift 1 high

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

    def settle(self, topics: NDArray[np.int64]) -> None:
        """Begin anew with topics that gave documents to another one, or took them over.

        Whoever tells of a birth, a split or a merge calls this, so that it is not told twice.

        Parameters
        ----------
        topics
            Their ids; those not seen yet begin anew anyway.

        """
        rows_ = np.flatnonzero(np.isin(self._topics, topics)) + 1
        no_words = rows.empty(len(self._topics) + 1, 0)
        self._restart(rows_, self._shares.shares, no_words)

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
        state: dict[str, NDArray[Any]] = {
            "topics": self._topics.copy(),
        }
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
        self._on_distance = Detectors(settings.allowance, n, only_up=True)
        self._on_words = Detectors(settings.allowance, n, only_up=True)

    def _align(self, topics: NDArray[np.int64]) -> None:
        if np.array_equal(topics, self._topics):
            return
        where = rows.positions(self._topics, topics)
        both = np.concatenate([[0], np.where(where >= 0, where + 1, -1)])
        for part in (self._distances, self._on_distance, self._on_words):
            part.align(where)
        for part_with_outliers in (self._shares, self._words):
            part_with_outliers.align(both)
        self._window.align(where, topics)
        self._topics = topics.copy()

    def _close(self, batch: Observation) -> tuple[DriftEvent, ...]:
        window, threshold = self._window, self._threshold()
        before, after = self._shares.shares, window.counts / window.n_documents
        words = self._words.update(window.words)
        share_z = self._share_surprise()
        means, units = window.take_distances(self.settings.min_documents)
        found = [
            *_found("outlier_shift", "share_shift", _above(share_z, threshold.normal), -1),
            *_found(
                "", "distance_shift",
                self._on_distance.feed(self._distances.update(means, units), threshold.sum), 0,
            ),
            # Outliers are of every kind: their words are evidence, no reason for an event.
            *_found("", "word_shift", self._on_words.feed(words.z[1:], threshold.sum), 0),
        ]  # fmt: skip
        told = _surest(found)
        self._restart(
            np.array([row + 1 for _, row, _ in told], dtype=np.int64), after, words.window
        )
        events = self._tell(batch, told, words, before, after) if told else ()
        window.close()
        return events

    def _share_surprise(self) -> Dense:
        """Return how surprising each share is, the outliers' first."""
        over_spans = self._shares.update(self._window.counts, self._window.n_documents)
        z = np.nanmax(np.abs(over_spans), axis=0, initial=0.0)
        # Fewer outliers are no news: the model has got to know its topics.
        z[0] = np.nanmax(over_spans[:, 0], initial=0.0)
        return np.asarray(z)

    def _restart(self, rows_: NDArray[np.int64], after: Dense, begun: csr_array) -> None:
        """Begin anew with these rows, in all that is watched: one change is one event."""
        if len(rows_) == 0:
            return
        topics = rows_[rows_ > 0] - 1
        self._shares.restart(rows_, after)
        self._words.restart(rows_, begun)
        for part in (self._distances, self._on_distance, self._on_words):
            part.restart(topics)

    def _threshold(self) -> Thresholds:
        """Return the thresholds at which all that is watched keeps to the rate of false alarms."""
        if self.settings.threshold:
            return Thresholds(self.settings.threshold, self.settings.threshold)
        n_topics = len(self._topics)
        n_looks = 2 * len(SPANS) * (n_topics + 1) + 2 * n_topics
        rate = self.settings.false_alarms / 1e6 * self._window.n_documents / n_looks
        chance = min(rate, 0.5)
        return Thresholds(
            float(norm.isf(chance)), threshold_of(1.0 / chance, self.settings.allowance)
        )

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
        thresholds = self._threshold()
        threshold = thresholds.normal if kind in SHARES else thresholds.sum
        severity = _severity(score / threshold)
        return DriftEvent(kind, topic, severity, score, threshold, span, sequence, evidence)


def _above(z: Dense, threshold: float) -> Dense:
    return np.where(z > threshold, z, 0.0)


def _found(outside: str, inside: str, scores: Dense, first: int) -> list[tuple[str, int, float]]:
    """Return kind, row and score of each row that has one; the first row has the number `first`."""
    rows_ = np.flatnonzero(scores)
    return [
        (inside if row + first >= 0 else outside, row + first, float(scores[row]))
        for row in rows_.tolist()
    ]


def _surest(found: list[tuple[str, int, float]]) -> list[tuple[str, int, float]]:
    """Return the highest score of each row, in the order of the rows."""
    best: dict[int, tuple[str, int, float]] = {}
    for event in found:
        if event[1] not in best or event[2] > best[event[1]][2]:
            best[event[1]] = event
    return [best[row] for row in sorted(best)]


def _severity(excess: float) -> str:
    return "low" if excess < 1.5 else "medium" if excess < 3.0 else "high"
