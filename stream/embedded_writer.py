"""Writing the embedded log: outputs and offsets in one SQL transaction."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from topicstream.stream import failpoints
from topicstream.stream.embedded_append import append
from topicstream.stream.embedded_file import (
    LogFile,
    explained,
    partition_id,
    transaction,
)
from topicstream.stream.embedded_reader import EmbeddedGroupReader
from topicstream.stream.errors import CommitError, FencedError, TopicError, UnavailableError
from topicstream.stream.protocols import Reader
from topicstream.stream.records import OffsetMark, Output, TopicPartition

MAX_RECORD_BYTES = 16 * 2**20
"""Largest value that is accepted."""


class EmbeddedWriter:
    """Commits under one writer id, until another takes that id."""

    def __init__(self, file: LogFile, writer_id: str) -> None:
        self._file = file
        self._id = writer_id
        self._lock = threading.Lock()
        self._unusable = ""
        self._closed = False
        self._connection = file.connect()
        try:
            self._epoch = self._take_over()
        except BaseException:
            self._connection.close()
            raise

    def _take_over(self) -> int:
        # BEGIN IMMEDIATE waits for the earlier holder's transaction to end.
        with explained(self._file.path, UnavailableError), transaction(self._connection):
            row = self._connection.execute(
                "INSERT INTO writers VALUES (?, 1) "
                "ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch",
                (self._id,),
            ).fetchone()
        return int(row[0])

    def commit(
        self,
        outputs: Sequence[Output],
        offsets: Mapping[TopicPartition, int | OffsetMark],
        *,
        group: str,
        member: Reader | None = None,
    ) -> list[int]:
        """Make `outputs` and the `offsets` of `group` durable together, or nothing of them."""
        with self._lock:
            self._check_usable()
            check_sizes(outputs, MAX_RECORD_BYTES)
            written = self._transact(outputs, offsets, group, member)
        self._file.ring()
        failpoints.hit("after_commit")
        return written

    def close(self) -> None:
        """Let go of the connection; closing twice is harmless."""
        with self._lock:
            self._closed = True
            self._unusable = self._unusable or "it is closed"
            self._connection.close()

    @property
    def closed(self) -> bool:
        """Whether it can be forgotten."""
        return self._closed

    def _check_usable(self) -> None:
        if self._unusable:
            raise CommitError(
                f"writer {self._id!r} of {self._file.path} cannot be used again: "
                f"{self._unusable}; make a new one"
            )

    def _transact(
        self,
        outputs: Sequence[Output],
        offsets: Mapping[TopicPartition, int | OffsetMark],
        group: str,
        member: Reader | None,
    ) -> list[int]:
        try:
            with explained(self._file.path, CommitError), transaction(self._connection):
                failpoints.hit("after_begin")
                self._check_epoch()
                self._check_member(member, offsets)
                written = append(self._connection, outputs)
                failpoints.hit("after_flush")
                self._save_offsets(group, offsets)
                failpoints.hit("after_offsets")
                failpoints.hit("in_commit")
        except CommitError as error:
            self._unusable = f"a commit failed ({error})"
            raise
        except TopicError as error:
            raise CommitError(f"nothing was committed: {error}") from error
        return written

    def _check_epoch(self) -> None:
        (epoch,) = self._connection.execute(
            "SELECT epoch FROM writers WHERE id = ?", (self._id,)
        ).fetchone()
        if epoch != self._epoch:
            raise FencedError(
                f"another process has become writer {self._id!r} of {self._file.path}; end this "
                "one, and see that only one is started"
            )

    def _check_member(
        self, member: Reader | None, offsets: Mapping[TopicPartition, int | OffsetMark]
    ) -> None:
        if member is None:
            return
        if not isinstance(member, EmbeddedGroupReader):
            raise CommitError(
                f"member must be a group reader of an embedded log, not {type(member).__name__}; "
                "take it from group_reader()"
            )
        member.membership.check_claims(self._connection, member.held, offsets)

    def _save_offsets(self, group: str, offsets: Mapping[TopicPartition, int | OffsetMark]) -> None:
        marks = {
            part: mark if isinstance(mark, OffsetMark) else OffsetMark(mark)
            for part, mark in offsets.items()
        }
        self._connection.executemany(
            "INSERT OR REPLACE INTO offsets VALUES (?, ?, ?, ?)",
            [(group, partition_id(self._connection, part), *marks[part]) for part in marks],
        )


def check_sizes(outputs: Sequence[Output], limit: int) -> None:
    """Raise CommitError when a value is larger than `limit` bytes."""
    for output in outputs:
        if output.value is not None and len(output.value) > limit:
            raise CommitError(
                f"a record of {len(output.value):,} bytes for topic {output.topic!r} is larger "
                f"than the {limit:,} bytes allowed; nothing was committed: make it smaller"
            )
