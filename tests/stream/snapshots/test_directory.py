"""Snapshots on disk: whole or absent after any crash, and damage is told by name."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from topicstream.stream import failpoints
from topicstream.stream.errors import SnapshotError
from topicstream.stream.snapshots.directory import MANIFEST, DirectoryStore
from topicstream.stream.snapshots.store import Snapshot, SnapshotId

CODE = """
import pathlib, resource, sys
from topicstream.stream import failpoints
from topicstream.stream.errors import SnapshotError
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.stream.snapshots.store import Snapshot, SnapshotId
store = DirectoryStore(pathlib.Path(sys.argv[1]))
def make(sequence, size=1_000):
    files = {"state.safetensors": bytes([sequence]) * size, "meta.json": b"{}"}
    return Snapshot(SnapshotId(sequence, 1, f"{sequence:064x}"), files)
"""


def make(sequence: int, term: int = 1) -> Snapshot:
    files = {"state.safetensors": bytes([sequence]) * 1_000, "meta.json": b"{}"}
    return Snapshot(SnapshotId(sequence, term, f"{sequence:064x}"), files)


def run(root: Path, code: str, specification: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CODE + code, str(root), specification]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "deep" / "snapshots")
    store.save(make(7))
    assert store.list() == [make(7).id.name]
    assert DirectoryStore(tmp_path / "deep" / "snapshots").load(make(7).id.name) == make(7)


def test_a_snapshot_without_files_is_one(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    empty = Snapshot(SnapshotId(0, 0, "0" * 64), {})
    store.save(empty)
    assert store.load(empty.id.name) == empty


def test_the_newest_are_kept_and_come_first(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, keep=2)
    for sequence in (9, 10, 11, 100):
        store.save(make(sequence))
    assert store.list() == [make(100).id.name, make(11).id.name]
    assert names(tmp_path) == sorted(store.list())


def test_a_later_term_is_newer_at_the_same_sequence(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    for term in (2, 10, 9):
        store.save(make(5, term))
    assert store.list() == [make(5, term).id.name for term in (10, 9, 2)]


def test_a_state_that_went_back_is_not_pruned_at_once(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, keep=1)
    store.save(make(9))
    store.save(make(3, term=2))
    assert store.list() == [make(3, term=2).id.name]


def test_saving_again_is_harmless(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.save(make(7))
    store.save(make(7))
    assert store.list() == [make(7).id.name]


def test_saving_again_heals_damage(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.save(make(7))
    (tmp_path / make(7).id.name / "meta.json").write_bytes(b"[]")
    store.save(make(7))
    assert store.load(make(7).id.name) == make(7)
    assert names(tmp_path) == [make(7).id.name]


@pytest.mark.parametrize(
    ("place", "newest"),
    [
        ("snapshot_mid_write", 1),
        ("snapshot_after_manifest", 1),
        ("snapshot_before_rename", 1),
        ("snapshot_after_rename", 2),
    ],
)
def test_killed_at_any_place_the_newest_is_whole(tmp_path: Path, place: str, newest: int) -> None:
    code = "store.save(make(1)); failpoints.configure(sys.argv[2]); store.save(make(2))"
    killed = run(tmp_path, code, f"{place}:kill@seq=2")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(names(tmp_path)) == 2
    store = DirectoryStore(tmp_path)
    assert names(tmp_path) == sorted(store.list())
    assert store.load(store.list()[0]) == make(newest)
    store.save(make(2))
    assert store.load(store.list()[0]) == make(2)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "file", "reason"),
    [
        (truncate, "state.safetensors", "999 bytes instead of 1000"),
        (flip, "state.safetensors", "SHA-256"),
        (Path.unlink, "state.safetensors", "cannot be opened"),
        (truncate, MANIFEST, None),
        (Path.unlink, MANIFEST, "cannot be opened"),
        (lambda file: file.write_bytes(b"\xff\xfe"), MANIFEST, "cannot be read"),
        (lambda file: file.write_bytes(b"{}"), MANIFEST, "cannot be read"),
    ],
)
def test_damage_is_told_and_the_older_one_still_loads(
    tmp_path: Path, damage: Callable[[Path], object], file: str, reason: str | None
) -> None:
    store = DirectoryStore(tmp_path)
    store.save(make(1))
    store.save(make(2))
    damage(tmp_path / make(2).id.name / file)
    if reason is not None:
        with pytest.raises(SnapshotError, match=f"{file} is damaged: .*{reason}"):
            store.load(make(2).id.name)
    assert store.load(make(1).id.name) == make(1)
    assert make(1).id.name in store.list()


def test_every_flipped_bit_of_the_manifest_is_harmless_or_told(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.save(make(2))
    manifest = tmp_path / make(2).id.name / MANIFEST
    sound = manifest.read_bytes()
    for i in range(len(sound)):
        damaged = bytearray(sound)
        damaged[i] ^= 1
        manifest.write_bytes(damaged)
        try:
            loaded = store.load(make(2).id.name)
        except SnapshotError:
            continue
        assert loaded.files == make(2).files
        assert loaded.id.name == make(2).id.name


def test_a_manifest_cannot_reach_out_of_its_folder(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "snapshots")
    store.save(make(1))
    (tmp_path / "secret").write_bytes(b"{}")
    manifest = tmp_path / "snapshots" / make(1).id.name / MANIFEST
    manifest.write_text(manifest.read_text().replace("meta.json", "../../secret"))
    with pytest.raises(SnapshotError, match="secret"):
        store.load(make(1).id.name)


def test_a_folder_without_a_manifest_is_no_snapshot(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    (tmp_path / make(9).id.name).mkdir()
    assert store.list() == []


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.save(make(1))
    manifest = tmp_path / make(1).id.name / MANIFEST
    manifest.write_text(manifest.read_text().replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(SnapshotError, match="format version 2"):
        store.load(make(1).id.name)


def test_a_renamed_snapshot_is_refused(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.save(make(1))
    (tmp_path / make(1).id.name).rename(tmp_path / make(2).id.name)
    with pytest.raises(SnapshotError, match=f"it describes {make(1).id.name}"):
        store.load(make(2).id.name)


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    foreign = ["notes.txt", "tmp-of-mine", "tmpfile", ".trash", "00007-1-abc", "lost+found"]
    for name in foreign:
        (tmp_path / name).mkdir()
    (tmp_path / "tmp-abcdefgh").touch()
    store = DirectoryStore(tmp_path, keep=1)
    store.save(make(1))
    store.save(make(2))
    assert store.list() == [make(2).id.name]
    assert names(tmp_path) == sorted([*foreign, "tmp-abcdefgh", make(2).id.name])


def test_leftovers_of_a_crash_are_swept(tmp_path: Path) -> None:
    for name in ("tmp-abcd1_3x", f".trash-{make(1).id.name}"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.safetensors").touch()
    assert DirectoryStore(tmp_path).list() == []
    assert names(tmp_path) == []


def test_opening_the_store_leaves_a_snapshot_that_is_being_written(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    failpoints.configure("snapshot_before_rename:sleep=0.5")
    try:
        writing = threading.Thread(target=store.save, args=(make(1),))
        writing.start()
        while not list(tmp_path.glob(f"tmp-*/{MANIFEST}")):
            assert writing.is_alive()
        DirectoryStore(tmp_path)
        writing.join(60)
    finally:
        failpoints.configure(None)
    assert store.load(make(1).id.name) == make(1)


def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    code = """
store.save(make(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    store.save(make(2, size=100_000))
except SnapshotError as error:
    print(error)
"""
    done = run(tmp_path, code)
    assert "cannot write snapshot" in done.stdout, done.stderr
    assert "free space" in done.stdout
    assert names(tmp_path) == [make(1).id.name]
    assert DirectoryStore(tmp_path).load(make(1).id.name) == make(1)


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SnapshotError, match="cannot open the directory"):
        DirectoryStore(tmp_path / "file" / "snapshots")


def test_a_directory_that_vanished_is_told(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "snapshots")
    (tmp_path / "snapshots").rmdir()
    with pytest.raises(SnapshotError, match="cannot write snapshot"):
        store.save(make(1))
    with pytest.raises(SnapshotError, match="cannot list"):
        store.list()


@pytest.mark.parametrize("name", ["latest", "../snapshots", "", "7-1-ab"])
def test_only_names_of_snapshots_are_loaded(tmp_path: Path, name: str) -> None:
    with pytest.raises(SnapshotError, match="no name of a snapshot"):
        DirectoryStore(tmp_path).load(name)


@pytest.mark.parametrize("name", [MANIFEST, "../x", "a/b", ".hidden", ""])
def test_files_with_dangerous_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SnapshotError, match="cannot hold a file"):
        DirectoryStore(tmp_path).save(Snapshot(make(1).id, {name: b""}))


def test_keeping_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="keep=0"):
        DirectoryStore(tmp_path, keep=0)
