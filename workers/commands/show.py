"""``topicstream topics``, ``events`` and ``inspect``: what a service knows, as JSON lines."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from topicstream.stream.errors import SnapshotError
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.workers import wiring
from topicstream.workers.settings import Settings


def records(settings: Settings, name: str, *, follow: bool = False) -> None:
    """Write the newest value of each key of a topic; of a topic without keys, every value."""
    with wiring.transport(settings) as log:
        log.create_topics(wiring.names(settings).specs(settings.kafka.n_partitions))
        parts = log.partitions(getattr(wiring.names(settings), name))
        reader = log.reader(log.beginning_offsets(parts))
        found: dict[object, bytes | None] = {}
        while batch := reader.poll(1_000, 1.0):
            found |= {record.key or record.offset: record.value for record in batch}
        _write([value for value in found.values() if value is not None])
        while follow:
            _write([r.value for r in reader.poll(1_000, 1.0) if r.value is not None])
            time.sleep(0)


def inspect(snapshot: Path) -> None:
    """Write what a snapshot's meta.json says, after checking every hash."""
    found = DirectoryStore(snapshot.parent, keep=1_000).load(snapshot.name)
    if "meta.json" not in found.files:
        raise SnapshotError(f"snapshot {str(snapshot)!r} has no meta.json; it is not ours")
    _write([found.files["meta.json"]])


def _write(lines: list[bytes]) -> None:
    sys.stdout.buffer.write(b"".join(line + b"\n" for line in lines))
    sys.stdout.buffer.flush()
