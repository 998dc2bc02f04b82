"""Terms and their counts: the same however the stream is cut, bounded, faded."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from topicstream.model.terms import TermCounts

TEXTS = ["Moon rocket, moon!", "", "bread and cheese", "rocket x ROCKET", "Äpfel из МОСКВЫ"]


def counted(*batches: list[str], weight: float = 1.0) -> TermCounts:
    counts = TermCounts(100)
    for texts in batches:
        rows = np.zeros(len(texts), dtype=np.int64)
        counts.add(counts.matrix(counts.locate(texts), rows, 1), weight)
    return counts


def by_term(counts: TermCounts) -> dict[str, float]:
    return dict(zip(counts.terms, counts.dense()[0].tolist(), strict=True))


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_counts_do_not_depend_on_where_batches_are_cut(cut: int) -> None:
    assert by_term(counted(TEXTS[:cut], TEXTS[cut:])) == by_term(counted(TEXTS))
    assert by_term(counted(TEXTS))["rocket"] == 3


def test_rows_tell_the_topic_and_minus_one_counts_nowhere() -> None:
    counts = TermCounts(100)

    matrix = counts.matrix(counts.locate(["moon", "moon moon", "moon"]), np.array([1, 0, -1]), 2)

    assert matrix.toarray().tolist() == [[2.0], [1.0]]


def heavy(n_terms: int, weights: NDArray[np.int64]) -> TermCounts:
    counts = TermCounts(n_terms)
    letters = "abcdefghijklmnopqrstuvwxyz"
    texts = [" ".join([f"word{letters[i]}"] * n) for i, n in enumerate(weights.tolist())]
    rows = np.zeros(len(texts), dtype=np.int64)
    counts.add(counts.matrix(counts.locate(texts), rows, 1), 1.0)
    return counts


def test_a_long_vocabulary_is_cut_back_to_its_heaviest_terms() -> None:
    counts = heavy(4, np.array([5, 1, 4, 1, 3, 2, 1]))

    kept = counts.prune()

    assert kept is not None
    assert kept.tolist() == [0, 2, 4, 5]
    assert by_term(counts) == {"worda": 5, "wordc": 4, "worde": 3, "wordf": 2}


def test_of_equally_light_terms_the_newest_stay() -> None:
    kept = heavy(2, np.array([1, 1, 9, 1])).prune()

    assert kept is not None
    assert kept.tolist() == [2, 3]


def test_a_vocabulary_within_its_bound_is_left_alone() -> None:
    assert heavy(4, np.array([1, 1, 1, 1, 1, 1])).prune() is None


def test_the_digest_tells_counts_apart_and_equal_ones_not() -> None:
    assert counted(TEXTS).digest == counted(TEXTS).digest
    assert counted(TEXTS).digest != counted(TEXTS, weight=2.0).digest
    assert counted(["moon"]).digest != counted(["rocket"], ["rocket"]).digest
