"""The documents that show best what a topic is about."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from topicstream.model.bertopic import BERTopic
from topicstream.model.representative_docs import (
    extract_representative_docs,
    representative_rows,
    save_representative_docs,
)

FRAME = pd.DataFrame(
    {
        "Document": [
            "moon",
            "moon orbit shuttle",
            "bread",
            "moon orbit",
            "moon",
            "?",
            "oven bread",
        ],
        "Topic": [1, 1, 0, 1, 1, 0, 0],
    },
    index=[10, 11, 12, 13, 14, 15, 16],
)


def described(frame: pd.DataFrame = FRAME, **options: Any) -> Any:
    model = BERTopic(**options)
    model.topic_sizes_ = dict(frame["Topic"].value_counts())
    model._extract_topics(frame)
    return model


def test_the_best_come_first_and_equal_texts_count_once_d_31() -> None:
    """D-31: the reference returned a set in no order, with copies of one text."""
    model = described()

    save_representative_docs(model, FRAME)

    assert model.representative_docs_ == {
        0: ["oven bread", "bread"],
        1: ["moon orbit", "moon orbit shuttle", "moon"],
    }


def test_order_is_that_of_cosine_similarity() -> None:
    model = described()
    rows = representative_rows(model, model.c_tf_idf_, FRAME, [0, 1])[1]

    weights = model.ctfidf_model.transform(
        model.vectorizer_model.transform(FRAME["Document"].iloc[rows])
    ).toarray()
    topic = model.c_tf_idf_.toarray()[1]
    similarity = weights @ topic / np.linalg.norm(weights, axis=1)

    assert similarity.tolist() == sorted(similarity.tolist(), reverse=True)
    assert set(FRAME["Document"].iloc[rows]) == set(FRAME["Document"][FRAME["Topic"] == 1])


def test_every_document_is_looked_at_d_31() -> None:
    """D-31: of 500 documents about 184 were never drawn."""
    frame = pd.DataFrame({"Document": [f"moon word{i}" for i in range(600)], "Topic": 0})
    frame.loc[[3, 77, 599], "Document"] = ["moon moon", "moon moon moon", "moon moon moon moon"]
    model = described(frame)

    save_representative_docs(model, frame)

    assert set(model.representative_docs_[0]) == set(frame["Document"][[3, 77, 599]])


def test_a_sample_has_no_repetition_and_a_seed() -> None:
    frame = pd.DataFrame({"Document": [f"moon word{i}" for i in range(60)], "Topic": 0})
    model = described(frame)

    def rows(seed: int) -> list[int]:
        return representative_rows(
            model, model.c_tf_idf_, frame, [0], nr_samples=40, nr_repr_docs=99, random_state=seed
        )[0]

    assert len(set(rows(42))) == 40
    assert rows(42) == rows(42)
    assert rows(42) != rows(1)


def test_documents_unlike_their_topic_are_left_out_unless_all_are_d_31() -> None:
    """D-31: there were always three, however unlike."""
    model = described()
    unlike = csr_matrix(model.c_tf_idf_.shape)

    _, flat, _, _ = extract_representative_docs(model, model.c_tf_idf_, FRAME, {0: [], 1: []})
    nothing, _, _, _ = extract_representative_docs(model, unlike, FRAME, {0: [], 1: []})

    assert "?" not in flat
    assert [len(texts) for texts in nothing.values()] == [1, 1]


def test_all_four_answers_agree() -> None:
    model = described()

    texts, flat, places, labels = extract_representative_docs(
        model, model.c_tf_idf_, FRAME, {0: [], 1: []}, nr_repr_docs=2
    )

    assert flat == ["oven bread", "bread", "moon orbit", "moon orbit shuttle"]
    assert places == [[0, 1], [2, 3]]
    assert labels == [[16, 12], [13, 11]]
    assert [flat[i] for i in places[1]] == texts[1]


def test_diversity_prefers_documents_that_differ() -> None:
    frame = pd.DataFrame(
        {"Document": ["moon orbit", "moon orbit moon orbit orbit", "shuttle"], "Topic": 0}
    )
    model = described(frame)

    def chosen(diversity: float | None) -> list[str]:
        return extract_representative_docs(
            model, model.c_tf_idf_, frame, {0: []}, nr_repr_docs=2, diversity=diversity
        )[1]

    assert "shuttle" not in chosen(None)
    assert chosen(0.9)[1] == "shuttle"


def test_a_topic_without_documents_has_none_d_16() -> None:
    """D-16: it was a crash."""
    model = described()

    docs, _, _, _ = extract_representative_docs(
        model, model.c_tf_idf_, FRAME[FRAME["Topic"] == 1], {0: [], 1: []}
    )

    assert docs[0] == []
    assert len(docs[1]) == 3


def test_documents_are_cleaned_before_they_are_compared_d_30() -> None:
    """D-30: "don't" was not found among the words of its own topic."""
    frame = pd.DataFrame({"Document": ["don't", "won't", "panic"], "Topic": [0, 0, 1]})
    model = described(frame)

    save_representative_docs(model, frame)

    assert sorted(model.representative_docs_[0]) == ["don't", "won't"]


def test_a_fitted_model_has_three_different_ones_per_topic(
    each_model: BERTopic, documents: list[str]
) -> None:
    docs = each_model.representative_docs_
    frame = pd.DataFrame({"Document": documents, "Topic": each_model.topics_})
    n_different = frame.groupby("Topic")["Document"].nunique()

    assert list(docs) == sorted(each_model.get_topics())
    assert [len(texts) for texts in docs.values()] == n_different.clip(upper=3).tolist()
