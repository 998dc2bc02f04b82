"""Feeds: JSONL or CSV, plain or gzipped, put on the documents topic once each.

How far a feed has come is committed together with its documents, in the compacted topic ``feeds``
under the hash of its first record: the same feed continues, another one starts from its beginning.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Sequence

import msgspec

from topicstream.stream.errors import StreamError
from topicstream.stream.protocols import Transport, Writer
from topicstream.stream.records import Output, Record, TopicPartition, TopicSpec
from topicstream.workers.errors import FeedError
from topicstream.workers.feed_lines import KEPT_BYTES, Line, RefusedRecord
from topicstream.workers.feed_position import Taken, identity, read_position
from topicstream.workers.feed_records import Records
from topicstream.workers.messages import DeadLetter, dead_letter
from topicstream.workers.names import TopicNames

__all__ = ["FeedError", "FeedProducer"]

LINGER_S = 0.02
"""How long a transaction that is not full waits for more of a feed that comes in pieces."""

_letter = msgspec.json.Decoder(DeadLetter).decode


class FeedProducer:
    """Puts a feed on the documents topic, each record once.

    Parameters
    ----------
    transport
        Where the topics are.
    names
        Their names.
    feed
        A file, or ``"-"`` for standard input.
    batch_size
        Records of one transaction, 1,000 by default.
    follow
        Wait for more at the end of the file; default False.
    max_record_bytes
        Longest record that is taken, 1,000,000 by default; a longer one becomes a dead letter.

    Raises
    ------
    FeedError
        The feed cannot be opened.

    """

    def __init__(
        self,
        transport: Transport,
        names: TopicNames,
        feed: str,
        *,
        batch_size: int = 1_000,
        follow: bool = False,
        max_record_bytes: int = 1_000_000,
    ) -> None:
        self._transport, self._names, self._feed = transport, names, feed
        self._batch_size = batch_size
        limit = min(max_record_bytes, transport.max_record_bytes)
        self._source = Records(feed, limit, follow=follow)
        self._waiting: deque[Line] = deque()
        self._taken = Taken(feed)
        self._writer: Writer | None = None
        self._key = b""
        self._error: FeedError | None = None
        self.n_taken = 0
        self._topic = f"{names.prefix}feeds"
        transport.create_topics([TopicSpec(self._topic, cleanup="compact")])
        documents = transport.partitions(names.documents)
        self._n_partitions = len(documents)
        # What an earlier run has put there counts as well, wherever among these it is.
        self._ends = dict(transport.end_offsets(documents))

    @property
    def n_records(self) -> int:
        """Return how many records were taken, by earlier runs too."""
        return self._taken.n_records

    @property
    def n_bytes(self) -> int:
        """Return how many bytes of the feed were read, packed if it is gzipped."""
        return self._source.file.n_bytes

    @property
    def n_total_bytes(self) -> int | None:
        """Return how many bytes the feed has, or None when that is not known."""
        return self._source.file.n_total_bytes

    @property
    def ends(self) -> dict[TopicPartition, int]:
        """Return the offsets before which all documents of this feed lie."""
        return dict(self._ends)

    def step(self, timeout_s: float = 0.0) -> int | None:
        """Commit the next records.

        Parameters
        ----------
        timeout_s
            How long to wait for the first one, in seconds; default 0.

        Returns
        -------
        int or None
            How many; None at the end of the feed.

        Raises
        ------
        FeedError
            The feed is damaged, empty, or has changed since it was read before. What came before
            is committed first.

        """
        if self._error is None:
            self._fill(timeout_s)
        if self._waiting:
            return self._commit()
        if self._error is not None:
            raise self._error
        if not self._source.ended:
            return 0
        if self.n_records == 0:
            raise FeedError(f"feed {self._feed!r} is empty; give one with at least one document")
        return None

    def flush(self) -> int:
        """Commit all that has been read and return how many records: a pipe gives them once."""
        n_records = 0
        while self._waiting:
            n_records += self._commit()
        return n_records

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._writer is not None:
            self._writer.close()
        self._source.file.close()

    def _fill(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        try:
            while len(self._waiting) < self._batch_size and not self._source.ended:
                block = self._block(max(deadline - time.monotonic(), 0.0))
                self._waiting += block
                if block:
                    deadline = min(deadline, time.monotonic() + LINGER_S)
                elif time.monotonic() >= deadline:
                    return
        except FeedError as error:
            self._error = error

    def _block(self, timeout_s: float) -> Sequence[Line]:
        records = self._source.read(timeout_s)
        if records and self._writer is None:
            self._begin(records[0])
        is_end = self._source.ended or self._source.file.at_end
        return self._taken.without_known(records, is_end=is_end)

    def _begin(self, first: Line) -> None:
        """Find out from the first record whether the feed is known, and go on from there."""
        self._key = hashlib.sha256(identity(first)).digest()
        self._writer = self._transport.writer(f"{self._names.prefix}feed-{self._key.hex()[:16]}")
        self._taken.expect(read_position(self._transport, self._topic, self._key))

    def _commit(self) -> int:
        if self._writer is None:
            raise StreamError("a feed has records before its first one; start again")
        popleft = self._waiting.popleft
        taken = [popleft() for _ in range(min(len(self._waiting), self._batch_size))]
        topic, n_partitions = self._names.documents, self._n_partitions
        outputs = [
            Output(topic, line, None, i % n_partitions)
            if isinstance(line, bytes)
            else self._letter(line, i)
            for i, line in enumerate(taken, self.n_records)
        ]
        self._taken.add(taken)
        mark = msgspec.json.encode(self._taken.position)
        outputs.append(Output(self._topic, mark, self._key))
        offsets = self._writer.commit(outputs, {}, group=f"{self._names.prefix}feed")
        self._move_ends(outputs, offsets)
        self.n_taken += len(taken)
        return len(taken)

    def _move_ends(self, outputs: Sequence[Output], offsets: Sequence[int]) -> None:
        topic = self._names.documents
        last = {o.partition: at for o, at in zip(outputs, offsets, strict=True) if o.topic == topic}
        for number, offset in last.items():
            part = TopicPartition(topic, number)
            self._ends[part] = max(self._ends.get(part, 0), offset + 1)

    def _letter(self, record: RefusedRecord, number: int) -> Output:
        place = Record(f"feed {self._feed}", 0, number, 0, None, record.head)
        letter = _letter(dead_letter(place, record.refused, max_payload_bytes=KEPT_BYTES))
        letter.n_bytes = record.n_bytes
        return Output(self._names.deadletter, msgspec.json.encode(letter))
