from __future__ import annotations

from collections.abc import Sequence

import pytest

from topicstream.stream.errors import RetentionError
from topicstream.stream.journal import segments_of
from topicstream.stream.memory import MemoryLog
from topicstream.stream.records import Output, Record, TopicPartition, TopicSpec
from topicstream.workers.intake import Intake, even_shares


def log_with(*counts: int) -> MemoryLog:
    log = MemoryLog()
    log.create_topics([TopicSpec("t", len(counts))])
    add(log, counts)
    return log


def add(log: MemoryLog, counts: Sequence[int]) -> None:
    outputs = [
        Output("t", b"%d" % i, partition=part)
        for part, count in enumerate(counts)
        for i in range(count)
    ]
    log.writer("w").commit(outputs, {}, group="g")


def intake_of(log: MemoryLog) -> Intake:
    return Intake(log, log.beginning_offsets(log.partitions("t")))


def places(records: Sequence[Record]) -> list[tuple[int, int]]:
    return [(record.partition, record.offset) for record in records]


@pytest.mark.parametrize(
    ("counts", "n", "shares"),
    [
        ([], 5, []),
        ([0, 0], 5, [0, 0]),
        ([9, 9], 4, [2, 2]),
        ([9, 1], 6, [5, 1]),
        ([1, 1, 1], 2, [1, 1, 0]),
        ([3, 4], 100, [3, 4]),
    ],
)
def test_shares_are_even_and_as_many_as_wanted(
    counts: list[int], n: int, shares: list[int]
) -> None:
    assert even_shares(counts, n) == shares


def test_records_are_taken_in_canonical_order_and_the_rest_is_carried_over() -> None:
    intake = intake_of(log_with(3, 2))
    intake.fill(4, 0.0)
    assert places(intake.take(4)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert places(intake.take(4)) == [(0, 2)]
    assert intake.n_waiting == 0


def test_what_makes_up_a_batch_does_not_depend_on_where_reading_began() -> None:
    log = log_with(5, 5, 5)
    first = intake_of(log)
    first.fill(4, 0.0)
    one, two = first.take(4), first.take(4)
    again = Intake(log, dict.fromkeys(log.partitions("t"), 0) | _after(one))
    again.fill(4, 0.0)
    assert places(again.take(4)) == places(two)


def _after(records: Sequence[Record]) -> dict[TopicPartition, int]:
    return {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}


def test_the_end_is_known() -> None:
    log = log_with(2)
    intake = intake_of(log)
    assert not intake.at_end()
    intake.fill(5, 0.0)
    assert intake.at_end()
    add(log, [1])
    assert not intake.at_end()


def test_records_are_taken_again_as_the_segments_say() -> None:
    log = log_with(4, 4)
    first = intake_of(log)
    first.fill(3, 0.0)
    batches = [first.take(3), first.take(3)]
    again = intake_of(log)
    for batch in batches:
        assert again.take_again(segments_of(batch)) == batch


def test_records_that_are_gone_are_missed() -> None:
    log = log_with(4)
    first = intake_of(log)
    first.fill(2, 0.0)
    first.take(2)
    segments = segments_of(first.take(2))
    with pytest.raises(RetentionError, match="offsets 2 to 3 of partition 0 of topic 't'"):
        intake_of(log).take_again(segments)
