"""c-TF-IDF against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from topicstream.model.ctfidf import c_tf_idf, top_terms


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
