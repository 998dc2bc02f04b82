"""The cells of a timeline, one for each topic and bin: how many documents, and where they lay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from topicstream.model.arrays import Arrays
from topicstream.model.centroids import Embeddings, Labels


class TimelineCells:
    """Number and sum of unit embeddings of each topic in each bin; a row without documents is free.

    Rows are reused, the first free one first, so that they depend on what was added and not on
    when the state was saved.

    Examples
    --------
    >>> cells = TimelineCells()
    >>> cells.add(np.array([60, 0, 60]), np.array([7, 7, 7]), np.eye(3, 2, dtype=np.float32))
    array([1, 0, 1])
    >>> cells.counts[:2], cells.sums[1]
    (array([1, 2]), array([1., 0.], dtype=float32))

    """

    def __init__(self) -> None:
        self.starts: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.topics: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.counts: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.sums: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)
        self._row_of: dict[tuple[int, int], int] = {}
        self._free: list[int] = []  # descending

    def add(
        self, starts: NDArray[np.int64], topics: Labels, embeddings: Embeddings
    ) -> NDArray[np.int64]:
        """Note documents, and return the row of each.

        Parameters
        ----------
        starts
            Where the bin of each begins.
        topics
            Topic of each.
        embeddings
            float32, (n_documents, n_dimensions).

        """
        (starts, topics), inverse = _distinct(starts, topics)
        rows = self._rows(starts, topics, embeddings.shape[1])
        self.counts[rows] += np.bincount(inverse, minlength=len(rows))
        norms = np.sqrt(np.einsum("ij,ij->i", embeddings, embeddings))
        weights = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
        entries = (weights, (inverse, np.arange(len(inverse))))
        member = csr_array(entries, shape=(len(rows), len(inverse)))
        self.sums[rows] += member @ embeddings
        return rows[inverse]

    def merge(
        self, rows: NDArray[np.int64], starts: NDArray[np.int64], topics: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Move cells to other bins or topics, and add up those that meet.

        Parameters
        ----------
        rows
            The cells, with all that are in those bins and topics already.
        starts, topics
            Where each goes.

        Returns
        -------
        ndarray of int64
            The row that each is in now.

        """
        order = np.lexsort((rows, self.starts[rows], topics, starts))
        rows, starts, topics = rows[order], starts[order], topics[order]
        apart = (starts[1:] != starts[:-1]) | (topics[1:] != topics[:-1])
        heads = np.flatnonzero(np.append(True, apart))
        group = np.cumsum(np.append(True, apart)) - 1
        into = rows[heads]
        for pair in zip(self.starts[rows].tolist(), self.topics[rows].tolist(), strict=True):
            del self._row_of[pair]
        counts = np.add.reduceat(self.counts[rows], heads)
        n_members = np.diff(np.append(heads, len(rows)))
        for member in range(1, int(n_members.max())):
            more = np.flatnonzero(n_members > member)
            self.sums[into[more]] += self.sums[rows[heads[more] + member]]
        freed = np.delete(rows, heads)
        self.starts[freed], self.topics[freed], self.counts[freed], self.sums[freed] = 0, 0, 0, 0.0
        self.starts[into], self.topics[into], self.counts[into] = (
            starts[heads],
            topics[heads],
            counts,
        )
        self._find_rows(into)
        result = np.empty_like(rows)
        result[order] = into[group]
        return result

    def arrays(self) -> Arrays:
        """Return the state, by name."""
        used = np.flatnonzero(self.counts)
        n_rows = int(used[-1]) + 1 if len(used) else 0
        parts = ("starts", "topics", "counts", "sums")
        return {name: getattr(self, name)[:n_rows] for name in parts}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> TimelineCells:
        """Return the cells whose `arrays` these are."""
        cells = cls()
        cells.starts, cells.topics = arrays["starts"].copy(), arrays["topics"].copy()
        cells.counts, cells.sums = arrays["counts"].copy(), arrays["sums"].copy()
        cells._find_rows(np.flatnonzero(cells.counts))
        return cells

    def state_of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return rows, and one number for the sum in each, for a digest."""
        return rows, np.asarray(self.sums[rows].sum(axis=1))

    def _find_rows(self, rows: NDArray[np.int64]) -> None:
        """Note where cells are, and which rows are free."""
        pairs = zip(self.starts[rows].tolist(), self.topics[rows].tolist(), strict=True)
        self._row_of.update(zip(pairs, rows.tolist(), strict=True))
        self._free = np.flatnonzero(self.counts == 0)[::-1].tolist()

    def _rows(self, starts: NDArray[np.int64], topics: Labels, width: int) -> NDArray[np.int64]:
        """Return the rows of cells, new ones where there are none."""
        pairs = list(zip(starts.tolist(), topics.tolist(), strict=True))
        rows = np.array([self._row_of.get(pair, -1) for pair in pairs], dtype=np.int64)
        missing = np.flatnonzero(rows < 0)
        self._widen(len(missing) - len(self._free), width)
        new = [self._free.pop() for _ in range(len(missing))]
        rows[missing] = new
        self.starts[new], self.topics[new] = starts[missing], topics[missing]
        self._row_of.update((pairs[i], row) for i, row in zip(missing.tolist(), new, strict=True))
        return rows

    def _widen(self, missing: int, width: int) -> None:
        if missing <= 0:
            return
        n_rows = len(self.counts)
        more = max(missing, n_rows // 4, 64)
        sums = self.sums if n_rows else np.zeros((0, width), dtype=np.float32)
        self.sums = np.pad(sums, ((0, more), (0, 0)))
        for name in ("starts", "topics", "counts"):
            setattr(self, name, np.pad(getattr(self, name), (0, more)))
        self._free = [*range(n_rows + more - 1, n_rows - 1, -1), *self._free]


def _distinct(
    starts: NDArray[np.int64], topics: Labels
) -> tuple[tuple[NDArray[np.int64], Labels], NDArray[np.int64]]:
    """Return the pairs there are, in order, and the number of each document's pair."""
    bins, number = np.unique(starts, return_inverse=True)
    ids, topic = np.unique(topics, return_inverse=True)
    pairs, inverse = np.unique(number * len(ids) + topic, return_inverse=True)
    return (bins[pairs // len(ids)], ids[pairs % len(ids)]), inverse
