"""Whether the embedded log can be read, and what is in it; the file stays as it is."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec

from topicstream.stream.embedded_file import (
    APPLICATION_ID,
    OFFSET_BITS,
    SCHEMA_VERSION,
    explained,
)
from topicstream.stream.errors import UnavailableError
from topicstream.stream.journal import AnyEntry, Genesis
from topicstream.workers import wiring
from topicstream.workers.commands.finding import Finding
from topicstream.workers.commands.same_settings import compare
from topicstream.workers.settings import Settings
from topicstream.workers.wiring import LOG_FILE

_LOOK_OPERATIONS = 50_000_000
_genesis = msgspec.json.Decoder(AnyEntry).decode


def check_log(settings: Settings) -> Iterator[Finding]:
    """Yield whether the embedded log is ours and whole, and whether a run could continue it."""
    path = settings.state / LOG_FILE
    if not path.exists():
        yield Finding("log", "ok", "no Kafka is named, and no embedded log is there yet")
        return
    with explained(path, UnavailableError), contextlib.closing(_connect(path)) as connection:
        problem = _problem(connection, path)
        if problem:
            yield Finding("log", "wrong", problem)
            return
        yield _contents(connection, settings)
        first = _first_entry(connection, wiring.names(settings).journal)
    if isinstance(first, Genesis):
        yield from compare(first.settings, first.embedder, settings)


def _connect(path: Path) -> sqlite3.Connection:
    # Without a write-ahead log nobody writes, and SQLite may be told to leave no file beside it.
    wal = path.with_name(f"{path.name}-wal")
    still = "" if wal.exists() else "&immutable=1"
    uri = f"file:{quote(str(path.absolute()))}?mode=ro{still}"
    return sqlite3.connect(uri, uri=True, timeout=2.0, isolation_level=None)


def _problem(connection: sqlite3.Connection, path: Path) -> str:
    if _pragma(connection, "application_id") != APPLICATION_ID:
        return f"{path} belongs to another program; name another folder with --state"
    version = _pragma(connection, "user_version")
    if version != SCHEMA_VERSION:
        return (
            f"{path} has schema version {version}, and this topicstream reads {SCHEMA_VERSION}; "
            "use the version that wrote it, or another folder"
        )
    damage = _damage(connection)
    return f"{path} is damaged ({damage}); restore it, or start with another state" * bool(damage)


def _damage(connection: sqlite3.Connection) -> str:
    connection.set_progress_handler(lambda: 1, _LOOK_OPERATIONS)
    try:
        (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        # A large file is looked at for some seconds only.
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        answer = "ok"
    finally:
        connection.set_progress_handler(None, 0)
    return "" if answer == "ok" else str(answer)


def _contents(connection: sqlite3.Connection, settings: Settings) -> Finding:
    names = wiring.names(settings)
    rows = connection.execute(
        "SELECT topic, cleanup, sum(next_offset) FROM partitions JOIN topics ON name = topic "
        "GROUP BY topic"
    ).fetchall()
    found = {topic: (cleanup, n_records) for topic, cleanup, n_records in rows}
    for spec in names.specs():
        cleanup, _ = found.get(spec.name, (spec.cleanup, 0))
        if cleanup != spec.cleanup:
            text = f"topic {spec.name!r} has cleanup policy {cleanup!r} and needs {spec.cleanup!r}"
            return Finding("log", "wrong", f"{text}; start with another state")
    if names.journal not in found:
        text = f"it has no topic {names.journal!r}; correct --state or the setting 'prefix'"
        return Finding("log", "warning", text)
    taken, answered = (found.get(name, ("", 0))[1] for name in (names.documents, names.assignments))
    return Finding("log", "ok", f"{taken:,} documents taken, {answered:,} answered")


def _first_entry(connection: sqlite3.Connection, topic: str) -> AnyEntry | None:
    row = connection.execute(
        "SELECT value FROM records, partitions WHERE topic = ? AND position >= id << ? "
        "AND position < (id + 1) << ? ORDER BY position LIMIT 1",
        (topic, OFFSET_BITS, OFFSET_BITS),
    ).fetchone()
    return None if row is None else _genesis(row[0])


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
