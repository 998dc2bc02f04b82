"""How far a feed has come: so many records, and one hash over all of them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

import msgspec

from topicstream.stream.errors import UnavailableError
from topicstream.stream.protocols import Transport
from topicstream.workers.errors import FeedError
from topicstream.workers.feed_lines import Line

_PATIENCE_S = 30.0


class Position(msgspec.Struct, frozen=True):
    """What is kept of a feed: how many records were taken, and the hash over them."""

    records: int
    sha256: str


class Taken:
    """Counts what was taken, and finds what an earlier run has taken already.

    Parameters
    ----------
    feed
        Name of the feed.

    """

    def __init__(self, feed: str) -> None:
        self._feed = feed
        self._chain = hashlib.sha256()
        self._known: Position | None = None
        self.n_records = 0

    @property
    def position(self) -> Position:
        """Return how far the feed has come."""
        return Position(self.n_records, self._chain.hexdigest())

    def expect(self, known: Position | None) -> None:
        """Say what an earlier run has taken; None for nothing."""
        self._known = known

    def add(self, records: Sequence[Line]) -> None:
        """Count records as taken."""
        if records:
            self._chain.update(b"\n".join([*map(identity, records), b""]))
            self.n_records += len(records)

    def without_known(self, records: Sequence[Line], *, is_end: bool) -> Sequence[Line]:
        """Return those of the next `records` that no earlier run has taken.

        Parameters
        ----------
        records
            What was read.
        is_end
            Whether the feed has no more than that.

        Raises
        ------
        FeedError
            What was taken is not all there as it was.

        """
        known = self._known
        if known is None:
            return records
        old = records[: known.records - self.n_records]
        self.add(old)
        if self.n_records < known.records and not is_end:
            return []
        if self.position != known:
            raise FeedError(
                f"feed {self._feed!r} begins like one of which {known.records:,} records were "
                "taken, but has changed since: those records are not all there as they were. "
                "Restore it and let it only grow, or give another --state (with Kafka, another "
                "prefix) to take it as a new feed"
            )
        self._known = None
        return records[len(old) :]


def identity(record: Line) -> bytes:
    """Return what stands for a record in hashes: itself, or its own hash if it was refused."""
    return record if isinstance(record, bytes) else record.digest


def read_position(transport: Transport, topic: str, key: bytes) -> Position | None:
    """Return how far the feed called `key` has come, or None for a new one.

    Raises
    ------
    UnavailableError
        `topic` could not be read to its end.

    """
    parts = transport.partitions(topic)
    ends = transport.end_offsets(parts)
    reader = transport.reader(transport.beginning_offsets(parts))
    deadline = time.monotonic() + _PATIENCE_S
    found = None
    try:
        while any(at < ends[part] for part, at in reader.positions().items()):
            for record in reader.poll(1_000, 0.5):
                if record.key == key and record.value is not None:
                    found = msgspec.json.decode(record.value, type=Position)
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"topic {topic!r}, which says how far feeds have come, could not be read "
                    f"within {_PATIENCE_S:.0f} s; check the broker and start again"
                )
    finally:
        reader.close()
    return found
