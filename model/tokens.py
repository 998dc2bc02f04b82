"""The tokens of texts, and which column of a fitted vectorizer each of them counts in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from topicstream.model.document_terms import cleaned
from topicstream.model.word_runs import WORD, Words, word_runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

USUAL_PATTERN = r"(?u)\b\w\w+\b"  # scikit-learn's
NO_COLUMN = -1


def takes_words_one_by_one(vectorizer: Any) -> bool:  # noqa: ANN401  # any scikit-learn-like one
    """Return whether a token's column depends on nothing but the token itself."""
    return (
        getattr(vectorizer, "analyzer", None) == "word"
        and tuple(getattr(vectorizer, "ngram_range", ())) == (1, 1)
        and _has_usual_tokens(vectorizer)
        and vectorizer.preprocessor is None
    )


class Columns:
    """Finds the columns of tokens, batch after batch.

    Parameters
    ----------
    vectorizer
        A fitted CountVectorizer for which `takes_words_one_by_one` holds.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> columns = Columns(CountVectorizer().fit(["a cat and a dog"]))
    >>> columns.of(["Dog", "fish", "cat"])
    array([ 2, -1,  1])

    """

    def __init__(self, vectorizer: Any) -> None:  # noqa: ANN401  # any scikit-learn-like one
        self._vectorizer = vectorizer
        learnt = not getattr(vectorizer, "fixed_vocabulary_", True)  # then without stop words
        self._is_plain = vectorizer.strip_accents is None and (
            vectorizer.stop_words is None or learnt
        )

    def of(self, words: Sequence[str]) -> NDArray[np.int64] | None:
        """Return the column of each token, -1 for none; None where a token falls into several.

        Parameters
        ----------
        words
            Tokens.

        """
        column_of = self._vectorizer.vocabulary_
        if self._is_plain:
            terms = [word.lower() for word in words] if self._vectorizer.lowercase else words
            return np.array([column_of.get(term, NO_COLUMN) for term in terms], dtype=np.int64)
        analyze = self._vectorizer.build_analyzer()
        found = [analyze(word) for word in words]
        if any(len(some) > 1 for some in found):
            return None
        columns = [column_of.get(some[0], NO_COLUMN) if some else NO_COLUMN for some in found]
        return np.array(columns, dtype=np.int64)


def cleaned_words(
    vectorizer: Any,  # noqa: ANN401  # any scikit-learn-like one
    texts: Sequence[str],
    language: str | None,
) -> Words:
    """Return all tokens of texts as they are once they are cleaned, each distinct one once.

    Parameters
    ----------
    vectorizer
        Its tokenizer says what a token is.
    texts
        Raw texts.
    language
        How they are cleaned, as in `document_terms.cleaned`.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> words = cleaned_words(CountVectorizer(), ["A cat, a cat's", ""], "english")
    >>> words.distinct, words.places.tolist(), words.per_text
    (['cat', 'cats'], [0, 1], array([2, 0]))

    """
    if _has_usual_tokens(vectorizer):
        return word_runs(texts, language, lowercase=False).words
    words, documents = split(vectorizer, cleaned(texts, language))
    numbers, distinct = _numbered(words)
    per_text = np.bincount(documents, minlength=len(texts)).astype(np.int64)
    return Words(per_text, numbers.astype(np.int32), distinct)


def split(
    vectorizer: Any,  # noqa: ANN401  # any scikit-learn-like one
    texts: pl.Series,
) -> tuple[pl.Series, NDArray[np.int64]]:
    """Return all tokens of texts in order, and the number of each one's text.

    Parameters
    ----------
    vectorizer
        Its tokenizer says what a token is.
    texts
        Texts, already cleaned.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> words, documents = split(CountVectorizer(), pl.Series(["a cat, a dog", "", "Ein Bär"]))
    >>> words.to_list(), documents
    (['cat', 'dog', 'Ein', 'Bär'], array([0, 0, 2, 2]))

    """
    if _has_usual_tokens(vectorizer):
        lists = texts.str.extract_all(WORD)
    else:
        tokenize = vectorizer.build_tokenizer()
        lists = pl.Series([tokenize(text) for text in texts], dtype=pl.List(pl.String))
    found = pl.DataFrame({"word": lists}).with_row_index("document").explode("word")
    found = found.drop_nulls("word")
    return found["word"], found["document"].to_numpy().astype(np.int64)


def _has_usual_tokens(vectorizer: Any) -> bool:  # noqa: ANN401  # as above
    return (
        getattr(vectorizer, "token_pattern", None) == USUAL_PATTERN and vectorizer.tokenizer is None
    )


def _numbered(words: pl.Series) -> tuple[NDArray[np.int64], list[str]]:
    """Return a number for each token, and the distinct tokens by number."""
    dtype = pl.Categorical(pl.Categories.random())  # numbers them from 0, in a hash table
    numbers = words.cast(dtype).to_physical().to_numpy().astype(np.int64)
    place = np.zeros(int(numbers.max(initial=-1)) + 1, dtype=np.int64)
    place[numbers] = np.arange(len(numbers))
    return numbers, words.gather(place).to_list()
