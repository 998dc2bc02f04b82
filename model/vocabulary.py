"""The terms of a stream: which words count, and which column each of them has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

WORD = r"\p{L}[\p{L}\p{N}]+"  # an upper bound here would make it twice as slow
LONGEST_TERM = 40
_UNSEEN, _NO_TERM = -2, -1
_SLACK = 4  # times the terms: so many words that are none are numbered before it begins afresh


class Occurrences(NamedTuple):
    """Every occurrence of a term in a batch: row of the document, column of the term."""

    documents: NDArray[np.int64]
    columns: NDArray[np.int64]


class Vocabulary:
    """Terms in the order of their first appearance, each with a column of its own.

    A term is a letter and one to 39 more letters or digits, in lower case. Longer ones, which are
    encoded files and the like, are left out, and so are English stop words.

    Words are numbered by polars, which hashes each once; those numbers depend on the past of this
    process, the columns only on the texts.

    Parameters
    ----------
    terms
        Terms that have columns already, in their order; none by default.

    Examples
    --------
    >>> vocabulary = Vocabulary()
    >>> vocabulary.locate(["The cat saw a cat.", "", "Cat!"]).columns
    array([0, 1, 0, 0])
    >>> vocabulary.terms
    ['cat', 'saw']

    """

    def __init__(self, terms: Sequence[str] = ()) -> None:
        self.terms: list[str] = []
        self._begin(terms)

    def __len__(self) -> int:
        return len(self.terms)

    def __reduce__(self) -> tuple[type[Vocabulary], tuple[list[str]]]:
        """Be pickled as its terms: the oldest polars cannot pickle its categories."""
        return Vocabulary, (self.terms,)

    def locate(self, texts: Sequence[str]) -> Occurrences:
        """Find the terms of texts; terms that are new get the next columns.

        Parameters
        ----------
        texts
            One text a document.

        """
        words = (
            pl.DataFrame({"word": pl.Series(texts, dtype=pl.String)})
            .with_row_index("document")
            .with_columns(pl.col("word").str.to_lowercase().str.extract_all(WORD))
            .explode("word")
            .drop_nulls("word")  # what a text without words explodes to
        )
        columns = self._columns(words["word"])
        kept = columns >= 0
        return Occurrences(words["document"].to_numpy().astype(np.int64)[kept], columns[kept])

    def keep(self, columns: NDArray[np.int64]) -> None:
        """Forget all terms but those of `columns`, which get new columns in that order."""
        self._begin([self.terms[column] for column in columns.tolist()])

    def _begin(self, terms: Sequence[str]) -> None:
        self.terms = []
        self._dtype = pl.Categorical(pl.Categories.random())
        # polars forgets the numbers once no series has them.
        self._keepalive = pl.Series([], dtype=self._dtype)
        self._column_of = np.zeros(0, dtype=np.int64)
        self._columns(pl.Series(terms, dtype=pl.String))

    def _columns(self, words: pl.Series) -> NDArray[np.int64]:
        numbers = words.cast(self._dtype).to_physical().to_numpy().astype(np.int64)
        missing = int(numbers.max(initial=-1)) + 1 - len(self._column_of)
        if missing > 0:
            self._column_of = np.append(self._column_of, np.full(missing, _UNSEEN))
        columns: NDArray[np.int64] = self._column_of[numbers]
        unseen = np.flatnonzero(columns == _UNSEEN)
        if not len(unseen):
            return columns
        self._add(words, numbers, unseen)
        columns = self._column_of[numbers]
        if len(self._column_of) > _SLACK * (len(self.terms) + 10_000):
            self._begin(self.terms)
        return columns

    def _add(self, words: pl.Series, numbers: NDArray[np.int64], unseen: NDArray[np.int64]) -> None:
        new, first = np.unique(numbers[unseen], return_index=True)
        order = np.argsort(first)
        new, fresh = new[order], words.gather(unseen[first[order]])
        is_term = (fresh.str.len_chars() <= LONGEST_TERM) & ~fresh.is_in(_STOP_WORDS)
        terms = fresh.filter(is_term).to_list()
        self._column_of[new] = _NO_TERM
        self._column_of[new[is_term.to_numpy()]] = np.arange(len(terms)) + len(self.terms)
        self.terms.extend(terms)


_STOP_WORDS = sorted(ENGLISH_STOP_WORDS)
