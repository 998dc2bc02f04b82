from typing import Any, cast

import numpy as np
import pytest

from topicstream.model.backend.base import encodable, unit_rows
from topicstream.model.errors import EmbedderError


def test_lone_surrogates_become_question_marks_and_all_else_stays() -> None:
    texts = ["plain", "caf\u00e9 \U0001f600", "a\ud83db", "\x00", ""]
    assert encodable(texts) == ["plain", "caf\u00e9 \U0001f600", "a?b", "\x00", ""]


@pytest.mark.parametrize("bad", [None, 3, b"bytes", ["nested"]])
def test_what_is_not_a_string_is_named_with_its_place_and_type(bad: object) -> None:
    with pytest.raises(EmbedderError, match=rf"texts\[1\] .* of type {type(bad).__name__}"):
        encodable(cast("Any", ["fine", bad]))


def test_rows_get_unit_length_even_where_squares_would_overflow() -> None:
    rows = np.array([[3e38, 3e38], [1e-30, 0], [-2, 0]], dtype=np.float32)
    np.testing.assert_allclose(np.linalg.norm(unit_rows(rows), axis=1), 1.0, rtol=1e-6)


def test_rows_without_direction_become_zero() -> None:
    rows = np.array([[0, 0], [np.nan, 1], [np.inf, 1]], dtype=np.float32)
    assert not unit_rows(rows).any()


def test_the_argument_is_left_alone() -> None:
    rows = np.array([[3, 4]], dtype=np.float32)
    rows.flags.writeable = False
    assert unit_rows(rows).base is None
    assert rows.tolist() == [[3.0, 4.0]]


def test_no_rows_are_no_rows() -> None:
    assert unit_rows(np.empty((0, 5), dtype=np.float32)).shape == (0, 5)
