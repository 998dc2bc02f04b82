"""The worker that holds the model: one batch, one commit, one entry in the journal."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from topicstream.model.online import OnlineTopicModel, Step
from topicstream.model.settings import ModelSettings
from topicstream.stream import failpoints
from topicstream.stream.errors import CommitError, StreamError
from topicstream.stream.journal import (
    Batch,
    Dead,
    Entry,
    Genesis,
    Term,
    encode,
    entry_hash,
    input_digest,
    mark_of,
    positions_of,
    segments_of,
)
from topicstream.stream.protocols import Transport, Writer
from topicstream.stream.records import Output, Record, TopicPartition
from topicstream.stream.snapshots.redis import RedisStore
from topicstream.stream.snapshots.store import SnapshotId, SnapshotStore
from topicstream.workers import recovery
from topicstream.workers.batches import (
    Documents,
    assignments,
    decode_batch,
    drift_record,
    event_clock_ms,
    topic_record,
)
from topicstream.workers.checkpoints import Checkpoints, JournalPlace
from topicstream.workers.intake import Intake
from topicstream.workers.messages import dead_letter
from topicstream.workers.names import TopicNames

logger = logging.getLogger(__name__)


class ModelWorker:
    """Learns from embeddings, batch by batch, and writes assignments, events and topics.

    Parameters
    ----------
    transport
        Where the topics are; they must exist.
    names
        Their names.
    snapshots
        Where snapshots are kept.
    settings
        How the model learns; may not change between runs on the same state.
    batch_size
        Records in one batch, 1 or more; default 1000.
    max_age_s
        Age in seconds at which a smaller batch is closed; None waits for a full one, or `drain`.
    redis
        Where the model is served from; None for nowhere.
    snapshot_every
        Batches between two snapshots, 1 or more; default 20.
    embedder
        Name of the embedder, which may not change either; None when it is not known.
    republish_s
        Age in seconds of what Redis was last told at which an idle worker tells it again, so that
        one that was emptied or away is healed without a new batch; default 30.

    """

    def __init__(
        self,
        transport: Transport,
        names: TopicNames,
        snapshots: SnapshotStore,
        *,
        settings: ModelSettings = ModelSettings(),  # noqa: B008  # it is frozen
        batch_size: int = 1000,
        max_age_s: float | None = None,
        redis: RedisStore | None = None,
        snapshot_every: int = 20,
        embedder: str | None = None,
        republish_s: float = 30.0,
    ) -> None:
        if batch_size < 1 or snapshot_every < 1:
            raise ValueError(
                f"batch_size is {batch_size} and snapshot_every {snapshot_every}; both must be 1 "
                "or more"
            )
        self.model = OnlineTopicModel(settings)
        self.term = -1
        self.last: Entry | None = None
        self.checkpoints = Checkpoints(snapshots, redis)
        self._transport, self._names, self._settings = transport, names, settings
        self._batch_size, self._max_age_s = batch_size, max_age_s
        self._snapshot_every, self._embedder = snapshot_every, embedder
        self._writer: Writer | None = None
        self._intake: Intake | None = None
        self._place = JournalPlace(-1, "")
        self._positions: dict[TopicPartition, int] = {}
        self._described: dict[int, bytes] = {}
        self._n_parts = 1
        self._saved = 0
        self._broken = False
        self._republish_s, self._published_at = republish_s, 0.0

    def recover(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Become the writer, go back to the state that was committed last, and say so.

        Parameters
        ----------
        progress
            Called with the number of batches replayed and to be replayed.

        Raises
        ------
        JournalError, ReplayError, RetentionError, OtherSettingsError
            The state cannot be restored exactly; the message says why and what to do.

        """
        self._broken = True  # until this is the writer, with the state that was committed
        self._writer = self._transport.writer(self._names.model_writer)
        self._n_parts = len(self._transport.partitions(self._names.assignments))
        journal = recovery.JournalReader(self._transport, self._names)
        base = recovery.find_base(journal, self.checkpoints, self._settings)
        if base is None:
            self._check_new()
            self._begin()
        else:
            recovery.check_embedder(journal, self._embedder)
            self._go_back(journal, base, progress)
        self._described = self._topics()
        self._open_term()
        self._broken = False
        failpoints.hit("after_term", self.model.sequence)
        self._publish()

    def step(self, timeout_s: float, *, drain: bool = False) -> Step | None:
        """Read, and commit one batch if there is one.

        Parameters
        ----------
        timeout_s
            How long to wait for records, in seconds.
        drain
            Take a smaller batch once everything there is has been read.

        Returns
        -------
        Step or None
            What the model said of the batch; None when it is not full yet.

        """
        intake = self._ready()
        failpoints.hit("before_poll", self.model.sequence + 1)
        intake.fill(self._batch_size, timeout_s, self._max_age_s)
        if not self._is_due(intake, drain=drain):
            if time.monotonic() - self._published_at >= self._republish_s:
                self._publish()
            return None
        self._broken = True  # until the commit is known to have happened
        step = self._learn(intake.take(self._batch_size))
        self._broken = False
        if self.model.sequence - self._saved >= self._snapshot_every:
            self.snapshot()
        return step

    def snapshot(self) -> None:
        """Save the state as of the last batch, and publish it; a failure is only noted."""
        self._ready()
        self.checkpoints.save(self.model, self._id(), self._place)
        # Counted from here even if it failed: a full disk is not tried again at each batch.
        self._saved, self._published_at = self.model.sequence, time.monotonic()

    def close(self) -> None:
        """Save the state if it is sound and not saved yet; closing twice is harmless."""
        if self._intake is not None and not self._broken and self._saved != self.model.sequence:
            self.snapshot()
        for part in (self._intake, self._writer):
            if part is not None:
                part.close()
        self._intake = self._writer = None

    def _publish(self) -> None:
        self.checkpoints.publish(self.model, self._id(), self._place)
        self._published_at = time.monotonic()

    def _ready(self) -> Intake:
        if self._intake is None:
            raise StreamError("the model worker is not running; call recover() first")
        if self._broken:
            raise CommitError(
                "the last batch of this model worker was not committed; end it and start again"
            )
        return self._intake

    def _is_due(self, intake: Intake, *, drain: bool) -> bool:
        if intake.n_waiting >= self._batch_size:
            return True
        if not intake.n_waiting:
            return False
        old = self._max_age_s is not None and intake.age_s >= self._max_age_s
        return old or (drain and intake.at_end())

    def _learn(self, records: list[Record]) -> Step:
        documents = decode_batch(records, self.model.n_dimensions)
        failpoints.hit("after_decode", self.model.sequence + 1)
        clock_ms = max(self._clock_ms, event_clock_ms(documents))
        step = recovery.learn(self.model, documents, clock_ms)
        failpoints.hit("after_update", self.model.sequence)
        self._commit(records, documents, step, clock_ms)
        failpoints.hit("after_commit_bookkeeping", self.model.sequence)
        return step

    def _commit(
        self, records: list[Record], documents: Documents, step: Step, clock_ms: int
    ) -> None:
        positions = self._positions | {
            TopicPartition(record.topic, record.partition): record.offset + 1 for record in records
        }
        entry = Batch(
            sequence=self.model.sequence,
            prev_hash=self._place.hash,
            clock_ms=clock_ms,
            state_hash=self.model.state_hash(),
            positions=positions_of(positions),
            term=self.term,
            segments=segments_of(records),
            n=len(records),
            input_digest=input_digest(records),
            dead=tuple(
                Dead(record.topic, record.partition, record.offset, refused.reason)
                for record, refused in documents.refused
            ),
        )
        topics = self._topics()
        outputs = self._outputs(documents, step, topics)
        with failpoints.during(entry.sequence):
            self._write(outputs, [entry], positions)
        self._described = topics

    def _outputs(self, documents: Documents, step: Step, topics: dict[int, bytes]) -> list[Output]:
        names, labels = self._names, self.model.labels()
        outputs = assignments(documents, step, labels, names, self._n_parts)
        outputs += [Output(names.drift, drift_record(event, labels)) for event in step.events]
        outputs += self._changed(topics)
        limit = self._transport.max_record_bytes // 4
        outputs += [
            Output(names.deadletter, dead_letter(record, refused, max_payload_bytes=limit))
            for record, refused in documents.refused
        ]
        return outputs

    def _topics(self) -> dict[int, bytes]:
        return {topic.id: topic_record(topic) for topic in self.model.topics(fresh=False)}

    def _changed(self, topics: dict[int, bytes]) -> list[Output]:
        name, before = self._names.topics, self._described
        gone = [number for number in before if number not in topics]
        changed = [(n, value) for n, value in topics.items() if before.get(n) != value]
        return [Output(name, value, str(n).encode()) for n, value in changed] + [
            Output(name, None, str(n).encode()) for n in gone
        ]

    def _write(
        self,
        outputs: list[Output],
        entries: Sequence[Entry],
        positions: dict[TopicPartition, int],
    ) -> None:
        """Commit; the entries come last, and each names the one before."""
        if self._writer is None:
            raise StreamError("the model worker is not running; call recover() first")
        values = [encode(entry) for entry in entries]
        journal = [
            Output(self._names.journal, value, str(entry.sequence).encode())
            for value, entry in zip(values, entries, strict=True)
        ]
        marks = {part: mark_of(entries[-1], offset) for part, offset in positions.items()}
        offsets = self._writer.commit(outputs + journal, marks, group=self._names.model_group)
        self._place = JournalPlace(offsets[-1], entry_hash(values[-1]))
        self._positions, self.last = positions, entries[-1]

    @property
    def _clock_ms(self) -> int:
        return 0 if self.last is None else self.last.clock_ms

    def _id(self) -> SnapshotId:
        return SnapshotId(self.model.sequence, self.term, self.model.state_hash())

    def _check_new(self) -> None:
        marks = self._transport.committed(
            self._names.model_group, self._transport.partitions(self._names.embeddings)
        )
        empty = Term(sequence=0, prev_hash="", clock_ms=0, state_hash="")
        recovery.check_offsets(empty, marks)

    def _begin(self) -> None:
        genesis = Genesis(
            sequence=0,
            prev_hash="",
            clock_ms=self._clock_ms,
            state_hash=self.model.state_hash(),
            settings=recovery.settings_as_json(self._settings),
            embedder=self._embedder,
        )
        self._write([], [genesis], {})
        self._intake = Intake(
            self._transport, recovery.start_positions(self._transport, self._names, None)
        )

    def _go_back(
        self,
        journal: recovery.JournalReader,
        base: recovery.Base,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        chain, n_batches = recovery.read_to_end(journal, base)
        if chain.entry is None:
            raise StreamError("the journal ended while it was read; start again")
        marks = self._transport.committed(
            self._names.model_group, self._transport.partitions(self._names.embeddings)
        )
        recovery.check_offsets(chain.entry, marks)
        positions = recovery.start_positions(self._transport, self._names, base.entry)
        self._intake = Intake(self._transport, positions)
        recovery.replay(journal, base, self._intake, progress, n_batches)
        self.model, self.last = base.model, chain.entry
        self._place = JournalPlace(chain.offset, chain.hash)
        self._positions = {part: mark.offset for part, mark in marks.items()}
        self._saved = base.entry.sequence

    def _open_term(self) -> None:
        term = Term(
            sequence=self.model.sequence,
            prev_hash=self._place.hash,
            clock_ms=self._clock_ms,
            state_hash=self.model.state_hash(),
            positions=positions_of(self._positions),
        )
        self._write([], [term], self._positions)
        self.term = self._place.offset
        logger.info("term %s begins after batch %s", self.term, self.model.sequence)
