from __future__ import annotations

import polars as pl
from sklearn.feature_extraction.text import CountVectorizer

from topicstream.model.tokens import Columns, split, takes_words_one_by_one

TEXTS = ["The cat, a DOG_2 & the cat's x", "", "Ein Bär läuft 10² m", "naïve café", "東京 x 大阪"]


def test_tokens_are_those_of_the_vectorizer() -> None:
    for vectorizer in (CountVectorizer(), CountVectorizer(token_pattern=r"[a-z]+")):
        tokenize = vectorizer.build_tokenizer()
        words, documents = split(vectorizer, pl.Series(TEXTS))
        expected = [(i, word) for i, text in enumerate(TEXTS) for word in tokenize(text)]
        assert list(zip(documents.tolist(), words.to_list(), strict=True)) == expected


def test_texts_without_tokens_have_none() -> None:
    words, documents = split(CountVectorizer(), pl.Series(["", "a b"]))
    assert len(words) == len(documents) == 0
    vectorizer = CountVectorizer().fit(["some words"])
    assert Columns(vectorizer).of(words.to_list()).tolist() == []  # type: ignore[union-attr]


def test_columns_are_those_of_the_vectorizer() -> None:
    for options in (
        {},
        {"stop_words": "english"},
        {"lowercase": False},
        {"strip_accents": "ascii"},
    ):
        vectorizer = CountVectorizer(**options).fit(TEXTS[:4])
        words, _ = split(vectorizer, pl.Series(TEXTS))
        columns = Columns(vectorizer).of(words.to_list())
        assert columns is not None
        analyze = vectorizer.build_analyzer()
        for word, column in zip(words.to_list(), columns.tolist(), strict=True):
            terms = [vectorizer.vocabulary_.get(term, -1) for term in analyze(word)]
            assert [column] == (terms or [-1])


def test_a_token_that_falls_apart_has_no_single_column() -> None:
    vectorizer = CountVectorizer(strip_accents="unicode").fit(["some words"])
    words, _ = split(vectorizer, pl.Series(["ab¨cd"]))
    assert Columns(vectorizer).of(["xy¨zz"]) is None
    assert words.to_list() == ["ab", "cd"]


def test_n_grams_and_own_tokenizers_are_not_words_one_by_one() -> None:
    assert takes_words_one_by_one(CountVectorizer(stop_words="english"))
    assert not takes_words_one_by_one(CountVectorizer(ngram_range=(1, 2)))
    assert not takes_words_one_by_one(CountVectorizer(analyzer="char"))
    assert not takes_words_one_by_one(CountVectorizer(tokenizer=str.split, token_pattern=None))
    assert not takes_words_one_by_one(CountVectorizer(preprocessor=str.upper))
