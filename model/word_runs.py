"""The words of texts, found and numbered as bytes, without a string for each."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

# What Python's \w means; that of polars takes in combining marks, which split words in Python.
WORD = r"[\p{L}\p{N}_][\p{L}\p{N}_]+"

_BETWEEN = b"\x01"  # stands between two texts: in no word, and below the space
_LETTERS = (string.ascii_letters + string.digits).encode()
_CAPITALS, _SMALL = string.ascii_uppercase.encode(), string.ascii_lowercase.encode()
_GAPS = bytes(byte for byte in range(128) if byte not in _LETTERS + b"_" + _BETWEEN)
_DROPPED = bytes(byte for byte in range(256) if byte not in _LETTERS + b" \n\t" + _BETWEEN)
_PART = 1 << 21  # characters at a time, so that what is made of them uses the same memory
_CHUNK = 8  # bytes of a word that are compared at once, as one number
_MOST_CHUNKS = 8  # longer words, which are hardly words, are compared as strings
_MASKS = np.array([(1 << 8 * length) - 1 for length in range(_CHUNK + 1)], dtype=np.uint64)


class Words(NamedTuple):
    """Every word of some texts, in order.

    Parameters
    ----------
    per_text
        Words of each text, (n_texts,).
    places
        The place of each word in `distinct`, (n_words,).
    distinct
        Each word once; among them may be empty strings, which no place points to.

    """

    per_text: NDArray[np.int64]
    places: NDArray[np.int32]
    distinct: list[str]


class WordRuns(NamedTuple):
    """The words of texts, and which texts hold nothing but blanks, (n_texts,)."""

    words: Words
    is_blank: NDArray[np.bool_]


def word_runs(texts: Sequence[Any], language: str | None, *, lowercase: bool) -> WordRuns:
    r"""Return the runs of two or more word characters, once texts are cleaned.

    They are those that scikit-learn's usual pattern finds in what `document_terms.cleaned` leaves.

    Parameters
    ----------
    texts
        Texts; what is no string counts as an empty text.
    language
        "english" drops all but A-Z, a-z, 0-9 and blanks first; anything else keeps all characters.
    lowercase
        Whether capitals are made small.

    Examples
    --------
    >>> words, is_blank = word_runs(["Don't\tpanic, I don't", "?"], "english", lowercase=True)
    >>> [words.distinct[place] for place in words.places], words.per_text, is_blank
    (['dont', 'panic', 'dont'], array([3, 0]), array([False,  True]))

    """
    known = [text if isinstance(text, str) else "" for text in texts]
    clean = _english if language == "english" else _any_language
    found = [
        _part(clean(known[part], lowercase=lowercase), part.stop - part.start)
        for part in parts(np.array([len(text) for text in known], dtype=np.int64), _PART)
    ]
    per_text = np.concatenate([part.per_text for part in found])
    has_letters = np.concatenate([part.has_letters for part in found])
    if language == "english":
        is_blank = ~has_letters
    else:
        is_blank = np.array([not text or text.isspace() for text in known], dtype=bool)
    return WordRuns(Words(per_text, *_merged(found)), is_blank)


def parts(sizes: NDArray[np.int64], most: int) -> list[slice]:
    """Return slices of neighbours whose sizes add up to about `most`, in order; at least one.

    Parameters
    ----------
    sizes
        Size of each item, (n,).
    most
        How much one slice holds; its last item may go beyond.

    Examples
    --------
    >>> parts(np.array([2, 2, 9, 1, 1]), 4)
    [slice(0, 2, None), slice(2, 3, None), slice(3, 5, None)]

    """
    before = np.cumsum(sizes) - sizes
    ends = np.flatnonzero(np.diff(before // most)) + 1
    return list(map(slice, [0, *ends.tolist()], [*ends.tolist(), len(sizes)]))


class _Part(NamedTuple):
    """The words of some texts; their numbers count short words first, then long ones."""

    per_text: NDArray[np.int64]
    has_letters: NDArray[np.bool_]
    numbers: NDArray[np.int64]
    short: NDArray[np.uint64]  # the bytes of each word that fits in one chunk
    long: list[str]


def _part(cleaned: bytes, n_texts: int) -> _Part:
    letters = np.frombuffer(cleaned, dtype=np.uint8)
    ends = np.flatnonzero(letters <= ord(" "))
    starts = np.append(0, ends[:-1] + 1)
    lengths = ends - starts
    is_word = lengths > 1
    last = np.flatnonzero(letters[ends] == ord(_BETWEEN))
    first = np.append(0, last + 1)[:n_texts]
    per_text = np.add.reduceat(is_word, first, dtype=np.int64)
    has_letters = np.add.reduceat(lengths, first) > 0
    starts, lengths = starts[is_word], lengths[is_word]
    is_long = lengths > _CHUNK
    numbers = np.empty(len(starts), dtype=np.int64)
    numbers[~is_long], short = pd.factorize(_chunks(cleaned, starts[~is_long], lengths[~is_long]))
    of_long, long = _numbered(cleaned, starts[is_long], lengths[is_long])
    numbers[is_long] = len(short) + of_long
    return _Part(per_text, has_letters, numbers, short, long)


def _merged(found: list[_Part]) -> tuple[NDArray[np.int32], list[str]]:
    """Return the place of every word of all parts, and the words."""
    codes, short = pd.factorize(np.concatenate([part.short for part in found]))
    ends = np.cumsum([len(part.short) for part in found]).tolist()
    long: dict[str, int] = {}
    places = []
    for part, end in zip(found, ends, strict=True):
        of_long = [len(short) + long.setdefault(word, len(long)) for word in part.long]
        of_short = codes[end - len(part.short) : end]
        place_of = np.append(of_short, np.array(of_long, dtype=np.int64)).astype(np.int32)
        places.append(place_of[part.numbers])
    spelled = np.char.decode(short.astype("<u8").view(f"S{_CHUNK}"), "utf-8")
    return np.concatenate(places), [*spelled.tolist(), *long]


def _english(texts: list[str], *, lowercase: bool) -> bytes:
    return _joined(texts, "").translate(_table(b"\n\t", lowercase=lowercase), _DROPPED)


def _any_language(texts: list[str], *, lowercase: bool) -> bytes:
    """Return texts with blanks for all ASCII that is in no word; other bytes are in words."""
    foreign = [place for place, text in enumerate(texts) if not text.isascii()]
    if foreign:
        texts = texts.copy()
        found = _foreign_words([texts[place] for place in foreign], lowercase=lowercase)
        for place, text in zip(foreign, found, strict=True):
            texts[place] = text
    return _joined(texts, " ").translate(_table(_GAPS, lowercase=lowercase))


def _foreign_words(texts: list[str], *, lowercase: bool) -> list[str]:
    # A lone surrogate, legal in Python and in nothing that stores UTF-8, is in no word.
    readable = [text.encode("utf-8", "replace").decode() for text in texts]
    series = pl.Series(readable, dtype=pl.String)
    series = series.str.to_lowercase() if lowercase else series
    return series.str.extract_all(WORD).list.join(" ").to_list()


def _joined(texts: list[str], instead: str) -> bytes:
    between = _BETWEEN.decode()
    if any(between in text for text in texts):
        texts = [text.replace(between, instead) for text in texts]
    # The end is so long that a chunk may be read wherever a word begins.
    return between.join([*texts, *[""] * _CHUNK]).encode("utf-8", "replace")


def _table(gaps: bytes, *, lowercase: bool) -> bytes:
    small = _SMALL if lowercase else _CAPITALS
    return bytes.maketrans(gaps + _CAPITALS, b" " * len(gaps) + small)


def _numbered(
    cleaned: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return a number for each word, and the words by number.

    Words with the same first bytes get the same number, which those that go on exchange for one
    that depends on the next bytes as well.
    """
    numbers, n = _coded(_chunks(cleaned, starts, lengths))
    longer = np.flatnonzero(lengths > _CHUNK)
    for seen in range(_CHUNK, _CHUNK * _MOST_CHUNKS, _CHUNK):
        if not len(longer):
            break
        more, n_more = _coded(_chunks(cleaned, starts[longer] + seen, lengths[longer] - seen))
        pairs, n_pairs = _coded(numbers[longer] * n_more + more)
        numbers[longer] = n + pairs
        n += n_pairs
        longer = longer[lengths[longer] > seen + _CHUNK]
    if len(longer):
        pairs, n_pairs = _coded(
            np.array(_strings(cleaned, starts[longer], lengths[longer]), dtype=object)
        )
        numbers[longer] = n + pairs
        n += n_pairs
    word_of = np.full(n, -1)
    word_of[numbers] = np.arange(len(numbers))
    # Beginnings that no word ends with have none, and stay as empty strings.
    starts, lengths = np.append(starts, 0)[word_of], np.append(lengths, 0)[word_of]
    return numbers, _strings(cleaned, starts, lengths)


def _chunks(
    cleaned: bytes, starts: NDArray[np.int64], left: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return the next bytes of each word as a number, with zeros after its end."""
    everywhere = np.ndarray(len(cleaned) - _CHUNK + 1, dtype="<u8", buffer=cleaned, strides=(1,))
    return everywhere[starts] & _MASKS[np.minimum(left, _CHUNK)]


def _coded(values: NDArray[Any]) -> tuple[NDArray[np.int64], int]:
    codes, distinct = pd.factorize(values)
    return codes.astype(np.int64, copy=False), len(distinct)


def _strings(cleaned: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[str]:
    bounds = zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
    return [cleaned[start:stop].decode() for start, stop in bounds]
