"""A log in memory: the same promises as the durable ones, for tests and notebooks."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from topicstream.stream import failpoints
from topicstream.stream.errors import (
    CommitError,
    FencedError,
    RetentionError,
    TopicError,
    UnavailableError,
)
from topicstream.stream.groups import share_out
from topicstream.stream.protocols import Reader
from topicstream.stream.records import OffsetMark, Output, Record, TopicPartition, TopicSpec

_PLACES = ("after_begin", "half_sends", "after_flush", "after_offsets", "in_commit")


@dataclass(slots=True)
class _Partition:
    spec: TopicSpec
    records: list[Record] = field(default_factory=list)
    begin: int = 0
    end: int = 0

    def append(self, output: Output, now_ms: int) -> int:
        topic, value, key, number, headers = output
        if self.spec.cleanup == "compact":
            self.records = [record for record in self.records if record.key != key]
        self.records.append(Record(topic, number, self.end, now_ms, key, value, headers))
        self.end += 1
        return self.end - 1

    def slice(self, position: int, limit: int) -> list[Record]:
        start = bisect_left(self.records, position, key=lambda record: record.offset)
        return self.records[start : start + limit]

    def delete_before(self, offset: int) -> None:
        self.begin = max(self.begin, min(offset, self.end))
        self.records = [record for record in self.records if record.offset >= self.begin]


@dataclass(slots=True)
class _Group:
    offsets: dict[TopicPartition, OffsetMark] = field(default_factory=dict)
    members: dict[str, MemoryGroupReader] = field(default_factory=dict)
    owners: dict[TopicPartition, str] = field(default_factory=dict)

    def share(self) -> None:
        """Give each member its partitions; one that changes hands is read from the offsets."""
        wanted = {name: reader.wanted for name, reader in self.members.items()}
        self.owners = share_out(wanted, self.owners)
        for name, reader in self.members.items():
            reader.hold([part for part, owner in self.owners.items() if owner == name])


class MemoryLog:
    """A `Transport` that is gone when the process ends.

    Examples
    --------
    >>> log = MemoryLog()
    >>> log.create_topics([TopicSpec("documents")])
    >>> writer = log.writer("feeder")
    >>> writer.commit([Output("documents", b"hello")], {}, group="feeders")
    [0]
    >>> log.reader({TopicPartition("documents", 0): 0}).poll(10, timeout_s=0)[0].value
    b'hello'

    """

    max_record_bytes = 16 * 2**20

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.closed = False
        self._partitions: dict[TopicPartition, _Partition] = {}
        self._groups: dict[str, _Group] = {}
        self.epochs: dict[str, int] = {}

    def create_topics(self, specs: Sequence[TopicSpec]) -> None:
        """Create what is missing; TopicError when a topic exists with another cleanup policy."""
        with self.changed:
            for spec in specs:
                self._check_policy(spec)
            for spec in specs:
                if TopicPartition(spec.name, 0) not in self._partitions:
                    for number in range(spec.n_partitions):
                        self._partitions[TopicPartition(spec.name, number)] = _Partition(spec)

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Return the partitions of `topic`, in order; TopicError when there is no such topic."""
        with self.changed:
            self.check_open()
            found = [part for part in self._partitions if part.topic == topic]
        if not found:
            raise _unknown(f"topic {topic!r}")
        return found

    def reader(self, positions: Mapping[TopicPartition, int]) -> MemoryReader:
        """Read the given partitions from the given offsets on, without a group."""
        with self.changed:
            self.check_open()
            for part in positions:
                self.partition(part)
            return MemoryReader(self, positions)

    def group_reader(self, topics: Collection[str], group: str, member: str) -> MemoryGroupReader:
        """Read as one member of a consumer group, from the group's offsets or the beginning."""
        with self.changed:
            wanted = [part for topic in sorted(topics) for part in self.partitions(topic)]
            return MemoryGroupReader(self, self.group(group), member, wanted)

    def writer(self, writer_id: str) -> MemoryWriter:
        """Become the writer called `writer_id`, after shutting out whoever was it before."""
        with self.changed:
            self.check_open()
            self.epochs[writer_id] = self.epochs.get(writer_id, 0) + 1
            return MemoryWriter(self, writer_id, self.epochs[writer_id])

    def committed(
        self, group: str, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, OffsetMark]:
        """Return the committed offsets of `group`, leaving out partitions without one."""
        with self.changed:
            self.check_open()
            marks = self.group(group).offsets
            return {part: marks[part] for part in partitions if part in marks}

    def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the first offset still kept, for each partition."""
        with self.changed:
            self.check_open()
            return {part: self.partition(part).begin for part in partitions}

    def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offset after the last committed record, for each partition."""
        with self.changed:
            self.check_open()
            return {part: self.partition(part).end for part in partitions}

    def delete_before(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Delete the records below the given offsets."""
        with self.changed:
            self.check_open()
            for part, offset in offsets.items():
                self.partition(part).delete_before(offset)

    def close(self) -> None:
        """Wake whoever waits, and answer no more; closing twice is harmless."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def check_open(self) -> None:
        """Raise UnavailableError when the log is closed."""
        if self.closed:
            raise UnavailableError("the log in memory is closed; make a new one")

    def partition(self, part: TopicPartition) -> _Partition:
        """Return what is in one partition; TopicError when there is none."""
        if part not in self._partitions:
            raise _unknown(f"partition {part.partition} of topic {part.topic!r}")
        return self._partitions[part]

    def group(self, name: str) -> _Group:
        """Return what is known of one group."""
        return self._groups.setdefault(name, _Group())

    def _check_policy(self, spec: TopicSpec) -> None:
        found = self._partitions.get(TopicPartition(spec.name, 0))
        if found is not None and found.spec.cleanup != spec.cleanup:
            raise TopicError(
                f"topic {spec.name!r} has cleanup policy {found.spec.cleanup!r}, and "
                f"{spec.cleanup!r} is needed: records would be lost; give another topic name"
            )


class MemoryReader:
    """Reads given partitions from given offsets on."""

    def __init__(self, log: MemoryLog, positions: Mapping[TopicPartition, int]) -> None:
        self._log = log
        self._positions = dict(sorted(positions.items()))
        self._turn = 0
        self._closed = False

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """Return up to `max_records` next records, or none once `timeout_s` seconds are over."""
        deadline = time.monotonic() + timeout_s
        with self._log.changed:
            while True:
                self._check()
                records = self._read(max_records)
                rest_s = deadline - time.monotonic()
                if records or rest_s <= 0:
                    return records
                self._log.changed.wait(rest_s)

    def positions(self) -> dict[TopicPartition, int]:
        """Return the next offset to be read, for each partition held now."""
        with self._log.changed:
            return dict(self._positions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Continue reading `partition` at `offset`."""
        if partition not in self._positions:
            raise ValueError(
                f"partition {partition} is not read here; this reader has {list(self._positions)}"
            )
        self._positions[partition] = offset

    def close(self) -> None:
        """Read no more; closing twice is harmless."""
        with self._log.changed:
            self._closed = True
            self._log.changed.notify_all()

    def _check(self) -> None:
        self._log.check_open()
        if self._closed:
            raise UnavailableError("this reader of a log in memory is closed; make a new one")

    def _read(self, max_records: int) -> list[Record]:
        records: list[Record] = []
        moved: dict[TopicPartition, int] = {}
        parts = list(self._positions)
        self._turn += 1
        for i in range(len(parts)):
            part = parts[(self._turn + i) % len(parts)]
            if len(records) < max_records:
                found, moved[part] = self._read_part(part, max_records - len(records))
                records += found
        self._positions.update(moved)
        return records

    def _read_part(self, part: TopicPartition, limit: int) -> tuple[list[Record], int]:
        kept, position = self._log.partition(part), self._positions[part]
        if not kept.begin <= position <= kept.end:
            raise RetentionError(
                f"partition {part.partition} of topic {part.topic!r} holds the offsets "
                f"{kept.begin} to {kept.end}, but {position} is needed; keep records longer, or "
                "start anew"
            )
        found = kept.slice(position, limit)
        return found, kept.end if len(found) < limit else found[-1].offset + 1


class MemoryGroupReader(MemoryReader):
    """Reads its share of some topics, from the group's offsets or the beginning."""

    def __init__(
        self, log: MemoryLog, group: _Group, member: str, wanted: list[TopicPartition]
    ) -> None:
        super().__init__(log, {})
        self.wanted = wanted
        self._group = group
        self._member = member
        self._lost: dict[TopicPartition, bool] = {}
        group.members[member] = self
        group.share()

    def hold(self, parts: list[TopicPartition]) -> None:
        """Take over `parts`, and let go of all others."""
        self._lost |= {part: True for part in self._positions if part not in parts}
        self._positions = {part: self._positions.get(part, self._start(part)) for part in parts}

    def check_held(self, parts: Iterable[TopicPartition]) -> None:
        """Raise FencedError when one of `parts` has been taken away since it was read."""
        self._check_name()
        for part in parts:
            if part not in self._positions or self._lost.get(part):
                raise FencedError(
                    f"partition {part.partition} of topic {part.topic!r} was taken from member "
                    f"{self._member!r}; end it and start again"
                )

    def close(self) -> None:
        """Give the partitions to the others; closing twice is harmless."""
        with self._log.changed:
            if self._group.members.get(self._member) is self:
                del self._group.members[self._member]
                self._group.share()
            super().close()

    def _check(self) -> None:
        super()._check()
        self._check_name()
        # Whoever polls has seen what was lost: what it reads from here on is its own again.
        self._lost.clear()

    def _check_name(self) -> None:
        if not self._closed and self._group.members.get(self._member) is not self:
            raise FencedError(
                f"another reader has joined the group as {self._member!r}; end this one, or give "
                "each its own member name"
            )

    def _start(self, part: TopicPartition) -> int:
        mark = self._group.offsets.get(part)
        return self._log.partition(part).begin if mark is None else mark.offset


class MemoryWriter:
    """Commits under one writer id, until another takes that id."""

    def __init__(self, log: MemoryLog, writer_id: str, epoch: int) -> None:
        self._log = log
        self._id = writer_id
        self._epoch = epoch
        self._closed = False

    def commit(
        self,
        outputs: Sequence[Output],
        offsets: Mapping[TopicPartition, int | OffsetMark],
        *,
        group: str,
        member: Reader | None = None,
    ) -> list[int]:
        """Make `outputs` and the `offsets` of `group` visible together, or nothing of them."""
        with self._log.changed:
            self._check(outputs, offsets, member)
            for place in _PLACES:
                failpoints.hit(place)
            written = self._apply(outputs, offsets, group)
            self._log.changed.notify_all()
        failpoints.hit("after_commit")
        return written

    def close(self) -> None:
        """Write no more; closing twice is harmless."""
        self._closed = True

    def _check(
        self,
        outputs: Sequence[Output],
        offsets: Mapping[TopicPartition, int | OffsetMark],
        member: Reader | None,
    ) -> None:
        if self._closed or self._log.closed:
            raise CommitError(f"writer {self._id!r} is closed; make a new one")
        if self._log.epochs[self._id] != self._epoch:
            raise FencedError(f"another has become writer {self._id!r}; end this one")
        if isinstance(member, MemoryGroupReader):
            member.check_held(offsets)
        try:
            for part in offsets:
                self._log.partition(part)
            for output in outputs:
                self._check_output(output)
        except TopicError as error:
            raise CommitError(f"nothing was committed: {error}") from error

    def _check_output(self, output: Output) -> None:
        kept = self._log.partition(TopicPartition(output.topic, output.partition))
        if kept.spec.cleanup == "compact" and output.key is None:
            raise TopicError(
                f"a record for the compacted topic {output.topic!r} has no key; give it one"
            )
        if output.value is not None and len(output.value) > self._log.max_record_bytes:
            raise CommitError(
                f"a record of {len(output.value):,} bytes for topic {output.topic!r} is larger "
                f"than the {self._log.max_record_bytes:,} bytes allowed; make it smaller"
            )

    def _apply(
        self,
        outputs: Sequence[Output],
        offsets: Mapping[TopicPartition, int | OffsetMark],
        group: str,
    ) -> list[int]:
        now_ms = time.time_ns() // 1_000_000
        marks = self._log.group(group).offsets
        for part, mark in offsets.items():
            marks[part] = mark if isinstance(mark, OffsetMark) else OffsetMark(mark)
        return [
            self._log.partition(TopicPartition(output.topic, output.partition)).append(
                output, now_ms
            )
            for output in outputs
        ]


def _unknown(what: str) -> TopicError:
    return TopicError(f"there is no {what}; create it with create_topics, or correct the name")
