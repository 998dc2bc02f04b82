"""Bag of words: counted per document, summed per topic."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from topicstream.model.bag_of_words import (
    c_tf_idf,
    document_counts,
    preprocess_text,
    summed_by_row,
)
from topicstream.model.bertopic import BERTopic
from topicstream.model.ctfidf import class_idf, weighted
from topicstream.model.vectorizers import ClassTfidfTransformer, OnlineCountVectorizer

FRAME = pd.DataFrame(
    {
        "Document": ["moon orbit", "don't panic", "moon shuttle", "bread\noven"],
        "Topic": [1, -1, 1, 0],
    },
    index=[7, 5, 3, 1],
)


def joined(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.groupby("Topic", as_index=False).agg({"Document": " ".join})


def test_rows_are_topics_in_ascending_order() -> None:
    weights, words = c_tf_idf(BERTopic(), FRAME)

    assert words.tolist() == ["bread", "dont", "moon", "orbit", "oven", "panic", "shuttle"]
    assert isinstance(weights, csr_matrix)
    assert (weights.toarray() > 0).astype(int).tolist() == [
        [0, 1, 0, 0, 0, 1, 0],
        [1, 0, 0, 0, 1, 0, 0],
        [0, 0, 1, 1, 0, 0, 1],
    ]


def test_weights_are_those_of_the_joined_texts() -> None:
    each, _ = c_tf_idf(BERTopic(), FRAME)
    together, _ = c_tf_idf(BERTopic(), joined(FRAME))
    counts = CountVectorizer().fit_transform(
        ["dont panic", "bread oven", "moon orbit moon shuttle"]
    )
    expected = weighted(counts, class_idf(counts, whole_mean=True))

    assert abs(each - together).max() == 0
    assert abs(each - csr_matrix(expected)).max() < 1e-12


def test_no_n_gram_reaches_over_two_documents_d_29() -> None:
    """D-29: "orbit moon" was a bigram of topic 1, though no document has it."""
    model = BERTopic(n_gram_range=(2, 2))

    assert c_tf_idf(model, FRAME)[1].tolist() == [
        "bread oven",
        "dont panic",
        "moon orbit",
        "moon shuttle",
    ]


def test_document_limits_count_documents_d_29() -> None:
    """D-29: a word of one topic could never be in two "documents"."""
    words = c_tf_idf(BERTopic(vectorizer_model=CountVectorizer(min_df=2)), FRAME)[1]

    assert words.tolist() == ["moon"]


def test_the_reference_way_can_be_had_d_29() -> None:
    """D-29: the flag joins the texts of a topic first."""
    model = BERTopic(n_gram_range=(2, 2))
    model.counts_documents = False

    assert "orbit moon" in c_tf_idf(model, FRAME)[1]


def test_documents_are_cleaned_as_in_the_fit_d_30() -> None:
    """D-30: documents were scored as "don't", the vocabulary held "dont"."""
    model = BERTopic()
    c_tf_idf(model, FRAME)

    counts = document_counts(model, ["don't \u2014 don't", "moon-shuttle"])

    names = model.vectorizer_model.get_feature_names_out()
    assert dict(zip(names, counts.toarray()[0], strict=True))["dont"] == 2
    assert counts[1].sum() == 0


def test_transforming_keeps_vocabulary_and_idf() -> None:
    model = BERTopic()
    fitted, words = c_tf_idf(model, FRAME)

    again, same = c_tf_idf(model, FRAME, fit=False)
    other, _ = c_tf_idf(model, pd.DataFrame({"Document": ["moon unseen"]}), fit=False)

    assert abs(fitted - again).max() == 0
    assert words.tolist() == same.tolist()
    assert other.shape == (1, len(words))


@pytest.mark.parametrize("topics", [[0, 0, 1, 1], [-1, 0, 1, 2]])
def test_topics_joined_anew_weigh_as_in_a_fresh_model(topics: list[int]) -> None:
    model, moved = BERTopic(), FRAME.assign(Topic=topics)
    c_tf_idf(model, FRAME)

    again, words = c_tf_idf(model, moved)

    fresh, expected = c_tf_idf(BERTopic(), moved)
    assert words.tolist() == expected.tolist()
    assert abs(again - fresh).max() == 0


def test_a_blank_document_left_alone_is_named_in_a_second_fit() -> None:
    frame = pd.DataFrame({"Document": ["moon", "?", "bread"], "Topic": [0, 0, 1]})
    model = BERTopic()

    assert "emptydoc" not in c_tf_idf(model, frame)[1]
    assert "emptydoc" in c_tf_idf(model, frame.assign(Topic=[0, 2, 1]))[1]
    assert "emptydoc" not in c_tf_idf(model, frame)[1]


def test_seed_topics_win_over_seed_words() -> None:
    plain, words = c_tf_idf(BERTopic(), FRAME)
    seeded, _ = c_tf_idf(
        BERTopic(
            seed_topic_list=[["moon"], ["bread", "absent"]],
            ctfidf_model=ClassTfidfTransformer(seed_words=["moon", "oven"], seed_multiplier=3),
        ),
        FRAME,
    )

    ratio = seeded.sum(axis=0) / plain.sum(axis=0)
    factors = dict(zip(words.tolist(), np.asarray(ratio).ravel(), strict=True))
    assert factors == pytest.approx(
        {"moon": 1.2, "bread": 1.2, "oven": 3, "dont": 1, "orbit": 1, "panic": 1, "shuttle": 1}
    )


def test_a_topic_of_blank_documents_only_is_called_emptydoc(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frame = pd.DataFrame({"Document": ["moon", "", " ?", "\n"], "Topic": [0, 1, 1, 0]})
    words = c_tf_idf(BERTopic(), frame)[1]
    assert words.tolist() == ["emptydoc", "moon"]
    assert not caplog.records

    with caplog.at_level(logging.WARNING):
        c_tf_idf(BERTopic(), frame[1:])

    assert "none of the 3 documents" in caplog.text


def test_an_empty_vocabulary_names_the_vectorizer() -> None:
    model = BERTopic(vectorizer_model=CountVectorizer(min_df=10))

    with pytest.raises(ValueError, match=r"finds no term in 4 documents .* lower min_df"):
        c_tf_idf(model, FRAME)


def test_batches_add_up_for_any_online_vectorizer() -> None:
    class Foreign:
        """One whose texts are topics, as bertopic's."""

        def __init__(self) -> None:
            self._own = OnlineCountVectorizer()
            self.get_feature_names_out = self._own.get_feature_names_out

        @property
        def X_(self) -> csr_matrix:  # noqa: N802  # their name
            return self._own.X_

        def partial_fit(self, raw_documents: list[str]) -> Foreign:
            self._own.partial_fit(raw_documents)
            return self

        def update_bow(self, raw_documents: list[str]) -> csr_matrix:
            return self._own.update_bow(raw_documents)

    counts = []
    for vectorizer in (OnlineCountVectorizer(), Foreign()):
        model = BERTopic(vectorizer_model=vectorizer)
        c_tf_idf(model, FRAME, partial_fit=True)
        c_tf_idf(model, FRAME, partial_fit=True)
        counts.append(model.vectorizer_model.X_.sum(axis=1).ravel().tolist())

    assert counts[0] == [[4, 4, 8]]
    assert counts[1] == counts[0]


def test_preprocessing_follows_the_language() -> None:
    assert preprocess_text(BERTopic(), ["it's\t1", "?"]) == ["its 1", "emptydoc"]
    assert preprocess_text(BERTopic(language="multilingual"), ["it's\t1", "?"]) == ["it's 1", "?"]


def test_sums_have_sorted_columns_and_the_type_of_the_counts() -> None:
    summed = summed_by_row(csr_matrix([[0, 1], [2, 0]]), np.array([0, 0]))

    assert summed.toarray().tolist() == [[2, 1]]
    assert summed.has_sorted_indices
    assert summed.dtype.kind == "i"
