"""Commits of the model worker: what a batch gave, how far it read, and its entry in the journal."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from topicstream.model.events import TOPIC_KINDS
from topicstream.stream import failpoints
from topicstream.stream.journal import (
    Batch,
    Chain,
    Changed,
    Dead,
    Entry,
    Genesis,
    Swap,
    Term,
    encode,
    entry_hash,
    input_digest,
    mark_of,
    positions_of,
    segments_of,
)
from topicstream.stream.protocols import Transport
from topicstream.stream.records import OffsetMark, Output, Record, TopicPartition
from topicstream.workers.checkpoints import JournalPlace
from topicstream.workers.messages import Refused
from topicstream.workers.names import TopicNames

if TYPE_CHECKING:
    from topicstream.model.online import Step

logger = logging.getLogger(__name__)


class Ledger:
    """The one writer of a service's journal; making it shuts out whoever was it before.

    Parameters
    ----------
    transport
        Where the topics are.
    names
        Their names.

    """

    def __init__(self, transport: Transport, names: TopicNames) -> None:
        self._transport, self._names = transport, names
        self._writer = transport.writer(names.model_writer)
        self._positions: dict[TopicPartition, int] = {}
        self.place = JournalPlace(-1, "")
        """Where the last entry lies, and its hash."""
        self.last: Entry | None = None
        self.term = -1

    @property
    def clock_ms(self) -> int:
        """The model's time as of the last entry."""
        return 0 if self.last is None else self.last.clock_ms

    def marks(self) -> dict[TopicPartition, OffsetMark]:
        """Return the offsets that are committed."""
        parts = self._transport.partitions(self._names.embeddings)
        return dict(self._transport.committed(self._names.model_group, parts))

    def begin(
        self,
        state_hash: str,
        settings: dict[str, Any],
        embedder: str | None,
        start: str | None = None,
    ) -> None:
        """Commit the first entry: what the model is made with, and which topics it begins with."""
        entry = Genesis(
            sequence=0,
            prev_hash="",
            clock_ms=0,
            state_hash=state_hash,
            settings=settings,
            embedder=embedder,
            start=start,
        )
        self._commit([], entry, {})

    def resume(self, chain: Chain) -> None:
        """Go on after the entries that `chain` has read."""
        self.last, self.place = chain.entry, JournalPlace(chain.offset, chain.hash)
        self._positions = {part: mark.offset for part, mark in self.marks().items()}

    def open_term(self, sequence: int, state_hash: str) -> None:
        """Commit that there is a new writer; the entry's offset is its fencing token."""
        entry = Term(
            sequence=sequence,
            prev_hash=self.place.hash,
            clock_ms=self.clock_ms,
            state_hash=state_hash,
            positions=positions_of(self._positions),
        )
        self._commit([], entry, self._positions)
        self.term = self.place.offset
        logger.info("term %s begins after batch %s", self.term, sequence)

    def commit_batch(
        self,
        outputs: list[Output],
        records: Sequence[Record],
        refused: Sequence[tuple[Record, Refused]],
        *,
        step: Step,
        clock_ms: int,
        state_hash: str,
    ) -> None:
        """Commit what a batch gave, how far it has read, and its entry.

        Parameters
        ----------
        outputs
            Records to write.
        records
            What the batch was made of.
        refused
            Those of them that are no documents, each with the reason.
        step
            What the model said of it.
        clock_ms
            The model's time, in milliseconds since 1970.
        state_hash
            Hash of the state that the batch ended in.

        Raises
        ------
        CommitError, FencedError
            The batch was not committed, or nobody knows; the process must end.

        """
        read = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}
        positions = self._positions | read
        entry = Batch(
            sequence=step.sequence,
            prev_hash=self.place.hash,
            clock_ms=clock_ms,
            state_hash=state_hash,
            positions=positions_of(positions),
            term=self.term,
            segments=segments_of(records),
            n=len(records),
            input_digest=input_digest(records),
            dead=tuple(Dead(r.topic, r.partition, r.offset, why.reason) for r, why in refused),
            changes=tuple(
                Changed(event.kind, event.topic, event.parents, event.children)
                for event in step.events
                if event.kind in TOPIC_KINDS
            ),
        )
        with failpoints.during(step.sequence):
            self._commit(outputs, entry, positions)

    def commit_swap(
        self, outputs: list[Output], *, artifact: str, sequence: int, state_hash: str
    ) -> None:
        """Commit that a refit was swapped in, with what it gave; nothing more is read.

        Parameters
        ----------
        outputs
            Records to write.
        artifact
            SHA-256 of the refit's file.
        sequence, state_hash
            Number of the swap, and the state that it ended in.

        Raises
        ------
        CommitError, FencedError
            The swap was not committed, or nobody knows; the process must end.

        """
        entry = Swap(
            sequence=sequence,
            prev_hash=self.place.hash,
            clock_ms=self.clock_ms,
            state_hash=state_hash,
            positions=positions_of(self._positions),
            term=self.term,
            artifact=artifact,
        )
        with failpoints.during(sequence):
            self._commit(outputs, entry, self._positions)

    def close(self) -> None:
        """Let go of connections; closing twice is harmless."""
        self._writer.close()

    def _commit(
        self, outputs: list[Output], entry: Entry, positions: dict[TopicPartition, int]
    ) -> None:
        value = encode(entry)
        # The entry comes last: its offset is the one that `commit` returns last.
        written = Output(self._names.journal, value, str(entry.sequence).encode())
        marks = {part: mark_of(entry, offset) for part, offset in positions.items()}
        offsets = self._writer.commit([*outputs, written], marks, group=self._names.model_group)
        self.place = JournalPlace(offsets[-1], entry_hash(value))
        self._positions, self.last = positions, entry
