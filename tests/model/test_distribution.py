from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from topicstream.model.bertopic import BERTopic
from topicstream.model.distribution import document_tokens
from topicstream.model.vectorizers import ClassTfidfTransformer

MORE = ["", "a b c", "moon", "Moon MOON orbit moon", "unheard words only here", "guitar moon " * 9]


@pytest.fixture
def model(fitted: Any) -> Any:
    return fitted("outliers")


def naive_windows(
    tokens: list[str], width: int, stride: int, *, padding: bool
) -> list[tuple[int, int]]:
    n = len(tokens)
    if n < width:
        return [(0, n)]
    t = -(-width // stride) - 1 if padding else 0
    leading = [(0, width - (t - i) * stride) for i in range(t)]
    whole = [(s, min(s + width, n)) for s in range(0, n, stride)]
    return leading + [w for w in whole if padding or w[1] - w[0] == width]


def naive(
    model: Any,
    documents: list[str],
    *,
    window: int = 4,
    stride: int = 1,
    min_similarity: float = 0.1,
    padding: bool = False,
    separator: str = " ",
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Follow the definition: every window a string, every token a loop."""
    tokenize = model.vectorizer_model.build_tokenizer()
    topics = model.c_tf_idf_[model._outliers :]
    sums, per_token = [], []
    for text in documents:
        tokens = tokenize(re.sub(r"[^A-Za-z0-9 ]+", "", text))
        spans = naive_windows(tokens, window, stride, padding=padding)
        counts = model.vectorizer_model.transform([separator.join(tokens[a:b]) for a, b in spans])
        found = cosine_similarity(model.ctfidf_model.transform(counts), topics)
        found[found < min_similarity] = 0
        sums.append(found.sum(axis=0))
        rows = np.zeros((max(1, len(tokens)), topics.shape[0]))
        for (a, b), values in zip(spans, found, strict=True):
            rows[a:b] += values
        per_token.append(rows)
    whole = np.array(sums)
    totals = whole.sum(axis=1, keepdims=True)
    return np.divide(whole, totals, out=np.zeros_like(whole), where=totals > 0), per_token


OPTIONS: list[dict[str, Any]] = [
    {},
    {"padding": True},
    {"window": 3, "stride": 2},
    {"window": 5, "stride": 3, "padding": True},
    {"window": 2, "stride": 4},
    {"min_similarity": 0.4},
    {"min_similarity": 0.0},
    {"window": 50},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_distributions_are_those_of_the_definition(
    model: Any, documents: list[str], options: dict[str, Any]
) -> None:
    texts = [*documents[:60], *MORE]
    found, none = model.approximate_distribution(texts, batch_size=25, **options)
    np.testing.assert_allclose(found, naive(model, texts, **options)[0], atol=1e-12)
    assert none is None


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_distributions_of_tokens_are_those_of_the_definition(
    model: Any, documents: list[str], options: dict[str, Any]
) -> None:
    """D-32: with a stride beyond 1 the reference crashes on tokens that no window covers."""
    texts = [*documents[:60], *MORE]
    found, tokens = model.approximate_distribution(texts, calculate_tokens=True, **options)
    expected = naive(model, texts, **options)[1]
    assert tokens is not None
    assert [one.shape for one in tokens] == [one.shape for one in expected]
    for one, other in zip(tokens, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    sums = np.array([one.sum(axis=0) for one in tokens])
    totals = sums.sum(axis=1, keepdims=True)
    expected_rows = np.divide(sums, totals, out=np.zeros_like(sums), where=totals > 0)
    np.testing.assert_allclose(found, expected_rows, atol=1e-12)


@pytest.mark.parametrize(
    "vectorizer",
    [
        CountVectorizer(stop_words="english"),
        CountVectorizer(ngram_range=(1, 2)),
        CountVectorizer(token_pattern=r"[a-z]+", lowercase=False),
        CountVectorizer(tokenizer=str.split, token_pattern=None),
        CountVectorizer(analyzer="char_wb", ngram_range=(2, 3)),
        CountVectorizer(strip_accents="unicode", binary=False),
    ],
    ids=["stop words", "bigrams", "pattern", "tokenizer", "characters", "accents"],
)
def test_any_vectorizer_will_do(
    documents: list[str], embeddings: Any, make: Any, vectorizer: CountVectorizer
) -> None:
    model = make["outliers"](vectorizer_model=vectorizer).fit(documents, embeddings)
    texts = [*documents[:30], *MORE]
    found, _ = model.approximate_distribution(texts)
    np.testing.assert_allclose(found, naive(model, texts)[0], atol=1e-12)


def test_dampened_weights_are_used(documents: list[str], embeddings: Any, make: Any) -> None:
    transformer = ClassTfidfTransformer(reduce_frequent_words=True)
    model = make["outliers"](ctfidf_model=transformer).fit(documents, embeddings)
    found, _ = model.approximate_distribution(MORE)
    np.testing.assert_allclose(found, naive(model, MORE)[0], atol=1e-12)


def test_windows_that_reach_no_topic_count_nothing(model: Any, documents: list[str]) -> None:
    found, tokens = model.approximate_distribution(
        documents[:20], min_similarity=1.01, calculate_tokens=True
    )
    assert not found.any()
    assert tokens is not None
    assert [len(one) for one in tokens] == [len(text.split()) for text in documents[:20]]


def test_negative_weights_reach_what_they_reach(
    documents: list[str], embeddings: Any, make: Any
) -> None:
    """What a window reaches at most is reckoned from sizes, whatever the signs."""

    class Signed(ClassTfidfTransformer):
        def transform(self, X: Any, copy: bool = True) -> csr_matrix:
            weights = super().transform(X, copy)
            weights.data *= np.where(weights.indices % 2, 1.0, -1.0)
            return weights

    model = make["outliers"](ctfidf_model=Signed()).fit(documents, embeddings)
    found, _ = model.approximate_distribution(documents[:30])
    np.testing.assert_allclose(found, naive(model, documents[:30])[0], atol=1e-12)


def test_a_separator_that_joins_words_makes_other_words(model: Any) -> None:
    texts = ["moon orbit rocket nasa launch"]
    found, _ = model.approximate_distribution(texts, separator="x")
    np.testing.assert_allclose(found, naive(model, texts, separator="x")[0], atol=1e-12)


def test_rows_sum_to_one_or_are_zero(model: Any, documents: list[str]) -> None:
    found, _ = model.approximate_distribution([*documents, *MORE])
    assert found.shape == (len(documents) + len(MORE), 5)
    sums = found.sum(axis=1)
    assert set(np.round(sums, 9)) == {0.0, 1.0}
    assert sums[len(documents)] == 0.0


@pytest.mark.parametrize("size", [1, 50, None])
def test_batches_change_nothing(model: Any, documents: list[str], size: int | None) -> None:
    whole, _ = model.approximate_distribution(documents)
    found, tokens = model.approximate_distribution(
        documents, batch_size=size, calculate_tokens=True
    )
    np.testing.assert_allclose(found, whole, atol=1e-12)
    assert tokens is not None
    assert len(tokens) == len(documents)


def test_documents_are_cleaned_as_in_the_fit(
    documents: list[str], embeddings: Any, make: Any
) -> None:
    """D-30: the reference counts don't as don, which the vocabulary does not know."""
    texts = [f"{text} don't" if place % 2 else text for place, text in enumerate(documents)]
    model = make["manual"](embedding_model=None)
    model.fit(texts, embeddings, y=[place % 2 for place in range(len(texts))])
    assert "dont" in model.vectorizer_model.vocabulary_
    found, tokens = model.approximate_distribution(["don't"], calculate_tokens=True)
    assert found[0].max() == 1.0
    assert document_tokens(model, "I don't") == ["dont"]
    assert tokens is not None
    assert len(tokens[0]) == 1


def test_integers_of_numpy_will_do(model: Any, documents: list[str]) -> None:
    """D-44 in kind."""
    three = np.int64(3)
    found, _ = model.approximate_distribution(documents, window=three, batch_size=three)
    expected, _ = model.approximate_distribution(documents, window=3)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_one_text_will_do(model: Any) -> None:
    found, _ = model.approximate_distribution("moon orbit rocket nasa")
    assert found.shape == (1, 5)
    assert found.argmax() == 0


def test_no_documents_have_no_distributions(model: Any) -> None:
    """D-32."""
    found, tokens = model.approximate_distribution([], calculate_tokens=True)
    assert found.shape == (0, 5)
    assert tokens == []


def test_outliers_alone_have_no_topics(documents: list[str], make: Any) -> None:
    model = make["manual"]().fit(documents, y=[-1] * len(documents))
    found, tokens = model.approximate_distribution(documents, calculate_tokens=True)
    assert found.shape == (len(documents), 0)
    assert tokens is not None


def test_the_models_weights_stay_as_they_are(model: Any, documents: list[str]) -> None:
    """D-02 and D-17 in kind."""
    before = csr_matrix(model.c_tf_idf_, copy=True)
    model.approximate_distribution(documents)
    assert (model.c_tf_idf_ != before).nnz == 0


def test_windows_can_be_embedded(model: Any, documents: list[str]) -> None:
    texts = [*documents[:20], "moon"]
    found, tokens = model.approximate_distribution(
        texts, use_embedding_model=True, calculate_tokens=True, min_similarity=0.3
    )
    embed = model.embedding_model.embed_documents
    for row, text in zip(found, texts, strict=True):
        words = text.split()
        spans = naive_windows(words, 4, 1, padding=False)
        vectors = embed([" ".join(words[a:b]) for a, b in spans])
        values = cosine_similarity(vectors, model.topic_embeddings_[1:])
        values[values < 0.3] = 0
        per_token = np.zeros((len(words), 5))
        for (a, b), value in zip(spans, values, strict=True):
            per_token[a:b] += value
        total = per_token.sum()
        expected = per_token.sum(axis=0) / total if total else np.zeros(5)
        np.testing.assert_allclose(row, expected, atol=1e-6)
    assert tokens is not None
    assert len(tokens) == len(texts)


def test_what_is_missing_is_named(model: Any, documents: list[str]) -> None:
    """D-32."""
    with pytest.raises(ValueError, match="not fitted"):
        BERTopic().approximate_distribution(documents)
    with pytest.raises(TypeError, match=r"documents\[1\]"):
        model.approximate_distribution(["a text", None])
    for option in ("window", "stride", "batch_size"):
        with pytest.raises(ValueError, match=f"{option} is 0; it must be 1 or more"):
            model.approximate_distribution(documents, **{option: 0})
    model.topic_embeddings_ = None
    with pytest.raises(ValueError, match="no topic embeddings"):
        model.approximate_distribution(documents, use_embedding_model=True)
    model.embedding_model = None
    with pytest.raises(ValueError, match="use_embedding_model=True needs an embedder"):
        model.approximate_distribution(documents, use_embedding_model=True)
    model.c_tf_idf_ = None
    with pytest.raises(ValueError, match="no c-TF-IDF"):
        model.approximate_distribution(documents)
