"""Refits in a folder: each under its hash, one of them waiting to be looked at.

A refit's file stays where it is, because a replay that comes across its swap needs it again; a file
named ``waiting`` tells which one the model worker has to look at next.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

from topicstream.stream import failpoints
from topicstream.stream.errors import StreamError
from topicstream.workers.errors import WorkerError

WAITING = "waiting"
_SUFFIX, _REFUSED, _WHY = ".safetensors", ".refused", ".why.txt"
_NAME = re.compile(r"[0-9a-f]{64}")


class RefitError(WorkerError, StreamError):
    """A refit cannot be made, written or read."""


class Refits:
    """The folder of a service's refits.

    Parameters
    ----------
    root
        The folder; made when the first refit is posted.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> refits = Refits(Path(folder.name))
    >>> name = refits.post(b"a refit")
    >>> refits.waiting() == name, refits.load(name)
    (True, b'a refit')
    >>> refits.refuse(name, "it is no refit")
    >>> refits.waiting(), refits.why_refused(name)
    (None, 'it is no refit')
    >>> folder.cleanup()

    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def post(self, content: bytes) -> str:
        """Keep a refit, let it wait in the place of any other, and return its name.

        Raises
        ------
        RefitError
            The folder cannot be written.

        """
        name = hashlib.sha256(content).hexdigest()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            failpoints.hit("refit_before_file")
            _write(self._file(name), content)
            failpoints.hit("refit_after_file")
            _write(self.root / WAITING, name.encode())
        except OSError as error:
            raise RefitError(
                f"cannot write the refit into {self.root}: {error.strerror or error}; check free "
                "space and permissions"
            ) from error
        return name

    def waiting(self) -> str | None:
        """Return the name of the refit that waits, None when there is none."""
        try:
            name = (self.root / WAITING).read_text("ascii")
        except (OSError, UnicodeDecodeError):
            return None
        return name if _NAME.fullmatch(name) else None

    def load(self, name: str) -> bytes:
        """Return a refit by its name.

        Raises
        ------
        RefitError
            Its file is missing, or is not what it was.

        """
        path = self._file(name)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise RefitError(
                f"the refit {path} cannot be read: {error.strerror}; put it back from a copy of "
                "the state folder"
            ) from error
        if hashlib.sha256(content).hexdigest() != name:
            raise RefitError(
                f"the refit {path} is damaged: its SHA-256 is not its name; put it back from a "
                "copy of the state folder"
            )
        return content

    def settle(self, name: str) -> None:
        """Let a refit wait no longer."""
        if self.waiting() == name:
            with contextlib.suppress(FileNotFoundError):
                (self.root / WAITING).unlink()

    def refuse(self, name: str, why: str) -> None:
        """Put a refit aside and write down why."""
        self.settle(name)
        with contextlib.suppress(FileNotFoundError):
            self._file(name).rename(self.root / f"{name}{_REFUSED}")
        (self.root / f"{name}{_WHY}").write_text(f"{why}\n", "utf-8")

    def why_refused(self, name: str) -> str | None:
        """Return why a refit was refused, None when it was not."""
        try:
            return (self.root / f"{name}{_WHY}").read_text("utf-8").strip()
        except OSError:
            return None

    def _file(self, name: str) -> Path:
        return self.root / f"{name}{_SUFFIX}"


def _write(path: Path, content: bytes) -> None:
    """Write a file aside and rename it, so that nobody ever reads a part of it."""
    descriptor, aside = tempfile.mkstemp(prefix="tmp-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).chmod(0o644)
        Path(aside).rename(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
