"""Where the words of topics stand in documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from topicstream.model.document_terms import cleaned
from topicstream.model.tokens import split

Documents: TypeAlias = Iterable[str] | Iterable[Sequence[str]]
"""Texts, or the tokens of each document."""
CHUNK = 1_000  # documents that are looked at together
_USUAL = CountVectorizer()


class Places(NamedTuple):
    """Occurrences of words in some documents, in the order in which they are read.

    Parameters
    ----------
    words
        Number of the word, (n,).
    documents
        Document in which it stands, from 0, (n,).
    positions
        Token of the document that it is, from 0, (n,).
    lengths
        Tokens of each document, (n_documents,).

    """

    words: NDArray[np.int64]
    documents: NDArray[np.int64]
    positions: NDArray[np.int64]
    lengths: NDArray[np.int64]


def places(
    documents: Documents, terms: Sequence[str], language: str | None, *, chunk: int = CHUNK
) -> Iterator[Places]:
    """Yield where `terms` stand, for some documents at a time.

    Parameters
    ----------
    documents
        Texts, which are split into words of two characters or more, in lower case; or tokens of
        each document, which are taken as they are. They are read once.
    terms
        The words to look for, all different.
    language
        "english" cleans texts as ``BERTopic(language="english")`` does.
    chunk
        Documents at a time; 1,000 by default.

    Raises
    ------
    TypeError
        `documents` is one text, or holds something else than texts or lists of tokens.

    Examples
    --------
    >>> [found] = places(["The cat saw a dog.", "", "A cat!"], ["dog", "cat"], None)
    >>> found.words, found.documents, found.positions, found.lengths
    (array([1, 0, 1]), array([0, 0, 2]), array([1, 3, 0]), array([4, 0, 1]))

    """
    if isinstance(documents, str):
        raise TypeError(f"documents={documents[:40]!r} is one text: give a list of texts or tokens")
    kind = pl.Enum(list(terms))
    remaining = iter(documents)
    while some := list(islice(remaining, chunk)):
        tokens, lengths = _tokens(some, language)
        yield _located(tokens.cast(kind, strict=False), lengths)


def _located(words: pl.Series, lengths: NDArray[np.int64]) -> Places:
    rows = np.flatnonzero(words.is_not_null().to_numpy())
    begins = np.cumsum(lengths) - lengths
    documents = np.searchsorted(begins + lengths, rows, side="right")
    numbers = words.drop_nulls().to_physical().to_numpy().astype(np.int64)
    return Places(numbers, documents, rows - begins[documents], lengths)


def _tokens(
    chunk: list[str | Sequence[str]], language: str | None
) -> tuple[pl.Series, NDArray[np.int64]]:
    """Return all tokens of documents, one document after the other, and how many each has."""
    if all(isinstance(document, str) for document in chunk):
        words, documents = split(_USUAL, cleaned(chunk, language).str.to_lowercase())
        return words, np.bincount(documents, minlength=len(chunk))
    try:
        lists = pl.Series([_listed(some) for some in chunk], dtype=pl.List(pl.String))
    except (TypeError, pl.exceptions.PolarsError) as error:
        message = str(error).partition("\n")[0]
        raise TypeError(
            f"documents have to be texts, or lists of tokens (str): {message}"
        ) from error
    tokens = lists.explode().drop_nulls()  # a document without tokens explodes to a null
    return tokens, lists.list.len().to_numpy().astype(np.int64)


def _listed(document: str | Sequence[str]) -> list[str]:
    if isinstance(document, str):
        raise TypeError("here the two are mixed")
    tokens = list(document)
    if None in tokens:
        raise TypeError(f"None is among the tokens {tokens[:5]}")
    return tokens
