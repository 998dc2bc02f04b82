"""The SQLite file of the embedded log: how it is opened, what is in it, how its errors read."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from topicstream.stream.errors import StreamError, TopicError, UnavailableError
from topicstream.stream.records import TopicPartition

logger = logging.getLogger(__name__)

APPLICATION_ID = 0x74736C67
"""Marks a SQLite file as ours: "tslg" in ASCII."""

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 30.0

OFFSET_BITS = 40
"""A record's key in the file is its partition's id, shifted by this, plus its offset."""

_SCHEMA = """
CREATE TABLE topics (
  name TEXT PRIMARY KEY, cleanup TEXT NOT NULL, retention_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE partitions (
  id INTEGER PRIMARY KEY, topic TEXT NOT NULL REFERENCES topics, partition INTEGER NOT NULL,
  begin_offset INTEGER NOT NULL DEFAULT 0, next_offset INTEGER NOT NULL DEFAULT 0,
  UNIQUE (topic, partition)
) STRICT;
CREATE TABLE records (
  position INTEGER PRIMARY KEY, timestamp_ms INTEGER NOT NULL, key BLOB, value BLOB, headers BLOB
) STRICT;
CREATE TABLE latest (
  partition_id INTEGER NOT NULL, key BLOB NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (partition_id, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE writers (
  id TEXT PRIMARY KEY, epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE offsets (
  group_name TEXT NOT NULL, partition_id INTEGER NOT NULL, offset INTEGER NOT NULL,
  metadata TEXT NOT NULL, PRIMARY KEY (group_name, partition_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE groups (
  name TEXT PRIMARY KEY, generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE members (
  group_name TEXT NOT NULL, member TEXT NOT NULL, incarnation INTEGER NOT NULL,
  topics TEXT NOT NULL, seen_ms INTEGER NOT NULL, PRIMARY KEY (group_name, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE claims (
  group_name TEXT NOT NULL, partition_id INTEGER NOT NULL, member TEXT NOT NULL,
  since INTEGER NOT NULL, PRIMARY KEY (group_name, partition_id)
) STRICT, WITHOUT ROWID;
"""

_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and start again",
    sqlite3.SQLITE_IOERR: "the disk refused; check its free space, quota and health",
    sqlite3.SQLITE_READONLY: "the file or its folder is read-only; make both writable",
    sqlite3.SQLITE_CANTOPEN: "check that the folder exists and may be written by this user",
    sqlite3.SQLITE_PERM: "check that this user may read and write the file",
    sqlite3.SQLITE_BUSY: (
        f"another process has held the write lock for {BUSY_TIMEOUT_S:.0f} s; "
        "look for one that was stopped (fuser, lsof) and end it"
    ),
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it, or move it away and start anew",
    sqlite3.SQLITE_NOTADB: "this is not an SQLite file; give another path",
}


@contextlib.contextmanager
def explained(path: Path, kind: type[StreamError]) -> Iterator[None]:
    """Turn what SQLite raises into `kind`, with what to do about it."""
    try:
        yield
    except sqlite3.Error as error:
        # The low byte is the primary code: SQLITE_IOERR_WRITE is advised like SQLITE_IOERR.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        advice = _ADVICE.get(code, "see the message of SQLite")
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        raise kind(f"log file {path}: {error} ({name}): {advice}") from error


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, mode: str = "IMMEDIATE") -> Iterator[None]:
    """Commit what is done inside, or nothing of it when anything is raised."""
    connection.execute(f"BEGIN {mode}")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


class LogFile:
    """The file, and a bell that rings in this process when something was committed to it.

    Parameters
    ----------
    path
        Where the file is, or shall be; missing folders are made.

    Raises
    ------
    UnavailableError
        It cannot be opened, is another program's, or was written by a newer topicstream.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bell = threading.Condition()
        self._n_rings = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(
                f"log file {path}: its folder cannot be made ({error.strerror}); give a path "
                "in a folder that this user may write to"
            ) from error
        with contextlib.closing(self.connect()) as connection, explained(path, UnavailableError):
            _prepare(path, connection)

    def connect(self) -> sqlite3.Connection:
        """Return a connection of its own, for one reader or writer."""
        with explained(self.path, UnavailableError):
            connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cache_size = -16384")
            # A checkpoint costs two fsyncs: every 16 MiB, not every 4.
            connection.execute("PRAGMA wal_autocheckpoint = 4000")
            connection.execute(f"PRAGMA journal_size_limit = {64 * 2**20}")
            return connection

    def ring(self) -> None:
        """Wake whoever waits in this process."""
        with self._bell:
            self._n_rings += 1
            self._bell.notify_all()

    @property
    def n_rings(self) -> int:
        """How often the bell has rung."""
        return self._n_rings

    def wait(self, n_rings: int, timeout_s: float) -> None:
        """Wait until the bell has rung more than `n_rings` times, or `timeout_s` are over."""
        with self._bell:
            self._bell.wait_for(lambda: self._n_rings != n_rings, timeout_s)


def partition_id(connection: sqlite3.Connection, part: TopicPartition) -> int:
    """Return the file's number for a partition; TopicError when there is none."""
    row = connection.execute(
        "SELECT id FROM partitions WHERE topic = ? AND partition = ?", part
    ).fetchone()
    if row is None:
        raise unknown_topic(part.topic, part.partition)
    return int(row[0])


def unknown_topic(topic: str, partition: int | None = None) -> TopicError:
    """Return the error for a topic, or a partition of it, that is not there."""
    which = f"topic {topic!r}" if partition is None else f"partition {partition} of topic {topic!r}"
    return TopicError(f"there is no {which}; create it with create_topics, or correct the name")


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    if _is_empty(connection):
        _create(path, connection)
    found = _pragma(connection, "application_id")
    if found != APPLICATION_ID:
        raise UnavailableError(
            f"log file {path} belongs to another program (application id {found:#x}, ours is "
            f"{APPLICATION_ID:#x}); give another path"
        )
    version = _pragma(connection, "user_version")
    if version != SCHEMA_VERSION:
        raise UnavailableError(
            f"log file {path} has schema version {version}, this topicstream reads "
            f"{SCHEMA_VERSION}; run the version that wrote it, or give another path"
        )


def _create(path: Path, connection: sqlite3.Connection) -> None:
    _use_wal(path, connection)
    with transaction(connection):
        if not _is_empty(connection):
            return
        # Not executescript(): it would commit the transaction first.
        for statement in filter(str.strip, _SCHEMA.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    logger.info("made log file %s", path)


def _use_wal(path: Path, connection: sqlite3.Connection) -> None:
    # Two processes that make one file at once: here SQLite answers busy without waiting.
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            break
    if mode != "wal":
        raise UnavailableError(
            f"log file {path} cannot use a write-ahead log (got {mode!r}); put it on a local disk"
        )


def _is_empty(connection: sqlite3.Connection) -> bool:
    (n_tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return n_tables == 0 and _pragma(connection, "application_id") == 0


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
