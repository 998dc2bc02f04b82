"""Words found as bytes are those that scikit-learn finds in the cleaned texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from topicstream.model.document_terms import cleaned
from topicstream.model.word_runs import Words, word_runs

TEXTS = [
    "The Moon's orbit, the MOON\nmoon\tlanding",
    "",
    "caf\u00e9s \u4e2d\u6587\u5b57 \u0130stanbul \u03a3\u03a3 \u0939\u093f\u0928\u094d\u0926\u0940",
    "a b c snake_case __x_ 42",
    "between\x01two \x01 \x00zero\x7f",
    " \n\t",
    "lone \ud83dsurrogate",
]


def found(words: Words) -> list[list[str]]:
    tokens = iter([words.distinct[place] for place in words.places.tolist()])
    return [[next(tokens) for _ in range(n)] for n in words.per_text.tolist()]


def expected(texts: list[str], language: str | None, *, lowercase: bool) -> list[list[str]]:
    tokenize = CountVectorizer().build_tokenizer()
    seen = cleaned(texts, language).to_list()
    return [tokenize(text.lower() if lowercase else text) for text in seen]


@pytest.mark.parametrize("language", ["english", None])
@pytest.mark.parametrize("lowercase", [True, False])
def test_words_are_those_of_scikit_learn(language: str | None, *, lowercase: bool) -> None:
    runs = word_runs(TEXTS, language, lowercase=lowercase)

    assert found(runs.words) == expected(TEXTS, language, lowercase=lowercase)


@pytest.mark.parametrize("language", ["english", None])
@given(texts=st.lists(st.text(st.characters(max_codepoint=0x17F), max_size=60), max_size=6))
def test_no_text_of_any_letters_makes_a_difference(language: str | None, texts: list[str]) -> None:
    runs = word_runs(texts, language, lowercase=False)

    assert found(runs.words) == expected(texts, language, lowercase=False)


def test_words_of_any_length_are_told_apart_by_every_byte() -> None:
    stems = ["x" * n for n in (7, 8, 10, 15, 16, 19, 63, 64, 65, 72, 500)]
    texts = [" ".join([stem, stem + "a", stem + "b", stem]) for stem in stems]

    words = word_runs(texts, "english", lowercase=True).words

    assert found(words) == [text.split() for text in texts]
    distinct = [word for word in words.distinct if word]
    assert sorted(distinct) == sorted({word for text in texts for word in text.split()})


def test_texts_make_the_same_words_in_any_number_of_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{text} moon caf\u00e9 a_long_word_{place}" for place, text in enumerate(TEXTS * 3)]
    whole = word_runs(texts, None, lowercase=True)
    monkeypatch.setattr("topicstream.model.word_runs._PART", 20)

    split = word_runs(texts, None, lowercase=True)

    assert found(split.words) == found(whole.words)
    assert sorted(split.words.distinct) == sorted(whole.words.distinct)
    assert split.is_blank.tolist() == whole.is_blank.tolist()


def test_blank_texts_are_named_by_what_cleaning_leaves() -> None:
    texts = ["", " \t", "?", "a", None, "moon"]

    english, other = (word_runs(texts, language, lowercase=True) for language in ("english", None))

    assert english.is_blank.tolist() == [True, True, True, False, True, False]
    assert other.is_blank.tolist() == [True, True, False, False, True, False]


def test_no_texts_have_no_words() -> None:
    words, is_blank = word_runs([], None, lowercase=True)

    assert [len(words.per_text), len(words.places), words.distinct, len(is_blank)] == [0, 0, [], 0]
