"""Stability by hand, and against plain definitions."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topicstream.model.evaluation import stability

LISTS = st.lists(st.permutations("abcdefg").map(lambda p: list(p[:4])), min_size=1, max_size=4)


def average_jaccard(one: list[str], other: list[str]) -> float:
    depths = range(1, max(len(one), len(other)) + 1)
    pairs = [(set(one[:d]), set(other[:d])) for d in depths]
    return sum(len(a & b) / len(a | b) for a, b in pairs) / len(pairs)


def rbo_of_equal_lengths(one: list[str], other: list[str], p: float = 0.9) -> float:
    """Return equation 30 of Webber and others: lists of the same length."""
    shared = [len(set(one[:d]) & set(other[:d])) for d in range(1, len(one) + 1)]
    summed = sum(n / d * p**d for d, n in enumerate(shared, 1))
    return shared[-1] / len(one) * p ** len(one) + (1 - p) / p * summed


@settings(max_examples=100, deadline=None)
@given(before=LISTS, after=LISTS)
def test_matches_have_as_much_in_common_as_any_and_are_measured_by_the_definitions(
    before: list[list[str]], after: list[list[str]]
) -> None:
    found = stability(before, after)
    few, many = sorted([before, after], key=len)
    best = max(
        sum(average_jaccard(a, b) for a, b in zip(few, chosen, strict=True))
        for chosen in permutations(many, len(few))
    )

    assert found.average_jaccard * len(many) == pytest.approx(best)
    for match in found.matches:
        one, other = before[match.before], after[match.after]
        assert match.jaccard == pytest.approx(len({*one} & {*other}) / len({*one} | {*other}))
        assert match.average_jaccard == pytest.approx(average_jaccard(one, other))
        assert match.rbo == pytest.approx(rbo_of_equal_lengths(one, other))


def test_topics_that_only_changed_their_ids_are_fully_stable() -> None:
    before = {0: ["a", "b"], 1: ["c", "d"], 2: ["e", "f"]}
    found = stability(before, {7: ["e", "f"], 8: ["a", "b"], 9: ["c", "d"]})

    assert [(match.before, match.after) for match in found.matches] == [(0, 8), (1, 9), (2, 7)]
    assert (found.jaccard, found.average_jaccard, found.rbo) == pytest.approx((1.0, 1.0, 1.0))
    assert (found.gone, found.born) == ((), ())


def test_births_and_losses_count_the_same_in_both_directions() -> None:
    few, many = [["a", "b"], ["c", "d"]], [["a", "b"], ["x", "y"], ["p", "q"]]
    forth, back = stability(few, many), stability(many, few)

    assert (forth.gone, forth.born) == ((1,), (1, 2))
    assert (back.gone, back.born) == ((1, 2), (1,))
    assert forth.jaccard == back.jaccard == pytest.approx(1 / 3)


def test_order_counts_but_for_jaccard() -> None:
    found = stability([["a", "b", "c"]], [["c", "b", "a"]])

    assert found.jaccard == 1.0
    assert found.average_jaccard == pytest.approx((0 + 1 / 3 + 1) / 3)
    assert found.rbo < 1.0


def test_the_longer_of_two_lists_is_expected_to_go_on_as_it_did() -> None:
    [match] = stability([["a", "b"]], [["a", "c", "b", "d"]]).matches
    p = 0.9
    # equation 32: overlaps 1, 1, 2, 2; at depth 2, where the shorter list ends, 1
    overlaps = 1 / 1 * p + 1 / 2 * p**2 + 2 / 3 * p**3 + 2 / 4 * p**4
    assumed = 1 * 1 / (2 * 3) * p**3 + 1 * 2 / (2 * 4) * p**4
    beyond = ((2 - 1) / 4 + 1 / 2) * p**4

    assert match.rbo == pytest.approx((1 - p) / p * (overlaps + assumed) + beyond)
    assert match.average_jaccard == pytest.approx((1 + 1 / 3 + 2 / 3 + 2 / 4) / 4)


def test_what_the_match_makes_large_can_be_chosen() -> None:
    before = [["a", "b", "c"]]
    after = [["c", "b", "a"], ["a", "b", "x"]]

    assert stability(before, after, by="jaccard").matches[0].after == 0
    assert stability(before, after, by="average_jaccard").matches[0].after == 1


def test_topics_without_words_match_nothing() -> None:
    found = stability([[], ["a"]], [["a"], []])

    assert [(match.before, match.after) for match in found.matches] == [(1, 0)]
    assert (found.gone, found.born) == ((0,), (1,))
    assert np.isfinite([found.jaccard, found.average_jaccard, found.rbo]).all()


@pytest.mark.parametrize(
    ("before", "after", "options", "words"),
    [
        ([], [["a"]], {}, "before is empty"),
        ([["a"]], {}, {}, "after is empty"),
        ([["a"]], [["a"]], {"by": "size"}, "by='size'"),
        ([["a"]], [["a"]], {"top_n": 0}, "top_n=0"),
    ],
)
def test_what_cannot_be_compared_is_an_error_that_says_why(
    before: Any, after: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        stability(before, after, **options)
