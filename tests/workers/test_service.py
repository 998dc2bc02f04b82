from __future__ import annotations

import gzip
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from topicstream.model.errors import EmbedderError, MissingExtraError
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.errors import FencedError, UnavailableError
from topicstream.stream.memory import MemoryLog
from topicstream.stream.protocols import Transport
from topicstream.stream.records import Output
from topicstream.workers.commands.run import summary
from topicstream.workers.errors import ExportError, FeedError, OtherSettingsError
from topicstream.workers.member import member_name
from topicstream.workers.names import TopicNames
from topicstream.workers.service import Progress, Service
from topicstream.workers.settings import Settings, load

NAMES = TopicNames()
OPTIONS = {"embedder": "precomputed:4", "batch": {"size": 10}, "model": {"n_topics": 3}}


def document(number: int, prefix: str = "d") -> bytes:
    vector = [1.0, number % 7, number % 3, 0.5]
    fields = {"id": f"{prefix}{number}", "text": "rain and wind", "embedding": vector}
    return json.dumps(fields | {"timestamp": number}).encode() + b"\n"


def documents(end: int, start: int = 0) -> bytes:
    return b"".join(document(number) for number in range(start, end))


def settings(folder: Path, **options: Any) -> Settings:
    places = {"output": folder / "out", "state": folder / "state"}
    return load({**OPTIONS, **places, **options}, environment=False)


def serve(
    wanted: Settings,
    log: Transport | None = None,
    report: Callable[[Progress], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> Progress:
    stop = stop or threading.Event()
    if log is not None:
        return Service(wanted, log, report, stop).run()
    wanted.state.mkdir(exist_ok=True)
    with EmbeddedLog(wanted.state / "log.db") as own:
        return Service(wanted, own, report, stop).run()


def ids(folder: Path) -> list[str]:
    lines = (folder / "out" / "assignments.jsonl").read_bytes().splitlines()
    return [json.loads(line)["id"] for line in lines]


def is_upstream_alive() -> bool:
    return any(thread.name == "upstream" for thread in threading.enumerate())


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(documents(95))
    return path


def test_every_document_is_answered_and_what_was_written_is_told(
    feed: Path, tmp_path: Path
) -> None:
    with feed.open("ab") as file:
        file.write(b"{\n[]\n")
    wanted = settings(tmp_path, input=str(feed))
    done = serve(wanted)
    assert ids(tmp_path) == [f"d{n}" for n in range(95)]
    assert (done.n_documents, done.n_answers, done.n_dead, done.stopped) == (95, 95, 2, False)
    assert (done.n_bytes, done.n_total_bytes) == (feed.stat().st_size,) * 2
    text = "\n".join(summary(done, wanted))
    assert "answers 95, dead letters 2" in text
    assert f"what was refused is in {tmp_path / 'out' / 'deadletter.jsonl'}" in text


def test_a_stop_ends_a_run_that_waits_for_more_and_the_next_goes_on(
    feed: Path, tmp_path: Path
) -> None:
    stop = threading.Event()
    wanted = settings(tmp_path, input=str(feed), follow=True)

    def watch(now: Progress) -> None:
        if now.n_documents == 95:
            stop.set()

    done = serve(wanted, report=watch, stop=stop)
    assert done.stopped
    assert ids(tmp_path) == [f"d{n}" for n in range(95)]
    with feed.open("ab") as file:
        file.write(documents(99, 95))
    assert serve(settings(tmp_path, input=str(feed))).n_documents == 4
    assert ids(tmp_path) == [f"d{n}" for n in range(99)]


@pytest.mark.parametrize("is_csv", [False, True])
def test_a_file_that_grows_is_followed(tmp_path: Path, is_csv: bool) -> None:
    path = tmp_path / ("a.csv" if is_csv else "a.jsonl")
    row = '{},"rain\nand wind","[1, 2, 3, {}]"\n'
    head = b"id,text,embedding\n" if is_csv else b""

    def more(number: int) -> bytes:
        return row.format(f"d{number}", number).encode() if is_csv else document(number)

    path.write_bytes(head + more(0))
    stop = threading.Event()
    written = 1

    def grow(now: Progress) -> None:
        nonlocal written
        if now.n_documents == 8:
            stop.set()
        elif now.n_documents == written:
            with path.open("ab") as file:
                file.write(more(written)[:9])
                file.flush()
                file.write(more(written)[9:])
            written += 1

    serve(settings(tmp_path, input=str(path), follow=True), MemoryLog(), grow, stop)
    assert ids(tmp_path) == [f"d{n}" for n in range(8)]


def test_a_run_ends_with_its_feed_though_others_write_for_ever(feed: Path, tmp_path: Path) -> None:
    log, done = MemoryLog(), threading.Event()
    log.create_topics(NAMES.specs())

    def write() -> None:
        writer, number = log.writer("other"), 0
        while not done.wait(0.001):
            writer.commit([Output(NAMES.documents, document(number, "x"))], {}, group="other")
            number += 1

    other = threading.Thread(target=write)
    other.start()
    try:
        progress = serve(settings(tmp_path, input=str(feed)), log)
    finally:
        done.set()
        other.join()
    assert not progress.stopped
    assert [name for name in ids(tmp_path) if name[0] == "d"] == [f"d{n}" for n in range(95)]


def test_a_failure_here_ends_the_other_thread_before_the_log_is_closed(
    feed: Path, tmp_path: Path
) -> None:
    def fail(now: Progress) -> None:
        if now.n_documents:
            raise ZeroDivisionError("here")

    with MemoryLog() as log:
        with pytest.raises(ZeroDivisionError, match="here"):
            serve(settings(tmp_path, input=str(feed), follow=True), log, fail)
        assert not is_upstream_alive()
    assert serve(settings(tmp_path, input=str(feed), output=tmp_path / "2")).n_documents == 95


def test_a_failure_of_the_other_thread_is_the_one_that_is_told(feed: Path, tmp_path: Path) -> None:
    log = MemoryLog()

    def take_away(now: Progress) -> None:
        if now.n_documents == 95:
            # As another process would that runs the same feed.
            log.writer(NAMES.embed_writer("run"))
            with feed.open("ab") as file:
                file.write(document(95))

    with pytest.raises(FencedError):
        serve(settings(tmp_path, input=str(feed), follow=True), log, take_away)
    assert not is_upstream_alive()


def test_an_embedder_that_there_is_not_leaves_no_trace_in_the_state(
    feed: Path, tmp_path: Path
) -> None:
    log = MemoryLog()
    for name in ("precomputed:0", str(tmp_path / "none")):
        with pytest.raises((EmbedderError, MissingExtraError)):
            serve(settings(tmp_path, input=str(feed), embedder=name), log)
    assert serve(settings(tmp_path, input=str(feed)), log).n_documents == 95


def test_the_first_failure_is_told_and_the_second_is_kept_beside_it(
    feed: Path, tmp_path: Path
) -> None:
    log = MemoryLog()

    def fail(now: Progress) -> None:
        if not now.n_documents:
            return
        log.close()
        wait_until(lambda: not is_upstream_alive())
        raise ZeroDivisionError("second")

    with pytest.raises(UnavailableError, match="closed") as told:
        serve(settings(tmp_path, input=str(feed), follow=True), log, fail)
    assert isinstance(told.value.__cause__, ZeroDivisionError)


def test_what_comes_before_the_damage_of_a_feed_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(documents(95))[:-8])
    with pytest.raises(FeedError, match="truncated"):
        serve(settings(tmp_path, input=str(path)), MemoryLog())
    assert ids(tmp_path) == [f"d{n}" for n in range(95)]


def test_a_feed_that_is_missing_is_told_before_anything_is_started(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="No such file"):
        serve(settings(tmp_path, input=str(tmp_path / "none")), MemoryLog())
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_cannot_be_made_is_told(feed: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ExportError, match=r"out cannot be written \(File exists\)"):
        serve(settings(tmp_path, input=str(feed)), MemoryLog())


def test_a_replay_shows_how_far_it_is_and_may_be_interrupted(feed: Path, tmp_path: Path) -> None:
    wanted = settings(tmp_path, input=str(feed))
    control = serve(wanted)
    shutil.rmtree(wanted.state / "snapshots")
    states: list[str] = []
    stop = threading.Event()

    def watch(now: Progress) -> None:
        if now.state.startswith("replaying"):
            states.append(now.state)
        if now.state == "replaying batch 3 of 10":
            stop.set()

    assert serve(wanted, report=watch, stop=stop).stopped
    assert states == [f"replaying batch {n} of 10" for n in (1, 2, 3)]
    again = serve(wanted)
    assert (again.n_documents, again.state_hash) == (0, control.state_hash)
    assert ids(tmp_path) == [f"d{n}" for n in range(95)]


def test_a_state_of_another_embedder_is_refused(feed: Path, tmp_path: Path) -> None:
    log = MemoryLog()
    serve(settings(tmp_path, input=str(feed)), log)
    with pytest.raises(OtherSettingsError, match="'precomputed:4', and now it is 'precomputed:5'"):
        serve(settings(tmp_path, input=str(feed), embedder="precomputed:5"), log)
    assert not is_upstream_alive()


# In a process of its own


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "topicstream.workers", *words]
        options = {"TOPICSTREAM_EMBEDDER": "precomputed:4", "TOPICSTREAM_BATCH__SIZE": "10"}
        child = subprocess.Popen(
            [*command, "--state", str(tmp_path / "state")],
            env={**os.environ, **options, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


def wait_until(is_so: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def end(child: subprocess.Popen[bytes], number: int, within_s: float) -> str:
    """Send a signal, and return what was said until a clean end within the time."""
    began = time.monotonic()
    child.send_signal(number)
    assert child.wait(timeout=30) == 0
    took_s = time.monotonic() - began
    assert child.stderr is not None
    said = child.stderr.read().decode()
    assert took_s < within_s, said
    assert "Traceback" not in said
    return said


def test_a_signal_ends_a_run_whose_pipe_is_idle(
    process: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    words = ("run", "--input", "-", "--output", str(tmp_path / "out"))
    first = process(*words)
    assert first.stdin is not None
    first.stdin.write(documents(25))
    wait_until(lambda: count_lines(tmp_path / "out" / "assignments.jsonl") == 20)
    assert "stopped: 20 documents" in end(first, signal.SIGTERM, within_s=5.0)
    last = process(*words)
    last.communicate(documents(50), timeout=60)
    assert last.returncode == 0
    assert ids(tmp_path) == [f"d{n}" for n in range(50)]


def said_by(child: subprocess.Popen[bytes], words: bytes) -> None:
    """Read what the child says until it says `words`."""
    assert child.stderr is not None
    said = b""
    while words not in said:
        assert select.select([child.stderr], [], [], 60.0)[0], said
        piece = os.read(child.stderr.fileno(), 1_000)
        assert piece, said
        said += piece


def test_roles_end_soon_after_a_signal(
    process: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    embed = process("worker", "embed")
    said_by(embed, b"embedding as")
    model = process("worker", "model")
    said_by(model, b"learning after batch 0")
    producer = process("produce", "-")
    assert producer.stdin is not None
    producer.stdin.write(documents(20))
    # Batches are closed by age: everything is there when the journal does not grow any more.
    with EmbeddedLog(tmp_path / "state" / "log.db") as log:
        parts = log.partitions(NAMES.assignments)
        wait_until(lambda: sum(log.end_offsets(parts).values()) == 20)
    assert "20 documents produced" in end(producer, signal.SIGTERM, within_s=5.0)
    assert "20 documents learned" in end(model, signal.SIGTERM, within_s=5.0)
    assert "20 documents embedded" in end(embed, signal.SIGINT, within_s=5.0)


def test_two_embed_workers_of_one_machine_have_two_names(
    process: Callable[..., subprocess.Popen[bytes]],
) -> None:
    first = process("worker", "embed")
    said_by(first, b"-1; a signal ends it")
    second = process("worker", "embed")
    said_by(second, b"-2; a signal ends it")
    first.kill()
    first.wait()
    # What replaces a dead one gets its name, and so shuts out what is left of it.
    third = process("worker", "embed")
    said_by(third, b"-1; a signal ends it")
    end(second, signal.SIGTERM, within_s=5.0)
    end(third, signal.SIGTERM, within_s=5.0)


def test_services_do_not_share_names() -> None:
    with member_name("a") as one, member_name("b") as other, member_name("a") as two:
        assert one == other
        assert one != two


@pytest.mark.parametrize(
    ("words", "environment", "code", "message"),
    [
        (["run", "--input", "none.jsonl"], {}, 65, "'none.jsonl' cannot be opened"),
        (["run", "--input", "-"], {"TOPICSTREAM_BATCHSIZE": "5"}, 78, "TOPICSTREAM_BATCH__SIZE"),
    ],
)
def test_what_is_wrong_is_told_without_a_traceback(
    process: Callable[..., subprocess.Popen[bytes]],
    tmp_path: Path,
    words: list[str],
    environment: dict[str, str],
    code: int,
    message: str,
) -> None:
    if words[0] == "run":
        words = [*words, "--output", str(tmp_path / "out")]
    child = process(*words, **environment)
    _, said = child.communicate(documents(5), timeout=60)
    assert message in said.decode()
    assert b"Traceback" not in said
    assert child.returncode == code
