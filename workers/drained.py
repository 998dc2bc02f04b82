"""Whether a group has come as far as somebody waits for, whatever others write behind it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from topicstream.stream.protocols import Transport
from topicstream.stream.records import TopicPartition

_PATIENCE_S = 2.0


def is_drained(transport: Transport, group: str, ends: Mapping[TopicPartition, int]) -> bool:
    """Return whether `group` has committed every record that lies before `ends`.

    Markers of transactions take offsets too, and are never committed by a group: what is left is
    looked at.

    Parameters
    ----------
    transport
        Where the records are.
    group
        Name of the group.
    ends
        For each partition, the offset before which records count.

    Examples
    --------
    >>> from topicstream.stream.memory import MemoryLog
    >>> from topicstream.stream.records import Output, TopicSpec
    >>> log, part = MemoryLog(), TopicPartition("t", 0)
    >>> log.create_topics([TopicSpec("t")])
    >>> writer = log.writer("w")
    >>> offsets = writer.commit([Output("t", b"a"), Output("t", b"b")], {part: 1}, group="g")
    >>> is_drained(log, "g", {part: 1}), is_drained(log, "g", {part: 2})
    (True, False)

    """
    parts = sorted(ends)
    starts = transport.beginning_offsets(parts)
    marks = transport.committed(group, parts)
    left = {part: marks[part].offset if part in marks else starts[part] for part in parts}
    return not any(_is_any(transport, part, at, ends[part]) for part, at in left.items())


def _is_any(transport: Transport, part: TopicPartition, start: int, end: int) -> bool:
    if start >= end:
        return False
    reader = transport.reader({part: start})
    deadline = time.monotonic() + _PATIENCE_S
    try:
        while reader.positions()[part] < end:
            records = reader.poll(1, 0.1)
            if records:
                return records[0].offset < end
            if time.monotonic() > deadline:
                return True  # a broker that is slow; asked again later
        return False
    finally:
        reader.close()
