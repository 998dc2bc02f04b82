"""Appending to the embedded log, with compaction and expiry on the way."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from topicstream.stream import failpoints
from topicstream.stream.embedded_file import OFFSET_BITS, unknown_topic
from topicstream.stream.errors import TopicError
from topicstream.stream.records import Output

_SPARE_EXPIRED = 100
_encode_headers = msgspec.msgpack.Encoder().encode
_Row = tuple[int, int, bytes | None, bytes | None, bytes | None]


@dataclass(slots=True)
class _Tail:
    """The end of one partition, while a transaction appends to it."""

    number: int
    next_offset: int
    compacted: bool
    retention_ms: int | None
    n_new: int = 0

    @property
    def base(self) -> int:
        return self.number << OFFSET_BITS

    def take(self) -> int:
        self.n_new += 1
        return self.next_offset + self.n_new - 1


def append(connection: sqlite3.Connection, outputs: Sequence[Output]) -> list[int]:
    """Write `outputs` inside the caller's transaction, and return the offset of each."""
    tails: dict[tuple[str, int], _Tail] = {}
    now_ms = time.time_ns() // 1_000_000
    keyed: list[tuple[int, bytes, int]] = []
    written, rows = [], []
    for output in outputs:
        tail = tails.get((output.topic, output.partition)) or _tail(connection, output, tails)
        offset = tail.take()
        written.append(offset)
        rows.append(_row(output, tail.base + offset, now_ms))
        if tail.compacted:
            keyed.append((tail.number, _key(output), tail.base + offset))
    _insert(connection, rows)
    _compact(connection, keyed)
    _move_ends(connection, tails, now_ms)
    return written


def _tail(
    connection: sqlite3.Connection, output: Output, tails: dict[tuple[str, int], _Tail]
) -> _Tail:
    row = connection.execute(
        "SELECT id, next_offset, cleanup = 'compact', retention_ms "
        "FROM partitions JOIN topics ON name = topic WHERE topic = ? AND partition = ?",
        (output.topic, output.partition),
    ).fetchone()
    if row is None:
        raise unknown_topic(output.topic, output.partition)
    return tails.setdefault((output.topic, output.partition), _Tail(*row))


def _insert(connection: sqlite3.Connection, rows: list[_Row]) -> None:
    half = len(rows) // 2
    for part, place in ((rows[:half], "half_sends"), (rows[half:], None)):
        connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?)", part)
        if place is not None:
            failpoints.hit(place)


def _compact(connection: sqlite3.Connection, keyed: list[tuple[int, bytes, int]]) -> None:
    if not keyed:
        return
    last = {(number, key): position for number, key, position in keyed}
    execute_many = connection.executemany
    execute_many(
        "DELETE FROM records WHERE position = ?",
        [(at,) for number, key, at in keyed if last[number, key] != at],
    )
    execute_many(
        "DELETE FROM records WHERE position = "
        "(SELECT position FROM latest WHERE partition_id = ? AND key = ?)",
        list(last),
    )
    execute_many(
        "INSERT OR REPLACE INTO latest VALUES (?, ?, ?)",
        [(number, key, at) for (number, key), at in last.items()],
    )


def _move_ends(
    connection: sqlite3.Connection, tails: dict[tuple[str, int], _Tail], now_ms: int
) -> None:
    for tail in tails.values():
        connection.execute(
            "UPDATE partitions SET next_offset = ? WHERE id = ?",
            (tail.next_offset + tail.n_new, tail.number),
        )
        if tail.retention_ms is not None and not tail.compacted:
            _expire(connection, tail.number, now_ms - tail.retention_ms, 2 * tail.n_new)


def _expire(connection: sqlite3.Connection, number: int, before_ms: int, n_most: int) -> None:
    # A few more than came in: a backlog of old records shrinks, and no commit pays for all of it.
    base = number << OFFSET_BITS
    gone = connection.execute(
        "DELETE FROM records WHERE timestamp_ms < ? AND position IN (SELECT position FROM records "
        "WHERE position >= ? AND position < ? ORDER BY position LIMIT ?)",
        (before_ms, base, base + (1 << OFFSET_BITS), n_most + _SPARE_EXPIRED),
    )
    if gone.rowcount:
        connection.execute(
            "UPDATE partitions SET begin_offset = max(begin_offset, coalesce((SELECT min(position) "
            "- ? FROM records WHERE position >= ? AND position < ?), next_offset)) WHERE id = ?",
            (base, base, base + (1 << OFFSET_BITS), number),
        )


def _key(output: Output) -> bytes:
    if output.key is None:
        raise TopicError(
            f"a record for the compacted topic {output.topic!r} has no key; give it one, because "
            "compaction keeps the last record of each key"
        )
    return output.key


def _row(output: Output, position: int, now_ms: int) -> _Row:
    headers = _encode_headers(output.headers) if output.headers else None
    return (position, now_ms, output.key, output.value, headers)
