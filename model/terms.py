"""Term counts per topic: a bounded vocabulary, faded without touching the matrix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from topicstream.model.rows import take
from topicstream.model.vocabulary import Occurrences, Vocabulary

SLACK = 1.5  # the vocabulary is cut back once it is this much larger than allowed


class TermCounts:
    """Counts of terms per topic that fade by half-life, over at most `n_terms` terms.

    Fading multiplies nothing: a batch is added with a weight that grows as 2 ** age, so that the
    ratio between old and new is right and the cost of a batch does not depend on the stream's age.
    The caller hands that weight in and calls `rescale` before it overflows.

    Parameters
    ----------
    n_terms
        Terms kept when the vocabulary is cut back; it may grow to 1.5 times as many in between.

    """

    def __init__(self, n_terms: int) -> None:
        self.n_terms = n_terms
        self.digest = hashlib.sha256(b"topicstream.terms").digest()
        self._vocabulary = Vocabulary()
        self._counts = np.zeros((0, 1024))

    @property
    def terms(self) -> list[str]:
        """The term of each column, to be read only."""
        return self._vocabulary.terms

    def locate(self, texts: Sequence[str]) -> Occurrences:
        """Find the terms of texts; terms that are new get new columns, in their order."""
        found = self._vocabulary.locate(texts)
        if len(self.terms) > self._counts.shape[1]:
            self._widen(max(len(self.terms), 2 * self._counts.shape[1]))
        return found

    def matrix(self, found: Occurrences, rows: NDArray[np.int64], n_rows: int) -> csr_array:
        """Count what `locate` found.

        Parameters
        ----------
        found
            Occurrences.
        rows
            Row of each document, -1 for none.
        n_rows
            Rows of the result.

        Returns
        -------
        csr_array of float64, (n_rows, n_terms so far)

        """
        row = rows[found.documents]
        kept = row >= 0
        entries = (np.ones(np.count_nonzero(kept)), (row[kept], found.columns[kept]))
        return csr_array(coo_array(entries, shape=(n_rows, len(self.terms))))

    def add(self, batch: csr_array, weight: float) -> None:
        """Add one batch of counts, (n_topics, n_terms), `weight` times; none falls below zero."""
        if batch.shape[0] > self._counts.shape[0]:
            missing = batch.shape[0] - self._counts.shape[0]
            self._counts = np.pad(self._counts, ((0, missing), (0, 0)))
        entries = batch.tocoo()
        added = self._counts[entries.row, entries.col] + entries.data * weight
        self._counts[entries.row, entries.col] = np.maximum(added, 0.0)
        self._chain(entries.row, entries.col, entries.data, np.float64(weight))

    def replace(self, counts: csr_array) -> None:
        """Take `counts` instead of all that was counted: the topics have been found anew."""
        self._counts = np.zeros((counts.shape[0], self._counts.shape[1]))
        self._chain(b"replace")
        self.add(counts, 1.0)

    def begin(self, terms: Sequence[str], counts: csr_array) -> None:
        """Begin with counts that were made elsewhere, (n_topics, n_terms)."""
        self.restore(list(terms), counts, self.digest)
        self._chain(json.dumps(list(terms)).encode(), np.ascontiguousarray(self.dense()))

    def rescale(self, factor: float) -> None:
        """Multiply every count by `factor`; a power of two is exact."""
        self._counts *= factor
        self._chain(b"rescale", np.float64(factor))

    def take(self, where: NDArray[np.int64]) -> None:
        """Move the rows to `where` they were before, -1 for a new one."""
        self._counts = take(self._counts, where)
        self._chain(b"take", where)

    def fold(self, row: int, into: int) -> None:
        """Add one topic's counts to another one's."""
        self._counts[into] += self._counts[row]
        self._chain(b"fold", np.array([row, into]))

    def prune(self) -> NDArray[np.int64] | None:
        """Cut an overlong vocabulary back to its heaviest terms.

        Returns
        -------
        ndarray of int64 or None
            The columns that stay, in their new order, or None while there is nothing to do.

        """
        if len(self.terms) <= SLACK * self.n_terms:
            return None
        totals = self._counts[:, : len(self.terms)].sum(axis=0)
        # The newest of equals stays: an old term that is still as light is on its way out.
        order = np.lexsort((-np.arange(len(totals)), -totals))
        kept = np.sort(order[: self.n_terms]).astype(np.int64)
        self._counts = np.ascontiguousarray(self._counts[:, kept])
        self._vocabulary.keep(kept)
        self._chain(b"prune", kept)
        return kept

    def dense(self) -> NDArray[np.float64]:
        """Return the counts, (n_topics, n_terms), as a view that must not be written to."""
        view = self._counts[:, : len(self.terms)]
        view.flags.writeable = False
        return view

    def restore(self, terms: list[str], counts: csr_array, digest: bytes) -> None:
        """Become what `terms`, `dense` and `digest` said when a snapshot was taken."""
        self._vocabulary = Vocabulary(terms)
        self._counts = np.zeros((counts.shape[0], max(1024, len(terms))))
        self._counts[:, : len(terms)] = counts.toarray()
        self.digest = digest

    def _widen(self, n_columns: int) -> None:
        self._counts = np.pad(self._counts, ((0, 0), (0, n_columns - self._counts.shape[1])))

    def _chain(self, *parts: object) -> None:
        """Fold a change into the digest: hashing the whole matrix every batch would cost more."""
        digest = hashlib.sha256(self.digest)
        for part in parts:
            digest.update(part if isinstance(part, bytes) else np.ascontiguousarray(part).data)
        self.digest = digest.digest()
