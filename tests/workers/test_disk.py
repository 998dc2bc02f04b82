"""Disks that are full, read-only or tampered with: snapshots may go, documents may not."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.integration.oracle import check_answers, check_journal, embeddings
from tests.workers.crash_lab import BATCH_SIZE, SETTINGS
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.errors import CommitError, FencedError, UnavailableError
from topicstream.stream.memory import MemoryLog
from topicstream.stream.protocols import Transport
from topicstream.stream.records import Output
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.names import TopicNames

NAMES = TopicNames()


def fed(log: Transport) -> None:
    log.create_topics(NAMES.specs())
    outputs = [Output(NAMES.embeddings, b"rubbish"), *embeddings(NAMES)]
    writer = log.writer("feed")
    writer.commit(outputs, {}, group="feed")
    writer.close()


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog()
    fed(log)
    return log


def worker_on(log: Transport, folder: Path, *, recover: bool = True) -> ModelWorker:
    worker = ModelWorker(
        log,
        NAMES,
        DirectoryStore(folder),
        settings=SETTINGS,
        batch_size=BATCH_SIZE,
        snapshot_every=1,
    )
    if recover:
        worker.recover()
    return worker


def finish(worker: ModelWorker) -> str:
    while worker.step(0.0, drain=True):
        pass
    worker.close()
    return worker.model.state_hash()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    log = MemoryLog()
    fed(log)
    return finish(worker_on(log, tmp_path_factory.mktemp("undisturbed")))


def check(log: Transport, undisturbed: str) -> None:
    check_answers(log, NAMES)
    assert check_journal(log, NAMES) == undisturbed


@contextmanager
def no_file_larger(n_bytes: int) -> Iterator[None]:
    """Let every write beyond `n_bytes` of a file fail, as a quota does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB, which only root may mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    path = disk / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 1):
            while True:
                try:
                    if not file.write(bytes(size)):
                        break
                except OSError:
                    break
    return path


def remount(disk: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)


def test_a_quota_costs_snapshots_and_no_documents(
    log: MemoryLog, tmp_path: Path, undisturbed: str
) -> None:
    """[27]"""
    worker = worker_on(log, tmp_path)
    worker.step(0.0)
    before = DirectoryStore(tmp_path).list()
    with no_file_larger(500):
        assert worker.step(0.0) is not None
        assert worker.step(0.0) is not None
    assert worker.checkpoints.n_failed_snapshots == 2
    assert DirectoryStore(tmp_path).list() == before
    assert list(tmp_path.glob("tmp-*")) == []
    assert finish(worker) == undisturbed
    newest = DirectoryStore(tmp_path).list()[0]
    assert DirectoryStore(tmp_path).load(newest).id.state_hash == undisturbed
    check(log, undisturbed)


def test_a_full_disk_costs_snapshots_and_no_documents(
    log: MemoryLog, disk: Path, undisturbed: str
) -> None:
    """[27]"""
    worker = worker_on(log, disk / "snapshots")
    worker.step(0.0)
    before = DirectoryStore(disk / "snapshots").list()
    filler = fill(disk)
    assert worker.step(0.0) is not None
    assert worker.checkpoints.n_failed_snapshots == 1
    assert DirectoryStore(disk / "snapshots").list() == before
    # Killed now, the one before and the journal lead to the same state.
    again = worker_on(log, disk / "snapshots")
    assert again.model.state_hash() == worker.model.state_hash()
    filler.unlink()
    assert finish(again) == undisturbed
    assert again.checkpoints.n_failed_snapshots == 0
    check(log, undisturbed)


def test_a_disk_that_turns_read_only_costs_snapshots_and_no_documents(
    log: MemoryLog, disk: Path, undisturbed: str
) -> None:
    """[27] As a disk with errors does; a worker can also start on it, and reads what is there."""
    worker = worker_on(log, disk)
    worker.step(0.0)
    remount(disk, "ro")
    assert worker.step(0.0) is not None
    again = worker_on(log, disk)
    assert again.model.state_hash() == worker.model.state_hash()
    assert again.checkpoints.n_fallbacks == 0
    assert again.step(0.0) is not None
    assert (worker.checkpoints.n_failed_snapshots, again.checkpoints.n_failed_snapshots) == (1, 1)
    remount(disk, "rw")
    assert finish(again) == undisturbed
    check(log, undisturbed)


def truncate(folder: Path) -> None:
    path = folder / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


def flip_a_bit(folder: Path) -> None:
    path = folder / "meta.json"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def delete(folder: Path) -> None:
    shutil.rmtree(folder)


def empty_the_manifest(folder: Path) -> None:
    (folder / "MANIFEST.json").write_bytes(b"")


def swap(folder: Path) -> None:
    """Put another sound snapshot in its place, under its name."""
    older = min(folder.parent.iterdir())
    shutil.rmtree(folder)
    shutil.copytree(older, folder)


DAMAGES = [truncate, flip_a_bit, delete, empty_the_manifest]


@pytest.mark.parametrize(
    ("damage", "n_damaged", "n_replayed"),
    [
        *((damage, 1, 1) for damage in [*DAMAGES, swap]),
        *((damage, 3, 4) for damage in DAMAGES),
    ],
)
def test_damaged_snapshots_are_passed_over(
    damage: Callable[[Path], None],
    n_damaged: int,
    n_replayed: int,
    log: MemoryLog,
    tmp_path: Path,
    undisturbed: str,
) -> None:
    """[27] For an older one, or when there is none, for the journal from its beginning."""
    worker = worker_on(log, tmp_path)
    for _ in range(4):
        worker.step(0.0)
    names = DirectoryStore(tmp_path).list()
    assert len(names) == 3
    for name in names[:n_damaged]:
        damage(tmp_path / name)
    replayed: list[int] = []
    again = worker_on(log, tmp_path, recover=False)
    again.recover(lambda done, _: replayed.append(done))
    assert len(replayed) == n_replayed
    assert again.model.state_hash() == worker.model.state_hash()
    assert finish(again) == undisturbed
    check(log, undisturbed)


def test_what_is_no_snapshot_is_left_alone(
    log: MemoryLog, tmp_path: Path, undisturbed: str
) -> None:
    """[27] Foreign files, and folders that are named like a newer snapshot."""
    (tmp_path / "notes.txt").write_text("mine")
    forged = tmp_path / f"{99:020d}-99-{'ab' * 6}"
    forged.mkdir()
    (forged / "MANIFEST.json").write_text("{}")
    worker = worker_on(log, tmp_path)
    for _ in range(3):
        worker.step(0.0)
    again = worker_on(log, tmp_path)
    assert again.checkpoints.n_fallbacks == 1
    assert finish(again) == undisturbed
    assert (tmp_path / "notes.txt").read_text() == "mine"
    check(log, undisturbed)


def test_a_snapshot_of_a_batch_that_was_never_committed_is_refused(
    log: MemoryLog, tmp_path: Path, undisturbed: str
) -> None:
    """[11] A zombie may learn and save what it could not commit; its state is not the log's."""
    zombie = worker_on(log, tmp_path)
    zombie.step(0.0)
    successor = worker_on(log, tmp_path)
    zombie.model.partial_fit(["never committed"], np.eye(1, 16, dtype=np.float32), now=0.0)
    zombie.snapshot()
    newest = DirectoryStore(tmp_path).list()[0]
    assert DirectoryStore(tmp_path).load(newest).id.sequence == 2
    again = worker_on(log, tmp_path)
    assert again.checkpoints.n_fallbacks == 1
    assert again.model.state_hash() == successor.model.state_hash()
    assert finish(again) == undisturbed
    check(log, undisturbed)


def test_a_worker_that_was_shut_out_while_it_replayed_saves_nothing(
    log: MemoryLog, tmp_path: Path
) -> None:
    """[10] Its state is sound, and it has no term to save it under."""
    worker_on(log, tmp_path / "first").step(0.0)
    late = worker_on(log, tmp_path / "late", recover=False)
    with pytest.raises(FencedError):
        late.recover(lambda *_: log.writer(NAMES.model_writer).close())
    late.close()
    assert list((tmp_path / "late").iterdir()) == []


def serve(folder: Path) -> None:
    """Answer everything with the log in `folder`."""
    with EmbeddedLog(folder / "log.db") as log:
        finish(worker_on(log, folder / "snapshots"))


@contextmanager
def full(disk: Path) -> Iterator[None]:
    filler = fill(disk)
    yield
    filler.unlink()


def test_a_full_log_ends_the_worker_and_loses_nothing(disk: Path, undisturbed: str) -> None:
    """[27] The message says what to do; with some space, a new start answers the rest."""
    with EmbeddedLog(disk / "log.db") as log:
        fed(log)
        worker = worker_on(log, disk / "snapshots")
        worker.step(0.0)
        with full(disk), pytest.raises(CommitError, match="disk is full; free some space"):
            finish(worker)
        with pytest.raises(CommitError, match="end it and start again"):
            worker.step(0.0)
        worker.close()
    serve(disk)
    with EmbeddedLog(disk / "log.db") as log:
        check(log, undisturbed)


def test_on_a_full_disk_a_start_says_so_and_loses_nothing(disk: Path, undisturbed: str) -> None:
    """[27]"""
    with EmbeddedLog(disk / "log.db") as log:
        fed(log)
        worker_on(log, disk / "snapshots").step(0.0)
    with full(disk), pytest.raises((CommitError, UnavailableError), match="disk"):
        serve(disk)
    serve(disk)
    with EmbeddedLog(disk / "log.db") as log:
        check(log, undisturbed)


def test_a_log_at_its_quota_ends_the_worker_and_loses_nothing(
    tmp_path: Path, undisturbed: str
) -> None:
    """[27] As above, for those who may not mount a disk."""
    with EmbeddedLog(tmp_path / "log.db") as log:
        fed(log)
        worker = worker_on(log, tmp_path / "snapshots")
        worker.step(0.0)
        size = (tmp_path / "log.db-wal").stat().st_size
        with no_file_larger(size + 4_096), pytest.raises(CommitError, match="disk"):
            finish(worker)
        worker.close()
    serve(tmp_path)
    with EmbeddedLog(tmp_path / "log.db") as log:
        check(log, undisturbed)
