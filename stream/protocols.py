"""What every transport promises; `tests/contracts` holds the promises as tests.

A transport is a set of topics. Readers see committed records only, in order within a partition.
A writer commits outputs and offsets together or not at all, and taking the same writer id again
shuts out whoever held it before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol, Self

from topicstream.stream.records import OffsetMark, Output, Record, TopicPartition, TopicSpec


class Reader(Protocol):
    """Reads committed records; belongs to one thread."""

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """Return up to `max_records` next records, or none once `timeout_s` seconds are over.

        It returns as soon as there is anything at all, and never a record twice.
        """

    def positions(self) -> dict[TopicPartition, int]:
        """Return the next offset to be read, for each partition held now."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Continue reading `partition` at `offset`."""

    def close(self) -> None:
        """Let go of connections; closing twice is harmless."""


class Writer(Protocol):
    """Writes outputs and offsets as one; belongs to one thread."""

    def commit(
        self,
        outputs: Sequence[Output],
        offsets: Mapping[TopicPartition, int | OffsetMark],
        *,
        group: str,
        member: Reader | None = None,
    ) -> list[int]:
        """Make `outputs` and the `offsets` of `group` durable together, or nothing of them.

        Parameters
        ----------
        outputs
            Records to write, in this order.
        offsets
            Next offset to read, for each partition that was consumed; may be empty.
        group
            Consumer group that the offsets belong to.
        member
            The group reader that the records came from, where there is one: the commit is
            refused when its partitions have been taken away in between.

        Returns
        -------
        list of int
            The offset that each output got.

        Raises
        ------
        FencedError
            Another process has opened a writer with the same id, or has taken the partitions.
        CommitError
            Anything else. The process has to end: only the log knows what was committed.

        """

    def close(self) -> None:
        """Let go of connections; closing twice is harmless."""


class Transport(Protocol):
    """Topics with partitions, offsets per group, and transactions over both.

    A transport may be used from several threads; its readers and writers may not.
    """

    max_record_bytes: int
    """Largest value, in bytes, that `Writer.commit` accepts."""

    def create_topics(self, specs: Sequence[TopicSpec]) -> None:
        """Create what is missing, and check what is there.

        Raises
        ------
        TopicError
            A topic is missing and may not be created, or exists with a cleanup policy that would
            lose data. The message says what to do.

        """

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Return the partitions of `topic`, in order; TopicError when there is no such topic."""

    def reader(self, positions: Mapping[TopicPartition, int]) -> Reader:
        """Read the given partitions from the given offsets on, without a group.

        `Reader.poll` raises RetentionError when a position lies before the first record kept.
        """

    def group_reader(self, topics: Collection[str], group: str, member: str) -> Reader:
        """Read as one member of a consumer group, from the group's offsets or the beginning.

        Parameters
        ----------
        topics
            Topics to share with the other members.
        group
            Name of the group.
        member
            Name of this member, the same after each restart.

        """

    def writer(self, writer_id: str) -> Writer:
        """Become the writer called `writer_id`, after shutting out whoever was it before.

        On return, what the earlier holder had open is committed or gone.
        """

    def committed(
        self, group: str, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, OffsetMark]:
        """Return the committed offsets of `group`, leaving out partitions without one."""

    def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the first offset still kept, for each partition."""

    def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offset after the last committed record, for each partition."""

    def delete_before(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Allow the records below the given offsets to be deleted."""

    def close(self) -> None:
        """Let go of everything; closing twice is harmless."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...
