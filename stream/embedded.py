"""The embedded log: topics, groups and transactions in one SQLite file, nothing to install.

Each commit is one SQL transaction, on disk before it returns (WAL, ``synchronous=FULL``). Several
processes of one machine may share the file; put it on a local disk.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from topicstream.stream.embedded_file import (
    OFFSET_BITS,
    LogFile,
    explained,
    partition_id,
    transaction,
    unknown_topic,
)
from topicstream.stream.embedded_group import Membership
from topicstream.stream.embedded_reader import EmbeddedGroupReader, EmbeddedReader
from topicstream.stream.embedded_writer import MAX_RECORD_BYTES, EmbeddedWriter
from topicstream.stream.errors import TopicError, UnavailableError
from topicstream.stream.records import OffsetMark, TopicPartition, TopicSpec

_DELETE_CHUNK = 5_000
_Part = TypeVar("_Part", EmbeddedReader, EmbeddedGroupReader, EmbeddedWriter)


class EmbeddedLog:
    """A `Transport` in one file.

    Parameters
    ----------
    path
        The SQLite file; made when missing.

    Raises
    ------
    UnavailableError
        The file cannot be opened, is another program's, or was written by a newer topicstream.

    Examples
    --------
    >>> import tempfile
    >>> from topicstream.stream.records import Output
    >>> with tempfile.TemporaryDirectory() as folder, EmbeddedLog(Path(folder, "log.db")) as log:
    ...     log.create_topics([TopicSpec("documents")])
    ...     offsets = log.writer("feeder").commit([Output("documents", b"hello")], {}, group="g")
    ...     log.reader({TopicPartition("documents", 0): 0}).poll(10, timeout_s=0)[0].value
    b'hello'

    """

    max_record_bytes = MAX_RECORD_BYTES

    def __init__(self, path: Path) -> None:
        self._file = LogFile(Path(path))
        self._lock = threading.Lock()
        self._closed = False
        self._parts: list[EmbeddedReader | EmbeddedWriter] = []
        self._connection = self._file.connect()

    def create_topics(self, specs: Sequence[TopicSpec]) -> None:
        """Create what is missing; TopicError when a topic exists with another cleanup policy."""
        with self._session(), transaction(self._connection):
            for spec in specs:
                _create(self._connection, spec)

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Return the partitions of `topic`, in order; TopicError when there is no such topic."""
        with self._session():
            rows = self._connection.execute(
                "SELECT topic, partition FROM partitions WHERE topic = ? ORDER BY partition",
                (topic,),
            ).fetchall()
        if not rows:
            raise unknown_topic(topic)
        return [TopicPartition(*row) for row in rows]

    def reader(self, positions: Mapping[TopicPartition, int]) -> EmbeddedReader:
        """Read the given partitions from the given offsets on, without a group."""
        return self._keep(lambda: EmbeddedReader(self._file, positions))

    def group_reader(self, topics: Collection[str], group: str, member: str) -> EmbeddedGroupReader:
        """Read as one member of a consumer group, from the group's offsets or the beginning."""
        return self._keep(
            lambda: EmbeddedGroupReader(self._file, Membership(group, member, topics))
        )

    def writer(self, writer_id: str) -> EmbeddedWriter:
        """Become the writer called `writer_id`, after shutting out whoever was it before."""
        return self._keep(lambda: EmbeddedWriter(self._file, writer_id))

    def committed(
        self, group: str, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, OffsetMark]:
        """Return the committed offsets of `group`, leaving out partitions without one."""
        rows = self._look_up(
            "SELECT offset, metadata FROM offsets JOIN partitions ON id = partition_id "
            "WHERE topic = ? AND partition = ? AND group_name = ?",
            {part: (*part, group) for part in partitions},
        )
        return {part: OffsetMark(*row) for part, row in rows.items() if row is not None}

    def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the first offset still kept, for each partition."""
        return self._bounds("begin_offset", partitions)

    def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offset after the last committed record, for each partition."""
        return self._bounds("next_offset", partitions)

    def delete_before(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Delete the records below the given offsets, a few at a time."""
        for part, offset in offsets.items():
            with self._session():
                number = partition_id(self._connection, part)
                limit = (number << OFFSET_BITS) + _move_beginning(self._connection, number, offset)
            while self._delete_chunk(number, limit) == _DELETE_CHUNK:
                pass

    def close(self) -> None:
        """Let go of the file, and of all its readers and writers; closing twice is harmless."""
        with self._lock:
            self._closed = True
            parts, self._parts = self._parts, []
        for part in parts:
            part.close()
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _session(self) -> Iterator[None]:
        with self._lock, explained(self._file.path, UnavailableError):
            self._check_open()
            yield

    def _check_open(self) -> None:
        if self._closed:
            raise UnavailableError(f"log {self._file.path} is closed; open it again")

    def _keep(self, make: Callable[[], _Part]) -> _Part:
        self._check_open()
        part = make()
        with self._lock:
            self._parts = [other for other in self._parts if not other.closed]
            self._parts.append(part)
        return part

    def _look_up(
        self, query: str, parameters: Mapping[TopicPartition, tuple[object, ...]]
    ) -> dict[TopicPartition, tuple[int, str] | None]:
        with self._session():
            return {
                part: self._connection.execute(query, values).fetchone()
                for part, values in parameters.items()
            }

    def _bounds(
        self, column: str, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, int]:
        rows = self._look_up(
            f"SELECT {column}, '' FROM partitions WHERE topic = ? AND partition = ?",  # noqa: S608
            {part: part for part in partitions},
        )
        for part, row in rows.items():
            if row is None:
                raise unknown_topic(*part)
        return {part: row[0] for part, row in rows.items() if row is not None}

    def _delete_chunk(self, number: int, limit: int) -> int:
        base = number << OFFSET_BITS
        with self._session(), transaction(self._connection):
            gone = self._connection.execute(
                "DELETE FROM records WHERE position IN (SELECT position FROM records "
                "WHERE position >= ? AND position < ? ORDER BY position LIMIT ?)",
                (base, limit, _DELETE_CHUNK),
            )
            self._connection.execute(
                "DELETE FROM latest WHERE partition_id = ? AND position < ?", (number, limit)
            )
            return gone.rowcount


def _create(connection: sqlite3.Connection, spec: TopicSpec) -> None:
    row = connection.execute("SELECT cleanup FROM topics WHERE name = ?", (spec.name,)).fetchone()
    if row is not None and row[0] != spec.cleanup:
        raise TopicError(
            f"topic {spec.name!r} has cleanup policy {row[0]!r}, and {spec.cleanup!r} is "
            "needed: records would be lost; give another topic name, or use a new log file"
        )
    connection.execute(
        "INSERT OR REPLACE INTO topics VALUES (?, ?, ?)",
        (spec.name, spec.cleanup, spec.retention_ms),
    )
    if row is None:
        connection.executemany(
            "INSERT INTO partitions (topic, partition) VALUES (?, ?)",
            [(spec.name, number) for number in range(spec.n_partitions)],
        )


def _move_beginning(connection: sqlite3.Connection, number: int, offset: int) -> int:
    row = connection.execute(
        "UPDATE partitions SET begin_offset = max(begin_offset, min(?, next_offset)) "
        "WHERE id = ? RETURNING begin_offset",
        (offset, number),
    ).fetchone()
    return int(row[0])
