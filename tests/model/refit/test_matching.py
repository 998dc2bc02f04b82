"""Which topic of a refit is which of those that live."""

from __future__ import annotations

import numpy as np
import pytest

from topicstream.model.refit.matching import Described, Matches, match

EAST, NORTH, UP = np.eye(3)
SPACE, GUNS, FOOD = ["moon", "orbit"], ["gun", "law"], ["bread", "oven"]


def matched(found: Described, live: Described, shared: list[list[int]]) -> Matches:
    table = np.array(shared)
    return match(found, live, table, table.sum(axis=0), least_size=5)


def test_topics_keep_their_partner_whatever_the_order() -> None:
    found = Described(np.array([NORTH, EAST]), [GUNS, SPACE])
    live = Described(np.array([EAST, NORTH]), [SPACE, GUNS])

    matches = matched(found, live, [[0, 50], [60, 0]])

    assert matches.keeps.tolist() == [1, 0]
    assert matches.confirms.all()
    assert matches.stays().all()


def test_below_the_floor_a_topic_is_new() -> None:
    found = Described(np.array([EAST, UP]), [SPACE, FOOD])
    live = Described(np.array([EAST, NORTH]), [SPACE, GUNS])

    matches = match(found, live, np.array([[50, 0], [10, 12]]), np.array([60, 60]), least_size=5)

    assert matches.keeps.tolist() == [0, -1]
    assert matches.parents.tolist() == [-1, -1]
    assert matches.into.tolist() == [-1, -1]
    assert not matches.rests.any()


def test_a_topic_whose_documents_another_one_has_goes_into_it() -> None:
    found = Described(np.array([EAST]), [SPACE])
    live = Described(np.array([EAST, (EAST + NORTH) / np.sqrt(2)]), [SPACE, GUNS])

    matches = matched(found, live, [[50, 40]])

    assert matches.keeps.tolist() == [0]
    assert matches.into.tolist() == [-1, 0]
    assert not matches.confirms.any()


def test_a_new_topic_that_is_mostly_of_one_topic_has_it_for_a_parent() -> None:
    found = Described(np.array([EAST, UP]), [SPACE, FOOD])
    live = Described(np.array([EAST]), [SPACE])

    matches = matched(found, live, [[50], [20]])

    assert matches.keeps.tolist() == [0, -1]
    assert matches.parents.tolist() == [-1, 0]


def test_a_topic_rests_only_when_it_has_hardly_any_documents() -> None:
    found = Described(np.array([EAST]), [SPACE])
    live = Described(np.array([EAST, NORTH, UP]), [SPACE, GUNS, FOOD])

    matches = match(found, live, np.array([[50, 0, 0]]), np.array([50, 4, 30]), least_size=5)

    assert matches.rests.tolist() == [False, True, False]
    assert matches.stays().tolist() == [True, False, True]


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_topic_is_confirmed_when_it_has_much_the_same_documents(share: float) -> None:
    found, live = Described(np.array([EAST]), [SPACE]), Described(np.array([EAST]), [SPACE])

    matches = match(found, live, np.array([[int(100 * share)]]), np.array([100]), least_size=5)

    assert matches.confirms.tolist() == [share > 0.5]
