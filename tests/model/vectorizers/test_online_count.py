"""Counts that grow with each batch."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer

from topicstream.model.vectorizers import ClassTfidfTransformer, OnlineCountVectorizer

FIRST, SECOND = ["moon orbit moon", "bread"], ["orbit shuttle", "bread oven oven"]


def after_two_batches(**options: Any) -> OnlineCountVectorizer:
    vectorizer = OnlineCountVectorizer(**options)
    vectorizer.partial_fit(FIRST).update_bow(FIRST)
    vectorizer.partial_fit(SECOND).update_bow(SECOND)
    return vectorizer


def counted(vectorizer: OnlineCountVectorizer) -> dict[str, list[float]]:
    return dict(
        zip(vectorizer.get_feature_names_out(), vectorizer.X_.toarray().T.tolist(), strict=True)
    )


def test_two_batches_count_as_one() -> None:
    whole = CountVectorizer()
    joined = [" ".join(pair) for pair in zip(FIRST, SECOND, strict=True)]
    expected = whole.fit_transform(joined).toarray().T.tolist()

    assert counted(after_two_batches()) == dict(
        zip(whole.get_feature_names_out(), expected, strict=True)
    )


def test_decay_forgets_a_share_of_what_was_counted() -> None:
    assert counted(after_two_batches(decay=0.5))["orbit"] == [1.5, 0.0]


def test_words_counted_too_seldom_are_forgotten_and_may_come_back() -> None:
    vectorizer = after_two_batches(delete_min_df=2)
    assert counted(vectorizer) == {"moon": [2, 0], "oven": [0, 2]}

    batch = ["orbit orbit", ""]
    vectorizer.partial_fit(batch).update_bow(batch)

    assert counted(vectorizer) == {"moon": [2, 0], "oven": [0, 2], "orbit": [2, 0]}


def test_forgetting_every_word_is_refused() -> None:
    with pytest.raises(ValueError, match="delete_min_df=9 leaves none of the 3 words"):
        OnlineCountVectorizer(delete_min_df=9).partial_fit(FIRST).update_bow(FIRST)


def test_weighing_decayed_counts_leaves_them_alone_d_17() -> None:
    """D-17: each topic's sum fell to 1 after every batch."""
    vectorizer = OnlineCountVectorizer(decay=0.01)
    sums = []
    for _ in range(3):
        bow = vectorizer.partial_fit(FIRST).update_bow(FIRST)
        ClassTfidfTransformer(reduce_frequent_words=True).fit(bow).transform(bow)
        bow.data[:] = 0.0
        sums.append(vectorizer.X_.sum())

    assert sums == pytest.approx([4.0, 4 * 0.99 + 4, (4 * 0.99 + 4) * 0.99 + 4])


def test_all_parameters_are_listed_and_survive_cloning_d_35() -> None:
    """D-35: only `decay` and `delete_min_df` were."""
    vectorizer = OnlineCountVectorizer(decay=0.1, stop_words="english", ngram_range=(1, 2))

    copied = clone(vectorizer).get_params()

    assert copied == {
        **CountVectorizer(stop_words="english", ngram_range=(1, 2)).get_params(),
        "decay": 0.1,
        "delete_min_df": None,
    }


def test_new_words_get_columns_in_order_of_appearance_in_every_process() -> None:
    program = (
        "from topicstream.model.vectorizers import OnlineCountVectorizer as V\n"
        "v = V().partial_fit(['moon']).partial_fit(['zebra apple', 'oven kiwi apple'])\n"
        "import sys; sys.stdout.write(' '.join(v.get_feature_names_out()))"
    )
    orders = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert orders == {"moon zebra apple oven kiwi"}


def test_documents_may_be_counted_into_rows() -> None:
    documents = ["moon orbit", "bread", "moon"]
    by_row, by_text = OnlineCountVectorizer(), OnlineCountVectorizer()

    rows = by_row.partial_fit(documents).update_bow(documents, rows=np.array([0, 1, 0]))
    joined = by_text.partial_fit(FIRST).update_bow(["moon orbit moon", "bread"])

    assert rows.toarray().tolist() == joined.toarray().tolist()


def test_a_new_topic_is_a_new_row_and_an_absent_one_stays() -> None:
    vectorizer = OnlineCountVectorizer().partial_fit(["moon"])
    vectorizer.update_bow(["moon"])
    vectorizer.update_bow(["", "moon"])

    assert vectorizer.X_.toarray().tolist() == [[1], [1]]


def test_a_given_vocabulary_stays_as_it_is() -> None:
    vectorizer = OnlineCountVectorizer(vocabulary=["moon", "orbit"]).partial_fit(["moon"])

    assert len(vectorizer.partial_fit(["shuttle"]).get_feature_names_out()) == 2


def test_a_decay_that_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match=r"decay=1.5 is the share"):
        OnlineCountVectorizer(decay=1.5).partial_fit(FIRST).update_bow(FIRST)
