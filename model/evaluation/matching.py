"""Stability: how far the topics of one model are those of another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array

from topicstream.model.evaluation.topic_words import Topics, WordTable, word_table

Measure: TypeAlias = Literal["jaccard", "average_jaccard", "rbo"]
MEASURES: tuple[Measure, ...] = ("jaccard", "average_jaccard", "rbo")
PERSISTENCE = 0.9  # of rank-biased overlap: the first ten words have 86 % of the weight


@dataclass(frozen=True, slots=True)
class Match:
    """Two topics that are one.

    Parameters
    ----------
    before, after
        Its id in each model.
    jaccard
        Words that both have over words that one of them has, 0 to 1.
    average_jaccard
        The same of the first word, the first two, and so on, averaged: order counts.
    rbo
        Rank-biased overlap, 0 to 1: order counts, most at the front.

    """

    before: int
    after: int
    jaccard: float
    average_jaccard: float
    rbo: float


@dataclass(frozen=True, slots=True)
class Stability:
    """Which topics of two models are the same, and how much so.

    Parameters
    ----------
    matches
        Matched topics, in the order of `before`.
    gone
        Topics of `before` without a match.
    born
        Topics of `after` without a match.
    jaccard, average_jaccard, rbo
        Mean of the matches, a topic without one counting as 0; 0 to 1.

    """

    matches: tuple[Match, ...]
    gone: tuple[int, ...]
    born: tuple[int, ...]
    jaccard: float
    average_jaccard: float
    rbo: float


def stability(
    before: Topics, after: Topics, *, top_n: int = 10, by: Measure = "average_jaccard"
) -> Stability:
    """Return how much two models have the same topics, whatever their ids.

    Topics are matched one to one such that they have as much in common as possible (Hungarian
    method). Topics that share no word are never a match. Means are over as many topics as the
    larger model has, so that births and losses count, and both directions give the same.

    Parameters
    ----------
    before, after
        Words of each topic, foremost first: a list for each topic, or a dict by topic id; of a
        model ``words(model)``. Of a repeated word the first counts.
    top_n
        So many words of each topic; 10 by default.
    by
        What the match makes as large as possible: "average_jaccard" (default), that of the paper;
        "jaccard", or "rbo".

    Raises
    ------
    ValueError
        A model has no topic, `top_n` is below 1, or `by` is unknown.
    TypeError
        `before` or `after` are of the wrong kind.

    References
    ----------
    .. [1] D. Greene, D. O'Callaghan, P. Cunningham, "How many topics? Stability analysis for topic
       models", ECML PKDD 2014.
    .. [2] W. Webber, A. Moffat, J. Zobel, "A similarity measure for indefinite rankings", ACM TOIS
       28, 2010; equation 32, p = 0.9.

    Examples
    --------
    >>> before = {0: ["cat", "dog"], 1: ["sun", "moon"]}
    >>> found = stability(before, {7: ["sun", "moon"], 8: ["dog", "fox"], 9: ["tea", "pot"]})
    >>> [(match.before, match.after, round(match.jaccard, 2)) for match in found.matches]
    [(0, 8, 0.33), (1, 7, 1.0)]
    >>> found.born, round(found.jaccard, 2)
    ((9,), 0.44)

    """
    if by not in MEASURES:
        raise ValueError(f"by={by!r}: give one of {', '.join(MEASURES)}")
    old, new = word_table(before, top_n, name="before"), word_table(after, top_n, name="after")
    likeness = _likeness(old, new)
    rows, columns = linear_sum_assignment(likeness[by], maximize=True)
    kept = likeness["jaccard"][rows, columns] > 0
    return _stability(old, new, rows[kept], columns[kept], likeness)


def _stability(
    old: WordTable,
    new: WordTable,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    likeness: dict[Measure, NDArray[np.float64]],
) -> Stability:
    jaccard, average, rbo = (likeness[name][rows, columns] for name in MEASURES)
    pairs = zip(old.topics[rows].tolist(), new.topics[columns].tolist(), strict=True)
    values = zip(jaccard.tolist(), average.tolist(), rbo.tolist(), strict=True)
    n = max(len(old.topics), len(new.topics))
    return Stability(
        tuple(Match(*pair, *some) for pair, some in zip(pairs, values, strict=True)),
        tuple(np.delete(old.topics, rows).tolist()),
        tuple(np.delete(new.topics, columns).tolist()),
        *(float(some.sum() / n) for some in (jaccard, average, rbo)),
    )


def _likeness(old: WordTable, new: WordTable) -> dict[Measure, NDArray[np.float64]]:
    """Return each measure of all pairs of topics, (n_before, n_after)."""
    n_old, n_new = old.n_words[:, None], new.n_words[None, :]
    short, long = np.minimum(n_old, n_new), np.maximum(n_old, n_new)
    jaccard, summed, agreed = (np.zeros(short.shape) for _ in range(3))
    in_short = np.zeros(short.shape)  # words shared where the shorter list ends
    for depth, overlap in enumerate(_overlaps(old, new), start=1):
        either = np.minimum(n_old, depth) + np.minimum(n_new, depth) - overlap
        jaccard = overlap / np.maximum(either, 1)
        summed += np.where(depth <= long, jaccard, 0.0)
        in_short = np.where(depth <= short, overlap, in_short)
        # Beyond its end the shorter list is taken to go on as it did.
        assumed = in_short * np.maximum(depth - short, 0) / np.maximum(short, 1)
        agreed += np.where(depth <= long, (overlap + assumed) / depth * PERSISTENCE**depth, 0.0)
    beyond = (overlap - in_short) / np.maximum(long, 1) + in_short / np.maximum(short, 1)
    rbo = (1 - PERSISTENCE) / PERSISTENCE * agreed + beyond * PERSISTENCE**long
    return {"jaccard": jaccard, "average_jaccard": summed / np.maximum(long, 1), "rbo": rbo}


def _overlaps(old: WordTable, new: WordTable) -> Iterator[NDArray[np.int64]]:
    """Yield how many words the first 1, 2, ... of two topics share, (n_before, n_after) each."""
    number = {word: place for place, word in enumerate(old.terms)}
    renamed = np.array([number.get(word, -1) for word in new.terms] + [-1], dtype=np.int64)
    theirs = renamed[new.columns]
    for depth in range(1, old.columns.shape[1] + 1):
        first, second = (_members(a[:, :depth], len(old.terms)) for a in (old.columns, theirs))
        yield (first @ second.T).toarray()


def _members(columns: NDArray[np.int64], n_terms: int) -> csr_array:
    rows, places = np.nonzero(columns >= 0)
    entries = (np.ones(len(rows), np.int64), (rows, columns[rows, places]))
    return csr_array(entries, shape=(len(columns), max(n_terms, 1)))
