"""The terms of each document, counted once for everything that asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction.text import CountVectorizer

# What Python's \w means; that of polars takes in combining marks, which split words in Python.
_WORD = r"[\p{L}\p{N}_][\p{L}\p{N}_]+"
_DEFAULT = CountVectorizer()
_NO_COLUMN = -1
_SIGNS_OF_NOTHING = ("empty vocabulary", "no terms remain", "max_df")
_PLAIN = ("input", "strip_accents", "preprocessor", "tokenizer", "token_pattern", "analyzer")

Vectorizer: TypeAlias = Any
"""The user's own: a CountVectorizer, or whatever has `fit_transform` and `transform` for texts."""


def cleaned(texts: Iterable[Any], language: str | None) -> pl.Series:
    r"""Return the texts as the vectorizer is to see them, whoever asks.

    Newlines and tabs become spaces. In English, everything but letters, digits and spaces goes.

    Parameters
    ----------
    texts
        Texts; what is no string counts as an empty text.
    language
        "english" cleans as above; anything else keeps all characters.

    Examples
    --------
    >>> cleaned(["Don't\tpanic!"], "english").to_list()
    ['Dont panic']

    """
    series = _series([text if isinstance(text, str) else "" for text in texts])
    series = series.str.replace_all(r"[\n\t]", " ")
    return series.str.replace_all(r"[^A-Za-z0-9 ]+", "") if language == "english" else series


def fit_counts(vectorizer: Vectorizer, texts: pl.Series) -> csr_matrix:
    """Fit the vectorizer on texts and return their counts, (n_texts, n_terms).

    A plain CountVectorizer is fitted by polars, several times as fast, to the same vocabulary.

    Parameters
    ----------
    vectorizer
        Anything with `fit_transform` for texts.
    texts
        Cleaned texts.

    Raises
    ------
    ValueError
        No term is left.

    """
    try:
        if _is_plain(vectorizer):
            return _fit_plain(vectorizer, texts)
        return csr_matrix(vectorizer.fit_transform(texts.to_list()))
    except ValueError as error:
        if not any(sign in str(error) for sign in _SIGNS_OF_NOTHING):
            raise
        message = (
            f"vectorizer_model={vectorizer!r} finds no term in {len(texts)} documents ({error}): "
            "lower min_df, raise max_df, drop stop words, or give a token_pattern for their script"
        )
        raise ValueError(message) from error


def transform_counts(vectorizer: Vectorizer, texts: pl.Series) -> csr_matrix:
    """Return the counts of texts, (n_texts, n_terms), for a fitted vectorizer.

    Parameters
    ----------
    vectorizer
        Anything with `transform` for texts.
    texts
        Cleaned texts.

    """
    if not (_is_plain(vectorizer) and hasattr(vectorizer, "vocabulary_")):
        return csr_matrix(vectorizer.transform(texts.to_list()))
    words = _words(texts, lowercase=vectorizer.lowercase)
    column_of = vectorizer.vocabulary_
    columns = [column_of.get(word, _NO_COLUMN) for word in words.distinct.to_list()]
    return _matrix(vectorizer, words, np.array(columns, dtype=np.int64), len(column_of))


class CountedDocuments:
    """Counts of the documents that a vectorizer saw last, found again by their texts.

    They are kept as long as the vectorizer lives and its vocabulary stays the same. Of the texts
    nothing is kept but a hash.
    """

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Any, _Counted] = WeakKeyDictionary()

    def fit(
        self, vectorizer: Vectorizer, texts: Sequence[Any], seen: pl.Series, language: str | None
    ) -> csr_matrix:
        """Fit the vectorizer on `seen`, the cleaned `texts`, and return their counts."""
        counts = fit_counts(vectorizer, seen)
        self._keep(vectorizer, texts, language, counts)
        return counts

    def counts(
        self, vectorizer: Vectorizer, texts: Sequence[Any], language: str | None
    ) -> csr_matrix:
        """Return the counts of texts, (n_texts, n_terms), counting only what is new."""
        known = self._of(vectorizer, language)
        rows = [known.rows.get(hash(text), -1) for text in texts] if known else []
        if known is None or rows.count(-1) > len(known.rows):
            counts = transform_counts(vectorizer, cleaned(texts, language))
            self._keep(vectorizer, texts, language, counts)
            return counts
        new = [text for text, row in zip(texts, rows, strict=True) if row < 0]
        place = np.asarray(rows, dtype=np.int64)
        if not new:
            return known.counts[place]
        place[place < 0] = known.counts.shape[0] + np.arange(len(new))
        both = [known.counts, transform_counts(vectorizer, cleaned(new, language))]
        return csr_matrix(vstack(both, format="csr"))[place]

    def _of(self, vectorizer: Vectorizer, language: str | None) -> _Counted | None:
        known = self._known.get(vectorizer) if _can_keep(vectorizer) else None
        if known is None or known.language != language:
            return None
        return known if known.vocabulary is vectorizer.vocabulary_ else None

    def _keep(
        self,
        vectorizer: Vectorizer,
        texts: Sequence[Any],
        language: str | None,
        counts: csr_matrix,
    ) -> None:
        if _can_keep(vectorizer):
            rows = {hash(text): row for row, text in enumerate(texts)}
            self._known[vectorizer] = _Counted(vectorizer.vocabulary_, language, rows, counts)


@dataclass(frozen=True, slots=True)
class _Counted:
    vocabulary: dict[str, int]
    language: str | None
    rows: dict[int, int]
    counts: csr_matrix


def _can_keep(vectorizer: Vectorizer) -> bool:
    # A vocabulary that grows in place, as the online vectorizer's does, proves nothing.
    is_counter = isinstance(vectorizer, CountVectorizer) and hasattr(vectorizer, "vocabulary_")
    return is_counter and not hasattr(vectorizer, "partial_fit")


def _is_plain(vectorizer: Vectorizer) -> bool:
    """Whether polars finds the words that this vectorizer would."""
    if type(vectorizer) is not CountVectorizer or vectorizer.vocabulary is not None:
        return False
    limits = (vectorizer.min_df, vectorizer.max_df)
    return (
        all(getattr(vectorizer, name) == getattr(_DEFAULT, name) for name in _PLAIN)
        and tuple(vectorizer.ngram_range) == (1, 1)
        and all(_is_limit(limit) for limit in limits)
    )


def _is_limit(limit: object) -> bool:
    if isinstance(limit, Integral):
        return int(limit) >= 1
    return isinstance(limit, float) and 0.0 <= limit <= 1.0


def _fit_plain(vectorizer: CountVectorizer, texts: pl.Series) -> csr_matrix:
    words = _words(texts, lowercase=vectorizer.lowercase)
    terms, columns = _in_order(words.distinct, vectorizer.get_stop_words())
    counts = _matrix(vectorizer, words, columns, len(terms))
    kept = _within_limits(vectorizer, counts)
    if not len(kept):
        raise ValueError("no terms remain" if len(terms) else "empty vocabulary")
    vectorizer.fixed_vocabulary_ = False
    vectorizer.vocabulary_ = {term: i for i, term in enumerate(terms.gather(kept).to_list())}
    return counts if len(kept) == len(terms) else counts[:, kept]


class _Words(NamedTuple):
    """Every word of some texts: how many each text has, and their places in `distinct`."""

    per_text: NDArray[np.int64]
    places: NDArray[np.int64]
    distinct: pl.Series


def _words(texts: pl.Series, *, lowercase: bool) -> _Words:
    seen = texts.str.to_lowercase() if lowercase else texts
    # Between words of letters and digits there are only spaces: three times as fast.
    is_spaced = not seen.str.contains(r"[^A-Za-z0-9 ]").any()
    found = seen.str.split(" ") if is_spaced else seen.str.extract_all(_WORD)
    words = found.explode().drop_nulls()
    # Each word is hashed once; the numbers depend on the past of this process, the result does not.
    coded = words.cast(pl.Categorical(pl.Categories.random()))
    distinct = coded.unique()
    numbers, known = coded.to_physical().to_numpy(), distinct.to_physical().to_numpy()
    place_of = np.zeros(int(known.max(initial=0)) + 1, dtype=np.int64)
    place_of[known] = np.arange(len(known))
    per_text = found.list.len().to_numpy().astype(np.int64)
    return _Words(per_text, place_of[numbers], distinct.cast(pl.String))


def _in_order(
    distinct: pl.Series, stop_words: Iterable[str] | None
) -> tuple[pl.Series, NDArray[np.int64]]:
    """Return the terms in alphabetical order, and the column of each distinct word or -1."""
    is_term = distinct.str.len_chars() > 1
    if stop_words:
        is_term &= ~distinct.is_in(sorted(stop_words))
    places = np.flatnonzero(is_term.to_numpy())
    terms = distinct.gather(places)
    order = terms.arg_sort().to_numpy()
    columns = np.full(len(distinct), _NO_COLUMN)
    columns[places[order]] = np.arange(len(order))
    return terms.gather(order), columns


def _matrix(
    vectorizer: CountVectorizer, words: _Words, columns: NDArray[np.int64], n_terms: int
) -> csr_matrix:
    """Count words in the columns of their distinct words."""
    column = columns[words.places]
    known = column >= 0
    ends = np.append(0, np.cumsum(words.per_text))
    starts = np.append(0, np.cumsum(known))[ends]
    ones = np.ones(int(starts[-1]), dtype=vectorizer.dtype)
    shape = (len(words.per_text), n_terms)
    counts = csr_matrix((ones, column[known].astype(np.int32), starts), shape=shape)
    counts.sum_duplicates()
    if vectorizer.binary:
        counts.data.fill(1)
    return counts


def _within_limits(vectorizer: CountVectorizer, counts: csr_matrix) -> NDArray[np.int64]:
    """Return the columns that min_df, max_df and max_features leave, as scikit-learn does."""
    n_documents, n_terms = counts.shape
    least, most = (
        int(limit) if isinstance(limit, Integral) else float(limit) * n_documents
        for limit in (vectorizer.min_df, vectorizer.max_df)
    )
    if most < least:
        message = f"max_df={vectorizer.max_df} is fewer documents than min_df={vectorizer.min_df}"
        raise ValueError(message)
    seen_in = np.bincount(counts.indices, minlength=n_terms)
    kept = np.flatnonzero((seen_in >= least) & (seen_in <= most))
    if vectorizer.max_features is not None and len(kept) > vectorizer.max_features:
        totals = np.asarray(counts.sum(axis=0)).ravel()[kept]
        kept = np.sort(kept[np.argsort(-totals)[: vectorizer.max_features]])
    return kept.astype(np.int64)


def _series(texts: list[str]) -> pl.Series:
    try:
        return pl.Series(texts, dtype=pl.String)
    except UnicodeEncodeError:
        # A lone surrogate, legal in Python and in nothing that stores UTF-8; it is in no word.
        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        return pl.Series(readable, dtype=pl.String)
