"""Every role in one process: a thread feeds and embeds, the main thread holds the model."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from topicstream.stream.protocols import Transport
from topicstream.workers import wiring
from topicstream.workers.export import Exporter
from topicstream.workers.feed import FeedProducer, is_drained
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.settings import Settings

_POLL_S = 0.1


@dataclass(slots=True)
class Progress:
    """What a run has done so far; `n_documents` counts those of this run."""

    n_fed: int = 0
    n_documents: int = 0
    n_topics: int = 0
    n_events: int = 0
    n_lines: int = 0
    sequence: int = 0
    state_hash: str = ""
    elapsed_s: float = 0.0
    stopped: bool = False


Report = Callable[[Progress], None]


def run(settings: Settings, report: Report = lambda _: None) -> Progress:
    """Run until the feed has ended, or for ever without one; a signal stops it between batches."""
    with wiring.transport(settings) as log:
        return Service(settings, log, report).run()


class Service:
    """One run of every role."""

    def __init__(self, settings: Settings, log: Transport, report: Report) -> None:
        self._settings, self._log, self._report = settings, log, report
        self._names = wiring.names(settings)
        self._finite = settings.input is not None and not settings.follow
        self._stop, self._embedded = threading.Event(), threading.Event()
        self._failure: BaseException | None = None
        self.progress = Progress()

    def run(self) -> Progress:
        """Run, and return what was done."""
        self._log.create_topics(self._names.specs(self._settings.kafka.n_partitions))
        began = time.monotonic()
        feed = self._feed()
        thread = threading.Thread(target=self._upstream, args=(feed,), daemon=True)
        with stop_on_signals(self._stop):
            worker = wiring.model_worker(self._settings, self._log, finite=self._finite)
            exporter = Exporter(self._log, self._names, self._settings.output)
            worker.recover()
            thread.start()
            self._loop(worker, exporter, began)
            self._stop.set()
            thread.join(10.0)
            worker.close()
            self._finish(worker, exporter)
        if self._failure is not None:
            raise self._failure
        return self.progress

    def _feed(self) -> FeedProducer | None:
        if self._settings.input is None:
            return None
        return FeedProducer(
            self._log, self._names, self._settings.input, follow=self._settings.follow
        )

    def _upstream(self, feed: FeedProducer | None) -> None:
        try:
            self._feed_and_embed(feed)
        except BaseException as error:  # noqa: BLE001 - told by the main thread, which ends the run
            self._failure = error
            self._stop.set()

    def _feed_and_embed(self, feed: FeedProducer | None) -> None:
        worker = wiring.embed_worker(self._settings, self._log)
        feeding, failure = feed is not None, None
        while not self._stop.is_set():
            if feeding and feed is not None:
                try:
                    feeding = feed.step(_POLL_S) is not None
                except Exception as error:  # noqa: BLE001 - what was taken is embedded first
                    feeding, failure = False, error
                self.progress.n_fed = feed.n_taken
            taken = worker.step(0.0 if feeding else _POLL_S)
            if not (taken or feeding) and (self._finite or failure) and self._is_embedded():
                break
        worker.close()
        self._failure = failure
        if not self._stop.is_set():
            self._embedded.set()

    def _is_embedded(self) -> bool:
        return is_drained(self._log, self._names.documents, self._names.embed_group)

    def _loop(self, worker: ModelWorker, exporter: Exporter, began: float) -> None:
        while not self._stop.is_set():
            drain = self._embedded.is_set()
            before = worker.model.n_documents
            step = worker.step(_POLL_S, drain=drain)
            self.progress.n_lines += exporter.step()
            if step is not None:
                self.progress.n_documents += worker.model.n_documents - before
                self.progress.n_events += len(step.events)
            elif drain and is_drained(self._log, self._names.embeddings, self._names.model_group):
                return
            self._tell(worker, began)
        self.progress.stopped = self._failure is None

    def _tell(self, worker: ModelWorker, began: float) -> None:
        self.progress.sequence = worker.model.sequence
        self.progress.n_topics = len(worker.model.labels())
        self.progress.elapsed_s = time.monotonic() - began
        self._report(self.progress)

    def _finish(self, worker: ModelWorker, exporter: Exporter) -> None:
        while n_lines := exporter.step(_POLL_S):
            self.progress.n_lines += n_lines
        exporter.write_topics(worker.model)
        exporter.close()
        self.progress.n_topics = len(worker.model.topics())
        self.progress.sequence = worker.model.sequence
        self.progress.state_hash = worker.model.state_hash()


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
