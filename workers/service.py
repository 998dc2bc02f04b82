"""Every role in one process: a thread feeds and embeds, the main thread holds the model."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from topicstream.stream.protocols import Transport
from topicstream.stream.records import TopicPartition
from topicstream.workers import genesis, wiring
from topicstream.workers.drained import is_drained
from topicstream.workers.export import Exporter, ExportError
from topicstream.workers.refit_schedule import RefitSchedule
from topicstream.workers.settings import Settings
from topicstream.workers.upstream import Upstream

if TYPE_CHECKING:
    from topicstream.model.online import Step
    from topicstream.workers.model_worker import ModelWorker

logger = logging.getLogger(__name__)

_POLL_S = 0.1
_PATIENCE_S, _HURRY_S = 30.0, 0.5


@dataclass(slots=True)
class Progress:
    """What a run has done so far; `n_documents` counts those of this run.

    `state` says what keeps it from doing more, such as a replay. `n_bytes` of `n_total_bytes` of
    the feed were read, None when it has no known end. Of the lines written, `n_answers` are answers
    and `n_dead` dead letters.
    """

    n_fed: int = 0
    n_documents: int = 0
    n_topics: int = 0
    n_events: int = 0
    n_lines: int = 0
    n_answers: int = 0
    n_dead: int = 0
    n_bytes: int = 0
    n_total_bytes: int | None = None
    sequence: int = 0
    state: str = ""
    state_hash: str = ""
    elapsed_s: float = 0.0
    stopped: bool = False


Report = Callable[[Progress], None]


class Interrupted(Exception):  # noqa: N818 - it is no error
    """A signal came in the middle of a replay, of which nothing has to be kept."""


def run(settings: Settings, report: Report = lambda _: None) -> Progress:
    """Run until the feed has ended, or for ever without one; a signal stops it between batches."""
    stop = threading.Event()
    with stop_on_signals(stop), wiring.transport(settings) as log:
        return Service(settings, log, report, stop).run()


class Service:
    """One run of every role.

    Parameters
    ----------
    settings
        What to run.
    log
        Where the topics are.
    report
        Called with the progress, about ten times a second.
    stop
        Asks for a stop after the batch at hand.

    """

    def __init__(
        self, settings: Settings, log: Transport, report: Report, stop: threading.Event
    ) -> None:
        self._settings, self._log, self._report, self._stop = settings, log, report, stop
        self._names = wiring.names(settings)
        self._given = wiring.given_model(settings)
        self._refits = RefitSchedule(settings)
        self._began = time.monotonic()
        self.progress = Progress()

    def run(self) -> Progress:
        """Run, and return what was done.

        Raises
        ------
        StreamError, ModelError
            The first thing that went wrong, in whichever thread; everything is closed by then.

        """
        settings = self._settings
        self._log.create_topics(self._names.specs(settings.kafka.n_partitions))
        # Before anything is fed: a vector of another embedder could not be taken back.
        model_settings = wiring.model_settings(settings)
        given = self._given
        digest = None if given is None else given.digest
        genesis.check(self._log, self._names, model_settings, settings.embedder, digest)
        upstream = Upstream(settings, self._log, self._stop)
        try:
            with closing(self._refits):
                self._serve(upstream)
        except BaseException as error:
            first = upstream.failure or error
            upstream.end()
            for second in (upstream.failure, error):
                if second is not None and second is not first:
                    logger.warning("went wrong while the run was ending: %s", second)
            if first is not error:
                raise first from error
            raise
        if upstream.failure is not None:
            raise upstream.failure
        return self.progress

    def _serve(self, upstream: Upstream) -> None:
        finite = self._settings.input is not None and not self._settings.follow
        self._say(f"loading the embedder {self._settings.embedder}")
        upstream.load()
        if self._given is not None:
            self._given.check_embedder(self._settings.embedder, upstream.n_dimensions)
        exporter = Exporter(self._log, self._names, self._settings.output)
        worker: ModelWorker | None = None
        try:
            # It feeds and embeds while the model's packages are imported, which takes longest.
            upstream.start()
            self._say("looking for the newest state")
            worker = wiring.model_worker(
                self._settings, self._log, finite=finite, given=self._given
            )
            worker.recover(self._replaying)
            self._began = time.monotonic()
            self._loop(worker, exporter, upstream)
            upstream.end()
            # The state is saved first: what cannot be exported now, the next run exports.
            worker.close()
            self._finish(worker, exporter)
        except Interrupted:
            self.progress.stopped = True
        except BaseException:
            upstream.end()
            _close_all(worker, exporter)
            raise
        upstream.end()
        for part in (worker, exporter):
            if part is not None:
                part.close()

    def _replaying(self, n_done: int, n_batches: int) -> None:
        if self._stop.is_set():
            raise Interrupted
        self._say(f"replaying batch {n_done} of {n_batches}")

    def _say(self, state: str) -> None:
        self.progress.state = state
        self._report(self.progress)

    def _loop(self, worker: ModelWorker, exporter: Exporter, upstream: Upstream) -> None:
        while not self._stop.is_set():
            before = worker.model.n_documents
            step = worker.step(_POLL_S, drain=upstream.ends is not None)
            self._refits.look(worker, step)
            self.progress.n_lines += exporter.step()
            self.progress.n_documents += worker.model.n_documents - before
            self.progress.n_events += 0 if step is None else len(step.events)
            self._tell(worker, exporter, upstream)
            if self._is_answered(worker, upstream, step):
                return
        self.progress.stopped = upstream.failure is None

    def _is_answered(self, worker: ModelWorker, upstream: Upstream, step: Step | None) -> bool:
        """Say whether all of the feed has its answers; others may write behind it for ever."""
        ends = upstream.ends
        if ends is None or worker.last is None:
            return False
        held = {TopicPartition(p.topic, p.partition): p.offset for p in worker.last.positions}
        if all(held.get(part, 0) >= end for part, end in ends.items()):
            return True
        return step is None and is_drained(self._log, self._names.model_group, ends)

    def _tell(self, worker: ModelWorker, exporter: Exporter, upstream: Upstream) -> None:
        progress = self.progress
        progress.state = ""
        progress.n_fed = upstream.n_fed
        progress.n_bytes, progress.n_total_bytes = upstream.n_bytes, upstream.n_total_bytes
        progress.n_answers = exporter.n_lines["assignments"]
        progress.n_dead = exporter.n_lines["deadletter"]
        progress.sequence = worker.model.sequence
        progress.n_topics = sum(topic >= 0 for topic in worker.model.labels())
        progress.elapsed_s = time.monotonic() - self._began
        self._report(progress)

    def _finish(self, worker: ModelWorker, exporter: Exporter) -> None:
        progress = self.progress
        caught_up = exporter.catch_up(_HURRY_S if progress.stopped else _PATIENCE_S)
        if not caught_up and not progress.stopped:
            raise ExportError(
                f"folder {self._settings.output} lacks results that are in the log, and they could "
                f"not be read within {_PATIENCE_S:.0f} s; run again to have them written"
            )
        exporter.write_topics(worker.model)
        progress.n_lines = sum(exporter.n_lines.values())
        progress.n_answers = exporter.n_lines["assignments"]
        progress.n_dead = exporter.n_lines["deadletter"]
        progress.n_topics = len(worker.model.topics())
        progress.sequence = worker.model.sequence
        progress.state_hash = worker.model.state_hash()


def _close_all(worker: ModelWorker | None, exporter: Exporter) -> None:
    """Close both; that the way out is blocked as well must not hide why it was taken."""
    for part in (worker, exporter):
        try:
            if part is not None:
                part.close()
        except Exception as error:  # noqa: BLE001 - the first failure is the one to be told
            logger.warning("went wrong while closing after a failure: %s", error)


class stop_on_signals:  # noqa: N801 - reads as a function where it is used
    """The first SIGINT or SIGTERM asks for a stop; the second ends the process at once."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._before: dict[int, object] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # what signal.signal returned

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self._stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self._stop.set()
