"""What the journal says, and the way back to the state it ends in: fence, read, replay.

The order matters: the caller becomes the writer first, so that nothing read here can still change.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from topicstream.model.online import OnlineTopicModel
from topicstream.model.online import Step as ModelStep
from topicstream.model.refit.candidate import CandidateError
from topicstream.model.settings import ModelSettings
from topicstream.stream import failpoints
from topicstream.stream.errors import JournalError, ReplayError
from topicstream.stream.journal import (
    AnyEntry,
    Batch,
    Chain,
    Entry,
    Segment,
    Step,
    Swap,
    Term,
    decode,
    entry_hash,
    input_digest,
)
from topicstream.stream.protocols import Transport
from topicstream.stream.records import OffsetMark, Record, TopicPartition
from topicstream.workers.batches import Documents, decode_batch
from topicstream.workers.checkpoints import Checkpoint, Checkpoints
from topicstream.workers.genesis import JournalReader, check_settings, check_start, genesis_of
from topicstream.workers.intake import Intake
from topicstream.workers.names import TopicNames
from topicstream.workers.refits import RefitError
from topicstream.workers.start import Start
from topicstream.workers.swaps import Swaps

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Base:
    """Where a replay begins: a model, and the place of its entry in the journal."""

    model: OnlineTopicModel
    entry: AnyEntry
    offset: int
    hash: str


def learn(model: OnlineTopicModel, documents: Documents, clock_ms: int) -> ModelStep:
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
    journal: JournalReader, checkpoints: Checkpoints, settings: ModelSettings, start: Start
) -> Base | None:
    """Return the newest sound snapshot that the journal knows, else the genesis; None if new."""
    first = journal.first()
    if first is None:
        return None
    genesis = genesis_of(first)
    check_settings(genesis, settings)
    check_start(genesis, start.digest)
    for name in checkpoints.names():
        found = checkpoints.load(name, settings)
        record = None if found is None else journal.at(found.place.offset)
        if found is None:
            continue
        if record is not None and _holds(found, record):
            entry = decode(record)
            return Base(found.model, entry, record.offset, found.place.hash)
        checkpoints.fall_back(name, "the journal does not know its state")
    model = start.first_model(genesis, settings)
    return Base(model, genesis, first.offset, entry_hash(first.value or b""))


def _holds(found: Checkpoint, record: Record) -> bool:
    if entry_hash(record.value or b"") != found.place.hash:
        return False
    entry = decode(record)
    return (entry.sequence, entry.state_hash) == (found.id.sequence, found.id.state_hash)


def read_to_end(journal: JournalReader, base: Base) -> tuple[Chain, int]:
    """Return the chain at the journal's end, and the number of batches and swaps after `base`."""
    chain = Chain()
    n_steps = -int(isinstance(base.entry, Step))
    for record in journal.records(base.offset):
        n_steps += isinstance(chain.feed(record), Step)
    return chain, n_steps


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


@dataclass(frozen=True, slots=True)
class Steps:
    """What a replay takes its batches and refits from, and whom it tells how far it is.

    `progress` is called with the number of steps replayed and to be replayed.
    """

    intake: Intake
    swaps: Swaps
    progress: Callable[[int, int], None] | None
    n_steps: int


def replay(journal: JournalReader, base: Base, steps: Steps) -> None:
    """Let the model of `base` learn again what the journal says, writing nothing.

    Raises
    ------
    ReplayError
        A step ends in another state than it did, or its records or its refit are others.
    RetentionError
        Records of a batch are gone.

    """
    n_done = 0
    for record in journal.records(base.offset):
        entry = decode(record)
        if not isinstance(entry, Step) or entry.sequence <= base.entry.sequence:
            continue
        failpoints.hit("replay", entry.sequence)
        if isinstance(entry, Batch):
            _replay_one(entry, base.model, steps.intake)
        else:
            _swap_again(entry, base.model, steps.swaps)
        _check_state(entry, base.model)
        n_done += 1
        if steps.progress is not None:
            steps.progress(n_done, steps.n_steps)


def _swap_again(entry: Swap, model: OnlineTopicModel, swaps: Swaps) -> None:
    try:
        model.adopt(swaps.again(entry.artifact))
    except (RefitError, CandidateError) as error:
        raise ReplayError(f"swap {entry.sequence} cannot be repeated: {error}") from error


def _replay_one(entry: Batch, model: OnlineTopicModel, intake: Intake) -> None:
    records = intake.take_again(entry.segments)
    if input_digest(records) != entry.input_digest:
        raise ReplayError(
            f"the records of batch {entry.sequence} ({_named(entry.segments)}) are not those it "
            "was made from; restore them, or start with another state"
        )
    learn(model, decode_batch(records, model.n_dimensions), entry.clock_ms)


def _check_state(entry: Batch | Swap, model: OnlineTopicModel) -> None:
    if model.state_hash() != entry.state_hash:
        raise ReplayError(
            f"batch {entry.sequence} ends in state {model.state_hash()[:12]} and not, as it did "
            f"before, in {entry.state_hash[:12]}; the machine or the versions of packages differ: "
            "go back to those, or start with another state"
        )


def _named(segments: tuple[Segment, ...]) -> str:
    return ", ".join(f"{s.topic}/{s.partition}/{s.first}-{s.last}" for s in segments)
