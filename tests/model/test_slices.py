from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from topicstream.model.slices import Slices, first_words, unit_rows


def test_groups_come_by_slice_then_by_topic() -> None:
    slices = Slices.of(np.array([1, 0, 1, 1, 0]), np.array([0, 2, -1, 0, 2]))
    assert slices.number.tolist() == [0, 1, 1]
    assert slices.topic.tolist() == [2, -1, 0]
    assert slices.size.tolist() == [2, 1, 2]
    assert slices.group.tolist() == [2, 0, 1, 2, 0]
    assert slices.rows(1) == slice(1, 3)


def test_rows_sum_to_one_in_a_copy() -> None:
    weights = csr_array(np.array([[1.0, 3.0], [0.0, 0.0]]))
    assert unit_rows(weights).toarray().tolist() == [[0.25, 0.75], [0.0, 0.0]]
    assert weights.toarray().tolist() == [[1.0, 3.0], [0.0, 0.0]]


def test_words_that_weigh_nothing_are_not_shown() -> None:
    assert first_words(csr_array(np.array([[0.0, 2.0, 1.0]])), ["a", "b", "c"]) == [["b", "c"]]
