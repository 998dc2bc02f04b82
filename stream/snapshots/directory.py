"""Snapshots in folders of one directory: written aside, renamed, read back, the last N kept.

``<root>/<sequence, 20 digits>-<term>-<hash12>/`` holds the files and a ``MANIFEST.json`` with the
size and SHA-256 of each. Whatever else lies in the directory is left alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from topicstream.stream import failpoints
from topicstream.stream.errors import SnapshotError
from topicstream.stream.snapshots.store import Snapshot, SnapshotId

logger = logging.getLogger(__name__)

FORMAT_VERSION = 1
MANIFEST = "MANIFEST.json"

_NAME = re.compile(r"\d{20}-\d+-[0-9a-f]{12}")
_LEFTOVER = re.compile(r"tmp-[a-z0-9_]{8}|\.trash-\d{20}-\d+-[0-9a-f]{12}(-\d+)?")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: int
    sha256: str


class _Manifest(msgspec.Struct, frozen=True):
    format_version: int
    sequence: int
    term: int
    state_hash: str
    files: dict[str, _File]


class DirectoryStore:
    """A `SnapshotStore` in a directory.

    Parameters
    ----------
    root
        The directory; made when missing. One writer at a time uses it.
    keep
        How many snapshots are kept, 1 or more.

    Raises
    ------
    SnapshotError
        The directory cannot be made or read.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = DirectoryStore(Path(folder.name))
    >>> store.save(Snapshot(SnapshotId(7, 1, "ab" * 32), {"meta.json": b"{}"}))
    >>> store.list()
    ['00000000000000000007-1-abababababab']
    >>> folder.cleanup()

    """

    def __init__(self, root: Path, keep: int = 3) -> None:
        if keep < 1:
            raise ValueError(f"keep={keep}: at least 1 snapshot has to be kept")
        self._root = Path(root)
        self._keep = keep
        with self._explained("open the directory"):
            self._root.mkdir(parents=True, exist_ok=True)
            self._sweep()

    def save(self, snapshot: Snapshot) -> None:
        """Make `snapshot` durable, read it back, and drop the oldest ones beyond `keep`."""
        check_file_names(snapshot)
        name = snapshot.id.name
        if self._is_there(snapshot):
            logger.info("snapshot %s is there already", name)
            return
        with self._explained(f"write snapshot {name}"):
            self._write(snapshot)
        self.load(name)
        try:
            self._prune(newest=name)
        except OSError as error:
            logger.warning("old snapshots in %s could not be removed: %s", self._root, error)

    def list(self) -> list[str]:
        """Return the names of the complete snapshots, newest first."""
        with self._explained("list the directory"):
            names = [
                path.name
                for path in self._root.iterdir()
                if _NAME.fullmatch(path.name) and (path / MANIFEST).is_file()
            ]
        return sorted(names, key=_age, reverse=True)

    def load(self, name: str) -> Snapshot:
        """Read one snapshot; SnapshotError says what is wrong with a damaged one."""
        if not _NAME.fullmatch(name):
            raise SnapshotError(
                f"{name!r} is no name of a snapshot; write it like "
                f"{SnapshotId(7, 1, 'ab' * 32).name}"
            )
        folder = self._root / name
        manifest = _read_manifest(folder)
        files = {
            file_name: _read_file(folder / file_name, expected)
            for file_name, expected in manifest.files.items()
        }
        return Snapshot(SnapshotId(manifest.sequence, manifest.term, manifest.state_hash), files)

    def _is_there(self, snapshot: Snapshot) -> bool:
        try:
            return self.load(snapshot.id.name) == snapshot
        except SnapshotError:
            return False

    def _write(self, snapshot: Snapshot) -> None:
        temporary = Path(tempfile.mkdtemp(prefix="tmp-", dir=self._root))
        lock = _lock(temporary)
        try:
            # mkdtemp makes it for the owner alone; readers may be other users.
            temporary.chmod(0o755)
            _fill(temporary, snapshot)
            failpoints.hit("snapshot_before_rename", snapshot.id.sequence)
            self._trash(snapshot.id.name)
            temporary.rename(self._root / snapshot.id.name)
            failpoints.hit("snapshot_after_rename", snapshot.id.sequence)
            _sync_folder(self._root)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            os.close(lock)

    def _prune(self, newest: str) -> None:
        old = [name for name in self.list() if name != newest][self._keep - 1 :]
        for name in old:
            self._trash(name)

    def _trash(self, name: str) -> None:
        folder = self._root / name
        if not folder.exists():
            return
        # Renamed first: a crash in the middle of the removal leaves no half snapshot.
        target = self._root / f".trash-{name}"
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)
        shutil.rmtree(target, ignore_errors=True)

    def _sweep(self) -> None:
        for path in sorted(self._root.iterdir()):
            if _LEFTOVER.fullmatch(path.name) and _is_abandoned(path):
                logger.info("removing %s, left by a crash", path)
                shutil.rmtree(path, ignore_errors=True)

    @contextlib.contextmanager
    def _explained(self, task: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SnapshotError(
                f"cannot {task} in {self._root}: {error.strerror or error}; check free space, "
                "permissions and the disk. Snapshots made before are untouched"
            ) from error


def check_file_names(snapshot: Snapshot) -> None:
    """Raise SnapshotError when a file's name could leave its folder or hide the manifest."""
    for name in snapshot.files:
        if name == MANIFEST or not _FILE_NAME.fullmatch(name):
            raise SnapshotError(
                f"a snapshot cannot hold a file called {name!r}; use letters, digits and ._- , "
                f"and not {MANIFEST}"
            )


def _age(name: str) -> tuple[int, int, str]:
    sequence, term, digest = name.split("-")
    return int(sequence), int(term), digest


def _lock(folder: Path) -> int:
    """Lock `folder` until the descriptor that is returned is closed, or the process dies."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _is_abandoned(path: Path) -> bool:
    # Somebody may open the store to read while another process is writing: not its leftovers.
    if path.is_symlink() or not path.is_dir():
        return False
    try:
        os.close(_lock(path))
    except OSError:
        return False
    return True


def _fill(folder: Path, snapshot: Snapshot) -> None:
    for i, (name, content) in enumerate(snapshot.files.items()):
        if i == len(snapshot.files) // 2:
            failpoints.hit("snapshot_mid_write", snapshot.id.sequence)
        _write_file(folder / name, content)
    _write_file(folder / MANIFEST, _manifest(snapshot))
    failpoints.hit("snapshot_after_manifest", snapshot.id.sequence)
    _sync_folder(folder)


def _manifest(snapshot: Snapshot) -> bytes:
    manifest = _Manifest(
        FORMAT_VERSION,
        snapshot.id.sequence,
        snapshot.id.term,
        snapshot.id.state_hash,
        {
            name: _File(len(content), hashlib.sha256(content).hexdigest())
            for name, content in sorted(snapshot.files.items())
        },
    )
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def _write_file(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(_read(path), type=_Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _damaged(path, f"it cannot be read: {error}") from error
    if manifest.format_version != FORMAT_VERSION:
        raise SnapshotError(
            f"snapshot file {path} has format version {manifest.format_version}, this topicstream "
            f"reads {FORMAT_VERSION}; use the version that wrote it"
        )
    expected = SnapshotId(manifest.sequence, manifest.term, manifest.state_hash).name
    if expected != folder.name:
        raise _damaged(path, f"it describes {expected}")
    for name in manifest.files:
        if name == MANIFEST or not _FILE_NAME.fullmatch(name):
            raise _damaged(path, f"it names a file {name!r}")
    return manifest


def _read_file(path: Path, expected: _File) -> bytes:
    content = _read(path)
    if len(content) != expected.size:
        raise _damaged(path, f"it has {len(content)} bytes instead of {expected.size}")
    if hashlib.sha256(content).hexdigest() != expected.sha256:
        raise _damaged(path, "its SHA-256 is not the one in the manifest")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _damaged(path, f"it cannot be opened: {error.strerror}") from error


def _damaged(path: Path, reason: str) -> SnapshotError:
    return SnapshotError(
        f"snapshot file {path} is damaged: {reason}; use an older snapshot, or let the journal be "
        "replayed"
    )
