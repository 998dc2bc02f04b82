"""c-TF-IDF against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from topicstream.model.ctfidf import LEAST_IDF, c_tf_idf, class_idf, top_terms, weighted


def test_weights_are_share_times_idf() -> None:
    weights = c_tf_idf(csr_array(np.array([[3.0, 0.0, 1.0], [1.0, 2.0, 0.0]])))

    # A = 7 / 2 terms per topic; the first term occurs 4 times, 3 of 4 in the first topic
    assert weights[0, 0] == pytest.approx(3 / 4 * np.log(1 + 3.5 / 4))
    assert weights[1, 1] == pytest.approx(2 / 3 * np.log(1 + 3.5 / 2))


def test_empty_topics_and_terms_weigh_nothing() -> None:
    weights = c_tf_idf(csr_array(np.array([[0.0, 0.0], [5.0, 0.0]]))).toarray()

    assert weights[0].tolist() == [0.0, 0.0]
    assert weights[1, 1] == 0.0
    assert np.isfinite(weights).all()


def test_counts_are_not_written_to() -> None:
    counts = csr_array(np.ones((2, 3)))
    for part in (counts.data, counts.indices, counts.indptr):
        part.flags.writeable = False

    c_tf_idf(counts)


def test_only_the_heaviest_terms_are_named_and_none_without_weight() -> None:
    weights = csr_array([[0.1, 0.4, 0.0, 0.3, 0.2], [0.0, 0.0, 0.0, 0.0, 0.0]])

    assert top_terms(weights, list("abcde"), 3) == [[("b", 0.4), ("d", 0.3), ("e", 0.2)], []]


def test_a_mean_cut_to_a_whole_number_is_an_option() -> None:
    counts = csr_array([[3.0, 0.0, 2.0], [1.0, 0.0, 0.0]])  # a mean of 3 terms

    assert class_idf(counts, whole_mean=True).tolist() == class_idf(counts).tolist()
    more = csr_array([[3.0, 0.0, 2.0], [1.0, 1.0, 0.0]])  # one of 3.5
    assert class_idf(more)[1] == pytest.approx(np.log(1 + 3.5))
    assert class_idf(more, whole_mean=True)[1] == pytest.approx(np.log(1 + 3))


def test_a_mean_below_one_is_not_cut_to_nothing() -> None:
    counts = csr_array([[0.2, 0.1]])

    assert class_idf(counts, whole_mean=True).tolist() == class_idf(counts).tolist()


def test_bm25_weighs_every_term_that_occurs() -> None:
    counts = csr_array([[9.0, 1.0, 0.0], [9.0, 0.0, 0.0]])

    assert class_idf(counts, bm25=True).tolist() == pytest.approx(
        [LEAST_IDF, np.log(1 + 9 / 1.5), 0]
    )


def test_dampening_takes_the_root_of_shares() -> None:
    counts = csr_array([[4.0, 0.0], [1.0, 3.0]])

    assert weighted(counts, np.ones(2), dampened=True).toarray() == pytest.approx(
        np.sqrt([[1.0, 0.0], [0.25, 0.75]])
    )
