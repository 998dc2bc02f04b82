"""The embedded log where it is more than its contract: other processes, crashes, full disks."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.embedded_group import LEASE_MS
from topicstream.stream.errors import CommitError, FencedError, TopicError, UnavailableError
from topicstream.stream.memory import MemoryLog
from topicstream.stream.records import OffsetMark, Output, TopicPartition, TopicSpec

DOCS = TopicPartition("docs", 0)
PROLOGUE = """
import pathlib, resource, sys, time
from topicstream.stream import failpoints
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.errors import CommitError, FencedError
from topicstream.stream.records import Output, TopicPartition, TopicSpec
DOCS = TopicPartition("docs", 0)
log = EmbeddedLog(pathlib.Path(sys.argv[1]))
"""
ADD = """
reader = log.group_reader(["docs"], "copiers", "anna")
writer = log.writer("copier")
while True:
    records = reader.poll(7, 0.0)
    if not records:
        break
    outputs = [Output("copies", record.value) for record in records]
    failpoints.configure(sys.argv[2] if records[0].offset == 14 else None)
    writer.commit(outputs, reader.positions(), group="copiers", member=reader)
"""


def python(path: Path, code: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROLOGUE + textwrap.dedent(code), str(path), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def values(log: EmbeddedLog, topic: str) -> list[bytes | None]:
    records = log.reader({TopicPartition(topic, 0): 0}).poll(100_000, 0.0)
    return [record.value for record in records]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.create_topics([TopicSpec("docs"), TopicSpec("copies")])
    return tmp_path / "log.db"


def fill(log: EmbeddedLog, n: int) -> list[bytes]:
    wanted = [b"%d" % i for i in range(n)]
    log.writer("feeder").commit([Output("docs", value) for value in wanted], {}, group="feeders")
    return wanted


@pytest.mark.parametrize(
    ("place", "n_committed"),
    [
        ("after_begin", 14),
        ("half_sends", 14),
        ("after_flush", 14),
        ("after_offsets", 14),
        ("in_commit", 14),
        ("after_commit", 21),
    ],
)
def test_killed_at_any_place_a_commit_is_whole_or_absent(
    path: Path, place: str, n_committed: int
) -> None:
    with EmbeddedLog(path) as log:
        wanted = fill(log, 40)
    killed = python(path, ADD, f"{place}:kill")
    _, said = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, said
    with EmbeddedLog(path) as log:
        assert values(log, "copies") == wanted[:n_committed]
        assert log.committed("copiers", [DOCS]) == {DOCS: OffsetMark(n_committed)}
    again = python(path, ADD, "")
    _, said = again.communicate(timeout=60)
    assert again.returncode == 0, said
    with EmbeddedLog(path) as log:
        assert values(log, "copies") == wanted
        assert log.committed("copiers", [DOCS]) == {DOCS: OffsetMark(40)}


def test_killed_at_random_in_the_commit_nothing_is_lost_or_twice(path: Path) -> None:
    with EmbeddedLog(path) as log:
        wanted = fill(log, 3_000)
    for delay_s in (0.0, 0.003, 0.011, 0.023):
        process = python(path, 'print("ready", flush=True)' + ADD, "")
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay_s)
        process.kill()
        process.communicate(timeout=60)
    last = python(path, ADD, "")
    _, said = last.communicate(timeout=60)
    assert last.returncode == 0, said
    with EmbeddedLog(path) as log:
        assert values(log, "copies") == wanted


def test_a_commit_of_another_process_wakes_a_reader(path: Path) -> None:
    code = """
    reader = log.reader({DOCS: 0})
    reader.poll(1, 0.0)
    print("ready", flush=True)
    start = time.monotonic()
    (record,) = reader.poll(10, 30.0)
    print(record.value.decode(), time.monotonic() - start < 15.0)
    """
    process = python(path, code)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    with EmbeddedLog(path) as log:
        fill(log, 1)
    said, errors = process.communicate(timeout=60)
    assert said == "0 True\n", errors


def test_a_waiting_reader_leaves_the_processor_alone(path: Path) -> None:
    with EmbeddedLog(path) as log:
        reader = log.reader({DOCS: 0})
        before = time.thread_time()
        reader.poll(1, 1.0)
        assert time.thread_time() - before < 0.2


def test_a_writer_that_was_stopped_and_replaced_finds_itself_fenced(path: Path) -> None:
    code = """
    writer = log.writer("copier")
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        writer.commit([Output("copies", b"zombie")], {DOCS: 9}, group="copiers")
    except FencedError as error:
        print(error)
    """
    command = [sys.executable, "-c", PROLOGUE + textwrap.dedent(code), str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as zombie:
        assert zombie.stdout is not None
        assert zombie.stdout.readline() == "ready\n"
        zombie.send_signal(signal.SIGSTOP)
        with EmbeddedLog(path) as log:
            log.writer("copier").commit([Output("copies", b"a")], {DOCS: 1}, group="copiers")
            zombie.send_signal(signal.SIGCONT)
            said, _ = zombie.communicate("go\n", timeout=60)
            assert "another process has become writer 'copier'" in said
            assert values(log, "copies") == [b"a"]
            assert log.committed("copiers", [DOCS]) == {DOCS: OffsetMark(1)}


def test_a_full_disk_is_told_and_nothing_is_lost(path: Path) -> None:
    with EmbeddedLog(path) as log:
        wanted = fill(log, 10)
    code = """
    writer = log.writer("feeder")
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    outputs = [Output("docs", bytes(100_000))] * 10
    for _ in range(2):
        try:
            writer.commit(outputs, {DOCS: 9}, group="feeders")
        except CommitError as error:
            print(error)
    """
    process = python(path, code)
    said, errors = process.communicate(timeout=60)
    first, second = said.splitlines()
    assert "free space" in first, errors
    assert "cannot be used again" in second
    with EmbeddedLog(path) as log:
        assert values(log, "docs") == wanted
        assert log.committed("feeders", [DOCS]) == {}
        fill(log, 1)
        assert values(log, "docs") == [*wanted, b"0"]


def test_a_damaged_file_is_told(path: Path) -> None:
    with EmbeddedLog(path) as log:
        fill(log, 20_000)
    content = bytearray(path.read_bytes())
    content[8_192:] = b"\xaa" * (len(content) - 8_192)
    path.write_bytes(content)
    with (
        pytest.raises((UnavailableError, CommitError), match="restore it"),
        EmbeddedLog(path) as log,
    ):
        log.reader({DOCS: 0}).poll(20_000, 0.0)


def test_a_full_file_gives_its_space_back_to_new_records(path: Path) -> None:
    with EmbeddedLog(path) as log:
        sizes = []
        for _ in range(4):
            log.writer("w").commit([Output("docs", bytes(1_000))] * 12_000, {}, group="g")
            log.delete_before(log.end_offsets([DOCS]))
        log.close()
        sizes.append(path.stat().st_size)
    assert sizes[0] < 2.5 * 12_000 * 1_000


def test_records_past_their_retention_go_as_new_ones_come(path: Path) -> None:
    with EmbeddedLog(path) as log:
        log.create_topics([TopicSpec("brief", retention_ms=20)])
        part = TopicPartition("brief", 0)
        writer = log.writer("w")
        writer.commit([Output("brief", b"old")] * 50, {}, group="g")
        deadline = time.monotonic() + 30.0
        while log.beginning_offsets([part])[part] < 50:
            assert time.monotonic() < deadline
            writer.commit([Output("brief", b"new")], {}, group="g")
        assert b"old" not in values_from(log, part)


def values_from(log: EmbeddedLog, part: TopicPartition) -> list[bytes | None]:
    reader = log.reader(log.beginning_offsets([part]))
    return [record.value for record in reader.poll(100_000, 0.0)]


def test_only_the_last_record_of_a_key_is_kept(path: Path) -> None:
    with EmbeddedLog(path) as log:
        log.create_topics([TopicSpec("topics", cleanup="compact")])
        part = TopicPartition("topics", 0)
        writer = log.writer("w")
        for _ in range(3):
            outputs = [Output("topics", b"%d" % i, b"%d" % (i % 2)) for i in range(4)]
            writer.commit(outputs, {}, group="g")
        reader = log.reader({part: 0})
        records = reader.poll(100, 0.0)
        assert [(r.offset, r.key, r.value) for r in records] == [(10, b"0", b"2"), (11, b"1", b"3")]
        assert reader.positions() == log.end_offsets([part]) == {part: 12}


def test_a_record_without_a_key_cannot_be_compacted(path: Path) -> None:
    with EmbeddedLog(path) as log:
        log.create_topics([TopicSpec("topics", cleanup="compact")])
        with pytest.raises(CommitError, match="has no key"):
            log.writer("w").commit([Output("topics", b"x")], {}, group="g")


def test_a_commit_to_an_unknown_topic_is_refused(path: Path) -> None:
    with EmbeddedLog(path) as log:
        for outputs, offsets in (
            ([Output("nowhere", b"x")], {}),
            ([Output("docs", b"x", partition=3)], {}),
            ([], {TopicPartition("nowhere", 0): 1}),
        ):
            with pytest.raises(CommitError, match="create it with create_topics"):
                log.writer("w").commit(outputs, offsets, group="g")
        assert values(log, "docs") == []


def test_readers_of_unknown_topics_are_refused(path: Path) -> None:
    with EmbeddedLog(path) as log:
        with pytest.raises(TopicError, match="nowhere"):
            log.reader({TopicPartition("nowhere", 0): 0})
        with pytest.raises(TopicError, match="nowhere"):
            log.group_reader(["nowhere"], "g", "anna")
        with pytest.raises(TopicError, match="nowhere"):
            log.end_offsets([TopicPartition("nowhere", 0)])


def test_a_silent_member_loses_its_partitions_when_another_asks(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = time.time_ns()
    with EmbeddedLog(path) as log:
        wanted = fill(log, 2)
        silent = log.group_reader(["docs"], "g", "anna")
        assert len(silent.poll(1, 0.0)) == 1
        monkeypatch.setattr(time, "time_ns", lambda: now_ns + (LEASE_MS + 1_000) * 1_000_000)
        other = log.group_reader(["docs"], "g", "bert")
        assert [record.value for record in other.poll(10, 0.0)] == wanted
        assert silent.poll(10, 0.0) == []
        assert silent.positions() == {}


@pytest.mark.parametrize("use", ["poll", "partitions", "commit", "reader"])
def test_what_is_closed_says_so(path: Path, use: str) -> None:
    log = EmbeddedLog(path)
    reader, writer = log.reader({DOCS: 0}), log.writer("w")
    log.close()
    uses: dict[str, Callable[[], object]] = {
        "poll": lambda: reader.poll(1, 0.0),
        "partitions": lambda: log.partitions("docs"),
        "commit": lambda: writer.commit([], {}, group="g"),
        "reader": lambda: log.reader({DOCS: 0}),
    }
    with pytest.raises((UnavailableError, CommitError), match="closed"):
        uses[use]()


def test_seek_of_a_partition_that_is_not_read_is_an_error(path: Path) -> None:
    with EmbeddedLog(path) as log, pytest.raises(ValueError, match="copies"):
        log.reader({DOCS: 0}).seek(TopicPartition("copies", 0), 0)


def test_a_partition_that_came_back_cannot_be_committed_with_what_was_read_before(
    path: Path,
) -> None:
    with EmbeddedLog(path) as log:
        wanted = fill(log, 2)
        anna = log.group_reader(["docs", "copies"], "g", "anna")
        anna.poll(10, 0.0)
        bert = log.group_reader(["docs", "copies"], "g", "bert")
        (moved,) = bert.positions()
        bert.close()
        writer = log.writer("w")
        with pytest.raises(FencedError, match="was taken from member 'anna'"):
            writer.commit([], {moved: 1}, group="g", member=anna)
        read = anna.poll(10, 0.0)
        if moved == DOCS:
            assert [record.value for record in read] == wanted
        writer.commit([], {moved: 2}, group="g", member=anna)
        assert log.committed("g", [moved]) == {moved: OffsetMark(2)}


def test_a_group_reader_of_another_transport_is_no_member(path: Path) -> None:
    with EmbeddedLog(path) as log, MemoryLog() as other:
        other.create_topics([TopicSpec("docs")])
        stranger = other.group_reader(["docs"], "g", "anna")
        with pytest.raises(CommitError, match="MemoryGroupReader"):
            log.writer("w").commit([], {DOCS: 1}, group="g", member=stranger)
