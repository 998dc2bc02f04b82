"""Feeds: JSONL or CSV, plain or gzipped, put on the documents topic once each.

How far a feed has come is committed together with its documents, in the compacted topic ``feeds``
under the hash of its first record: the same feed continues, another one starts from its beginning.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import sys
import time
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from topicstream.stream.errors import StreamError
from topicstream.stream.protocols import Transport
from topicstream.stream.records import Output, Record, TopicPartition, TopicSpec
from topicstream.workers.messages import Refused, dead_letter
from topicstream.workers.names import TopicNames

MAX_RECORD_BYTES = 1_000_000
_COLUMNS = ("id", "text", "timestamp", "source", "class")


class FeedError(StreamError):
    """The feed is missing, empty, damaged, or not the one that was read before."""


class Position(msgspec.Struct, frozen=True):
    """How far a feed has come."""

    records: int
    bytes: int
    last_hash: str


class FeedProducer:
    """Puts a feed on the documents topic, each record once.

    Parameters
    ----------
    transport
        Where the topics are.
    names
        Their names.
    feed
        A file, or ``"-"`` for standard input.
    batch_size
        Records of one transaction, 1,000 by default.
    follow
        Wait for more at the end of the file.

    Raises
    ------
    FeedError
        The feed cannot be opened.

    """

    def __init__(
        self,
        transport: Transport,
        names: TopicNames,
        feed: str,
        *,
        batch_size: int = 1_000,
        follow: bool = False,
    ) -> None:
        self._transport, self._names, self._feed = transport, names, feed
        self._batch_size, self._follow = batch_size, follow
        self._file = _open(feed)
        self.n_total_bytes = None if feed == "-" else Path(feed).stat().st_size
        self.n_bytes = self.n_records = self.n_taken = 0
        self._topic = f"{names.prefix}feeds"
        transport.create_topics([TopicSpec(self._topic, cleanup="compact")])
        self._n_partitions = len(transport.partitions(names.documents))
        self._records = self._read()
        self._key = b""
        self._error: FeedError | None = None

    def step(self, timeout_s: float = 0.0) -> int | None:
        """Commit the next records; return how many, or None at the end of the feed."""
        if self._error is not None:
            raise self._error
        taken = self._take()
        if not taken:
            if self._error is not None:
                raise self._error
            if not self._follow:
                self._end()
                return None
            time.sleep(min(timeout_s, 0.2))
            self._records = self._records if self._key else self._read()
            return 0
        outputs = [self._output(line, i) for i, line in enumerate(taken, self.n_records)]
        self.n_records += len(taken)
        self.n_taken += len(taken)
        mark = Position(self.n_records, self.n_bytes, _hash(taken[-1]).hex())
        outputs.append(Output(self._topic, msgspec.json.encode(mark), self._key))
        self._writer.commit(outputs, {}, group=f"{self._names.prefix}feed")
        return len(taken)

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._key:
            self._writer.close()
        if self._feed != "-":
            raw = getattr(self._file, "fileobj", None)  # GzipFile leaves it open
            self._file.close()
            if raw is not None:
                raw.close()

    def _end(self) -> None:
        if self.n_records == 0:
            raise FeedError(f"feed {self._feed!r} is empty; give one with at least one document")

    def _take(self) -> list[bytes]:
        taken: list[bytes] = []
        try:
            while len(taken) < self._batch_size:
                line = next(self._records, None)
                if line is None:
                    break
                if not self._key:
                    line = self._skip(line)
                    if line is None:
                        break
                taken.append(line)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self._error = FeedError(
                f"feed {self._feed!r} is a damaged or truncated gzip file ({error}); everything "
                "before the damage was taken. Give the whole file and run again"
            )
        return taken

    def _skip(self, first: bytes) -> bytes | None:
        self._key = _hash(first)
        self._writer = self._transport.writer(f"{self._names.prefix}feed-{self._key.hex()[:16]}")
        known = self._position()
        if known is None:
            return first
        line: bytes | None = first
        for _ in range(known.records - 1):
            line = next(self._records, None)
        if line is None or _hash(line).hex() != known.last_hash:
            raise FeedError(
                f"feed {self._feed!r} begins like one of which {known.records:,} records were "
                "taken, but has changed since; restore it, or give another --state"
            )
        self.n_records = known.records
        return next(self._records, None)

    def _position(self) -> Position | None:
        parts = self._transport.partitions(self._topic)
        ends = self._transport.end_offsets(parts)
        starts = self._transport.beginning_offsets(parts)
        reader = self._transport.reader(starts)
        found = None
        while any(reader.positions()[part] < ends[part] for part in parts):
            records = reader.poll(1_000, 1.0)
            if not records:
                break
            for record in records:
                if record.key == self._key and record.value is not None:
                    found = msgspec.json.decode(record.value, type=Position)
        reader.close()
        return found

    def _output(self, line: bytes, number: int) -> Output:
        part = number % self._n_partitions
        if len(line) <= min(MAX_RECORD_BYTES, self._transport.max_record_bytes):
            return Output(self._names.documents, line, None, part)
        record = Record(f"feed {self._feed}", 0, number, 0, None, line)
        why = Refused("too_large", f"{len(line):,} bytes; at most {MAX_RECORD_BYTES:,} are taken")
        return Output(self._names.deadletter, dead_letter(record, why, max_payload_bytes=1_000))

    def _read(self) -> Iterator[bytes]:
        first = next(self._lines(), None)
        if first is None:
            return
        header = self._header(first)
        if header is None:
            yield first
            yield from self._lines()
        else:
            yield from self._rows(header)

    def _lines(self) -> Iterator[bytes]:
        while line := self._file.readline():
            while self._follow and not line.endswith(b"\n"):
                time.sleep(0.1)
                line += self._file.readline()
            self.n_bytes += len(line)
            if stripped := line.strip():
                yield stripped

    def _header(self, first: bytes) -> list[str] | None:
        is_csv = self._feed.endswith((".csv", ".csv.gz"))
        if not is_csv and first.startswith((b"{", b"[")):
            return None
        columns = next(csv.reader([first.decode("utf-8-sig", "replace")]), [])
        if "text" in columns:
            return columns
        if not is_csv:
            return None
        raise FeedError(
            f"feed {self._feed!r} has no column 'text'; its columns are {', '.join(columns)}. "
            "Name the column with the documents 'text'"
        )

    def _rows(self, header: list[str]) -> Iterator[bytes]:
        csv.field_size_limit(2 * MAX_RECORD_BYTES)
        lines = (line.decode("utf-8", "replace") + "\n" for line in self._lines())
        for row in csv.reader(lines):
            yield _row_as_json(header, row)


def _row_as_json(header: list[str], row: list[str]) -> bytes:
    cells = {name: cell for name, cell in zip(header, row, strict=False) if cell or name == "text"}
    document: dict[str, object] = {name: cells.pop(name) for name in _COLUMNS if name in cells}
    with contextlib.suppress(KeyError, ValueError):
        document["timestamp"] = float(str(document["timestamp"]))
    if cells:
        document["metadata"] = cells
    return msgspec.json.encode(document)


def _open(feed: str) -> BinaryIO:
    try:
        file = sys.stdin.buffer if feed == "-" else Path(feed).open("rb")  # noqa: SIM115
    except OSError as error:
        raise FeedError(
            f"feed {feed!r} cannot be opened ({error.strerror}); give a JSONL or CSV file, or - "
            "for standard input"
        ) from error
    if cast("BufferedReader", file).peek(2)[:2] == b"\x1f\x8b":
        return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    return cast("BinaryIO", file)


def _hash(line: bytes) -> bytes:
    return hashlib.sha256(line).digest()


def is_drained(transport: Transport, topic: str, group: str) -> bool:
    """Return whether `group` has read all of `topic`; markers of transactions do not count."""
    parts = transport.partitions(topic)
    starts = transport.beginning_offsets(parts)
    ends = transport.end_offsets(parts)
    marks = transport.committed(group, parts)
    left = {p: marks[p].offset if p in marks else starts[p] for p in parts}
    left = {p: offset for p, offset in left.items() if offset < ends[p]}
    return not left or not _any(transport, left)


def _any(transport: Transport, positions: dict[TopicPartition, int]) -> bool:
    reader = transport.reader(positions)
    try:
        return bool(reader.poll(1, 2.0))
    finally:
        reader.close()
