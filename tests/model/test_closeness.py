"""Strengths are ranks among a topic's own documents."""

from __future__ import annotations

import numpy as np
import pytest

from topicstream.model.closeness import Closeness


def filled(*groups: tuple[float, float, int]) -> Closeness:
    """One topic for each (mean, deviation, number) of similarities."""
    rng = np.random.default_rng(3)
    closeness = Closeness()
    closeness.resize(len(groups))
    for row, (mean, deviation, n) in enumerate(groups):
        closeness.add(np.full(n, row), rng.normal(mean, deviation, n), np.ones(n))
    return closeness


def test_strengths_of_a_topic_that_does_not_change_are_spread_evenly() -> None:
    closeness = filled((0.3, 0.08, 5_000), (0.8, 0.02, 5_000))
    rng = np.random.default_rng(4)
    for row, (mean, deviation) in enumerate([(0.3, 0.08), (0.8, 0.02)]):
        strengths = closeness.strengths(np.full(4_000, row), rng.normal(mean, deviation, 4_000))
        parts = np.histogram(strengths, bins=4, range=(0, 1))[0] / 4_000
        assert parts == pytest.approx(np.full(4, 0.25), abs=0.03)


def test_a_stranger_has_no_strength_even_in_a_topic_of_few() -> None:
    closeness = filled((0.8, 0.05, 12), (0.8, 0.05, 500))
    assert closeness.strengths(np.array([0]), np.array([0.05]))[0] < 0.001


def test_a_topic_of_few_does_not_call_usual_documents_strange() -> None:
    closeness = filled((0.9, 0.005, 5), (0.6, 0.1, 500))
    assert closeness.strengths(np.array([0]), np.array([0.6]))[0] > 0.1


def test_no_topic_gives_no_strength() -> None:
    assert filled((0.5, 0.1, 50)).strengths(np.array([-1]), np.array([0.9])).tolist() == [0.0]
    assert Closeness().strengths(np.array([-1]), np.array([0.0])).tolist() == [0.0]


def test_folding_adds_and_taking_moves() -> None:
    closeness = filled((0.2, 0.01, 30), (0.9, 0.01, 30), (0.5, 0.01, 30))
    before = closeness.histograms.copy()
    closeness.fold(0, 2)
    closeness.take(np.array([1, 2, -1]))
    assert np.array_equal(closeness.histograms[0], before[1])
    assert np.array_equal(closeness.histograms[1], before[0] + before[2])
    assert not closeness.histograms[2].any()


def test_rescaling_changes_no_strength() -> None:
    closeness = filled((0.5, 0.1, 200))
    asked = np.zeros(9, int), np.linspace(0.1, 0.9, 9)
    before = closeness.strengths(*asked)
    closeness.rescale(2.0**-64)
    assert np.array_equal(closeness.strengths(*asked), before)
