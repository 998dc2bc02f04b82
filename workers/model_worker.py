"""The worker that holds the model: one batch, one commit, one entry in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable

from topicstream.model.online import OnlineTopicModel, Step
from topicstream.model.settings import ModelSettings
from topicstream.stream import failpoints
from topicstream.stream.errors import CommitError, StreamError
from topicstream.stream.journal import Entry
from topicstream.stream.protocols import Transport
from topicstream.stream.records import Record
from topicstream.stream.snapshots.redis import RedisStore
from topicstream.stream.snapshots.store import SnapshotId, SnapshotStore
from topicstream.workers import genesis, recovery
from topicstream.workers.answers import Answers
from topicstream.workers.batches import decode_batch, event_clock_ms
from topicstream.workers.checkpoints import Checkpoints
from topicstream.workers.intake import Intake
from topicstream.workers.ledger import Ledger
from topicstream.workers.names import TopicNames
from topicstream.workers.refits import Refits
from topicstream.workers.start import Start
from topicstream.workers.swaps import NO_DOCUMENTS, Swap, Swaps


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
    refits
        Where refits are posted, and where a replay finds them; None for nowhere.
    republish_s
        Age in seconds of what Redis was last told at which an idle worker tells it again, so that
        one that was emptied or away is healed without a new batch; default 30.
    start
        What the model begins with; None for nothing.

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
        refits: Refits | None = None,
        republish_s: float = 30.0,
        start: Start | None = None,
    ) -> None:
        if batch_size < 1 or snapshot_every < 1:
            raise ValueError(
                f"batch_size is {batch_size} and snapshot_every {snapshot_every}; both must be 1 "
                "or more"
            )
        self.model = OnlineTopicModel(settings)
        self.checkpoints = Checkpoints(snapshots, redis, embedder)
        self._start = start or Start()
        self._transport, self._names, self._settings = transport, names, settings
        self._batch_size, self._max_age_s = batch_size, max_age_s
        self._snapshot_every, self._embedder = snapshot_every, embedder
        self._answers = Answers(transport, names)
        self._swaps = Swaps(refits, embedder)
        self._ledger: Ledger | None = None
        self._intake: Intake | None = None
        self._saved = 0
        self._broken = False
        self._republish_s, self._published_at = republish_s, 0.0

    @property
    def last(self) -> Entry | None:
        """The entry of the journal that was committed last, None before `recover`."""
        return None if self._ledger is None else self._ledger.last

    @property
    def term(self) -> int:
        """The fencing token of this writer, -1 before `recover`."""
        return -1 if self._ledger is None else self._ledger.term

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
        ledger = self._ledger = Ledger(self._transport, self._names)
        journal = genesis.JournalReader(self._transport, self._names)
        base = recovery.find_base(journal, self.checkpoints, self._settings, self._start)
        if base is None:
            self._begin(ledger)
        else:
            genesis.check_embedder(journal, self._embedder)
            self._go_back(ledger, journal, base, progress)
        self._answers.begin(self.model)
        ledger.open_term(self.model.sequence, self.model.state_hash())
        self._broken = False
        failpoints.hit("after_term", self.model.sequence)
        self._save(publish_only=True)

    def step(self, timeout_s: float, *, drain: bool = False) -> Step | None:
        """Swap in the refit that waits, or else read and commit one batch if there is one.

        Parameters
        ----------
        timeout_s
            How long to wait for records, in seconds.
        drain
            Take a smaller batch once everything there is has been read.

        Returns
        -------
        Step or None
            What the model said of the batch, or of the refit; None when the batch is not full yet.

        """
        ledger, intake = self._running()
        swap = self._swaps.look(self.model)
        if swap is not None:
            return self._take(ledger, swap)
        failpoints.hit("before_poll", self.model.sequence + 1)
        intake.fill(self._batch_size, timeout_s, self._max_age_s)
        if not self._is_due(intake, drain=drain):
            if time.monotonic() - self._published_at >= self._republish_s:
                self._save(publish_only=True)
            return None
        self._broken = True  # until the commit is known to have happened
        step = self._learn(ledger, intake.take(self._batch_size))
        self._broken = False
        if self.model.sequence - self._saved >= self._snapshot_every:
            self.snapshot()
        return step

    def snapshot(self) -> None:
        """Save the state as of the last batch, and publish it; a failure is only noted."""
        self._running()
        self._save(publish_only=False)
        # Counted from here even if it failed: a full disk is not tried again at each batch.
        self._saved = self.model.sequence

    def close(self) -> None:
        """Save the state if it is sound and not saved yet; closing twice is harmless."""
        if self._intake is not None and not self._broken and self._saved != self.model.sequence:
            self.snapshot()
        for part in (self._intake, self._ledger):
            if part is not None:
                part.close()
        self._intake = None

    def _running(self) -> tuple[Ledger, Intake]:
        if self._ledger is None or self._intake is None:
            raise StreamError("the model worker is not running; call recover() first")
        if self._broken:
            raise CommitError(
                "the last batch of this model worker was not committed; end it and start again"
            )
        return self._ledger, self._intake

    def _is_due(self, intake: Intake, *, drain: bool) -> bool:
        if intake.n_waiting >= self._batch_size:
            return True
        if not intake.n_waiting:
            return False
        old = self._max_age_s is not None and intake.age_s >= self._max_age_s
        return old or (drain and intake.at_end())

    def _learn(self, ledger: Ledger, records: list[Record]) -> Step:
        documents = decode_batch(records, self.model.n_dimensions)
        failpoints.hit("after_decode", self.model.sequence + 1)
        clock_ms = max(ledger.clock_ms, event_clock_ms(documents))
        step = recovery.learn(self.model, documents, clock_ms)
        failpoints.hit("after_update", self.model.sequence)
        ledger.commit_batch(
            self._answers.of(documents, step, self.model),
            records,
            documents.refused,
            step=step,
            clock_ms=clock_ms,
            state_hash=self.model.state_hash(),
        )
        failpoints.hit("after_commit_bookkeeping", self.model.sequence)
        self._swaps.note(documents.embeddings)
        return step

    def _take(self, ledger: Ledger, swap: Swap) -> Step:
        """Commit a swap; the model before it is answered with until then, and never after."""
        self._broken = True  # until the commit is known to have happened
        failpoints.hit("before_swap", swap.step.sequence)
        ledger.commit_swap(
            self._answers.of(NO_DOCUMENTS, swap.step, swap.model),
            artifact=swap.artifact,
            sequence=swap.step.sequence,
            state_hash=swap.model.state_hash(),
        )
        failpoints.hit("after_swap", swap.step.sequence)
        self.model, self._broken = swap.model, False
        # In this order: a snapshot of the new state must not find the refit still waiting.
        self._swaps.settle(swap.artifact)
        self.snapshot()
        return swap.step

    def _begin(self, ledger: Ledger) -> None:
        recovery.check_unread(ledger.marks())
        self.model = self._start.new_model(self._settings)
        settings, digest = genesis.settings_as_json(self._settings), self._start.digest
        ledger.begin(self.model.state_hash(), settings, self._embedder, digest)
        start = recovery.start_positions(self._transport, self._names, None)
        self._intake = Intake(self._transport, start)

    def _go_back(
        self,
        ledger: Ledger,
        journal: genesis.JournalReader,
        base: recovery.Base,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        chain, n_batches = recovery.read_to_end(journal, base)
        if chain.entry is None:
            raise StreamError("the journal ended while it was read; start again")
        recovery.check_offsets(chain.entry, ledger.marks())
        start = recovery.start_positions(self._transport, self._names, base.entry)
        self._intake = Intake(self._transport, start)
        steps = recovery.Steps(self._intake, self._swaps, progress, n_batches)
        recovery.replay(journal, base, steps)
        ledger.resume(chain)
        self.model, self._saved = base.model, base.entry.sequence

    def _save(self, *, publish_only: bool) -> None:
        ledger = self._ledger
        if ledger is None:
            return
        which = SnapshotId(self.model.sequence, ledger.term, self.model.state_hash())
        keep = self.checkpoints.publish if publish_only else self.checkpoints.save
        keep(self.model, which, ledger.place)
        self._published_at = time.monotonic()
