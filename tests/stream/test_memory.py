"""The log in memory where it is more than its contract: who is closed, and who lost a partition."""

from __future__ import annotations

import threading

import pytest

from topicstream.stream.errors import CommitError, FencedError, UnavailableError
from topicstream.stream.memory import MemoryLog
from topicstream.stream.records import OffsetMark, Output, TopicPartition, TopicSpec

DOCS = TopicPartition("docs", 0)


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog()
    log.create_topics([TopicSpec("docs", 2)])
    return log


def test_only_the_last_record_of_a_key_is_kept(log: MemoryLog) -> None:
    log.create_topics([TopicSpec("topics", cleanup="compact")])
    outputs = [Output("topics", b"%d" % i, b"%d" % (i % 2)) for i in range(6)]
    log.writer("w").commit(outputs, {}, group="g")
    part = TopicPartition("topics", 0)
    reader = log.reader({part: 0})
    assert [(r.offset, r.value) for r in reader.poll(10, 0.0)] == [(4, b"4"), (5, b"5")]
    assert reader.positions() == {part: 6}


def test_a_record_without_a_key_cannot_be_compacted(log: MemoryLog) -> None:
    log.create_topics([TopicSpec("topics", cleanup="compact")])
    with pytest.raises(CommitError, match="has no key"):
        log.writer("w").commit([Output("topics", b"x")], {}, group="g")


def test_a_commit_to_an_unknown_topic_is_refused(log: MemoryLog) -> None:
    with pytest.raises(CommitError, match="create it with create_topics"):
        log.writer("w").commit([Output("docs", b"a"), Output("nowhere", b"b")], {}, group="g")
    assert log.end_offsets([DOCS]) == {DOCS: 0}


def test_a_partition_that_came_back_cannot_be_committed_with_what_was_read_before(
    log: MemoryLog,
) -> None:
    log.writer("w").commit([Output("docs", b"a", partition=n) for n in (0, 1)], {}, group="f")
    anna = log.group_reader(["docs"], "g", "anna")
    assert len(anna.poll(10, 0.0)) == 2
    bert = log.group_reader(["docs"], "g", "bert")
    (moved,) = bert.positions()
    bert.close()
    with pytest.raises(FencedError, match="was taken from member 'anna'"):
        log.writer("w").commit([], {moved: 1}, group="g", member=anna)
    assert [record.partition for record in anna.poll(10, 0.0)] == [moved.partition]
    log.writer("w").commit([], {moved: 1}, group="g", member=anna)
    assert log.committed("g", [moved]) == {moved: OffsetMark(1)}


def test_closing_the_log_wakes_who_waits(log: MemoryLog) -> None:
    said: list[str] = []

    def read() -> None:
        try:
            log.reader({DOCS: 0}).poll(1, 60.0)
        except UnavailableError as error:
            said.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    while not log.changed._waiters:  # type: ignore[attr-defined]  # to know that it waits
        assert thread.is_alive()
    log.close()
    thread.join(30)
    assert said == ["the log in memory is closed; make a new one"]
    with pytest.raises(UnavailableError, match="closed"):
        log.partitions("docs")


def test_seek_of_a_partition_that_is_not_read_is_an_error(log: MemoryLog) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        log.reader({DOCS: 0}).seek(TopicPartition("nowhere", 0), 0)
