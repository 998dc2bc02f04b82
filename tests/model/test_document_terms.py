"""Terms of documents: polars counts what scikit-learn would."""

from __future__ import annotations

import gc
import unicodedata
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from topicstream.model.document_terms import (
    CountedDocuments,
    cleaned,
    fit_counts,
    seen_by,
    transform_counts,
)

TEXTS = [
    "The Moon's orbit, the MOON",
    "don't panic: 42 \u00b2\u00bd caf\u00e9s",
    "",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u4e2d\u6587\u5b57 \u0130stanbul \u03a3\u03a3",
    "a b c snake_case __x_ moon",
]
OPTIONS = [
    {},
    {"lowercase": False},
    {"stop_words": "english"},
    {"stop_words": ["moon"]},
    {"min_df": 2},
    {"max_df": 0.3},
    {"max_features": 3},
    {"binary": True, "dtype": np.float32},
]


@pytest.mark.parametrize("language", ["english", None])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_counts_and_vocabulary_are_those_of_scikit_learn(
    options: dict[str, object], language: str | None
) -> None:
    texts = cleaned(TEXTS, language)
    ours, theirs = CountVectorizer(**options), CountVectorizer(**options)

    counts = fit_counts(ours, texts)

    assert (counts != theirs.fit_transform(texts.to_list())).nnz == 0
    assert counts.dtype == theirs.dtype
    assert ours.vocabulary_ == theirs.vocabulary_
    other = cleaned(["moon unseen moon", *TEXTS], language)
    expected = theirs.transform(other.to_list())
    assert (transform_counts(ours, other) != expected).nnz == 0
    assert (ours.transform(other.to_list()) != expected).nnz == 0


def test_every_letter_of_unicode_is_cut_where_scikit_learn_cuts() -> None:
    # Between letters, so that a character that belongs to no word shows as two words.
    known = [chr(i) for i in range(0x3000) if unicodedata.category(chr(i)) != "Cn"]
    texts = cleaned([f"ab{character}cd" for character in known], None)
    ours, theirs = CountVectorizer(), CountVectorizer()

    counts, expected = fit_counts(ours, texts), theirs.fit_transform(texts.to_list())

    assert ours.vocabulary_ == theirs.vocabulary_
    assert (counts != expected).nnz == 0


@pytest.mark.parametrize(
    "options", [{"ngram_range": (1, 2)}, {"tokenizer": str.split, "token_pattern": None}]
)
def test_other_vectorizers_count_by_themselves(options: dict[str, object]) -> None:
    texts = cleaned(TEXTS, None)

    counts = fit_counts(CountVectorizer(**options), texts)

    assert (counts != CountVectorizer(**options).fit_transform(texts.to_list())).nnz == 0


@pytest.mark.parametrize("options", [{}, {"min_df": 9}, {"ngram_range": (1, 2)}])
def test_no_term_at_all_names_the_vectorizer(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"vectorizer_model=CountVectorizer.* finds no term in 2"):
        fit_counts(CountVectorizer(**options), cleaned(["a b", "?"], None))


def test_limits_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match=r"max_df=0.1 is fewer documents than min_df=2"):
        fit_counts(CountVectorizer(min_df=2, max_df=0.1), cleaned(TEXTS, None))


def test_english_cleaning_drops_characters_and_other_languages_keep_them() -> None:
    assert cleaned(["caf\u00e9\tdon't\n"], "english").to_list() == ["caf dont "]
    assert cleaned(["caf\u00e9\tdon't\n"], "german").to_list() == ["caf\u00e9 don't "]


def test_a_lone_surrogate_and_what_is_no_text_count_nothing() -> None:
    texts = cleaned(["moon \ud83d", None, float("nan")], None)

    assert fit_counts(CountVectorizer(), texts).toarray().tolist() == [[1], [0], [0]]


def counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seen: list[int] = []
    original = CountVectorizer.transform

    def transform(self: CountVectorizer, raw_documents: list[str]) -> object:
        seen.append(len(raw_documents))
        return original(self, raw_documents)

    monkeypatch.setattr(CountVectorizer, "transform", transform)
    return seen


def test_documents_of_the_fit_are_not_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    vectorizer, known = CountVectorizer(ngram_range=(1, 2)), CountedDocuments()
    fitted = known.fit(vectorizer, TEXTS, cleaned(TEXTS, None), None)
    seen = counting(monkeypatch)

    counts = known.counts(vectorizer, [TEXTS[4], "moon", TEXTS[0]], None)

    assert seen == [1]
    assert counts[[0, 2]].toarray().tolist() == fitted[[4, 0]].toarray().tolist()
    assert counts[1].sum() == 1


def test_another_vocabulary_is_counted_anew() -> None:
    vectorizer, known = CountVectorizer(), CountedDocuments()
    known.fit(vectorizer, TEXTS, cleaned(TEXTS, None), None)
    vectorizer.fit(["moon"])

    assert known.counts(vectorizer, TEXTS, None).toarray().ravel().tolist() == [2, 0, 0, 0, 1]


def refitted(known: CountedDocuments, vectorizer: CountVectorizer, texts: list[str]) -> object:
    seen, is_blank = seen_by(vectorizer, texts, None)
    known.fit(vectorizer, texts, seen, None, is_blank)
    return known.fitted(vectorizer, texts, None)


def test_a_fit_of_the_same_texts_in_the_same_way_is_known() -> None:
    vectorizer, known = CountVectorizer(stop_words=["moon"]), CountedDocuments()
    seen, is_blank = seen_by(vectorizer, TEXTS, None)

    counts = known.fit(vectorizer, TEXTS, seen, None, is_blank)

    again = known.fitted(vectorizer, list(TEXTS), None)
    assert again is not None
    assert abs(again[0] - counts).max() == 0
    assert again[1].tolist() == [False, False, True, False, False]


@pytest.mark.parametrize(
    "options",
    [{"min_df": 1.0}, {"stop_words": ["moon"]}, {"binary": True}, {"ngram_range": (1, 2)}],
    ids=str,
)
def test_a_fit_with_other_options_is_not_known(options: dict[str, object]) -> None:
    vectorizer, known = CountVectorizer(), CountedDocuments()
    assert refitted(known, vectorizer, TEXTS) is not None

    vectorizer.set_params(**options)

    assert known.fitted(vectorizer, TEXTS, None) is None


def test_a_fit_of_other_texts_or_of_named_blanks_is_not_known() -> None:
    vectorizer, known = CountVectorizer(), CountedDocuments()
    assert refitted(known, vectorizer, TEXTS) is not None
    for other in (TEXTS[:-1], TEXTS[::-1]):
        assert known.fitted(vectorizer, other, None) is None
    assert known.fitted(vectorizer, TEXTS, "english") is None

    known.fit(vectorizer, TEXTS, seen_by(vectorizer, TEXTS, None)[0], None)

    assert known.fitted(vectorizer, TEXTS, None) is None


def test_a_vectorizer_of_other_make_is_always_fitted_anew() -> None:
    class Own(CountVectorizer):  # type: ignore[misc]  # scikit-learn is untyped
        pass

    fixed = CountVectorizer(vocabulary={"moon": 0})
    for vectorizer in (Own(), fixed):
        assert refitted(CountedDocuments(), vectorizer, TEXTS) is None


def test_counts_go_with_their_vectorizer() -> None:
    vectorizer, known = CountVectorizer(), CountedDocuments()
    known.fit(vectorizer, TEXTS, cleaned(TEXTS, None), None)

    del vectorizer
    gc.collect()

    assert not len(known._known)


def test_d68_a_fit_counts_each_document_once_for_all_that_follows(
    documents: list[str], embeddings: object, make: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """D-68: every method went through the texts again."""
    vectorizer = CountVectorizer(ngram_range=(1, 2))
    model = make["outliers"](vectorizer_model=vectorizer).fit(documents, embeddings)
    seen = counting(monkeypatch)
    model.topics_over_time(documents, list(range(4)) * 52 + [0, 1])
    model.topics_per_class(documents, ["a", "b"] * 105)
    model.hierarchical_topics(documents)
    model.merge_topics(documents, [0, 1])

    assert sum(seen) == 0
