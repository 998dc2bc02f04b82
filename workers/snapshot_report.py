"""Snapshots looked at from outside: what is in a folder, and what is damaged; nothing is changed.

`DirectoryStore` makes its folder, sweeps it, and stops at the first damage; whoever only looks may
do none of that.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from topicstream.stream.errors import SnapshotError
from topicstream.stream.snapshots.directory import FORMAT_VERSION, MANIFEST
from topicstream.stream.snapshots.store import SnapshotId

_NAME = re.compile(r"(\d{20})-(\d+)-[0-9a-f]{12}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
META = "meta.json"


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file of a snapshot.

    Parameters
    ----------
    name
        Its name in the folder.
    n_bytes
        Its length as the manifest tells it.
    damage
        What is wrong with it, empty when nothing is.

    """

    name: str
    n_bytes: int
    damage: str = ""


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """What a folder holds.

    Parameters
    ----------
    folder
        Where it is.
    id
        Which state it says to be; None when that cannot be read.
    files
        Its files, by name.
    problems
        What is wrong with it, empty for a sound one.
    contents
        Bytes of the sound files, by name.

    """

    folder: Path
    id: SnapshotId | None
    files: tuple[FileReport, ...]
    problems: tuple[str, ...]
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def is_sound(self) -> bool:
        """Return whether a service could start from it."""
        return not self.problems

    def meta(self) -> dict[str, Any]:
        """Return what meta.json holds; empty when it is damaged or no JSON object."""
        try:
            return msgspec.json.decode(self.contents.get(META, b"{}"), type=dict[str, Any])
        except msgspec.DecodeError:
            return {}


class _File(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class _Manifest(msgspec.Struct, frozen=True):
    format_version: int
    sequence: int
    term: int
    state_hash: str
    files: dict[str, _File]


def snapshots_in(root: Path) -> list[Path]:
    """Return the folders in `root` that are called like snapshots, newest first."""
    if not root.is_dir():
        return []
    found = {path: _NAME.fullmatch(path.name) for path in root.iterdir()}
    named = [(int(n[1]), int(n[2]), path) for path, n in found.items() if n is not None]
    return [path for _, _, path in sorted(named, reverse=True)]


def examine(folder: Path) -> SnapshotReport:
    """Return what `folder` holds, every hash checked.

    Parameters
    ----------
    folder
        A snapshot, or a copy of one under another name.

    Raises
    ------
    SnapshotError
        It is no snapshot at all.

    """
    try:
        content = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise SnapshotError(_no_snapshot(folder, error)) from error
    try:
        manifest = msgspec.json.decode(content, type=_Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return SnapshotReport(folder, None, (), (f"{MANIFEST} cannot be read: {error}",))
    return _examined(folder, manifest)


def _examined(folder: Path, manifest: _Manifest) -> SnapshotReport:
    which = SnapshotId(manifest.sequence, manifest.term, manifest.state_hash)
    if manifest.format_version != FORMAT_VERSION:
        told = f"format version {manifest.format_version}, and this topicstream reads"
        problem = f"{MANIFEST} has {told} {FORMAT_VERSION}; use the version that wrote it"
        return SnapshotReport(folder, which, (), (problem,))
    contents, files = {}, []
    for name, expected in sorted(manifest.files.items()):
        damage, content = _read(folder, name, expected)
        files.append(FileReport(name, expected.size, damage))
        if not damage:
            contents[name] = content
    problems = [f"{file.name}: {file.damage}" for file in files if file.damage]
    if META not in manifest.files:
        problems.append(f"it has no {META}, so that topicstream did not write it")
    return SnapshotReport(folder, which, tuple(files), tuple(problems), contents)


def _read(folder: Path, name: str, expected: _File) -> tuple[str, bytes]:
    # A name with a slash would lead out of the folder.
    if not _FILE_NAME.fullmatch(name):
        return "its name is not one that a snapshot has", b""
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        return f"it cannot be opened: {error.strerror}", b""
    if len(content) != expected.size:
        return f"it has {len(content):,} bytes instead of {expected.size:,}", b""
    if hashlib.sha256(content).hexdigest() != expected.sha256:
        return f"its SHA-256 is not the one in {MANIFEST}", b""
    return "", content


def _no_snapshot(folder: Path, error: OSError) -> str:
    for root in (folder, folder / "snapshots"):
        if inside := snapshots_in(root):
            return f"{folder} is no snapshot, but holds some; give one of them, such as {inside[0]}"
    if not folder.is_dir():
        return f"{folder} is no folder; give that of a snapshot, such as state/snapshots/NAME"
    return (
        f"{folder} is no snapshot: {MANIFEST} cannot be opened ({error.strerror}); give a folder "
        "such as state/snapshots/NAME"
    )
