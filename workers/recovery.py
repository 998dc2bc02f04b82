"""What the journal says, and the way back to the state it ends in: fence, read, replay.

The order matters: the caller becomes the writer first, so that nothing read here can still change.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from topicstream.model.online import OnlineTopicModel, Step
from topicstream.model.settings import ModelSettings
from topicstream.stream import failpoints
from topicstream.stream.errors import JournalError, ReplayError
from topicstream.stream.journal import (
    AnyEntry,
    Batch,
    Chain,
    Entry,
    Segment,
    Term,
    decode,
    entry_hash,
    input_digest,
)
from topicstream.stream.protocols import Transport
from topicstream.stream.records import OffsetMark, Record, TopicPartition
from topicstream.workers.batches import Documents, decode_batch
from topicstream.workers.checkpoints import Checkpoint, Checkpoints
from topicstream.workers.genesis import JournalReader, check_settings, genesis_of
from topicstream.workers.intake import Intake
from topicstream.workers.names import TopicNames

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Base:
    """Where a replay begins: a model, and the place of its entry in the journal."""

    model: OnlineTopicModel
    entry: AnyEntry
    offset: int
    hash: str


def learn(model: OnlineTopicModel, documents: Documents, clock_ms: int) -> Step:
    """Let the model learn from one batch; the same call live and in a replay."""
    items = documents.items
    return model.partial_fit(
        [item.text for item in items],
        documents.embeddings,
        now=clock_ms / 1000.0,
        ids=[item.id for item in items],
        timestamps=[item.timestamp for item in items],
    )


def find_base(
    journal: JournalReader, checkpoints: Checkpoints, settings: ModelSettings
) -> Base | None:
    """Return the newest sound snapshot that the journal knows, else the genesis; None if new."""
    first = journal.first()
    if first is None:
        return None
    genesis = genesis_of(first)
    check_settings(genesis, settings)
    for name in checkpoints.names():
        found = checkpoints.load(name, settings)
        record = None if found is None else journal.at(found.place.offset)
        if found is None:
            continue
        if record is not None and _holds(found, record):
            entry = decode(record)
            return Base(found.model, entry, record.offset, found.place.hash)
        checkpoints.fall_back(name, "the journal does not know its state")
    model = OnlineTopicModel(settings)
    if model.state_hash() != genesis.state_hash:
        raise ReplayError(
            "a new model differs from the one this state began with; use the version of "
            "topicstream that made it, or start with another state"
        )
    return Base(model, genesis, first.offset, entry_hash(first.value or b""))


def _holds(found: Checkpoint, record: Record) -> bool:
    if entry_hash(record.value or b"") != found.place.hash:
        return False
    entry = decode(record)
    return (entry.sequence, entry.state_hash) == (found.id.sequence, found.id.state_hash)


def read_to_end(journal: JournalReader, base: Base) -> tuple[Chain, int]:
    """Return the chain at the journal's end, and the number of batches after `base`."""
    chain = Chain()
    n_batches = -int(isinstance(base.entry, Batch))
    for record in journal.records(base.offset):
        n_batches += isinstance(chain.feed(record), Batch)
    return chain, n_batches


def check_offsets(entry: Entry, marks: Mapping[TopicPartition, OffsetMark]) -> None:
    """Raise JournalError when the committed offsets are not those that the journal tells."""
    told = {TopicPartition(p.topic, p.partition): p.offset for p in entry.positions}
    found = {part: mark.offset for part, mark in marks.items()}
    if told != found:
        raise JournalError(
            f"the journal ends at the offsets {_shown(told)}, but those committed are "
            f"{_shown(found)}; they were changed from outside: restore both, or start with "
            "another state"
        )


def check_unread(marks: Mapping[TopicPartition, OffsetMark]) -> None:
    """Raise JournalError when offsets are committed that no journal tells."""
    check_offsets(Term(sequence=0, prev_hash="", clock_ms=0, state_hash=""), marks)


def _shown(offsets: Mapping[TopicPartition, int]) -> str:
    return (
        ", ".join(f"{p.topic}/{p.partition}: {at}" for p, at in sorted(offsets.items())) or "none"
    )


def start_positions(
    transport: Transport, names: TopicNames, entry: Entry | None
) -> dict[TopicPartition, int]:
    """Return where to read each partition from when everything up to `entry` is done."""
    positions = dict(transport.beginning_offsets(transport.partitions(names.embeddings)))
    for position in () if entry is None else entry.positions:
        positions[TopicPartition(position.topic, position.partition)] = position.offset
    return positions


def replay(
    journal: JournalReader,
    base: Base,
    intake: Intake,
    progress: Callable[[int, int], None] | None,
    n_batches: int,
) -> None:
    """Let the model of `base` learn again what the journal says, writing nothing.

    Raises
    ------
    ReplayError
        A batch ends in another state than it did, or its records differ.
    RetentionError
        Records of a batch are gone.

    """
    n_done = 0
    for record in journal.records(base.offset):
        entry = decode(record)
        if not isinstance(entry, Batch) or entry.sequence <= base.entry.sequence:
            continue
        failpoints.hit("replay", entry.sequence)
        _replay_one(entry, base.model, intake)
        n_done += 1
        if progress is not None:
            progress(n_done, n_batches)


def _replay_one(entry: Batch, model: OnlineTopicModel, intake: Intake) -> None:
    records = intake.take_again(entry.segments)
    if input_digest(records) != entry.input_digest:
        raise ReplayError(
            f"the records of batch {entry.sequence} ({_named(entry.segments)}) are not those it "
            "was made from; restore them, or start with another state"
        )
    learn(model, decode_batch(records, model.n_dimensions), entry.clock_ms)
    if model.state_hash() != entry.state_hash:
        raise ReplayError(
            f"batch {entry.sequence} ends in state {model.state_hash()[:12]} and not, as it did "
            f"before, in {entry.state_hash[:12]}; the machine or the versions of packages differ: "
            "go back to those, or start with another state"
        )


def _named(segments: tuple[Segment, ...]) -> str:
    return ", ".join(f"{s.topic}/{s.partition}/{s.first}-{s.last}" for s in segments)
