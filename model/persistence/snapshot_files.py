"""The files of a live model's snapshot: from a folder, or from wherever a URL leads."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, cast

from topicstream.model.errors import MissingExtraError, SnapshotFormatError

MANIFEST = "MANIFEST.json"
READERS = "topicstream.snapshots"
"""Entry points by the scheme of a URL: what reads the files of the snapshot that is served there.

The model knows no network; whoever serves snapshots says how they are read.
"""

_NAME = re.compile(r"(\d{20})-(\d+)-[0-9a-f]{12}")
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://")

Files = Mapping[str, bytes]


class Reader(Protocol):
    """Reads the files of the snapshot at a URL."""

    def __call__(self, url: str, *, prefix: str) -> Files:
        """Return the files, by name."""


def snapshot_files(source: str | Path, *, prefix: str = "topicstream") -> Files:
    """Return the files of a snapshot, by name.

    Parameters
    ----------
    source
        Folder of one snapshot; a state folder, of which the newest sound one is taken; or a URL
        such as ``redis://localhost:6379/0``.
    prefix
        Name under which a URL's server holds the model, ``"topicstream"`` by default.

    Raises
    ------
    SnapshotFormatError
        There is no snapshot, or none that is sound.
    MissingExtraError
        Nothing that is installed reads such URLs.

    """
    scheme = _URL.match(str(source)) if isinstance(source, str) else None
    if scheme is not None:
        return _reader(scheme[1])(str(source), prefix=prefix)
    folder = Path(source)
    if (folder / MANIFEST).is_file():
        return _sound(folder)
    return _newest(folder)


def holds_snapshots(folder: Path) -> bool:
    """Return whether `folder` is a snapshot or a folder of a service's state."""
    return (folder / MANIFEST).is_file() or bool(_snapshots(folder))


def _reader(scheme: str) -> Reader:
    found = entry_points(group=READERS, name=scheme)
    if not found:
        known = sorted({point.name for point in entry_points(group=READERS)})
        raise MissingExtraError(
            f"no installed package reads snapshots at {scheme}:// URLs; known are {known}: give a "
            "folder, or install the whole of topicstream"
        )
    return cast(Reader, next(iter(found)).load())


def _newest(folder: Path) -> Files:
    damages = []
    for snapshot in _snapshots(folder):
        try:
            return _sound(snapshot)
        except SnapshotFormatError as error:
            damages.append(str(error))
    if damages:
        raise SnapshotFormatError(f"no snapshot in {folder} is sound: {'; '.join(damages)}")
    raise SnapshotFormatError(
        f"{str(folder)!r} holds no snapshot; give a state folder, such as the one of "
        "`topicstream run --state`, a snapshot in its folder 'snapshots', or a redis:// URL"
    )


def _snapshots(folder: Path) -> list[Path]:
    """Return the snapshots of a state folder, or of the folder with its snapshots, newest first."""
    return sorted(_named(folder / "snapshots") or _named(folder), key=_age, reverse=True)


def _named(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]


def _age(path: Path) -> tuple[int, int, str]:
    sequence, term, digest = path.name.split("-")
    return int(sequence), int(term), digest


def _sound(folder: Path) -> Files:
    """Return the files that the manifest names, each checked against its SHA-256."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        return dict(_checked(folder, manifest["files"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SnapshotFormatError(f"snapshot {folder} is damaged: {error!r:.200}") from error


def _checked(folder: Path, files: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    for name, told in files.items():
        if Path(name).name != name:
            raise ValueError(f"the manifest names a file {name!r}")
        content = (folder / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != told["sha256"]:
            raise ValueError(f"{name} is not what the manifest says")
        yield name, content
