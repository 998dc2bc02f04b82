"""In how many windows over documents words stand, alone and with each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from topicstream.model.evaluation.token_places import Places

Counting: TypeAlias = Literal["gensim", "exact"]
BLOCK = 16_384  # windows that are counted at once, so that memory is bounded


class Spans(NamedTuple):
    """Windows, from `starts` up to before `stops`, in which a word stands; by word, then start."""

    words: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CoOccurrence:
    """Probabilities that a window holds the two words of a pair.

    Parameters
    ----------
    n_windows
        Windows over all documents.
    together
        Windows that hold both words of each pair that was asked for, (n_words, n_words), the
        pairs of a word and itself included.

    """

    n_windows: int
    together: csr_array

    def alone(self) -> NDArray[np.float64]:
        """Return the share of windows that hold each word, (n_words,)."""
        return np.asarray(self.together.diagonal(), np.float64) / max(self.n_windows, 1)

    def pairs(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the share of windows that hold `first` and `second`, of their common shape."""
        counted = self.together.tocoo()
        width = self.together.shape[1]
        known = counted.row.astype(np.int64) * width + counted.col
        order = np.argsort(known)
        known = np.append(known[order], np.iinfo(np.int64).max)  # so that each search ends within
        counts = np.append(counted.data[order], 0)
        asked = first * width + second
        place = np.searchsorted(known, asked)
        share = counts[place] * (known[place] == asked) / max(self.n_windows, 1)
        return np.asarray(share, np.float64)


def co_occurrence(
    chunks: Iterable[Places],
    columns: NDArray[np.int64],
    *,
    window: int,
    counting: Counting,
    block: int = BLOCK,
) -> CoOccurrence:
    """Count windows of `window` tokens that hold words of the same topic together.

    A window begins at each token from which on a whole one fits into the document; a document
    that is shorter is one window, an empty one too. Neighbouring windows that hold the same words
    are counted as one, with a weight.

    Parameters
    ----------
    chunks
        Where the words stand.
    columns
        Words of each topic, padded with -1, (n_topics, top_n).
    window
        Tokens of a window.
    counting
        "exact" counts every window that holds a word. "gensim" does as gensim 4.4.0: a word that
        stands in a window twice is out of it as soon as the first of the two is, until the word
        comes again.
    block
        Windows that are counted at once; it bounds memory and changes no figure. 16,384 by default.

    Examples
    --------
    >>> from topicstream.model.evaluation.token_places import places
    >>> found = places(["the cat saw the cat and the dog"], ["cat", "dog"], None)
    >>> counts = co_occurrence(found, np.array([[0, 1]]), window=5, counting="exact")
    >>> counts.n_windows, counts.alone(), counts.pairs(np.array([0]), np.array([1]))
    (4, array([1.  , 0.25]), array([0.25]))

    """
    wanted = _same_topic(columns)
    together, n_windows = wanted * 0, 0
    for found in chunks:
        spans, n = _spans(found, window, counting)
        n_windows += n
        for some in _blocks(spans, block):
            together = together + wanted.multiply(_together(some, wanted.shape[0]))
    return CoOccurrence(n_windows, csr_array(together))


def _same_topic(columns: NDArray[np.int64]) -> csr_array:
    n_words = int(columns.max(initial=-1)) + 1
    rows, places = np.nonzero(columns >= 0)
    ones = np.ones(len(rows), np.int64)
    member = csr_array((ones, (rows, columns[rows, places])), shape=(len(columns), n_words))
    return csr_array((member.T @ member).astype(bool).astype(np.int64))


def _spans(found: Places, window: int, counting: Counting) -> tuple[Spans, int]:
    """Return which windows hold each word, numbered over all documents, and their number."""
    per_document = np.maximum(found.lengths - window + 1, 1)
    offsets = np.cumsum(per_document) - per_document
    order = np.argsort(found.words, kind="stable")
    words, documents, positions = (a[order] for a in found[:3])
    first = np.maximum(positions - window + 1, 0)
    last = positions if counting == "exact" else _first_within(words, documents, positions, first)
    last = np.minimum(last, per_document[documents] - 1)
    shift = offsets[documents]
    return _merged(Spans(words, shift + first, shift + last + 1)), int(per_document.sum())


def _first_within(
    words: NDArray[np.int64],
    documents: NDArray[np.int64],
    positions: NDArray[np.int64],
    first: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the first position from `first` on where the word stands in the document."""
    width = int(positions.max(initial=0)) + 1
    line = (words * (int(documents.max(initial=0)) + 1) + documents) * width
    return positions[np.searchsorted(line + positions, line + first)]


def _merged(spans: Spans) -> Spans:
    """Return the spans of each word with those that touch as one."""
    words, starts, stops = spans
    new = np.ones(len(words), bool)
    new[1:] = (words[1:] != words[:-1]) | (starts[1:] > stops[:-1])
    return Spans(words[new], starts[new], stops[np.roll(new, -1)])


def _blocks(spans: Spans, size: int) -> Iterator[Spans]:
    """Yield the spans cut into blocks of windows, each still by word, then start."""
    n_blocks = (spans.stops - 1) // size - spans.starts // size + 1
    of, step = _counted_up(n_blocks)
    block = spans.starts[of] // size + step
    starts = np.maximum(spans.starts[of], block * size)
    stops = np.minimum(spans.stops[of], (block + 1) * size)
    order = np.argsort(block, kind="stable")
    borders = np.flatnonzero(np.diff(block[order])) + 1
    for rows in np.split(order, borders):
        yield Spans(spans.words[of[rows]], starts[rows], stops[rows])


def _together(spans: Spans, n_words: int) -> Any:  # noqa: ANN401  # a sparse array
    """Return the number of windows that hold each pair of words, (n_words, n_words)."""
    borders = np.unique(np.concatenate((spans.starts, spans.stops)))
    first, last = (np.searchsorted(borders, side) for side in spans[1:])
    of, step = _counted_up(last - first)
    runs = first[of] + step  # windows between two borders hold the same words
    bounds = np.append(0, np.cumsum(np.bincount(spans.words[of], minlength=n_words)))
    shape = (n_words, max(len(borders) - 1, 0))
    weights = np.diff(borders)
    holds = csr_array((np.ones(len(runs), np.int64), runs, bounds), shape=shape)
    weighted = csr_array((weights[runs], runs, bounds), shape=shape)
    return weighted @ holds.T


def _counted_up(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each row as often as its count, and 0, 1, 2, ... for each of its times."""
    of = np.repeat(np.arange(len(counts)), counts)
    begins = np.cumsum(counts) - counts
    return of, np.arange(len(of)) - begins[of]
