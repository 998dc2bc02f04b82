"""The terms of each document, counted once for everything that asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction.text import CountVectorizer

from topicstream.model.word_runs import Words, parts, word_runs

_DEFAULT = CountVectorizer()
_NO_COLUMN = -1
_COLUMN_BITS = 32
_PART = 1 << 17  # words at a time: what is made of them stays in the processor's cache
_SIGNS_OF_NOTHING = ("empty vocabulary", "no terms remain", "max_df")
_PLAIN = ("input", "strip_accents", "preprocessor", "tokenizer", "token_pattern", "analyzer")

Vectorizer: TypeAlias = Any
"""The user's own: a CountVectorizer, or whatever has `fit_transform` and `transform` for texts."""

Seen: TypeAlias = pl.Series | Words
"""Cleaned texts, or their words where that is all that the vectorizer needs."""


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


def seen_by(
    vectorizer: Vectorizer, texts: Sequence[Any], language: str | None
) -> tuple[Seen, NDArray[np.bool_]]:
    """Return what the vectorizer counts in texts, and which texts hold nothing but blanks.

    Parameters
    ----------
    vectorizer
        Anything with `fit_transform` for texts.
    texts
        Texts; what is no string counts as an empty text.
    language
        As for `cleaned`.

    """
    if _is_plain(vectorizer):
        return word_runs(texts, language, lowercase=vectorizer.lowercase)
    seen = cleaned(texts, language)
    return seen, (seen.str.strip_chars().str.len_bytes() == 0).to_numpy()


def fit_counts(vectorizer: Vectorizer, seen: Seen) -> csr_matrix:
    """Fit the vectorizer on texts and return their counts, (n_texts, n_terms).

    A plain CountVectorizer is fitted here, several times as fast, to the same vocabulary.

    Parameters
    ----------
    vectorizer
        Anything with `fit_transform` for texts.
    seen
        Cleaned texts, or what `seen_by` returns.

    Raises
    ------
    ValueError
        No term is left.

    """
    try:
        if isinstance(seen, Words) or _is_plain(vectorizer):
            return _fit_plain(vectorizer, _as_words(vectorizer, seen))
        return csr_matrix(vectorizer.fit_transform(seen.to_list()))
    except ValueError as error:
        if not any(sign in str(error) for sign in _SIGNS_OF_NOTHING):
            raise
        n_texts = len(seen.per_text if isinstance(seen, Words) else seen)
        message = (
            f"vectorizer_model={vectorizer!r} finds no term in {n_texts} documents ({error}): "
            "lower min_df, raise max_df, drop stop words, or give a token_pattern for their script"
        )
        raise ValueError(message) from error


def transform_counts(vectorizer: Vectorizer, seen: Seen) -> csr_matrix:
    """Return the counts of texts, (n_texts, n_terms), for a fitted vectorizer.

    Parameters
    ----------
    vectorizer
        Anything with `transform` for texts.
    seen
        Cleaned texts, or what `seen_by` returns.

    """
    if not isinstance(seen, Words) and not (
        _is_plain(vectorizer) and hasattr(vectorizer, "vocabulary_")
    ):
        return csr_matrix(vectorizer.transform(seen.to_list()))
    words = _as_words(vectorizer, seen)
    column_of = vectorizer.vocabulary_
    columns = [column_of.get(word, _NO_COLUMN) for word in words.distinct]
    return _matrix(vectorizer, words, np.array(columns, dtype=np.int64), len(column_of))


class CountedDocuments:
    """Counts of the documents that a vectorizer saw last, found again by their texts.

    They are kept as long as the vectorizer lives and its vocabulary stays the same. Of the texts
    nothing is kept but a hash.
    """

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Any, _Counted] = WeakKeyDictionary()

    def fit(
        self,
        vectorizer: Vectorizer,
        texts: Sequence[Any],
        seen: Seen,
        language: str | None,
        is_blank: NDArray[np.bool_] | None = None,
    ) -> csr_matrix:
        """Fit the vectorizer on what it sees of `texts`, and return their counts.

        Where `is_blank` says which texts are blank, `fitted` will find this fit again.
        """
        counts = fit_counts(vectorizer, seen)
        self._keep(vectorizer, texts, language, counts, is_blank)
        return counts

    def fitted(
        self, vectorizer: Vectorizer, texts: Sequence[Any], language: str | None
    ) -> tuple[csr_matrix, NDArray[np.bool_]] | None:
        """Return what fitting anew would count, and which texts are blank; None where unknown."""
        known = self._of(vectorizer, language)
        if known is None or known.is_blank is None or known.options != _options(vectorizer):
            return None
        same = np.array_equal(known.hashes, _hashes(texts))
        return (known.counts, known.is_blank) if same else None

    def counts(
        self, vectorizer: Vectorizer, texts: Sequence[Any], language: str | None
    ) -> csr_matrix:
        """Return the counts of texts, (n_texts, n_terms), counting only what is new."""
        known = self._of(vectorizer, language)
        rows = [known.rows.get(hash(text), -1) for text in texts] if known else []
        if known is None or rows.count(-1) > len(known.rows):
            counts = _transformed(vectorizer, texts, language)
            self._keep(vectorizer, texts, language, counts)
            return counts
        new = [text for text, row in zip(texts, rows, strict=True) if row < 0]
        place = np.asarray(rows, dtype=np.int64)
        if not new:
            return known.counts[place]
        place[place < 0] = known.counts.shape[0] + np.arange(len(new))
        both = [known.counts, _transformed(vectorizer, new, language)]
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
        is_blank: NDArray[np.bool_] | None = None,
    ) -> None:
        if _can_keep(vectorizer):
            hashes, options = _hashes(texts), _options(vectorizer)
            rows = {known: row for row, known in enumerate(hashes.tolist())}
            is_blank = is_blank if options else None
            self._known[vectorizer] = _Counted(
                vectorizer.vocabulary_, language, rows, counts, hashes, is_blank, options
            )


@dataclass(frozen=True, slots=True)
class _Counted:
    vocabulary: dict[str, int]
    language: str | None
    rows: dict[int, int]
    counts: csr_matrix
    hashes: NDArray[np.int64]
    is_blank: NDArray[np.bool_] | None
    options: list[tuple[str, type, object]]


def _hashes(texts: Sequence[Any]) -> NDArray[np.int64]:
    return np.fromiter(map(hash, texts), dtype=np.int64, count=len(texts))


def _transformed(vectorizer: Vectorizer, texts: Sequence[Any], language: str | None) -> csr_matrix:
    return transform_counts(vectorizer, seen_by(vectorizer, texts, language)[0])


def _options(vectorizer: Vectorizer) -> list[tuple[str, type, object]]:
    """Return all that a fit depends on but the texts; nothing where that cannot be compared."""
    if type(vectorizer) is not CountVectorizer or vectorizer.vocabulary is not None:
        return []
    params = vectorizer.get_params(deep=False)
    if isinstance(params["stop_words"], list | set | frozenset | tuple):
        params["stop_words"] = tuple(sorted(params["stop_words"]))
    elif not isinstance(params["stop_words"], str | None):
        return []
    # Types as well: min_df=1 is one document, min_df=1.0 all of them.
    return [(name, type(value), value) for name, value in params.items()]


def _can_keep(vectorizer: Vectorizer) -> bool:
    # A vocabulary that grows in place, as the online vectorizer's does, proves nothing.
    is_counter = isinstance(vectorizer, CountVectorizer) and hasattr(vectorizer, "vocabulary_")
    return is_counter and not hasattr(vectorizer, "partial_fit")


def _is_plain(vectorizer: Vectorizer) -> bool:
    """Whether the words that are found here are those that this vectorizer would find."""
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


def _fit_plain(vectorizer: CountVectorizer, words: Words) -> csr_matrix:
    terms, columns = _in_order(words.distinct, vectorizer.get_stop_words())
    counts = _matrix(vectorizer, words, columns, len(terms))
    kept = _within_limits(vectorizer, counts)
    if not len(kept):
        raise ValueError("no terms remain" if len(terms) else "empty vocabulary")
    vectorizer.fixed_vocabulary_ = False
    vectorizer.vocabulary_ = {term: i for i, term in enumerate(terms.gather(kept).to_list())}
    return counts if len(kept) == len(terms) else counts[:, kept]


def _as_words(vectorizer: CountVectorizer, seen: Seen) -> Words:
    if isinstance(seen, Words):
        return seen
    return word_runs(seen.to_list(), None, lowercase=vectorizer.lowercase).words


def _in_order(
    words: list[str], stop_words: Iterable[str] | None
) -> tuple[pl.Series, NDArray[np.int64]]:
    """Return the terms in alphabetical order, and the column of each distinct word or -1."""
    distinct = pl.Series(words, dtype=pl.String)
    is_term = distinct.str.len_bytes() > 0
    if stop_words:
        is_term &= ~distinct.is_in(sorted(stop_words))
    places = np.flatnonzero(is_term.to_numpy())
    terms = distinct.gather(places)
    order = terms.arg_sort().to_numpy()
    columns = np.full(len(distinct), _NO_COLUMN)
    columns[places[order]] = np.arange(len(order))
    return terms.gather(order), columns


def _matrix(
    vectorizer: CountVectorizer, words: Words, columns: NDArray[np.int64], n_terms: int
) -> csr_matrix:
    """Count words in the columns of their distinct words."""
    first = np.append(0, np.cumsum(words.per_text))
    found = [
        _rows(columns[words.places[first[part.start] : first[part.stop]]], words.per_text[part])
        for part in parts(words.per_text, _PART)
    ]
    none = (np.empty(0, np.int64), np.empty(0, np.int32), np.zeros(1, np.int64))
    times, column, entries = (np.concatenate(some) for some in zip(none, *found, strict=True))
    times = np.ones_like(times) if vectorizer.binary else times
    shape = (len(words.per_text), n_terms)
    counts = csr_matrix((times.astype(vectorizer.dtype), column, np.cumsum(entries)), shape=shape)
    counts.has_canonical_format = True
    return counts


def _rows(
    column: NDArray[np.int64], per_text: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Return how often each text has each term, its column, and how many terms a text has."""
    known = column >= 0
    row = np.repeat(np.arange(len(per_text)), per_text)
    # Row and column in one number: sorting those is three times as fast as what scipy does.
    entries = row[known] << _COLUMN_BITS | column[known]
    entries.sort()
    first = np.flatnonzero(np.diff(entries, prepend=-1))
    times = np.diff(first, append=len(entries))
    entries = entries[first]
    n_entries = np.bincount(entries >> _COLUMN_BITS, minlength=len(per_text))
    column_of = (entries & ((1 << _COLUMN_BITS) - 1)).astype(np.int32)
    return times.astype(np.int64), column_of, n_entries.astype(np.int64)


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
