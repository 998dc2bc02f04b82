"""The journal: one record for each step of the model, chained by hashes.

Offsets alone keep only the last position; the journal keeps every boundary between batches, the
only clock that the model may see, where a refit was swapped in, and the hash of the state that each
step ended in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from topicstream.stream.errors import JournalError
from topicstream.stream.records import OffsetMark, Record, TopicPartition

VERSION: Final = 1


class Segment(msgspec.Struct, array_like=True, frozen=True):
    """A run of records of one partition: first and last offset, and how many there are."""

    topic: str
    partition: int
    first: int
    last: int
    n: int

    @property
    def part(self) -> TopicPartition:
        """Return the partition."""
        return TopicPartition(self.topic, self.partition)


class Dead(msgspec.Struct, array_like=True, frozen=True):
    """A record of the batch that was refused."""

    topic: str
    partition: int
    offset: int
    reason: str


class Changed(msgspec.Struct, array_like=True, frozen=True):
    """A topic that came, went, or did both with another one."""

    kind: str
    topic: int
    parents: tuple[int, ...] = ()
    children: tuple[int, ...] = ()


class Position(msgspec.Struct, array_like=True, frozen=True):
    """The next offset to read of one partition."""

    topic: str
    partition: int
    offset: int


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What every entry tells: where the service stands once it is committed.

    `sequence` counts batches and swaps; `clock_ms` is the model's time, which is event time;
    `positions` are the committed offsets; `prev_hash` is the hash of the entry before, empty for
    the first.
    """

    v: int = VERSION
    sequence: int = msgspec.field(name="seq")
    prev_hash: str
    clock_ms: int
    state_hash: str
    positions: tuple[Position, ...] = ()


class Genesis(Entry, frozen=True, kw_only=True, tag="GENESIS"):
    """The first entry: what the model was made with.

    `start` is the digest of the topics that it took over from another model, None for none.
    """

    settings: dict[str, Any]
    embedder: str | None = None
    start: str | None = None


class Term(Entry, frozen=True, kw_only=True, tag="TERM"):
    """A worker has become the writer; the offset of this entry is its fencing token."""


class Batch(Entry, frozen=True, kw_only=True, tag="BATCH"):
    """One batch: which records it was, their digest, and which topics it changed."""

    term: int
    segments: tuple[Segment, ...]
    n: int
    input_digest: str
    dead: tuple[Dead, ...] = ()
    changes: tuple[Changed, ...] = ()


class Swap(Entry, frozen=True, kw_only=True, tag="SWAP"):
    """A refit was swapped in; `artifact` is the SHA-256 of its file, by which a replay finds it."""

    term: int
    artifact: str


AnyEntry = Genesis | Term | Batch | Swap
Step = Batch | Swap
"""Entries that the model's state changes with."""

encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry)


def decode(record: Record) -> AnyEntry:
    """Return the entry in a record of the journal; JournalError when it is not one."""
    try:
        entry = _decoder.decode(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _broken(record, f"cannot be read ({error})") from error
    if entry.v != VERSION:
        raise _broken(record, f"has version {entry.v}, and this topicstream reads {VERSION}")
    return entry


def entry_hash(value: bytes) -> str:
    """Return the hash by which the next entry names this one."""
    return hashlib.sha256(value).hexdigest()


def input_digest(records: Iterable[Record]) -> str:
    """Return the SHA-256 of the raw values, with their lengths, in the order given.

    Examples
    --------
    >>> a, b = Record("t", 0, 0, 0, None, b"ab"), Record("t", 0, 1, 0, None, b"c")
    >>> input_digest([a, b]) == input_digest([b, a])
    False

    """
    values = [record.value or b"" for record in records]
    lengths = ",".join([str(len(value)) for value in values])
    digest = hashlib.sha256(lengths.encode("ascii"))
    digest.update(b"".join(values))
    return digest.hexdigest()


def segments_of(records: Iterable[Record]) -> tuple[Segment, ...]:
    """Return the segments that `records`, in canonical order, consist of.

    Examples
    --------
    >>> segments_of([Record("t", 0, 4, 0, None, b"a"), Record("t", 0, 5, 0, None, b"b")])
    (Segment(topic='t', partition=0, first=4, last=5, n=2),)

    """
    runs: dict[tuple[str, int], list[int]] = {}
    for record in records:
        runs.setdefault((record.topic, record.partition), []).append(record.offset)
    return tuple(
        Segment(topic, partition, offsets[0], offsets[-1], len(offsets))
        for (topic, partition), offsets in runs.items()
    )


def positions_of(offsets: Mapping[TopicPartition, int]) -> tuple[Position, ...]:
    """Return committed offsets as they stand in an entry, in order."""
    return tuple(Position(*part, offset) for part, offset in sorted(offsets.items()))


def mark_of(entry: Entry, offset: int) -> OffsetMark:
    """Return an offset with the note that goes beside it: sequence and state."""
    return OffsetMark(offset, f"{entry.sequence}:{entry.state_hash[:16]}")


class Chain:
    """Checks entries one after the other, from any entry on.

    Examples
    --------
    >>> chain = Chain()
    >>> first = Genesis(sequence=0, prev_hash="", clock_ms=0, state_hash="", settings={})
    >>> chain.feed(Record("journal", 0, 0, 0, None, encode(first))).sequence
    0
    >>> chain.feed(Record("journal", 0, 1, 0, None, encode(first)))
    Traceback (most recent call last):
    topicstream.stream.errors.JournalError: entry 1 of topic 'journal' does not follow the one \
before it; the journal was changed or made anew: restore it, or start with another state

    """

    def __init__(self) -> None:
        self.entry: AnyEntry | None = None
        self.offset = -1
        self.hash = ""
        self.term = -1

    def feed(self, record: Record) -> AnyEntry:
        """Return the entry in `record` once it is known to follow the one before.

        Raises
        ------
        JournalError
            There is a gap, a broken chain, or an entry that cannot be read.

        """
        entry, before = decode(record), self.entry
        if before is not None:
            self._check(record, entry, before)
        self._take(record, entry)
        return entry

    def _check(self, record: Record, entry: AnyEntry, before: AnyEntry) -> None:
        step = 1 if isinstance(entry, Step) else 0
        if entry.prev_hash != self.hash or isinstance(entry, Genesis):
            raise _broken(record, "does not follow the one before it")
        if entry.sequence != before.sequence + step or entry.clock_ms < before.clock_ms:
            raise _broken(record, f"has sequence {entry.sequence} after {before.sequence}")
        if isinstance(entry, Step) and self.term not in {-1, entry.term}:
            raise _broken(record, f"has term {entry.term} within term {self.term}")

    def _take(self, record: Record, entry: AnyEntry) -> None:
        self.entry, self.offset = entry, record.offset
        self.hash = entry_hash(record.value or b"")
        if isinstance(entry, Term):
            self.term = record.offset
        elif isinstance(entry, Step):
            self.term = entry.term


def _broken(record: Record, what: str) -> JournalError:
    return JournalError(
        f"entry {record.offset} of topic {record.topic!r} {what}; the journal was changed or made "
        "anew: restore it, or start with another state"
    )
