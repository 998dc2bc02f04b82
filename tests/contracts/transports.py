"""What every transport promises, as tests: offsets grow, but need not be next to each other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from topicstream.stream import failpoints
from topicstream.stream.errors import CommitError, FencedError, RetentionError, TopicError
from topicstream.stream.failpoints import FailpointError
from topicstream.stream.protocols import Reader, Transport
from topicstream.stream.records import OffsetMark, Output, Record, TopicPartition, TopicSpec

PATIENCE_S = 30.0
PLACES_BEFORE_COMMIT = ("after_begin", "half_sends", "after_flush", "after_offsets", "in_commit")


@dataclass(slots=True)
class Subject:
    """A transport under test, and names that no other test has."""

    prefix: str
    open_again: Callable[[], Transport]
    opened: list[Transport] = field(default_factory=list)

    def open(self) -> Transport:
        self.opened.append(self.open_again())
        return self.opened[-1]

    def name(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def close(self) -> None:
        for transport in reversed(self.opened):
            transport.close()


@dataclass(frozen=True, slots=True)
class Bench:
    """An open transport with one topic, called `docs`, and short ways to write and read it."""

    subject: Subject
    log: Transport
    docs: str

    def part(self, number: int = 0, topic: str | None = None) -> TopicPartition:
        return TopicPartition(topic or self.docs, number)

    def add(self, name: str, n_partitions: int = 1) -> str:
        topic = self.subject.name(name)
        self.log.create_topics([TopicSpec(topic, n_partitions)])
        return topic

    def outputs(self, *values: bytes | None, partition: int = 0) -> list[Output]:
        return [Output(self.docs, value, partition=partition) for value in values]

    def write(self, *values: bytes | None, partition: int = 0) -> list[int]:
        writer = self.log.writer(self.subject.name("feeder"))
        try:
            return writer.commit(
                self.outputs(*values, partition=partition), {}, group=self.subject.name("feeders")
            )
        finally:
            writer.close()

    def read_all(
        self, topic: str | None = None, transport: Transport | None = None
    ) -> list[Record]:
        log = transport or self.log
        parts = log.partitions(topic or self.docs)
        reader = log.reader(log.beginning_offsets(parts))
        try:
            return read_to(reader, log.end_offsets(parts))
        finally:
            reader.close()

    def values(self, transport: Transport | None = None) -> list[bytes | None]:
        return [record.value for record in self.read_all(transport=transport)]


def read_to(reader: Reader, ends: Mapping[TopicPartition, int]) -> list[Record]:
    """Read until the positions have reached `ends`."""
    deadline = time.monotonic() + PATIENCE_S
    records: list[Record] = []
    while any(reader.positions().get(part, -1) < end for part, end in ends.items()):
        assert time.monotonic() < deadline, f"stuck at {reader.positions()}, wanted {ends}"
        records += reader.poll(1_000, 0.2)
    return records


def read_some(reader: Reader, n: int, at_once: int = 1_000) -> list[Record]:
    """Read until there are `n` records."""
    deadline = time.monotonic() + PATIENCE_S
    records: list[Record] = []
    while len(records) < n:
        assert time.monotonic() < deadline, f"got {len(records)} records of {n}"
        records += reader.poll(min(at_once, n - len(records)), 0.5)
    return records


class TransportContract:
    """Tests for a fixture `bench`, to be made from a `Subject`."""

    @pytest.fixture(autouse=True)
    def no_failpoints(self) -> Iterator[None]:
        yield
        failpoints.configure(None)

    def test_records_come_back_whole(self, bench: Bench) -> None:
        before_ms = time.time_ns() // 1_000_000
        headers = (("seq", b"7"), ("seq", b"\x00\xff"), ("", b""))
        outputs = [
            Output(bench.docs, b"plain"),
            Output(bench.docs, None, b"key"),
            Output(bench.docs, b"", b""),
            Output(bench.docs, "größer".encode(), b"key", headers=headers),
        ]
        writer = bench.log.writer(bench.subject.name("w"))
        offsets = writer.commit(outputs, {}, group=bench.subject.name("g"))
        records = bench.read_all()
        assert [(r.value, r.key, r.headers) for r in records] == [
            (output.value, output.key, output.headers) for output in outputs
        ]
        assert [r.offset for r in records] == offsets
        assert all(r.topic == bench.docs and r.partition == 0 for r in records)
        after_ms = time.time_ns() // 1_000_000
        assert all(before_ms - 1 <= r.timestamp_ms <= after_ms + 1 for r in records)

    def test_the_order_is_that_of_the_commits(self, bench: Bench) -> None:
        offsets = [bench.write(b"%d" % i, b"%d" % (i + 1)) for i in range(0, 6, 2)]
        assert bench.values() == [b"0", b"1", b"2", b"3", b"4", b"5"]
        flat = [offset for pair in offsets for offset in pair]
        assert flat == sorted(set(flat))

    def test_one_commit_writes_to_several_topics_and_partitions(self, bench: Bench) -> None:
        wide = bench.add("wide", n_partitions=3)
        outputs = [Output(wide, b"%d" % i, partition=i % 3) for i in range(30)]
        bench.log.writer(bench.subject.name("w")).commit(
            [*outputs, *bench.outputs(b"narrow")], {}, group=bench.subject.name("g")
        )
        records = bench.read_all(wide)
        for number in range(3):
            values = [r.value for r in records if r.partition == number]
            assert values == [b"%d" % i for i in range(number, 30, 3)]
        assert bench.values() == [b"narrow"]

    def test_poll_gives_no_more_than_asked_and_nothing_twice(self, bench: Bench) -> None:
        bench.write(*(b"%d" % i for i in range(10)))
        reader = bench.log.reader({bench.part(): 0})
        sizes = []
        values: list[bytes | None] = []
        while len(values) < 10:
            records = reader.poll(3, 5.0)
            sizes.append(len(records))
            values += [record.value for record in records]
        assert max(sizes) <= 3
        assert values == [b"%d" % i for i in range(10)]
        assert reader.poll(3, 0.0) == []
        reader.close()

    def test_poll_of_nothing_ends_at_its_timeout(self, bench: Bench) -> None:
        reader = bench.log.reader({bench.part(): 0})
        start = time.monotonic()
        assert reader.poll(10, 0.3) == []
        assert 0.25 <= time.monotonic() - start < 5.0
        reader.close()

    def test_a_commit_wakes_a_waiting_poll(self, bench: Bench) -> None:
        waiting = threading.Event()

        def read() -> tuple[list[Record], float]:
            reader = bench.log.reader({bench.part(): 0})
            reader.poll(1, 0.0)
            waiting.set()
            start = time.monotonic()
            records = reader.poll(10, PATIENCE_S)
            reader.close()
            return records, time.monotonic() - start

        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(read)
            assert waiting.wait(PATIENCE_S)
            bench.write(b"wake up")
            records, waited_s = answer.result(PATIENCE_S)
        assert [record.value for record in records] == [b"wake up"]
        assert waited_s < PATIENCE_S / 2

    def test_seek_reads_again(self, bench: Bench) -> None:
        offsets = bench.write(b"a", b"b", b"c")
        reader = bench.log.reader({bench.part(): 0})
        read_some(reader, 3)
        reader.seek(bench.part(), offsets[1])
        assert reader.positions() == {bench.part(): offsets[1]}
        assert [record.value for record in read_some(reader, 2)] == [b"b", b"c"]
        reader.close()

    def test_positions_reach_the_ends_and_then_follow(self, bench: Bench) -> None:
        bench.write(b"a")
        parts = [bench.part()]
        reader = bench.log.reader(bench.log.beginning_offsets(parts))
        read_to(reader, bench.log.end_offsets(parts))
        assert reader.positions() == bench.log.end_offsets(parts)
        later = bench.write(b"b")
        (record,) = read_some(reader, 1)
        assert (record.offset, record.value) == (later[0], b"b")
        reader.close()

    def test_an_empty_topic_begins_where_it_ends(self, bench: Bench) -> None:
        parts = bench.log.partitions(bench.docs)
        assert bench.log.beginning_offsets(parts) == bench.log.end_offsets(parts) == {parts[0]: 0}

    @pytest.mark.parametrize("place", PLACES_BEFORE_COMMIT)
    def test_a_commit_that_breaks_off_leaves_nothing(self, bench: Bench, place: str) -> None:
        group = bench.subject.name("g")
        writer = bench.log.writer(bench.subject.name("w"))
        failpoints.configure(f"{place}:raise")
        with pytest.raises((FailpointError, CommitError)):
            writer.commit(bench.outputs(b"a", b"b", b"c", b"d"), {bench.part(): 9}, group=group)
        failpoints.configure(None)
        writer.close()
        bench.log.writer(bench.subject.name("w")).commit(bench.outputs(b"e"), {}, group=group)
        assert bench.values() == [b"e"]
        assert bench.log.committed(group, [bench.part()]) == {}

    def test_a_record_that_is_too_large_takes_its_commit_down(self, bench: Bench) -> None:
        group = bench.subject.name("g")
        writer = bench.log.writer(bench.subject.name("w"))
        too_large = b"x" * (bench.log.max_record_bytes + 1)
        with pytest.raises(CommitError, match=bench.docs):
            writer.commit(bench.outputs(b"a", too_large), {bench.part(): 9}, group=group)
        writer.close()
        bench.log.writer(bench.subject.name("w")).commit(bench.outputs(b"b"), {}, group=group)
        assert bench.values() == [b"b"]
        assert bench.log.committed(group, [bench.part()]) == {}

    def test_a_large_record_comes_back(self, bench: Bench) -> None:
        large = bytes(range(256)) * 3_600
        bench.write(large)
        assert bench.values() == [large]

    def test_offsets_come_back_with_their_notes(self, bench: Bench) -> None:
        wide = bench.add("wide", n_partitions=3)
        parts = bench.log.partitions(wide)
        group = bench.subject.name("g")
        writer = bench.log.writer(bench.subject.name("w"))
        assert writer.commit([], {parts[0]: OffsetMark(3, "7 abc"), parts[1]: 5}, group=group) == []
        expected = {parts[0]: OffsetMark(3, "7 abc"), parts[1]: OffsetMark(5)}
        assert bench.log.committed(group, parts) == expected
        writer.commit([], {parts[0]: 4}, group=group)
        assert bench.log.committed(group, parts[:1]) == {parts[0]: OffsetMark(4)}
        assert bench.log.committed(bench.subject.name("others"), parts) == {}

    def test_what_was_committed_is_there_for_who_opens_it_next(self, bench: Bench) -> None:
        group = bench.subject.name("g")
        bench.log.writer(bench.subject.name("w")).commit(
            bench.outputs(b"a"), {bench.part(): 1}, group=group
        )
        other = bench.subject.open()
        assert bench.values(other) == [b"a"]
        assert other.committed(group, [bench.part()]) == {bench.part(): OffsetMark(1)}

    def test_a_second_writer_of_the_same_id_shuts_out_the_first(self, bench: Bench) -> None:
        group = bench.subject.name("g")
        first = bench.log.writer(bench.subject.name("w"))
        first.commit(bench.outputs(b"a"), {bench.part(): 1}, group=group)
        second = bench.subject.open().writer(bench.subject.name("w"))
        with pytest.raises(FencedError):
            first.commit(bench.outputs(b"zombie"), {bench.part(): 9}, group=group)
        second.commit(bench.outputs(b"b"), {bench.part(): 2}, group=group)
        assert bench.values() == [b"a", b"b"]
        assert bench.log.committed(group, [bench.part()]) == {bench.part(): OffsetMark(2)}

    def test_writers_of_different_ids_live_side_by_side(self, bench: Bench) -> None:
        one = bench.log.writer(bench.subject.name("one"))
        two = bench.log.writer(bench.subject.name("two"))
        for i in range(3):
            one.commit(bench.outputs(b"one %d" % i), {}, group=bench.subject.name("g"))
            two.commit(bench.outputs(b"two %d" % i), {}, group=bench.subject.name("g"))
        expected = [b"%s %d" % (who, i) for i in range(3) for who in (b"one", b"two")]
        assert bench.values() == expected

    def test_the_last_value_of_each_key_survives_compaction(self, bench: Bench) -> None:
        topic = bench.subject.name("compact")
        bench.log.create_topics([TopicSpec(topic, cleanup="compact")])
        writer = bench.log.writer(bench.subject.name("w"))
        for i in range(3):
            outputs = [
                Output(topic, b"first %d" % i, b"1"),
                Output(topic, b"second %d" % i, b"2"),
                Output(topic, b"again %d" % i, b"1"),
            ]
            writer.commit(outputs, {}, group=bench.subject.name("g"))
        writer.commit([Output(topic, None, b"2")], {}, group=bench.subject.name("g"))
        newest = {record.key: record.value for record in bench.read_all(topic)}
        assert newest == {b"1": b"again 2", b"2": None}

    def test_a_group_goes_on_where_it_stopped(self, bench: Bench) -> None:
        group = bench.subject.name("g")
        bench.write(*(b"%d" % i for i in range(5)))
        reader = bench.log.group_reader([bench.docs], group, "anna")
        records = read_some(reader, 3)
        assert [record.value for record in records] == [b"0", b"1", b"2"]
        writer = bench.log.writer(bench.subject.name("w"))
        writer.commit([], reader.positions(), group=group, member=reader)
        reader.close()
        again = bench.subject.open().group_reader([bench.docs], group, "anna")
        assert [record.value for record in read_some(again, 2)] == [b"3", b"4"]
        again.close()

    def test_a_group_without_offsets_begins_at_the_beginning(self, bench: Bench) -> None:
        bench.write(b"a", b"b")
        reader = bench.log.group_reader([bench.docs], bench.subject.name("new"), "anna")
        assert [record.value for record in read_some(reader, 2)] == [b"a", b"b"]
        reader.close()

    def test_members_of_a_group_share_the_partitions(self, bench: Bench) -> None:
        wide = bench.add("wide", n_partitions=4)
        group = bench.subject.name("g")
        anna = bench.log.group_reader([wide], group, "anna")
        bert = bench.subject.open().group_reader([wide], group, "bert")
        everything = set(bench.log.partitions(wide))
        deadline = time.monotonic() + PATIENCE_S
        while not (len(anna.positions()) == len(bert.positions()) == 2):
            assert time.monotonic() < deadline, (anna.positions(), bert.positions())
            anna.poll(10, 0.1)
            bert.poll(10, 0.1)
        assert set(anna.positions()) | set(bert.positions()) == everything
        anna.close()
        bert.close()

    def test_who_takes_a_members_name_shuts_it_out(self, bench: Bench) -> None:
        group = bench.subject.name("g")
        bench.write(b"a")
        first = bench.log.group_reader([bench.docs], group, "anna")
        read_some(first, 1)
        positions = first.positions()
        second = bench.subject.open().group_reader([bench.docs], group, "anna")
        assert [record.value for record in read_some(second, 1)] == [b"a"]
        writer = bench.log.writer(bench.subject.name("w"))
        with pytest.raises(FencedError):
            writer.commit(bench.outputs(b"zombie"), positions, group=group, member=first)
        writer.close()
        assert bench.log.committed(group, [bench.part()]) == {}
        assert bench.values() == [b"a"]
        second.close()
        first.close()

    def test_readers_in_other_threads_see_the_same(self, bench: Bench) -> None:
        bench.write(*(b"%d" % i for i in range(500)))
        with ThreadPoolExecutor(3) as pool:
            answers = [pool.submit(bench.values) for _ in range(3)]
            values = [answer.result(PATIENCE_S) for answer in answers]
        assert values == [[b"%d" % i for i in range(500)]] * 3

    def test_what_was_deleted_is_missed_loudly(self, bench: Bench) -> None:
        offsets = bench.write(b"a", b"b", b"c")
        bench.log.delete_before({bench.part(): offsets[2]})
        assert bench.log.beginning_offsets([bench.part()]) == {bench.part(): offsets[2]}
        assert bench.values() == [b"c"]
        reader = bench.log.reader({bench.part(): offsets[0]})
        with pytest.raises(RetentionError, match=bench.docs):
            read_some(reader, 1)
        reader.close()

    def test_a_position_behind_the_end_is_an_error(self, bench: Bench) -> None:
        bench.write(b"a")
        reader = bench.log.reader({bench.part(): 1_000})
        with pytest.raises(RetentionError, match=bench.docs):
            read_some(reader, 1)
        reader.close()

    def test_offsets_of_deleted_records_are_never_given_again(self, bench: Bench) -> None:
        offsets = bench.write(b"a", b"b")
        ends = bench.log.end_offsets([bench.part()])
        bench.log.delete_before(ends)
        # On Kafka the marker that ends a transaction may come just after the first look.
        assert bench.log.end_offsets([bench.part()])[bench.part()] >= ends[bench.part()]
        assert bench.write(b"c")[0] > offsets[1]
        assert bench.values() == [b"c"]

    def test_an_unknown_topic_is_an_error(self, bench: Bench) -> None:
        with pytest.raises(TopicError, match="nowhere"):
            bench.log.partitions(bench.subject.name("nowhere"))

    def test_creating_a_topic_again_is_harmless(self, bench: Bench) -> None:
        bench.write(b"a")
        bench.log.create_topics([TopicSpec(bench.docs)])
        assert bench.values() == [b"a"]
        assert bench.log.partitions(bench.docs) == [bench.part()]

    def test_compaction_where_everything_is_needed_is_an_error(self, bench: Bench) -> None:
        topic = bench.subject.name("compact")
        bench.log.create_topics([TopicSpec(topic, cleanup="compact")])
        with pytest.raises(TopicError, match=topic):
            bench.log.create_topics([TopicSpec(topic, cleanup="delete")])

    def test_closing_twice_is_harmless(self, bench: Bench) -> None:
        log = bench.subject.open()
        reader = log.reader({bench.part(): 0})
        member = log.group_reader([bench.docs], bench.subject.name("g"), "anna")
        writer = log.writer(bench.subject.name("w"))
        for thing in (reader, member, writer, log):
            thing.close()
            thing.close()
