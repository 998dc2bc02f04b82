"""Reading the embedded log: by given positions, or as one member of a group."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping

import msgspec

from topicstream.stream.embedded_file import (
    OFFSET_BITS,
    LogFile,
    explained,
    partition_id,
    transaction,
)
from topicstream.stream.embedded_group import LEASE_MS, Membership, generation
from topicstream.stream.errors import RetentionError, UnavailableError
from topicstream.stream.records import Headers, Record, TopicPartition

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.02
"""How often a waiting reader looks for commits of other processes."""

_decode_headers = msgspec.msgpack.Decoder(Headers).decode


class EmbeddedReader:
    """Reads given partitions from given offsets on."""

    def __init__(self, file: LogFile, positions: Mapping[TopicPartition, int]) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._closed = False
        self._turn = 0
        self._positions = dict(sorted(positions.items()))
        self._ids: dict[TopicPartition, int] = {}
        self._connection = file.connect()
        self._open()

    def _open(self) -> None:
        try:
            with explained(self._file.path, UnavailableError):
                for part in self._positions:
                    self._id(part)
        except BaseException:
            self._connection.close()
            raise

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """Return up to `max_records` next records, or none once `timeout_s` seconds are over."""
        deadline = time.monotonic() + timeout_s
        while True:
            n_rings = self._file.n_rings
            with self._lock, explained(self._file.path, UnavailableError):
                self._check_open()
                version = self._version()
                records = self._fetch(max_records)
            if records or time.monotonic() >= deadline:
                return records
            self._wait(n_rings, version, deadline)

    def positions(self) -> dict[TopicPartition, int]:
        """Return the next offset to be read, for each partition held now."""
        return dict(self._positions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Continue reading `partition` at `offset`."""
        if partition not in self._positions:
            raise ValueError(
                f"partition {partition} is not read here; this reader has {list(self._positions)}"
            )
        self._positions[partition] = offset

    def close(self) -> None:
        """Let go of the connection; closing twice is harmless."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._leave()
                self._connection.close()
        self._file.ring()

    @property
    def closed(self) -> bool:
        """Whether it can be forgotten."""
        return self._closed

    def _leave(self) -> None:
        """Nothing to leave: only members of groups do."""

    def _check_open(self) -> None:
        if self._closed:
            raise UnavailableError(f"this reader of {self._file.path} is closed; make a new one")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _wait(self, n_rings: int, version: int, deadline: float) -> None:
        while self._file.n_rings == n_rings:
            rest_s = deadline - time.monotonic()
            if rest_s <= 0:
                return
            self._file.wait(n_rings, min(rest_s, LOOK_EVERY_S))
            with self._lock, explained(self._file.path, UnavailableError):
                if self._closed or self._version() != version:
                    return

    def _fetch(self, max_records: int) -> list[Record]:
        # One read transaction: a deletion in between must be seen as such, not as a gap.
        with transaction(self._connection, "DEFERRED"):
            self._refresh()
            return self._read(max_records)

    def _refresh(self) -> None:
        """Nothing to look up: only the partitions of groups change."""

    def _read(self, max_records: int) -> list[Record]:
        records: list[Record] = []
        moved: dict[TopicPartition, int] = {}
        parts = list(self._positions)
        self._turn += 1
        for i in range(len(parts)):
            if len(records) >= max_records:
                break
            part = parts[(self._turn + i) % len(parts)]
            found, moved[part] = self._read_part(part, max_records - len(records))
            records += found
        # All or none: an error in one partition must not skip records of another.
        self._positions.update(moved)
        return records

    def _read_part(self, part: TopicPartition, limit: int) -> tuple[list[Record], int]:
        number, position = self._id(part), self._positions[part]
        begin, end = self._connection.execute(
            "SELECT begin_offset, next_offset FROM partitions WHERE id = ?", (number,)
        ).fetchone()
        check_position(part, position, begin, end)
        if position == end:
            return [], end
        records = self._select(part, number << OFFSET_BITS, position, end, limit)
        # Compaction leaves gaps, so fewer than asked for means that the end was reached.
        return records, end if len(records) < limit else records[-1].offset + 1

    def _select(
        self, part: TopicPartition, base: int, position: int, end: int, limit: int
    ) -> list[Record]:
        topic, number = part
        rows = self._connection.execute(
            "SELECT position, timestamp_ms, key, value, headers FROM records "
            "WHERE position >= ? AND position < ? ORDER BY position LIMIT ?",
            (base + position, base + end, limit),
        )
        return [
            Record(
                topic, number, at - base, ms, key, value, _decode_headers(extra) if extra else ()
            )
            for at, ms, key, value, extra in rows
        ]

    def _id(self, part: TopicPartition) -> int:
        if part not in self._ids:
            self._ids[part] = partition_id(self._connection, part)
        return self._ids[part]


class EmbeddedGroupReader(EmbeddedReader):
    """Reads its share of some topics, from the group's offsets or the beginning."""

    def __init__(self, file: LogFile, membership: Membership) -> None:
        self.membership = membership
        self.held: dict[TopicPartition, int] = {}
        self._generation = -1
        self._stay_at = 0.0
        super().__init__(file, {})

    def _open(self) -> None:
        try:
            with explained(self._file.path, UnavailableError):
                with transaction(self._connection):
                    self.membership.join(self._connection)
                with transaction(self._connection, "DEFERRED"):
                    self._refresh()
        except BaseException:
            self._connection.close()
            raise
        self._stay_at = time.monotonic() + LEASE_MS / 5000

    def _fetch(self, max_records: int) -> list[Record]:
        if time.monotonic() >= self._stay_at:
            with transaction(self._connection):
                self.membership.stay(self._connection)
            self._stay_at = time.monotonic() + LEASE_MS / 5000
        return super()._fetch(max_records)

    def _refresh(self) -> None:
        now = generation(self._connection, self.membership.group)
        if now == self._generation:
            return
        claims = self.membership.claims(self._connection)
        self._positions = {
            part: self._positions[part] if self.held.get(part) == since else self._start(part)
            for part, since in claims.items()
        }
        self.held = claims
        self._generation = now

    def _start(self, part: TopicPartition) -> int:
        row = self._connection.execute(
            "SELECT coalesce(offset, begin_offset) FROM partitions LEFT JOIN offsets "
            "ON partition_id = id AND group_name = ? WHERE id = ?",
            (self.membership.group, self._id(part)),
        ).fetchone()
        return int(row[0])

    def _leave(self) -> None:
        try:
            with explained(self._file.path, UnavailableError), transaction(self._connection):
                self.membership.leave(self._connection)
        except UnavailableError as error:
            # On a full disk too, closing has to work: the lease runs out by itself.
            logger.warning("could not leave group %r: %s", self.membership.group, error)


def check_position(part: TopicPartition, position: int, begin: int, end: int) -> None:
    """Raise RetentionError unless ``begin <= position <= end``."""
    if position < begin:
        raise RetentionError(
            f"partition {part.partition} of topic {part.topic!r} begins at offset {begin}, but "
            f"{position} is needed: those records were deleted; keep them longer, or start anew"
        )
    if position > end:
        raise RetentionError(
            f"partition {part.partition} of topic {part.topic!r} ends at offset {end}, but "
            f"{position} is needed: the log was replaced or restored; bring the right one back, "
            "or start anew"
        )
