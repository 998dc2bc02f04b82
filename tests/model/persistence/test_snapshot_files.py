"""The files of a snapshot, found by a folder or a URL."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from topicstream.model.errors import MissingExtraError, SnapshotFormatError
from topicstream.model.persistence.snapshot_files import holds_snapshots, snapshot_files
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.stream.snapshots.store import Snapshot, SnapshotId


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with snapshots of batch 9 and batch 10, of two terms."""
    store = DirectoryStore(tmp_path / "snapshots")
    for sequence, term in ((9, 3), (10, 2), (10, 11)):
        files = {"meta.json": f"{sequence} {term}".encode(), "state.safetensors": b"bytes"}
        store.save(Snapshot(SnapshotId(sequence, term, "ab" * 32), files))
    return tmp_path


def test_of_a_state_the_newest_snapshot_is_taken(state: Path) -> None:
    files = {"meta.json": b"10 11", "state.safetensors": b"bytes"}

    assert snapshot_files(state) == files
    assert snapshot_files(str(state / "snapshots")) == files


def test_a_snapshot_is_read_under_any_name(state: Path, tmp_path: Path) -> None:
    old = state / "snapshots" / SnapshotId(9, 3, "ab" * 32).name
    moved = old.rename(tmp_path / "copy")

    assert snapshot_files(moved)["meta.json"] == b"9 3"


def test_a_damaged_snapshot_is_passed_over(state: Path) -> None:
    newest = state / "snapshots" / SnapshotId(10, 11, "ab" * 32).name
    (newest / "meta.json").write_bytes(b"10 12")

    assert snapshot_files(state)["meta.json"] == b"10 2"
    with pytest.raises(SnapshotFormatError, match=r"meta\.json is not what the manifest says"):
        snapshot_files(newest)


def test_where_all_are_damaged_each_is_told(state: Path) -> None:
    for folder in (state / "snapshots").iterdir():
        (folder / "state.safetensors").unlink()

    with pytest.raises(SnapshotFormatError, match=r"no snapshot in .* is sound: .*; .*; "):
        snapshot_files(state)


@pytest.mark.parametrize("manifest", ["[]", "{}", '{"files": {"x": {}}}', "no json", "[1]"])
def test_a_manifest_of_another_kind_is_damage(manifest: str, tmp_path: Path) -> None:
    (tmp_path / "MANIFEST.json").write_text(manifest)

    with pytest.raises(SnapshotFormatError, match="is damaged"):
        snapshot_files(tmp_path)


def test_no_file_outside_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "snapshot"
    folder.mkdir()
    files = {
        "../secret": {"sha256": "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"}
    }
    (folder / "MANIFEST.json").write_text(json.dumps({"files": files}))

    with pytest.raises(SnapshotFormatError, match="names a file"):
        snapshot_files(folder)


def test_a_folder_without_snapshots_says_what_to_give(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        assert not holds_snapshots(place)
        with pytest.raises(SnapshotFormatError, match="holds no snapshot; give a state folder"):
            snapshot_files(place)


def test_folders_with_snapshots_are_known(state: Path) -> None:
    assert holds_snapshots(state)
    assert holds_snapshots(state / "snapshots")
    assert holds_snapshots(state / "snapshots" / SnapshotId(10, 2, "ab" * 32).name)


def test_what_reads_a_url_is_found_by_its_scheme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "elsewhere-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[topicstream.snapshots]\nelse = elsewhere:read\n")
    (tmp_path / "elsewhere.py").write_text(
        "def read(url, *, prefix):\n    return {'meta.json': f'{url} {prefix}'.encode()}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert snapshot_files("else://host/1", prefix="p") == {"meta.json": b"else://host/1 p"}
    with pytest.raises(MissingExtraError, match=r"no installed package reads .* at other:// URLs"):
        snapshot_files("other://host/1")
