"""A timeline read: sizes, words and centroids in bins of a width that the reader wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topicstream.model.ctfidf import class_idf
from topicstream.model.timeline_cells import TimelineCells
from topicstream.model.timeline_settings import MONDAY_S
from topicstream.model.timeline_words import TimelineWords

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.terms import TermCounts


@dataclass(frozen=True, slots=True)
class Sizes:
    """Documents per topic and bin; bins without documents are left out.

    Parameters
    ----------
    since, until
        Where each bin begins and ends, in seconds since 1970, (n_bins,).
    topics
        Topic of each row of `counts`, ascending, outliers first.
    counts
        Documents, int64, (n_topics, n_bins).

    """

    since: NDArray[np.float64]
    until: NDArray[np.float64]
    topics: NDArray[np.int64]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TopicSlice:
    """One topic in one bin.

    Parameters
    ----------
    topic
        Its id, -1 for outliers.
    since, until
        Where the bin begins and ends, in seconds since 1970.
    n_documents
        Its documents.
    words
        Its words, by c-TF-IDF, and how often each was counted.
    missed
        Any word may have come so much more often than it was counted.

    """

    topic: int
    since: float
    until: float
    n_documents: int
    words: tuple[tuple[str, int], ...]
    missed: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The cells of a timeline between two moments, by time, then by topic.

    Parameters
    ----------
    since, until
        Where the bin of each begins and ends.
    topics, counts
        Topic and documents of each.
    rows
        Where each is in `cells` and `words`.

    """

    since: NDArray[np.int64]
    until: NDArray[np.int64]
    topics: NDArray[np.int64]
    counts: NDArray[np.int64]
    rows: NDArray[np.int64]
    cells: TimelineCells
    words: TimelineWords

    @classmethod
    def of(
        cls,
        bins: tuple[NDArray[np.int64], NDArray[np.int64]],
        cells: TimelineCells,
        words: TimelineWords,
        since: float | None,
        until: float | None,
    ) -> Reading:
        """Return the cells of bins whose middle lies between two moments, None for no bound."""
        rows = np.flatnonzero(cells.counts)
        rows = rows[np.lexsort((cells.topics[rows], cells.starts[rows]))]
        ends = bins[1][np.searchsorted(bins[0], cells.starts[rows])]
        middle = (cells.starts[rows] + ends) / 2
        inside = (middle >= (-np.inf if since is None else since)) & (
            middle < (np.inf if until is None else until)
        )
        rows = rows[inside]
        starts, topics, counts = cells.starts[rows], cells.topics[rows], cells.counts[rows]
        return cls(starts, ends[inside], topics, counts, rows, cells, words)


def idf_of(counts: TermCounts) -> dict[str, float]:
    """Return how much each term sets the topics of a model apart, by its counts of now."""
    from scipy.sparse import csr_array

    return dict(zip(counts.terms, class_idf(csr_array(counts.dense())).tolist(), strict=True))


def sizes(read: Reading, bin_width: float | None) -> Sizes:
    """Return the documents per topic and bin."""
    number, since, until = _bins(read, bin_width)
    topics, row = np.unique(read.topics, return_inverse=True)
    counts = np.zeros((len(topics), len(since)), dtype=np.int64)
    np.add.at(counts, (row, number), read.counts)
    return Sizes(since, until, topics, counts)


def slices(
    read: Reading,
    topics: Collection[int] | None,
    *,
    n_words: int,
    idf: Mapping[str, float] | None,
    bin_width: float | None,
) -> list[TopicSlice]:
    """Return size and words of each topic in each bin that it has documents in."""
    number, since, until = _bins(read, bin_width)
    if idf is None:
        idf = _own_idf(read)
    wanted = None if topics is None else np.isin(read.topics, list(topics))
    members: dict[tuple[int, int], list[int]] = {}
    pairs = zip(number.tolist(), read.topics.tolist(), strict=True)
    for i, pair in enumerate(pairs):
        if wanted is None or wanted[i]:
            members.setdefault(pair, []).append(i)
    starts, ends = since.tolist(), until.tolist()
    return [
        TopicSlice(
            topic,
            starts[place],
            ends[place],
            int(read.counts[cells].sum()),
            _heaviest(read, cells, n_words, idf),
            int(read.words.missed[read.rows[cells]].sum()),
        )
        for (place, topic), cells in sorted(members.items())
    ]


def frame(found: Sequence[TopicSlice]) -> pd.DataFrame:
    """Return slices as ``BERTopic.topics_over_time`` returns its own."""
    import pandas as pd

    seconds = {"Timestamp": [one.since for one in found], "Until": [one.until for one in found]}
    return pd.DataFrame(
        {
            "Topic": pd.Series([one.topic for one in found], dtype="int64"),
            "Words": [", ".join(word for word, _ in one.words) for one in found],
            "Frequency": pd.Series([one.n_documents for one in found], dtype="int64"),
            # Seconds, because nanoseconds since 1970 end in 2262.
            **{name: np.array(values).astype("datetime64[s]") for name, values in seconds.items()},
        }
    )


def centroids(
    read: Reading, topic: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
    """Return where a topic's bins begin and end, and its mean direction in each."""
    its = read.topics == topic
    sums = read.cells.sums[read.rows[its]]
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    directions = np.divide(sums, norms, out=np.zeros_like(sums), where=norms > 0)
    return read.since[its].astype(np.float64), read.until[its].astype(np.float64), directions


def _bins(
    read: Reading, bin_width: float | None
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the number of the bin that each cell goes into, and where bins begin and end."""
    since, until = read.since.astype(np.float64), read.until.astype(np.float64)
    if bin_width is not None:
        # A kept bin that reaches over an edge belongs to where its middle is.
        grid = np.floor(((since + until) / 2 - MONDAY_S) / bin_width) * bin_width + MONDAY_S
        fits = until - since <= bin_width
        since = np.where(fits, grid, since)
        until = np.where(fits, grid + bin_width, until)
    edges, number = np.unique(np.stack([since, until], axis=1), axis=0, return_inverse=True)
    starts, ends = edges[:, 0].copy(), edges[:, 1].copy()
    if len(starts):
        # A bin that is kept wider may reach over the edge.
        starts[1:] = np.maximum(starts[1:], np.minimum(ends[:-1], ends[1:]))
    return number.reshape(-1).astype(np.int64), starts, ends


def _counted(read: Reading, cells: Sequence[int]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for row in read.rows[cells].tolist():
        for term, count in read.words.of(row):
            counted[term] += count
    return counted


def _heaviest(
    read: Reading, cells: Sequence[int], n_words: int, idf: Mapping[str, float]
) -> tuple[tuple[str, int], ...]:
    """Return the heaviest words by c-TF-IDF; the bin's number of words is the same for all."""
    counted = _counted(read, cells)
    rarest = max((idf[term] for term in counted if term in idf), default=1.0)
    # The model has forgotten only terms that are rare by now.
    weight = {term: count * idf.get(term, rarest) for term, count in counted.items()}
    best = sorted(weight, key=lambda term: (-weight[term], -counted[term], term))[:n_words]
    return tuple((term, counted[term]) for term in best)


def _own_idf(read: Reading) -> dict[str, float]:
    totals = _counted(read, range(len(read.rows)))
    n_topics = max(1, len(np.unique(read.topics)))
    mean = totals.total() / n_topics
    return {term: float(np.log1p(mean / count)) for term, count in totals.items()}
