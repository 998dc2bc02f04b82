"""Rows of CSV into documents: the columns become fields, quoted text may have several lines."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable

import msgspec

from topicstream.workers.errors import FeedError
from topicstream.workers.feed_lines import Growing, Line, RefusedRecord, refuse, too_large
from topicstream.workers.messages import Refused

_FIELDS = ("id", "text", "timestamp", "source", "class", "embedding")
_QUOTED = rb'(?:[^"]++|"")*+"[^,]*+'
_NEXT = rb'(?:,(?:"' + _QUOTED + rb'|[^",][^,]*+|))*+'
_CLOSED = re.compile(rb'(?:"' + _QUOTED + rb'|[^",][^,]*+|)' + _NEXT, re.DOTALL)
_CLOSED_LATER = re.compile(_QUOTED + _NEXT, re.DOTALL)

_decode = msgspec.json.decode


class Rows:
    r"""Puts lines together to rows, and makes a document in JSON of each.

    Parameters
    ----------
    columns
        Names in the header.
    limit
        Longest row in bytes.

    Examples
    --------
    >>> rows = Rows(["id", "text", "colour"], 1_000)
    >>> rows.documents([b'1,"rain and', b'wind",grey'])
    [b'{"id":"1","text":"rain and\\nwind","metadata":{"colour":"grey"}}']

    """

    def __init__(self, columns: list[str], limit: int) -> None:
        self._columns, self._limit = columns, limit
        self._row: list[bytes] = []
        self._n_bytes = 0
        self._long: Growing | None = None
        self._is_open = False
        csv.field_size_limit(max(csv.field_size_limit(), limit + 1))

    def documents(self, lines: Iterable[Line]) -> list[Line]:
        """Return the documents, in JSON, of the rows that end in `lines`; blank ones are none."""
        found: list[Line] = []
        for line in lines:
            self._add(line)
            if not self._is_open:
                found += self._end()
        return found

    def rest(self) -> list[Line]:
        """Return what the feed ends in the middle of."""
        if not self._is_open:
            return []
        self._is_open = False
        row = self._long or Growing()
        for line in self._row:
            row.add(line + b"\n")
        self._row, self._long, self._n_bytes = [], None, 0
        return [row.refuse(Refused("not_an_object", "a quotation mark in this row has no end"))]

    def _add(self, line: Line) -> None:
        if isinstance(line, RefusedRecord):
            self._lengthen().add_refused(line)
            self._is_open ^= bool(line.n_quotes % 2)
            return
        if b'"' in line:
            closed = _CLOSED_LATER if self._is_open else _CLOSED
            self._is_open = closed.fullmatch(line) is None
        self._n_bytes += len(line) + 1
        if self._long is not None or self._n_bytes > self._limit + 1:
            self._lengthen().add(line + b"\n")
        else:
            self._row.append(line)

    def _lengthen(self) -> Growing:
        if self._long is None:
            self._long = Growing()
            for line in self._row:
                self._long.add(line + b"\n")
            self._row = []
        return self._long

    def _end(self) -> list[Line]:
        row, long = b"\n".join(self._row), self._long
        self._row, self._long, self._n_bytes = [], None, 0
        if long is not None:
            return [long.refuse(too_large(long.n_bytes, self._limit))]
        return [self._document(row)] if row.strip() else []

    def _document(self, row: bytes) -> Line:
        try:
            cells = _cells(row.removesuffix(b"\r").decode())
        except UnicodeDecodeError as error:
            return refuse(row, Refused("invalid_utf8", f"byte {error.start} is not UTF-8"))
        except csv.Error as error:
            return refuse(row, Refused("not_an_object", f"it is not CSV: {error}"))
        if len(cells) > len(self._columns):
            return refuse(row, _surplus(len(cells), len(self._columns)))
        return _as_json(dict(zip(self._columns, cells, strict=False)))


def header(first: Line, feed: str) -> list[str] | None:
    """Return the columns that the first line of a feed names, or None when it is JSONL.

    Parameters
    ----------
    first
        The first line that is not blank.
    feed
        Name of the feed.

    Raises
    ------
    FeedError
        The name ends in ``.csv`` or ``.csv.gz``, and no column is called ``text``.

    """
    is_csv = feed.endswith((".csv", ".csv.gz"))
    if isinstance(first, RefusedRecord) or (first.startswith((b"{", b"[")) and not is_csv):
        return None
    try:
        columns = _cells(first.decode("utf-8", "replace").strip())
    except csv.Error:
        columns = []
    if "text" in columns:
        return columns
    if not is_csv:
        return None
    raise FeedError(
        f"feed {feed!r} has no column 'text'; its columns are {', '.join(columns)[:300]}. Name "
        "the column with the documents 'text', and separate columns by commas"
    )


def _cells(row: str) -> list[str]:
    return next(csv.reader([row]), []) if '"' in row else row.split(",")


def _surplus(n_cells: int, n_columns: int) -> Refused:
    return Refused(
        "not_an_object",
        f"the row has {n_cells} cells and the header {n_columns}; quote cells that hold commas",
    )


def _as_json(cells: dict[str, str]) -> bytes:
    text = cells.pop("text", "")
    filled = {name: cell for name, cell in cells.items() if cell}
    document: dict[str, object] = {
        name: text if name == "text" else _value(name, filled.pop(name))
        for name in _FIELDS
        if name == "text" or name in filled
    }
    if filled:
        document["metadata"] = filled
    return msgspec.json.encode(document)


def _value(name: str, cell: str) -> object:
    try:
        if name == "timestamp":
            return float(cell) if math.isfinite(float(cell)) else cell
        return _decode(cell, type=list[float]) if name == "embedding" else cell
    except (ValueError, msgspec.DecodeError):
        return cell  # the embed worker refuses it, and says why
