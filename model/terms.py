"""Term counts per topic: a bounded vocabulary, faded without touching the matrix."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

TERM = r"\p{L}[\p{L}\p{N}]{1,39}"
STOP_WORDS = pl.Series(sorted(ENGLISH_STOP_WORDS))
SLACK = 1.5  # the vocabulary is cut back once it is this much larger than allowed


def count_terms(texts: Sequence[str]) -> pl.DataFrame:
    """Count the terms of each text.

    A term is a letter and one to 39 more letters or digits, in lower case; English stop words are
    left out.

    Returns
    -------
    polars.DataFrame
        Columns ``document`` (row of the text), ``term`` and ``n``, in order of first appearance.

    Examples
    --------
    >>> count_terms(["The cat saw a cat.", ""]).rows()
    [(0, 'cat', 2), (0, 'saw', 1)]

    """
    return (
        pl.DataFrame({"term": pl.Series(texts, dtype=pl.String)})
        .with_row_index("document")
        .with_columns(pl.col("term").str.to_lowercase().str.extract_all(TERM))
        .explode("term", empty_as_null=False, keep_nulls=False)
        .filter(~pl.col("term").is_in(STOP_WORDS.implode()))
        .group_by("document", "term", maintain_order=True)
        .agg(pl.len().alias("n"))
    )


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
        self.terms: list[str] = []
        self.digest = hashlib.sha256(b"topicstream.terms").digest()
        self._columns: dict[str, int] = {}
        self._counts = np.zeros((0, 1024))

    def columns_of(self, terms: pl.Series) -> NDArray[np.int64]:
        """Return the column of each term, giving new columns to new terms in their order."""
        first_seen = terms.unique(maintain_order=True).to_list()
        known = self._columns
        fresh = [term for term in first_seen if term not in known]
        known.update(zip(fresh, range(len(known), len(known) + len(fresh)), strict=True))
        self.terms.extend(fresh)
        if len(self.terms) > self._counts.shape[1]:
            self._widen(max(len(self.terms), 2 * self._counts.shape[1]))
        columns = pl.Series([known[term] for term in first_seen], dtype=pl.Int64)
        return terms.replace_strict(
            pl.Series(first_seen, dtype=pl.String), columns, return_dtype=pl.Int64
        ).to_numpy()

    def matrix(self, counted: pl.DataFrame, rows: NDArray[np.int64], n_rows: int) -> csr_array:
        """Return counts as a sparse matrix: `rows` tells the row of each document, -1 for none."""
        columns = self.columns_of(counted["term"])
        row = rows[counted["document"].to_numpy()]
        kept = row >= 0
        values = counted["n"].to_numpy().astype(np.float64)
        entries = (values[kept], (row[kept], columns[kept]))
        return csr_array(coo_array(entries, shape=(n_rows, len(self.terms))))

    def add(self, batch: csr_array, weight: float) -> None:
        """Add one batch of counts, (n_topics, n_terms), `weight` times."""
        if batch.shape[0] > self._counts.shape[0]:
            missing = batch.shape[0] - self._counts.shape[0]
            self._counts = np.pad(self._counts, ((0, missing), (0, 0)))
        entries = batch.tocoo()
        self._counts[entries.row, entries.col] += entries.data * weight
        self._chain(entries.row, entries.col, entries.data, np.float64(weight))

    def replace(self, counts: csr_array) -> None:
        """Take `counts` instead of all that was counted: the topics have been found anew."""
        self._counts = np.zeros((counts.shape[0], self._counts.shape[1]))
        self._chain(b"replace")
        self.add(counts, 1.0)

    def rescale(self, factor: float) -> None:
        """Multiply every count by `factor`, a power of two, which is exact."""
        self._counts *= factor
        self._chain(b"rescale", np.float64(factor))

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
        self.terms = [self.terms[column] for column in kept.tolist()]
        self._columns = {term: column for column, term in enumerate(self.terms)}
        self._chain(b"prune", kept)
        return kept

    def dense(self) -> NDArray[np.float64]:
        """Return the counts, (n_topics, n_terms), as a view that must not be written to."""
        view = self._counts[:, : len(self.terms)]
        view.flags.writeable = False
        return view

    def restore(self, terms: list[str], counts: csr_array, digest: bytes) -> None:
        """Become what `terms`, `dense` and `digest` said when a snapshot was taken."""
        self.terms = terms
        self._columns = {term: column for column, term in enumerate(terms)}
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
