"""``topicstream produce`` and ``topicstream worker``: one role of the service each."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from rich.console import Console

from topicstream.stream.protocols import Transport
from topicstream.workers import collector, wiring
from topicstream.workers.commands.progress import Display, Rate
from topicstream.workers.feed import FeedProducer
from topicstream.workers.refit_schedule import RefitSchedule
from topicstream.workers.service import Interrupted, stop_on_signals
from topicstream.workers.settings import Settings

_POLL_S = 0.1


def produce(settings: Settings, feed: str) -> None:
    """Put `feed` on the documents topic."""
    stop = threading.Event()
    with _role(settings, stop) as (log, display):
        producer = wiring.feed(settings, log, feed)
        try:
            ended = _produce(producer, stop, display)
        finally:
            producer.close()
        n_before = producer.n_records - producer.n_taken
        display.say(
            f"{'done' if ended else 'stopped'}: {producer.n_taken:,} documents produced"
            + (f", {n_before:,} were there before" if n_before else "")
        )


def _produce(producer: FeedProducer, stop: threading.Event, display: Display) -> bool:
    rate = Rate()
    while not stop.is_set():
        if producer.step(_POLL_S) is None:
            return True
        per_s = rate.at(producer.n_taken, time.monotonic())
        words = f"{producer.n_taken:,} documents, {per_s:,.0f}/s"
        display.show(words, producer.n_bytes, producer.n_total_bytes)
    producer.flush()
    return False


def embed(settings: Settings) -> None:
    """Embed documents until a signal comes."""
    stop = threading.Event()
    with _role(settings, stop) as (log, display), wiring.member(settings) as member:
        display.show(f"loading the embedder {settings.embedder}")
        embedder = wiring.embedder(settings)
        embedder.embed([])
        worker = wiring.embed_worker(settings, log, embedder, member)
        display.say(f"embedding as {member}; a signal ends it")
        with contextlib.closing(worker):
            _until(stop, lambda: worker.step(_POLL_S), display, "embedded")


def model(settings: Settings) -> None:
    """Hold the model until a signal comes."""
    stop = threading.Event()
    wiring.embedder(settings)  # its name goes into the state: there must be such a one
    with _role(settings, stop) as (log, display):
        given = wiring.given_model(settings)
        schedule = RefitSchedule(settings)
        worker = wiring.model_worker(settings, log, finite=False, given=given)

        def replaying(n_done: int, n_batches: int) -> None:
            if stop.is_set():
                raise Interrupted
            display.show(f"replaying batch {n_done} of {n_batches}", n_done, n_batches)

        def learn() -> int:
            before = worker.model.n_documents
            schedule.look(worker, worker.step(_POLL_S))
            return worker.model.n_documents - before

        with (
            contextlib.closing(worker),
            contextlib.closing(schedule),
            contextlib.suppress(Interrupted),
        ):
            worker.recover(replaying)
            display.say(f"learning after batch {worker.model.sequence}; a signal ends it")
            _until(stop, learn, display, "learned")


@contextlib.contextmanager
def _role(settings: Settings, stop: threading.Event) -> Iterator[tuple[Transport, Display]]:
    collector.relax()
    with stop_on_signals(stop), wiring.transport(settings) as log:
        log.create_topics(wiring.names(settings).specs(settings.kafka.n_partitions))
        with Display(Console(stderr=True)) as display:
            yield log, display


def _until(stop: threading.Event, step: Callable[[], int], display: Display, what: str) -> None:
    rate, n_documents = Rate(), 0
    while not stop.is_set():
        n_documents += step()
        per_s = rate.at(n_documents, time.monotonic())
        display.show(f"{n_documents:,} documents {what}, {per_s:,.0f}/s")
    display.say(f"stopped: {n_documents:,} documents {what}")
