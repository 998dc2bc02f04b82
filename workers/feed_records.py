"""A feed, record by record, in JSON: each line of JSONL, each row of CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from topicstream.workers.feed_file import FeedFile
from topicstream.workers.feed_lines import Line, Lines
from topicstream.workers.feed_rows import Rows, header

_BOM = b"\xef\xbb\xbf"


class Records:
    """Reads the records of a feed; the first line tells of which kind it is.

    Parameters
    ----------
    feed
        A file, or ``"-"`` for standard input.
    limit
        Longest record in bytes; a longer one is refused.
    follow
        Wait for more at the end of the file; default False.

    Raises
    ------
    FeedError
        The feed cannot be opened.

    """

    def __init__(self, feed: str, limit: int, *, follow: bool = False) -> None:
        self.file = FeedFile(feed, follow=follow)
        self._feed, self._limit = feed, limit
        self._lines = Lines(self.file, limit)
        self._rows: Rows | None = None
        self._is_kind_known = False
        self.ended = False

    def read(self, timeout_s: float) -> Sequence[Line]:
        """Return the next records, none when there are none yet, or none any more.

        Parameters
        ----------
        timeout_s
            How long to wait, in seconds, for the first byte.

        Raises
        ------
        FeedError
            It is damaged, a CSV without a column for the text, or has changed as it was followed.

        """
        lines = self._lines.block(timeout_s)
        if lines is None:
            self.ended = True
            return [] if self._rows is None else self._rows.rest()
        if not self._is_kind_known:
            lines = self._begin(lines)
        return _stripped(lines) if self._rows is None else self._rows.documents(lines)

    def _begin(self, lines: list[Line]) -> list[Line]:
        """Find out from the first line that is not blank what the feed is; return the records."""
        if lines and isinstance(lines[0], bytes):
            lines[0] = lines[0].removeprefix(_BOM)
        while lines and isinstance(lines[0], bytes) and not lines[0].strip():
            lines = lines[1:]
        if not lines:
            return []
        self._is_kind_known = True
        columns = header(lines[0], self._feed)
        if columns is None:
            return lines
        self._rows = Rows(columns, self._limit)
        return lines[1:]


def _stripped(lines: Iterable[Line]) -> list[Line]:
    return [
        line for line in [line.strip() if type(line) is bytes else line for line in lines] if line
    ]
