"""Means of scores."""

from __future__ import annotations

import math

import numpy as np

from topicstream.model.evaluation.scores import mean_of_known


def test_topics_without_a_score_are_not_in_the_mean() -> None:
    assert mean_of_known(np.array([1.0, np.nan, 2.0])) == 1.5


def test_the_mean_of_nothing_is_unknown() -> None:
    assert math.isnan(mean_of_known(np.array([np.nan])))
    assert math.isnan(mean_of_known(np.zeros(0)))
