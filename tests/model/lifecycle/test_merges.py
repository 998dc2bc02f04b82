"""Topics that have grown together."""

from __future__ import annotations

import numpy as np

from topicstream.model.lifecycle.merges import pairs_that_are_one

USUAL = np.full(3, 0.4)


def directions(*degrees: float) -> np.ndarray:
    angles = np.deg2rad(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def test_topics_that_were_close_from_the_beginning_stay_apart() -> None:
    close = directions(0, 5, 90)
    assert pairs_that_are_one(close, close, USUAL, 0.1) == []


def test_topics_that_have_come_close_are_one() -> None:
    assert pairs_that_are_one(directions(0, 5, 90), directions(0, 40, 90), USUAL, 0.1) == [(0, 1)]


def test_topics_that_come_nearer_and_are_still_apart_are_two() -> None:
    assert pairs_that_are_one(directions(0, 40, 90), directions(0, 80, 90), USUAL, 0.1) == []


def test_the_closest_two_of_three_are_one_at_a_time() -> None:
    found = pairs_that_are_one(directions(0, 6, 10), directions(0, 60, 120), USUAL, 0.1)
    assert found == [(1, 2)]
