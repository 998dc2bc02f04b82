from __future__ import annotations

import numpy as np
import pytest

from topicstream.model.windows import windows


def words(n: int, width: int, stride: int, *, padding: bool) -> list[str]:
    found = windows(np.array([n]), width, stride, padding=padding)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [letters[a:b] for a, b in zip(found.start, found.stop, strict=True)]


def test_a_document_shorter_than_a_window_has_one() -> None:
    assert words(3, 4, 1, padding=False) == ["abc"]
    assert words(3, 4, 1, padding=True) == ["abc"]
    assert words(0, 4, 1, padding=False) == [""]


def test_tails_are_dropped_without_padding() -> None:
    assert words(5, 3, 2, padding=False) == ["abc", "cde"]
    assert words(6, 3, 2, padding=False) == ["abc", "cde"]
    assert words(6, 2, 4, padding=False) == ["ab", "ef"]


def test_padding_adds_shorter_windows_at_both_ends() -> None:
    assert words(5, 3, 2, padding=True) == ["a", "abc", "cde", "e"]
    expected = ["a", "ab", "abc", "abcd", "bcde", "cde", "de", "e"]
    assert words(5, 4, 1, padding=True) == expected


def test_some_windows_keep_their_tokens() -> None:
    found = windows(np.array([5, 2]), 3, 1, padding=False).some(np.array([1, 3]))

    assert found.tokens.tolist() == [1, 2, 3, 5, 6]
    assert found.bounds.tolist() == [0, 3, 5]


def naive(n: int, width: int, stride: int, *, padding: bool) -> list[tuple[int, int]]:
    if n < width:
        return [(0, n)]
    t = -(-width // stride) - 1 if padding else 0
    leading = [(0, width - (t - i) * stride) for i in range(t)]
    whole = [(s, min(s + width, n)) for s in range(0, n, stride)]
    return leading + [w for w in whole if padding or w[1] - w[0] == width]


@pytest.mark.parametrize("padding", [False, True])
@pytest.mark.parametrize("stride", [1, 2, 3, 5])
@pytest.mark.parametrize("width", [1, 3, 4])
def test_windows_of_many_documents_follow_each_other(
    width: int, stride: int, padding: bool
) -> None:
    n_tokens = np.array([7, 0, 2, 4, 1, 12])
    found = windows(n_tokens, width, stride, padding=padding)
    begins = np.cumsum(n_tokens) - n_tokens
    expected = [naive(n, width, stride, padding=padding) for n in n_tokens.tolist()]
    assert found.per_document.tolist() == [len(one) for one in expected]
    flat = [
        (a + begin, b + begin)
        for begin, one in zip(begins.tolist(), expected, strict=True)
        for a, b in one
    ]
    assert list(zip(found.start.tolist(), found.stop.tolist(), strict=True)) == flat
    assert found.tokens.tolist() == [i for a, b in flat for i in range(a, b)]
    assert found.bounds[-1] == len(found.tokens)
