"""The heaviest words of each cell of a timeline, a cell being one topic in one bin.

Occurrences wait, counted as they are, until there are enough to be worth looking at; then each cell
keeps its heaviest terms and forgets the others. So a count is never too high, and too low by
no more than the cell's `missed`: small batches and merged bins make it grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from topicstream.model.arrays import Arrays

ENOUGH = 100_000  # occurrences that wait
_ROW = 32  # bits of a key below the row: the term's column
_COLUMN = (1 << _ROW) - 1


class _Entries(NamedTuple):
    """Counts of terms in rows; `ids` are terms of one's own, or columns of a vocabulary."""

    rows: NDArray[np.int64]
    ids: NDArray[np.int64]
    counts: NDArray[np.int64]


class TimelineWords:
    """The terms of each cell, heaviest first.

    Parameters
    ----------
    n_words
        Terms that a cell keeps, at most.

    Examples
    --------
    >>> words = TimelineWords(n_words=2)
    >>> words.add(np.zeros(5, dtype=np.int64), np.array([2, 1, 2, 0, 2]), ["gun", "law", "moon"])
    >>> cells = words.settle()
    >>> words.of(0), int(words.missed[0])
    ([('moon', 3), ('gun', 1)], 1)

    """

    def __init__(self, n_words: int) -> None:
        self.n_words = n_words
        self.missed: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._ids = np.full((0, n_words), -1, dtype=np.int32)
        self._counts = np.zeros((0, n_words), dtype=np.int32)
        self._kept: list[str] = []
        self._number: dict[str, int] = {}
        self._waiting: list[NDArray[np.int64]] = []
        self._n_waiting = 0
        self._terms: Sequence[str] = ()
        self._forget_at = 10_000
        self._column: dict[str, int] = {}  # of the terms read so far; they only ever grow

    @property
    def are_many(self) -> bool:
        """Whether so many occurrences wait that it is time to settle them."""
        return self._n_waiting >= ENOUGH

    def widen(self, n_rows: int) -> None:
        """Make room for `n_rows` cells."""
        missing = n_rows - len(self.missed)
        self.missed = np.pad(self.missed, (0, missing))
        self._ids = np.pad(self._ids, ((0, missing), (0, 0)), constant_values=-1)
        self._counts = np.pad(self._counts, ((0, missing), (0, 0)))

    def add(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], terms: Sequence[str]
    ) -> None:
        """Note occurrences.

        Parameters
        ----------
        rows
            Cell of each occurrence.
        columns
            Its term, as a place in `terms`.
        terms
            The vocabulary; kept, and read when the words are settled.

        """
        self._terms = terms
        if not len(rows):
            return
        self.widen(max(len(self.missed), int(rows.max()) + 1))
        self._waiting.append(rows << _ROW | columns)
        self._n_waiting += len(rows)

    def keep_terms(self, columns: NDArray[np.int64]) -> None:
        """Follow a vocabulary that was cut back to `columns`; what waits of others is dropped."""
        self._terms, self._column = [self._terms[column] for column in columns.tolist()], {}
        keys = self._keys()
        new = np.full(
            max(int(columns.max(initial=-1)) + 1, int((keys & _COLUMN).max(initial=-1)) + 1),
            -1,
            dtype=np.int64,
        )
        new[columns] = np.arange(len(columns))
        column = new[keys & _COLUMN]
        self._wait_for((keys >> _ROW << _ROW | column)[column >= 0])

    def settle(self) -> NDArray[np.int64]:
        """Look at what waits, let each cell keep its heaviest terms, and return those cells."""
        keys = self._keys()
        self._wait_for(keys[:0])
        if not len(keys):
            return keys
        keys.sort()
        heads = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        keys, counts = keys[heads], np.diff(np.append(heads, len(keys)))
        rows = keys >> _ROW
        touched: NDArray[np.int64] = rows[np.append(True, rows[1:] != rows[:-1])]
        known = self._entries(touched)
        taken = self._add_known(known, keys, counts)
        least, dropped = self._least(touched, known, rows, counts)
        chosen = np.flatnonzero(~taken & (counts >= least[_places(touched, rows)]))
        new = _Entries(rows[chosen], keys[chosen] & _COLUMN, counts[chosen])
        self._choose(touched, known, new, dropped)
        return touched

    def merge(self, rows: NDArray[np.int64], into: NDArray[np.int64]) -> None:
        """Move the words of cells to others, and add them up.

        Parameters
        ----------
        rows
            Cells, among them all that `into` names.
        into
            The cell that each goes to.

        """
        place = np.arange(len(self.missed))
        place[rows] = into
        keys = self._keys()
        self._wait_for(place[keys >> _ROW] << _ROW | keys & _COLUMN)
        found = self._entries(rows)
        missed = np.bincount(into, weights=self.missed[rows], minlength=len(self.missed))
        self._ids[rows], self._counts[rows], self.missed[rows] = -1, 0, 0
        self.missed += missed.astype(np.int64)
        found = _added_up(_Entries(place[found.rows], found.ids, found.counts))
        touched, nothing = np.unique(into), _Entries(*(found.rows[:0] for _ in range(3)))
        self._choose(touched, found, nothing, np.zeros(len(touched), dtype=np.int64))

    def of(self, row: int) -> list[tuple[str, int]]:
        """Return the settled terms of a cell with their counts, heaviest first."""
        ids, counts = self._ids[row].tolist(), self._counts[row].tolist()
        return [(self._kept[i], count) for i, count in zip(ids, counts, strict=True) if i >= 0]

    def arrays(self, n_rows: int) -> Arrays:
        """Return the state of the first `n_rows` cells, by name."""
        return {
            "missed": self.missed[:n_rows],
            "ids": self._ids[:n_rows],
            "counts": self._counts[:n_rows],
            "kept": np.frombuffer("\n".join(self._kept).encode(), dtype=np.uint8).copy(),
            "waiting": self._keys(),
            "forget_at": np.array([self._forget_at]),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays, terms: Sequence[str]) -> TimelineWords:
        """Return the words whose `arrays` these are, what waits being columns of `terms`."""
        words = cls(arrays["ids"].shape[1])
        words.missed = arrays["missed"].copy()
        words._ids, words._counts = arrays["ids"].copy(), arrays["counts"].copy()
        words._keep(arrays["kept"].tobytes().decode().split("\n") if len(arrays["kept"]) else [])
        words._wait_for(arrays["waiting"].copy())
        words._forget_at = int(arrays["forget_at"][0])
        words._terms = terms
        return words

    def copy(self) -> TimelineWords:
        """Return the same, to be changed without changing this."""
        return TimelineWords.from_arrays(self.arrays(len(self.missed)), self._terms)

    def state_of(self, rows: NDArray[np.int64]) -> bytes:
        """Return the words of cells, for a digest."""
        return self._ids[rows].tobytes() + self._counts[rows].tobytes()

    @property
    def are_settled(self) -> bool:
        """Whether no occurrence waits."""
        return not self._n_waiting

    def _keys(self) -> NDArray[np.int64]:
        """Return what waits, as keys that may be written to."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *self._waiting])

    def _wait_for(self, keys: NDArray[np.int64]) -> None:
        self._waiting = [keys] if len(keys) else []
        self._n_waiting = len(keys)

    def _keep(self, terms: list[str]) -> None:
        self._kept = terms
        self._number = {term: number for number, term in enumerate(terms)}

    def _entries(self, rows: NDArray[np.int64]) -> _Entries:
        """Return what cells keep, heaviest first within each."""
        ids = self._ids[rows].astype(np.int64)
        kept = ids >= 0
        counts = self._counts[rows].astype(np.int64)
        return _Entries(np.repeat(rows, kept.sum(axis=1)), ids[kept], counts[kept])

    def _add_known(
        self, known: _Entries, keys: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Add counts to the terms that cells keep already; return which keys those were."""
        taken = np.zeros(len(keys), dtype=np.bool_)
        numbers, inverse = np.unique(known.ids, return_inverse=True)
        column = self._columns(numbers)[inverse]
        wanted = known.rows << _ROW | np.maximum(column, 0)
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found = (keys[place] == wanted) & (column >= 0)
        known.counts[found] += counts[place[found]]
        taken[place[found]] = True
        return taken

    def _columns(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the column of each of the kept terms, -1 for one that has none now."""
        n_read = len(self._column)
        self._column.update(zip(self._terms[n_read:], range(n_read, len(self._terms)), strict=True))
        kept, column = self._kept, self._column
        return np.array([column.get(kept[i], -1) for i in numbers.tolist()], dtype=np.int64)

    def _choose(
        self,
        touched: NDArray[np.int64],
        known: _Entries,
        new: _Entries,
        dropped: NDArray[np.int64],
    ) -> None:
        """Let each touched cell keep the heaviest of what it knows and of what is new.

        `dropped` is the greatest count that was left out of `new`, for each.
        """
        is_new = np.repeat([False, True], [len(known.ids), len(new.ids)])
        entries = _Entries(*(np.concatenate(pair) for pair in zip(known, new, strict=True)))
        # Ties go to what was there, then to the older term.
        order = _order(entries.rows, int(entries.counts.max(initial=0)) - entries.counts)
        rows, ids, counts = (part[order] for part in entries)
        rank = np.arange(len(rows)) - np.repeat(*_runs(rows))
        next_best = rank == self.n_words
        dropped = dropped.copy()
        place = np.searchsorted(touched, rows[next_best])
        dropped[place] = np.maximum(dropped[place], counts[next_best])
        self.missed[touched] += dropped
        kept, is_new = rank < self.n_words, is_new[order]
        ids[kept & is_new] = self._numbered(ids[kept & is_new])
        self._ids[touched], self._counts[touched] = -1, 0
        self._ids[rows[kept], rank[kept]] = ids[kept]
        self._counts[rows[kept], rank[kept]] = np.minimum(counts[kept], np.iinfo(np.int32).max)
        self._forget()

    def _least(
        self,
        touched: NDArray[np.int64],
        known: _Entries,
        rows: NDArray[np.int64],
        counts: NDArray[np.int64],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the count below which a term cannot be chosen, and the greatest left out so.

        Most terms of a batch come once, and need not be sorted.
        """
        least = np.zeros(len(touched), dtype=np.int64)
        places, places_known = _places(touched, rows), _places(touched, known.rows)
        for count in (2, 4):
            heavy = np.bincount(places[counts >= count], minlength=len(touched))
            # A term that is in both is counted twice, so it takes more to be sure.
            heavy -= np.bincount(places_known, minlength=len(touched))
            least[heavy >= self.n_words] = count
        return least, np.maximum(least - 1, 0)

    def _numbered(self, columns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of terms, given by column, in the terms that are kept."""
        distinct, inverse = np.unique(columns, return_inverse=True)
        for term in [self._terms[column] for column in distinct.tolist()]:
            if term not in self._number:
                self._number[term] = len(self._kept)
                self._kept.append(term)
        numbers = [self._number[self._terms[column]] for column in distinct.tolist()]
        return np.array(numbers, dtype=np.int64)[inverse]

    def _forget(self) -> None:
        """Drop the terms that no cell keeps any more, once they may be most of them."""
        if len(self._kept) <= self._forget_at:
            return
        used = np.unique(self._ids[self._ids >= 0])
        number = np.full(len(self._kept) + 1, -1, dtype=np.int32)
        number[used] = np.arange(len(used))
        self._ids = number[self._ids]
        self._keep([self._kept[i] for i in used.tolist()])
        self._forget_at = 2 * len(used) + 10_000


def _places(rows: NDArray[np.int64], sorted_rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place in `rows` of each of `sorted_rows`, both ascending."""
    bounds = np.searchsorted(sorted_rows, rows)
    return np.repeat(np.arange(len(rows)), np.diff(np.append(bounds, len(sorted_rows))))


def _runs(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each run of equal values begins, and its length."""
    heads = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
    return heads, np.diff(np.append(heads, len(values)))


def _added_up(entries: _Entries) -> _Entries:
    """Return entries by row, then id, each pair once."""
    order = _order(entries.rows, entries.ids)
    rows, ids, counts = (part[order] for part in entries)
    heads, _ = _runs(rows << _ROW | ids)
    return _Entries(
        rows[heads], ids[heads], np.add.reduceat(counts, heads) if len(heads) else heads
    )


def _order(major: NDArray[np.int64], minor: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the stable order by `major`, then by `minor`, neither below 0."""
    n = len(major)
    minor_bits = int(minor.max(initial=0)).bit_length()
    place_bits = n.bit_length()
    if int(major.max(initial=0)).bit_length() + minor_bits + place_bits > 63:
        return np.lexsort((minor, major))
    # Sorting whole numbers is several times faster than sorting by two keys.
    packed = (major << minor_bits | minor) << place_bits | np.arange(n)
    packed.sort()
    return packed & ((1 << place_bits) - 1)
