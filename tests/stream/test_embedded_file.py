"""What is not our log file is refused in words, and left as it was."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.embedded_file import APPLICATION_ID, SCHEMA_VERSION
from topicstream.stream.errors import UnavailableError


def execute(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_file_that_is_not_sqlite_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"dear diary, " * 1_000)
    with pytest.raises(UnavailableError, match="not an SQLite file"):
        EmbeddedLog(path)
    assert path.read_bytes() == b"dear diary, " * 1_000


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    execute(path, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(UnavailableError, match="another program"):
        EmbeddedLog(path)
    execute(path, "INSERT INTO recipes VALUES ('soup')")


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    EmbeddedLog(path).close()
    execute(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(UnavailableError, match=f"schema version {SCHEMA_VERSION + 1}"):
        EmbeddedLog(path)


def test_our_mark_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder" / "log.db"
    EmbeddedLog(path).close()
    assert int.from_bytes(path.read_bytes()[68:72]) == APPLICATION_ID


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match="folder cannot be made"):
        EmbeddedLog(tmp_path / "file" / "log.db")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="may be written"):
        EmbeddedLog(tmp_path)


def test_several_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from topicstream.stream.embedded import EmbeddedLog\n"
        "from topicstream.stream.records import TopicSpec\n"
        "with EmbeddedLog(pathlib.Path(sys.argv[1])) as log:\n"
        "    log.create_topics([TopicSpec('docs', 2)])\n"
        "    assert len(log.partitions('docs')) == 2"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "log.db")]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
