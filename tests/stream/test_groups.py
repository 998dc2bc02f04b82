"""Sharing is fair, complete and sticky."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from topicstream.stream.groups import share_out
from topicstream.stream.records import TopicPartition


def parts(n: int) -> list[TopicPartition]:
    return [TopicPartition("docs", number) for number in range(n)]


@given(
    st.integers(1, 12), st.integers(1, 5), st.dictionaries(st.integers(0, 11), st.integers(0, 6))
)
def test_everything_is_owned_and_nobody_has_two_more(
    n_parts: int, n_members: int, before: dict[int, int]
) -> None:
    wanted = {f"m{i}": parts(n_parts) for i in range(n_members)}
    owners = {TopicPartition("docs", number): f"m{name}" for number, name in before.items()}
    shared = share_out(wanted, owners)
    assert list(shared) == parts(n_parts)
    loads = Counter(dict.fromkeys(wanted, 0)) + Counter(shared.values())
    counts = [loads[name] for name in wanted]
    assert max(counts) - min(counts) <= 1


@given(st.integers(1, 12), st.integers(1, 5))
def test_sharing_again_moves_nothing(n_parts: int, n_members: int) -> None:
    wanted = {f"m{i}": parts(n_parts) for i in range(n_members)}
    shared = share_out(wanted, {})
    assert share_out(wanted, shared) == shared


def test_only_who_wants_a_topic_gets_it() -> None:
    other = TopicPartition("other", 0)
    shared = share_out({"anna": parts(2), "bert": [other]}, {other: "anna"})
    assert shared == {parts(2)[0]: "anna", parts(2)[1]: "anna", other: "bert"}


def test_nobody_means_nothing() -> None:
    assert share_out({}, {parts(1)[0]: "anna"}) == {}
