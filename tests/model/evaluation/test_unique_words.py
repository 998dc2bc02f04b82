"""Diversity by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from topicstream.model.evaluation import diversity


def test_diversity_is_the_share_of_different_words() -> None:
    found = diversity([["a", "b", "c"], ["a", "d", "e"], ["a", "b", "f"]])

    assert found.mean == pytest.approx(6 / 9)
    # a is in three topics, b in two
    np.testing.assert_allclose(found.per_topic, np.array([11 / 6, 7 / 3, 11 / 6]) / 3)


def test_equal_topics_share_all_and_different_ones_nothing() -> None:
    assert diversity([["a", "b"]] * 4).mean == 0.25
    assert diversity([["a", "b"], ["c", "d"]]).mean == 1.0


def test_the_figure_for_all_weighs_topics_by_their_words() -> None:
    found = diversity([["a"], ["a", "b", "c"], []])

    assert found.mean == pytest.approx(3 / 4)
    assert found.mean == pytest.approx(np.nansum(found.per_topic * found.n_words) / 4)
    assert math.isnan(found.per_topic[2])


def test_only_the_first_words_count_and_repeats_do_not() -> None:
    assert diversity([["a", "a", "b"], ["c", "d", "b"]], top_n=2).mean == 1.0
    assert diversity([["a", "a", "b"], ["c", "d", "b"]]).mean == pytest.approx(4 / 5)


def test_without_any_word_there_is_no_figure() -> None:
    assert math.isnan(diversity([[], []]).mean)


def test_without_any_topic_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="topics is empty"):
        diversity({})
