"""Counts of terms per topic that grow and fade with each batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix
from sklearn.feature_extraction.text import CountVectorizer


class OnlineCountVectorizer(CountVectorizer):  # type: ignore[misc]  # scikit-learn is untyped
    """A CountVectorizer that learns new words and remembers what it has counted.

    Parameters
    ----------
    decay
        Share of the counts that is forgotten with each batch, from 0 to 1; None (default) forgets
        nothing.
    delete_min_df
        Words counted less often than this, over all topics, are forgotten after each batch; None
        (default) keeps all.
    **kwargs
        What CountVectorizer takes; `min_df`, `max_df` and `max_features` act on the first batch.

    Examples
    --------
    >>> vectorizer = OnlineCountVectorizer(decay=0.5)
    >>> vectorizer.partial_fit(["moon orbit"]).update_bow(["moon orbit"]).toarray()
    array([[1, 1]])
    >>> vectorizer.partial_fit(["moon shuttle"]).update_bow(["moon shuttle"]).toarray()
    array([[1.5, 0.5, 1. ]])
    >>> vectorizer.get_feature_names_out().tolist()
    ['moon', 'orbit', 'shuttle']

    """

    X_: csr_matrix
    vocabulary_: dict[str, int]

    def __init__(
        self,
        decay: float | None = None,
        delete_min_df: float | None = None,
        **kwargs: Any,  # noqa: ANN401  # CountVectorizer's
    ) -> None:
        self.decay = decay
        self.delete_min_df = delete_min_df
        super().__init__(**kwargs)

    @classmethod
    def _get_param_names(cls) -> list[str]:
        # scikit-learn reads them off this class's own signature, which hides those in kwargs.
        return sorted({*CountVectorizer._get_param_names(), "decay", "delete_min_df"})  # noqa: SLF001

    def partial_fit(self, raw_documents: Iterable[str]) -> Self:
        """Learn the words of one more batch.

        New words get the next columns in the order in which they appear, the same in every process.
        A vocabulary given as a parameter stays as it is.

        Parameters
        ----------
        raw_documents
            Texts.

        Returns
        -------
        OnlineCountVectorizer
            This vectorizer.

        """
        if not hasattr(self, "vocabulary_"):
            return self._begin(list(raw_documents))
        if self.fixed_vocabulary_:
            return self
        analyze = self.build_analyzer()
        words = dict.fromkeys(word for text in raw_documents for word in analyze(text))
        new = [word for word in words if word not in self.vocabulary_]
        self.vocabulary_ |= {word: len(self.vocabulary_) + i for i, word in enumerate(new)}
        return self

    def update_bow(
        self, raw_documents: Iterable[str], rows: Sequence[int] | NDArray[np.int64] | None = None
    ) -> csr_matrix:
        """Add the counts of one more batch to what was counted so far, and return the sum.

        Parameters
        ----------
        raw_documents
            Texts.
        rows
            The row to which each text is counted; None (default) gives each text its own, for
            texts that are joined by topic. A row must mean the same topic in every call.

        Returns
        -------
        csr_matrix, (n_topics so far, n_words)
            A copy of `X_`.

        Raises
        ------
        ValueError
            `decay` is not a share, or `delete_min_df` leaves no word.

        """
        self._check_decay()
        batch = csr_array(self.transform(raw_documents))
        if rows is not None:
            batch = _summed(batch, np.asarray(rows, dtype=np.int64))
        if hasattr(self, "X_"):
            n_rows = max(self.X_.shape[0], batch.shape[0])
            batch = self._faded(n_rows) + _padded(batch, n_rows, batch.shape[1])
        self.X_ = csr_matrix(batch)
        if self.delete_min_df is not None:
            self._clean_bow()
        return self.X_.copy()

    def _begin(self, texts: list[str]) -> Self:
        self.fit(texts)
        # Columns in alphabetical order, as fit numbers them, and plain ints for JSON.
        self.vocabulary_ = {word: int(column) for word, column in self.vocabulary_.items()}
        return self

    def _faded(self, n_rows: int) -> csr_array:
        known = _padded(csr_array(self.X_), n_rows, len(self.vocabulary_))
        return known if self.decay is None else known * (1.0 - self.decay)

    def _clean_bow(self) -> None:
        """Forget the words that were counted less often than `delete_min_df`."""
        totals = np.asarray(self.X_.sum(axis=0)).ravel()
        kept = np.flatnonzero(totals >= (self.delete_min_df or 0))
        if not len(kept):
            message = (
                f"delete_min_df={self.delete_min_df} leaves none of the {len(totals)} words: give "
                "a smaller number, or larger batches"
            )
            raise ValueError(message)
        words = self.get_feature_names_out()[kept].tolist()
        self.X_ = self.X_[:, kept]
        self.vocabulary_ = {word: column for column, word in enumerate(words)}

    def _check_decay(self) -> None:
        if self.decay is not None and not 0 <= self.decay <= 1:
            message = f"decay={self.decay} is the share that is forgotten: give 0 to 1, or None"
            raise ValueError(message)


def _summed(counts: csr_array, rows: NDArray[np.int64]) -> csr_array:
    n_rows = int(rows.max(initial=-1)) + 1
    entries = (np.ones(len(rows), dtype=counts.dtype), (rows, np.arange(len(rows))))
    return csr_array(csr_array(entries, shape=(n_rows, len(rows))) @ counts)


def _padded(counts: csr_array, n_rows: int, n_columns: int) -> csr_array:
    """Return the same counts with room for new rows and columns."""
    n_old, n_known = counts.shape
    indptr = np.pad(counts.indptr, (0, n_rows - n_old), mode="edge")
    entries = (counts.data, counts.indices, indptr)
    return csr_array(entries, shape=(n_rows, max(n_columns, n_known)))
