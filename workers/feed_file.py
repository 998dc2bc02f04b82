"""The bytes of a feed, from a file or standard input; no call waits longer than it was told to."""

from __future__ import annotations

import os
import select
import stat
import sys
import time
import zlib
from pathlib import Path

from topicstream.workers.errors import FeedError

_PLAIN_BYTES, _GZIP_BYTES, _UNPACKED_BYTES = 2**17, 2**16, 2**20
_GZIP_MAGIC = b"\x1f\x8b"
_LOOK_EVERY_S = 0.05


class FeedFile:
    """Reads a feed as it grows, and unpacks it when it is gzipped.

    Parameters
    ----------
    feed
        A file, or ``"-"`` for standard input.
    follow
        Go on at the end of a file; default False. Standard input ends when it is closed.

    Raises
    ------
    FeedError
        The feed cannot be opened, or is a gzip file that is to be followed.

    """

    def __init__(self, feed: str, *, follow: bool = False) -> None:
        self.feed = feed
        self._descriptor = _open(feed)
        self._status = os.fstat(self._descriptor)
        self._is_file = stat.S_ISREG(self._status.st_mode)
        self._follow = follow and self._is_file
        self._begin = os.lseek(self._descriptor, 0, os.SEEK_CUR) if self._is_file else 0
        self._unpack: _Gunzip | None = None
        self._head: bytes | None = b""
        self.n_bytes = 0
        self.n_total_bytes = self._status.st_size if self._is_file and not follow else None
        self.at_end = False
        """Whether all that a file holds now has been read."""
        if self._follow and os.pread(self._descriptor, 2, self._begin) == _GZIP_MAGIC:
            self.close()
            raise _gzip_cannot_grow(feed)

    def read(self, timeout_s: float) -> bytes | None:
        """Return the next bytes, none when there are none yet, and None at the end.

        Parameters
        ----------
        timeout_s
            How long to wait for the first byte, in seconds.

        Raises
        ------
        FeedError
            It is damaged, or, where it is followed, was cut short or replaced.

        """
        if self._unpack is not None and self._unpack.has_more:
            return self._unpack.more()
        raw = self._raw(timeout_s)
        self.n_bytes += len(raw or b"")
        return raw if self._head is None and self._unpack is None else self._plain(raw)

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._descriptor >= 0 and self.feed != "-":
            os.close(self._descriptor)
        self._descriptor = -1

    def _raw(self, timeout_s: float) -> bytes | None:
        if not self._is_file and not select.select([self._descriptor], [], [], timeout_s)[0]:
            return b""
        try:
            raw = os.read(self._descriptor, _GZIP_BYTES if self._unpack else _PLAIN_BYTES)
        except OSError as error:
            raise FeedError(
                f"feed {self.feed!r} cannot be read ({error.strerror}); everything before was "
                "taken. Make it readable and run again"
            ) from error
        self.at_end = not raw
        if raw or not self._follow:
            return raw or None
        self._check_unchanged()
        time.sleep(min(timeout_s, _LOOK_EVERY_S))
        return b""

    def _plain(self, raw: bytes | None) -> bytes | None:
        """Find out from the first two bytes whether the feed is gzipped, and unpack it."""
        if self._unpack is None:
            head = (self._head or b"") + (raw or b"")
            if len(head) < 2 and raw is not None:
                self._head = head
                return b""
            self._head = None
            if not head.startswith(_GZIP_MAGIC):
                return head or None
            if self._follow:
                raise _gzip_cannot_grow(self.feed)
            self._unpack, raw = _Gunzip(self.feed), head
        if raw is not None:
            return self._unpack.add(raw)
        self._unpack.finish()
        return None

    def _check_unchanged(self) -> None:
        n_bytes = os.fstat(self._descriptor).st_size
        if n_bytes < self._begin + self.n_bytes:
            raise FeedError(
                f"feed {self.feed!r} was cut short while it was followed: it has {n_bytes:,} "
                f"bytes, and {self._begin + self.n_bytes:,} were read. Those are taken; run again "
                "to read what it holds now"
            )
        if self.feed != "-" and _identity(self.feed) != (self._status.st_dev, self._status.st_ino):
            raise FeedError(
                f"feed {self.feed!r} was replaced or removed while it was followed. Everything in "
                "the old file is taken; run again to read the new one"
            )


class _Gunzip:
    """Unpacks a gzip file of any number of members, a bounded piece at a time."""

    def __init__(self, feed: str) -> None:
        self._feed = feed
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._rest = b""

    @property
    def has_more(self) -> bool:
        return bool(self._rest)

    def add(self, raw: bytes) -> bytes:
        self._rest += raw
        return self.more()

    def more(self) -> bytes:
        if self._member.eof:
            self._rest = self._rest.lstrip(b"\0")  # padding, as on tapes
            if not self._rest:
                return b""
            self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            plain = self._member.decompress(self._rest, _UNPACKED_BYTES)
        except zlib.error as error:
            raise self._damaged(str(error)) from error
        self._rest = self._member.unused_data or self._member.unconsumed_tail
        return plain

    def finish(self) -> None:
        if not self._member.eof:
            raise self._damaged("it ends too early")

    def _damaged(self, how: str) -> FeedError:
        return FeedError(
            f"feed {self._feed!r} is a damaged or truncated gzip file ({how}); what could be read "
            "before the damage was taken. Give the whole file and run again"
        )


def _open(feed: str) -> int:
    if feed == "-":
        if sys.stdin is None:
            raise FeedError("feed '-' is standard input, which is closed; give it one, or a file")
        return sys.stdin.fileno()
    try:
        descriptor = os.open(feed, os.O_RDONLY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FeedError(
            f"feed {feed!r} cannot be opened ({reason}); give a JSONL or CSV file, or - for "
            "standard input"
        ) from error
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FeedError(f"feed {feed!r} is a folder; give a JSONL or CSV file in it")
    return descriptor


def _identity(feed: str) -> tuple[int, int] | None:
    try:
        status = Path(feed).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _gzip_cannot_grow(feed: str) -> FeedError:
    return FeedError(
        f"feed {feed!r} is a gzip file, which cannot be followed as it grows; leave out --follow, "
        "or follow the plain file"
    )
