"""What a stream was about when: sizes, words and centroids of each topic in bins of time."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topicstream.model import timeline_reading as reading
from topicstream.model.arrays import Arrays, joined, part_of
from topicstream.model.centroids import Embeddings, Labels
from topicstream.model.timeline_bins import (
    N_RECENT,
    Bins,
    coarsened,
    covering,
    no_bins,
    opened,
    whole_seconds,
)
from topicstream.model.timeline_cells import TimelineCells
from topicstream.model.timeline_reading import Sizes, TopicSlice
from topicstream.model.timeline_settings import TimelineSettings
from topicstream.model.timeline_words import TimelineWords
from topicstream.model.vocabulary import Occurrences

if TYPE_CHECKING:
    import pandas as pd


class Timeline:
    """Sizes, words and centroids of each topic over event time, in bounded space.

    Sizes are exact. A bin's words are its heaviest as far as they were kept, and their counts lie
    too low by no more than `TopicSlice.missed`. A centroid is the mean direction of the
    documents.

    Parameters
    ----------
    settings
        How much is kept.

    Examples
    --------
    >>> timeline = Timeline(TimelineSettings())
    >>> found = Occurrences(np.array([0, 1, 1]), np.array([0, 1, 1]))
    >>> days = np.array([0.0, 2.0]) * 86_400
    >>> embeddings = np.eye(2, dtype=np.float32)
    >>> timeline.add(np.array([3, 3]), days, found, ["rain", "sun"], embeddings)
    >>> sizes = timeline.sizes(bin_width=86_400)
    >>> sizes.topics, sizes.counts, sizes.since / 86_400
    (array([3]), array([[1, 1]]), array([0., 2.]))

    """

    def __init__(self, settings: TimelineSettings | None = None) -> None:
        self.settings = settings or TimelineSettings()
        self.n_too_late = 0
        self.digest = hashlib.sha256(b"topicstream.timeline").digest()
        self._scale = float(self.settings.bin_width)
        self._recent: NDArray[np.float64] = np.zeros(0)
        self._bins = no_bins()
        self._cells = TimelineCells()
        self._words = TimelineWords(self.settings.n_words)

    @property
    def n_documents(self) -> int:
        """Documents that are in a bin."""
        return int(self._cells.counts.sum())

    @property
    def bins(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where each bin begins and ends, in seconds since 1970, the oldest first."""
        widths = np.asarray(self.settings.widths)[self._bins.levels]
        return self._bins.starts.copy(), self._bins.starts + widths

    def add(
        self,
        topics: Labels,
        times: NDArray[np.float64],
        found: Occurrences,
        terms: Sequence[str],
        embeddings: Embeddings,
    ) -> None:
        """Note one batch.

        Parameters
        ----------
        topics
            Topic of each document, -1 for an outlier, which is counted as well.
        times
            When each came about, in seconds since 1970; finite, in any order.
        found
            Their terms, as columns of `terms`.
        terms
            The vocabulary; kept, to name what still waits when the timeline is read.
        embeddings
            float32, (n_documents, n_dimensions), of any length; zero has no direction.

        """
        kept = self._in_time(times)
        self._recent = np.concatenate([self._recent, times])[-N_RECENT:]
        if not kept.any():
            return
        seconds = whole_seconds(times[kept])
        self._open(seconds)
        starts = self._bins.starts[covering(self._bins, seconds, self.settings.widths)]
        row_of = np.full(len(topics), -1, dtype=np.int64)
        row_of[kept] = self._cells.add(starts, topics[kept], embeddings[kept])
        self._words.widen(len(self._cells.counts))
        rows = row_of[found.documents]
        self._words.add(rows[rows >= 0], found.columns[rows >= 0], terms)
        self._chain(seconds, topics, *self._cells.state_of(np.unique(row_of[kept])))
        if self._words.are_many:
            self._chain(self._words.state_of(self._words.settle()))

    def keep_terms(self, columns: NDArray[np.int64]) -> None:
        """Follow a vocabulary that was cut back to `columns`."""
        self._words.keep_terms(columns)
        self._chain(b"keep", columns)

    def relabel(self, mapping: Mapping[int, int]) -> None:
        """Give topics other ids; those that then share one become one.

        Parameters
        ----------
        mapping
            Old id to new id; topics that it does not name stay as they are.

        """
        topics = self._cells.topics.copy()
        for old, new in sorted(mapping.items()):
            topics[self._cells.topics == old] = new
        changed = np.isin(topics, list(mapping.values())) & (self._cells.counts > 0)
        rows = np.flatnonzero(changed)
        self._merge(rows, self._cells.starts[rows], topics[rows])
        self._chain(b"relabel", np.array(sorted(mapping.items()), dtype=np.int64))

    def sizes(
        self,
        bin_width: float | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> Sizes:
        """Return the number of documents per topic and bin.

        Parameters
        ----------
        bin_width
            Seconds of a bin; None (default) for the bins as they are kept. A kept bin that is
            wider stays as it is, since nobody knows when in it its documents came.
        since, until
            Only bins whose middle lies between these, in seconds since 1970; None for no bound.

        """
        return reading.sizes(self._read(since, until), bin_width)

    def slices(
        self,
        topics: Collection[int] | None = None,
        *,
        n_words: int = 5,
        idf: Mapping[str, float] | None = None,
        bin_width: float | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[TopicSlice]:
        """Return size and words of each topic in each bin that it has documents in.

        Parameters
        ----------
        topics
            Ids of those wanted; None (default) for all, outliers too.
        n_words
            Words of each, at most.
        idf
            How much each term sets topics apart, such as `class_idf` of the model's counts; without
            it, as much as it does in the timeline.
        bin_width, since, until
            As for `sizes`.

        """
        read = self._read(since, until)
        return reading.slices(read, topics, n_words=n_words, idf=idf, bin_width=bin_width)

    def frame(
        self,
        topics: Collection[int] | None = None,
        *,
        n_words: int = 5,
        idf: Mapping[str, float] | None = None,
        bin_width: float | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> pd.DataFrame:
        """Return `slices` as ``BERTopic.topics_over_time`` does.

        Returns
        -------
        DataFrame
            Columns Topic, Words, Frequency, Timestamp (where the bin begins, in UTC without saying
            so, as there), and Until; by time, then by topic.

        """
        span = {"bin_width": bin_width, "since": since, "until": until}
        return reading.frame(self.slices(topics, n_words=n_words, idf=idf, **span))

    def centroids(
        self, topic: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
        """Return where a topic's documents lay over time.

        Returns
        -------
        tuple of ndarray
            Where its bins begin and end, in seconds since 1970, and its mean direction in each, of
            unit length, (n_bins, n_dimensions).

        """
        return reading.centroids(self._read(None, None), topic)

    def arrays(self) -> Arrays:
        """Return the state in arrays, by name."""
        now = {
            "too_late": np.array([self.n_too_late]),
            "scale": np.array([self._scale]),
            "recent": self._recent,
            "digest": np.frombuffer(self.digest, dtype=np.uint8).copy(),
            **self._bins._asdict(),
        }
        cells = self._cells.arrays()
        return joined(
            {"now": now, "cells": cells, "words": self._words.arrays(len(cells["counts"]))}
        )

    @classmethod
    def from_arrays(
        cls, settings: TimelineSettings, arrays: Arrays, terms: Sequence[str]
    ) -> Timeline:
        """Return the timeline whose `arrays` these are; `terms` is the vocabulary of then."""
        timeline, now = cls(settings), part_of(arrays, "now")
        timeline.n_too_late, timeline._scale = int(now["too_late"][0]), float(now["scale"][0])
        timeline._recent, timeline.digest = now["recent"].copy(), now["digest"].tobytes()
        timeline._bins = Bins(now["starts"].copy(), now["levels"].copy())
        timeline._cells = TimelineCells.from_arrays(part_of(arrays, "cells"))
        timeline._words = TimelineWords.from_arrays(part_of(arrays, "words"), terms)
        timeline._words.widen(len(timeline._cells.counts))
        return timeline

    def _in_time(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        if self.settings.lateness is None or not len(self._recent):
            return np.ones(len(times), dtype=np.bool_)
        kept = times >= self._now - self.settings.lateness
        self.n_too_late += int(np.count_nonzero(~kept))
        return np.asarray(kept)

    @property
    def _now(self) -> float:
        return float(np.median(self._recent))

    def _open(self, seconds: NDArray[np.int64]) -> None:
        """Make bins for new moments, and merge old ones when they are too many."""
        widths, n_bins = self.settings.widths, self.settings.n_bins
        bins = opened(self._bins, seconds, widths)
        if len(bins.starts) > n_bins:
            before = bins
            bins, place, self._scale = coarsened(
                before, widths, now=self._now, n_bins=n_bins, scale=self._scale
            )
            rows = np.flatnonzero(self._cells.counts > 0)
            old = np.searchsorted(before.starts, self._cells.starts[rows])
            grown = (np.bincount(place) > 1)[place[old]]
            rows, new = rows[grown], bins.starts[place[old[grown]]]
            self._merge(rows, new, self._cells.topics[rows])
        self._bins = bins

    def _merge(
        self, rows: NDArray[np.int64], starts: NDArray[np.int64], topics: NDArray[np.int64]
    ) -> None:
        if not len(rows):
            return
        into = self._cells.merge(rows, starts, topics)
        self._words.merge(rows, into)
        self._chain(b"merge", rows, into)

    def _read(self, since: float | None, until: float | None) -> reading.Reading:
        """Return what is kept between two moments, all words settled."""
        words = self._words
        if not words.are_settled:
            # What reads must not change what the next batch does.
            words = words.copy()
            words.settle()
        return reading.Reading.of(self.bins, self._cells, words, since, until)

    def _chain(self, *parts: object) -> None:
        """Fold a change into the digest: hashing all cells every batch would cost more."""
        digest = hashlib.sha256(self.digest)
        for part in parts:
            digest.update(part if isinstance(part, bytes) else np.ascontiguousarray(part).data)
        self.digest = digest.digest()
