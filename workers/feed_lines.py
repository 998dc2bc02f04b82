"""Bytes into lines, of which a long one never takes more memory than a line may."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from topicstream.workers.feed_file import FeedFile
from topicstream.workers.messages import Refused

KEPT_BYTES = 1_000
"""How much of a refused record goes into its dead letter."""


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record of a feed that goes to the dead letters.

    Parameters
    ----------
    refused
        Why.
    head
        Its first bytes.
    n_bytes
        How long it is.
    digest
        SHA-256 of the whole of it, in hexadecimal digits.
    n_quotes
        How many quotation marks it holds.

    """

    refused: Refused
    head: bytes
    n_bytes: int
    digest: bytes
    n_quotes: int = 0


Line = bytes | RefusedRecord


class Growing:
    """A record of which only the beginning is kept, however long it gets."""

    def __init__(self) -> None:
        self._head = b""
        self._hash = hashlib.sha256()
        self.n_bytes = self._n_quotes = 0

    def add(self, piece: bytes) -> None:
        """Make the record longer."""
        if len(self._head) <= KEPT_BYTES:
            self._head = (self._head + piece[: KEPT_BYTES + 1])[: KEPT_BYTES + 1]
        self.n_bytes += len(piece)
        self._n_quotes += piece.count(b'"')
        self._hash.update(piece)

    def add_refused(self, line: RefusedRecord) -> None:
        """Make the record longer by a line of which only the beginning is left."""
        self.add(line.head)
        self._hash.update(line.digest)
        self.n_bytes += line.n_bytes - len(line.head)

    def refuse(self, refused: Refused) -> RefusedRecord:
        """Return the record, refused."""
        digest = self._hash.hexdigest().encode()
        return RefusedRecord(refused, self._head, self.n_bytes, digest, self._n_quotes)


def refuse(record: bytes, refused: Refused) -> RefusedRecord:
    """Return `record`, refused."""
    growing = Growing()
    growing.add(record)
    return growing.refuse(refused)


def too_large(n_bytes: int, limit: int) -> Refused:
    """Return the reason for refusing a record that is longer than `limit` bytes."""
    return Refused("too_large", f"{n_bytes:,} bytes; at most {limit:,} are taken")


class Lines:
    """Cuts a feed into lines.

    Parameters
    ----------
    file
        The feed.
    limit
        Longest line in bytes; of a longer one only the beginning is kept.

    """

    def __init__(self, file: FeedFile, limit: int) -> None:
        self._file, self._limit = file, limit
        self._rest = b""
        self._long: Growing | None = None

    def block(self, timeout_s: float) -> list[Line] | None:
        """Return the next lines without their ends, none when there are none yet, None at the end.

        Parameters
        ----------
        timeout_s
            How long to wait for the first byte, in seconds.

        """
        content = self._file.read(timeout_s)
        if content is None:
            return self._last()
        if not content:
            return []
        found: list[Line] = []
        if self._long is not None:
            head, newline, content = content.partition(b"\n")
            self._long.add(head)
            if not newline:
                return []
            found.append(self._whole(self._long))
            self._long = None
        return [*found, *self._cut(self._rest + content)]

    def _cut(self, content: bytes) -> Sequence[Line]:
        lines = content.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > self._limit:
            self._long = Growing()
            self._long.add(self._rest)
            self._rest = b""
        if lines and max(map(len, lines)) > self._limit:
            return [self._checked(line) for line in lines]
        return lines

    def _checked(self, line: bytes) -> Line:
        if len(line) <= self._limit:
            return line
        return refuse(line, too_large(len(line), self._limit))

    def _whole(self, long: Growing) -> RefusedRecord:
        return long.refuse(too_large(long.n_bytes, self._limit))

    def _last(self) -> list[Line] | None:
        rest, long = self._rest, self._long
        self._rest, self._long = b"", None
        if long is not None:
            return [self._whole(long)]
        return [rest] if rest else None
