"""The contract is worth something: it turns down transports that lose, repeat or mix up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.contracts.transports import Bench, Subject, TransportContract
from topicstream.stream import failpoints
from topicstream.stream.memory import MemoryGroupReader, MemoryLog, MemoryReader, MemoryWriter
from topicstream.stream.protocols import Reader
from topicstream.stream.records import OffsetMark, Output, Record, TopicPartition, TopicSpec


class WriterOf(MemoryLog):
    """A log whose writers are of another class."""

    kind: type[MemoryWriter] = MemoryWriter

    def writer(self, writer_id: str) -> MemoryWriter:
        sound = super().writer(writer_id)
        return self.kind(self, sound._id, sound._epoch)


class Unfenced(WriterOf):
    class kind(MemoryWriter):  # noqa: N801
        def commit(self, *args: Any, **keywords: Any) -> list[int]:
            self._epoch = self._log.epochs[self._id]
            return super().commit(*args, **keywords)


class OffsetsFirst(WriterOf):
    class kind(MemoryWriter):  # noqa: N801
        def commit(
            self,
            outputs: Sequence[Output],
            offsets: Mapping[TopicPartition, int | OffsetMark],
            *,
            group: str,
            member: Reader | None = None,
        ) -> list[int]:
            super().commit([], offsets, group=group, member=member)
            return super().commit(outputs, {}, group=group)


class OneByOne(WriterOf):
    class kind(MemoryWriter):  # noqa: N801
        def commit(
            self,
            outputs: Sequence[Output],
            offsets: Mapping[TopicPartition, int | OffsetMark],
            *,
            group: str,
            member: Reader | None = None,
        ) -> list[int]:
            written = [MemoryWriter.commit(self, [o], {}, group=group)[0] for o in outputs]
            super().commit([], offsets, group=group, member=member)
            return written


class TooSoon(WriterOf):
    class kind(MemoryWriter):  # noqa: N801
        def commit(
            self,
            outputs: Sequence[Output],
            offsets: Mapping[TopicPartition, int | OffsetMark],
            *,
            group: str,
            member: Reader | None = None,
        ) -> list[int]:
            written = self._apply(outputs, offsets, group)
            failpoints.hit("in_commit")
            return written


class TrustsMembers(WriterOf):
    class kind(MemoryWriter):  # noqa: N801
        def commit(self, *args: Any, **keywords: Any) -> list[int]:
            return super().commit(*args, **{**keywords, "member": None})


class Headless(WriterOf):
    class kind(MemoryWriter):  # noqa: N801
        def commit(self, outputs: Sequence[Output], *args: Any, **keywords: Any) -> list[int]:
            bare = [output._replace(headers=()) for output in outputs]
            return super().commit(bare, *args, **keywords)


class Empties(WriterOf):
    class kind(MemoryWriter):  # noqa: N801
        def commit(self, outputs: Sequence[Output], *args: Any, **keywords: Any) -> list[int]:
            filled = [output._replace(value=output.value or b"") for output in outputs]
            return super().commit(filled, *args, **keywords)


class ReaderOf(MemoryLog):
    """A log whose readers are of another class."""

    kind: type[MemoryReader] = MemoryReader

    def reader(self, positions: Mapping[TopicPartition, int]) -> MemoryReader:
        return self.kind(self, positions)


class Greedy(ReaderOf):
    class kind(MemoryReader):  # noqa: N801
        def poll(self, max_records: int, timeout_s: float) -> list[Record]:
            return super().poll(2 * max_records, timeout_s)


class Backwards(ReaderOf):
    class kind(MemoryReader):  # noqa: N801
        def poll(self, max_records: int, timeout_s: float) -> list[Record]:
            return super().poll(max_records, timeout_s)[::-1]


class Hasty(ReaderOf):
    class kind(MemoryReader):  # noqa: N801
        def poll(self, max_records: int, timeout_s: float) -> list[Record]:
            return super().poll(max_records, 0.0)


class Forgiving(ReaderOf):
    class kind(MemoryReader):  # noqa: N801
        def poll(self, max_records: int, timeout_s: float) -> list[Record]:
            begins = self._log.beginning_offsets(self._positions)
            ends = self._log.end_offsets(self._positions)
            for part, position in self._positions.items():
                self._positions[part] = min(max(position, begins[part]), ends[part])
            return super().poll(max_records, 0.0)


class Reuses(MemoryLog):
    def delete_before(self, offsets: Mapping[TopicPartition, int]) -> None:
        super().delete_before(offsets)
        for part in offsets:
            kept = self.partition(part)
            if not kept.records:
                kept.begin = kept.end = 0


class Forgetful(MemoryLog):
    def group_reader(self, topics: Any, group: str, member: str) -> MemoryGroupReader:
        return super().group_reader(topics, f"{group} {self.n_groups}", member)

    @property
    def n_groups(self) -> int:
        self._n_groups = getattr(self, "_n_groups", 0) + 1
        return self._n_groups


CASES = [
    (Unfenced, "test_a_second_writer_of_the_same_id_shuts_out_the_first", ()),
    (OffsetsFirst, "test_a_record_that_is_too_large_takes_its_commit_down", ()),
    (OneByOne, "test_a_record_that_is_too_large_takes_its_commit_down", ()),
    (TooSoon, "test_a_commit_that_breaks_off_leaves_nothing", ("in_commit",)),
    (TrustsMembers, "test_who_takes_a_members_name_shuts_it_out", ()),
    (Headless, "test_records_come_back_whole", ()),
    (Empties, "test_records_come_back_whole", ()),
    (Greedy, "test_poll_gives_no_more_than_asked_and_nothing_twice", ()),
    (Backwards, "test_the_order_is_that_of_the_commits", ()),
    (Hasty, "test_poll_of_nothing_ends_at_its_timeout", ()),
    (Forgiving, "test_what_was_deleted_is_missed_loudly", ()),
    (Forgiving, "test_a_position_behind_the_end_is_an_error", ()),
    (Reuses, "test_offsets_of_deleted_records_are_never_given_again", ()),
    (Forgetful, "test_a_group_goes_on_where_it_stopped", ()),
]


@pytest.fixture(autouse=True)
def no_failpoints() -> Iterator[None]:
    yield
    failpoints.configure(None)


@pytest.mark.parametrize(("kind", "name", "arguments"), CASES)
def test_a_broken_transport_is_turned_down(
    kind: type[MemoryLog], name: str, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.contracts.transports.PATIENCE_S", 0.3)
    log = kind()
    subject = Subject("t", lambda: log)
    log.create_topics([TopicSpec("t-docs")])
    check = getattr(TransportContract(), name)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(Bench(subject, log, "t-docs"), *arguments)
