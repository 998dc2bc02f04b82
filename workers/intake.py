"""Records on their way into batches: exact sizes, a canonical order, left-overs carried over."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from topicstream.stream.errors import RetentionError, UnavailableError
from topicstream.stream.journal import Segment
from topicstream.stream.protocols import Transport
from topicstream.stream.records import Record, TopicPartition

POLL_RECORDS = 2_000
REPLAY_PATIENCE_S = 30.0


class Intake:
    """Holds what was read and not yet put into a batch.

    Parameters
    ----------
    transport
        Where the records are.
    positions
        Where to begin, for each partition.

    """

    def __init__(self, transport: Transport, positions: Mapping[TopicPartition, int]) -> None:
        self._transport = transport
        self._reader = transport.reader(positions)
        self._waiting: dict[TopicPartition, deque[Record]] = {
            part: deque() for part in sorted(positions)
        }
        self._since = 0.0
        self.n_waiting = 0

    @property
    def age_s(self) -> float:
        """Return for how long, in seconds, the longest has been waiting since the last batch."""
        return time.monotonic() - self._since if self.n_waiting else 0.0

    def fill(self, n: int, timeout_s: float, max_age_s: float | None = None) -> None:
        """Read until every partition has `n` records waiting or no more, or time is up."""
        deadline = time.monotonic() + timeout_s
        while not self._is_full(n):
            rest_s = deadline - time.monotonic()
            if max_age_s is not None and self.n_waiting:
                rest_s = min(rest_s, max_age_s - self.age_s)
            found = self._poll(max(rest_s, 0.0))
            if not found and rest_s <= 0.0:
                return

    def at_end(self) -> bool:
        """Say whether everything that was committed has been read."""
        ends = self._transport.end_offsets(self._waiting)
        held = self._reader.positions()
        return all(held[part] >= end for part, end in ends.items())

    def take(self, n: int) -> list[Record]:
        """Return `n` records, or all when there are fewer, in canonical order.

        Each partition gives an even share, so that none waits for another.
        """
        shares = even_shares([len(queue) for queue in self._waiting.values()], n)
        return self._take(dict(zip(self._waiting, shares, strict=True)))

    def take_again(self, segments: Sequence[Segment]) -> list[Record]:
        """Return the records that `segments` name, as they are taken for the second time.

        Raises
        ------
        RetentionError
            They are no longer there.
        UnavailableError
            They should be there, and do not come.

        """
        deadline = time.monotonic() + REPLAY_PATIENCE_S
        while any(self._lacks(segment) for segment in segments):
            if self._poll(0.5):
                continue
            if self.at_end():
                break
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"nothing more came within {REPLAY_PATIENCE_S:.0f} s of records that are "
                    "needed for the replay and are there; see why the broker is slow, and start "
                    "again"
                )
        for segment in segments:
            self._check_there(segment)
        return self._take({segment.part: segment.n for segment in segments})

    def close(self) -> None:
        """Let go of the reader; closing twice is harmless."""
        self._reader.close()

    def _is_full(self, n: int) -> bool:
        short = [part for part, queue in self._waiting.items() if len(queue) < n]
        if not short or self.n_waiting < n:
            return not short
        # There is enough for a batch, but which records make it up must not depend on the order
        # in which partitions happened to be read.
        ends = self._transport.end_offsets(short)
        held = self._reader.positions()
        return all(held[part] >= ends[part] for part in short)

    def _poll(self, timeout_s: float) -> int:
        records = self._reader.poll(POLL_RECORDS, timeout_s)
        if records and not self.n_waiting:
            self._since = time.monotonic()
        for record in records:
            self._waiting[TopicPartition(record.topic, record.partition)].append(record)
        self.n_waiting += len(records)
        return len(records)

    def _take(self, shares: Mapping[TopicPartition, int]) -> list[Record]:
        taken: list[Record] = []
        for part in sorted(shares):
            popleft: Callable[[], Record] = self._waiting[part].popleft
            taken += [popleft() for _ in range(shares[part])]
        self.n_waiting -= len(taken)
        self._since = time.monotonic()
        return taken

    def _lacks(self, segment: Segment) -> bool:
        return len(self._waiting.get(segment.part, ())) < segment.n

    def _check_there(self, segment: Segment) -> None:
        queue = list(islice(self._waiting.get(segment.part, ()), segment.n))
        if len(queue) < segment.n or (queue[0].offset, queue[-1].offset) != (
            segment.first,
            segment.last,
        ):
            raise RetentionError(
                f"the offsets {segment.first} to {segment.last} of partition {segment.partition} "
                f"of topic {segment.topic!r} are needed for the replay and are not all there; keep "
                "records longer than snapshots, or start with another state"
            )


def even_shares(counts: Sequence[int], n: int) -> list[int]:
    """Return how many to take of each count, `n` together, as evenly as they allow.

    Parameters
    ----------
    counts
        How many there are.
    n
        How many are wanted.

    Examples
    --------
    >>> even_shares([10, 2, 10], 9)
    [4, 2, 3]

    """
    shares = [0] * len(counts)
    rest = min(n, sum(counts))
    while rest:
        unused = [i for i, count in enumerate(counts) if shares[i] < count]
        each = max(rest // len(unused), 1)
        for i in unused[:rest]:
            more = min(each, counts[i] - shares[i])
            shares[i] += more
            rest -= more
    return shares
