"""``topicstream produce`` and ``topicstream worker``: one role of the service each."""

from __future__ import annotations

import threading

from rich.console import Console

from topicstream.workers import wiring
from topicstream.workers.feed import FeedProducer
from topicstream.workers.service import stop_on_signals
from topicstream.workers.settings import Settings

_POLL_S = 0.1


def produce(settings: Settings, feed: str) -> None:
    """Put `feed` on the documents topic."""
    stop = threading.Event()
    with wiring.transport(settings) as log, stop_on_signals(stop):
        log.create_topics(wiring.names(settings).specs(settings.kafka.n_partitions))
        producer = FeedProducer(log, wiring.names(settings), feed, follow=settings.follow)
        while not stop.is_set() and producer.step(_POLL_S) is not None:
            pass
        producer.close()
    Console(stderr=True).print(f"{producer.n_taken:,} documents produced", highlight=False)


def embed(settings: Settings) -> None:
    """Embed documents until a signal comes."""
    stop = threading.Event()
    with wiring.transport(settings) as log, stop_on_signals(stop):
        log.create_topics(wiring.names(settings).specs(settings.kafka.n_partitions))
        worker = wiring.embed_worker(settings, log)
        while not stop.is_set():
            worker.step(_POLL_S)
        worker.close()


def model(settings: Settings) -> None:
    """Hold the model until a signal comes."""
    stop = threading.Event()
    with wiring.transport(settings) as log, stop_on_signals(stop):
        log.create_topics(wiring.names(settings).specs(settings.kafka.n_partitions))
        worker = wiring.model_worker(settings, log, finite=False)
        worker.recover()
        while not stop.is_set():
            worker.step(_POLL_S)
        worker.close()
