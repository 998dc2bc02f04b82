"""The journal's first entry, and whether a state may go on with the settings of now.

Apart from the recovery so that it can be asked before the model, which takes long to import.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from topicstream.model.settings import ModelSettings
from topicstream.stream.errors import RetentionError
from topicstream.stream.journal import Genesis, decode
from topicstream.stream.protocols import Transport
from topicstream.stream.records import Record, TopicPartition
from topicstream.workers.errors import OtherSettingsError
from topicstream.workers.names import TopicNames

_POLL_ENTRIES = 500


class JournalReader:
    """Reads the journal from any entry on, a few entries in memory at a time."""

    def __init__(self, transport: Transport, names: TopicNames) -> None:
        self._transport = transport
        self._topic = names.journal
        self.part = TopicPartition(names.journal, 0)
        self._first: Record | None = None

    def first(self) -> Record | None:
        """Return the first entry that is kept, or None when the journal is empty."""
        if self._first is None:
            begin = self._transport.beginning_offsets([self.part])[self.part]
            self._first = next(self.records(begin), None)
        return self._first

    def at(self, offset: int) -> Record | None:
        """Return the entry at `offset`, or None when there is none just there."""
        begin = self._transport.beginning_offsets([self.part])[self.part]
        end = self._transport.end_offsets([self.part])[self.part]
        record = next(self.records(offset), None) if begin <= offset < end else None
        return record if record is not None and record.offset == offset else None

    def records(self, offset: int) -> Iterator[Record]:
        """Yield the entries from `offset` on, up to the end as it is now."""
        end = self._transport.end_offsets([self.part])[self.part]
        reader = self._transport.reader({self.part: offset})
        try:
            # The end may be a marker of a transaction, so that no record lies just before it.
            while reader.positions()[self.part] < end:
                yield from reader.poll(_POLL_ENTRIES, 1.0)
        finally:
            reader.close()


def check(
    transport: Transport,
    names: TopicNames,
    settings: ModelSettings,
    embedder: str | None,
    start: str | None = None,
) -> None:
    """Raise OtherSettingsError when there is a state that was made with other settings.

    Parameters
    ----------
    transport
        Where the journal is.
    names
        Names of the topics.
    settings
        Those of the model now.
    embedder
        Name of the embedder now; None when it is not known.
    start
        Digest of the topics to start from; None where none are given.

    """
    journal = JournalReader(transport, names)
    first = journal.first()
    if first is not None:
        check_settings(genesis_of(first), settings)
        check_embedder(journal, embedder)
        check_start(genesis_of(first), start)


def genesis_of(first: Record) -> Genesis:
    """Return the first entry; RetentionError when it is not the first one any more."""
    entry = decode(first)
    if isinstance(entry, Genesis):
        return entry
    raise RetentionError(
        f"the first entries of topic {first.topic!r} are gone; it must keep records for ever: "
        "restore it, or start with another state"
    )


def check_settings(genesis: Genesis, settings: ModelSettings) -> None:
    """Raise OtherSettingsError when the state was made with other settings of the model."""
    now, then = settings_as_json(settings), genesis.settings
    changed = [
        f"{name} was {then.get(name)!r} and is now {now.get(name)!r}"
        for name in sorted({*now, *then})
        if now.get(name) != then.get(name)
    ]
    if changed:
        raise OtherSettingsError(
            f"this state was made with other settings: {'; '.join(changed)}. Set them back, or "
            "start with another state"
        )


def check_embedder(journal: JournalReader, embedder: str | None) -> None:
    """Raise OtherSettingsError when the vectors so far came from another embedder."""
    first = journal.first()
    then = None if first is None else genesis_of(first).embedder
    if None not in {then, embedder} and then != embedder:
        raise OtherSettingsError(
            f"this state was made with the embedder {then!r}, and now it is {embedder!r}: their "
            "vectors do not mix. Set it back, or start with another state"
        )


def check_start(genesis: Genesis, start: str | None) -> None:
    """Raise OtherSettingsError when the state did not begin with the topics that are given."""
    if start not in {None, genesis.start}:
        began = "with no topics" if genesis.start is None else "from another model"
        raise OtherSettingsError(
            f"this state began {began}, and --start-from is for a new one; leave it out, or start "
            "with another state"
        )


def settings_as_json(settings: ModelSettings) -> dict[str, Any]:
    """Return the settings as they stand in the journal."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(settings))
    return plain
