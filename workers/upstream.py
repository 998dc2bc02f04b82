"""The thread of a run that puts the feed on the documents topic, and embeds documents."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping

from topicstream.stream.protocols import Transport
from topicstream.stream.records import TopicPartition
from topicstream.workers import wiring
from topicstream.workers.drained import is_drained
from topicstream.workers.embed_worker import EmbedWorker
from topicstream.workers.errors import FeedError
from topicstream.workers.feed import FeedProducer
from topicstream.workers.member import RUN_MEMBER
from topicstream.workers.settings import Settings

logger = logging.getLogger(__name__)

_FEED_S, _EMBED_S = 0.05, 0.1
_LOOK_EVERY_S = 1.0


class Upstream:
    """Feeds and embeds until the feed is embedded, or `stop` is set.

    Parameters
    ----------
    settings
        Which feed, which embedder.
    log
        Where the topics are; they must exist.
    stop
        Asks for a stop. What has been read of the feed is committed first. It is also set when
        this thread fails.

    Raises
    ------
    FeedError
        The feed cannot be opened.
    EmbedderError
        There is no such embedder.

    """

    def __init__(self, settings: Settings, log: Transport, stop: threading.Event) -> None:
        self._settings, self._log, self._stop = settings, log, stop
        self._names = wiring.names(settings)
        self._feed: FeedProducer | None = None
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)
        self._looked = 0.0
        self._embedder = wiring.embedder(settings)
        if settings.input is not None:
            self._feed = wiring.feed(settings, log, settings.input)
        self.failure: BaseException | None = None
        self.ends: Mapping[TopicPartition, int] | None = None
        """Once the feed is embedded, the offsets before which its embeddings lie."""

    @property
    def n_fed(self) -> int:
        """Return how many records of the feed were taken."""
        return 0 if self._feed is None else self._feed.n_taken

    @property
    def n_bytes(self) -> int:
        """Return how many bytes of the feed were read."""
        return 0 if self._feed is None else self._feed.n_bytes

    @property
    def n_total_bytes(self) -> int | None:
        """Return how many bytes the feed has, None when that is not known."""
        return None if self._feed is None else self._feed.n_total_bytes

    @property
    def n_dimensions(self) -> int | None:
        """Return the width of the vectors, None while it is not known."""
        return self._embedder.n_dimensions

    def load(self) -> None:
        """Load the embedder: one that cannot be loaded must not become that of a new state."""
        self._embedder.embed([])

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """Stop the thread, if it runs, and wait for it: nobody else may close what it uses."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        elif self._feed is not None:
            self._feed.close()

    def _run(self) -> None:
        try:
            self._feed_and_embed()
        except BaseException as error:  # noqa: BLE001 - told by the main thread, which ends the run
            self.failure = error
            self._stop.set()

    def _feed_and_embed(self) -> None:
        worker = None
        try:
            worker = self._worker()
            failure = self._work(worker)
            if self._feed is not None and failure is None and self._stop.is_set():
                self._feed.flush()
        finally:
            for part in (worker, self._feed):
                if part is not None:
                    part.close()
        self.failure = failure
        if not self._stop.is_set():
            self.ends = self._log.end_offsets(self._log.partitions(self._names.embeddings))

    def _worker(self) -> EmbedWorker:
        member = self._settings.member or RUN_MEMBER
        return wiring.embed_worker(self._settings, self._log, self._embedder, member)

    def _work(self, worker: EmbedWorker) -> FeedError | None:
        failure, feed = None, self._feed
        feeding = feed is not None
        while not self._stop.is_set():
            if feeding and feed is not None:
                try:
                    feeding = feed.step(_FEED_S) is not None
                except FeedError as error:  # what came before is embedded and answered first
                    feeding, failure = False, error
            # Never without time to wait: a member of a group on Kafka could not even join it.
            taken = worker.step(_EMBED_S)
            if feed is not None and not feeding and self._is_embedded(feed, taken):
                break
        return failure

    def _is_embedded(self, feed: FeedProducer, taken: int) -> bool:
        # Others may keep this worker busy for ever, and to ask takes time.
        if taken and time.monotonic() - self._looked < _LOOK_EVERY_S:
            return False
        self._looked = time.monotonic()
        return is_drained(self._log, self._names.embed_group, feed.ends)
