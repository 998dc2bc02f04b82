"""Records, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Headers = tuple[tuple[str, bytes], ...]
"""Names and values that travel beside a record's value."""


class TopicPartition(NamedTuple):
    """One partition of one topic: the unit within which records have an order."""

    topic: str
    partition: int


class Record(NamedTuple):
    """One record as it was read.

    Tuples, because a worker makes tens of thousands of them a second.

    Examples
    --------
    >>> Record("documents", 0, 7, 1_700_000_000_000, None, b"{}", ()).offset
    7

    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Output(NamedTuple):
    """One record that is to be written."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int = 0
    headers: Headers = ()


class OffsetMark(NamedTuple):
    """How far a group has come: the next offset to read, and a note kept beside it."""

    offset: int
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic has to look.

    Parameters
    ----------
    name
        Name of the topic.
    n_partitions
        Number of partitions, 1 or more.
    cleanup
        ``"delete"`` keeps every record until it expires, ``"compact"`` the last one of each key.
    retention_ms
        Age in milliseconds at which a record may be deleted; None keeps records for ever.

    """

    name: str
    n_partitions: int = 1
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int | None = None
