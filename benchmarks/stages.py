"""Where the time of a document goes, stage by stage, every role in turn in one thread."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from benchmarks.report import Row, say
from topicstream.model import online
from topicstream.model.backend.static import StaticEmbedder
from topicstream.model.clusters import Clusters
from topicstream.model.drift.monitor import DriftMonitor
from topicstream.model.projection import Projection
from topicstream.model.terms import TermCounts
from topicstream.model.vocabulary import Vocabulary
from topicstream.stream.embedded_reader import EmbeddedReader
from topicstream.stream.embedded_writer import EmbeddedWriter
from topicstream.stream.kafka_reader import KafkaReader
from topicstream.stream.kafka_writer import KafkaWriter
from topicstream.stream.protocols import Transport
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.workers import answers, ledger, model_worker
from topicstream.workers.answers import Answers
from topicstream.workers.embed_worker import EmbedWorker
from topicstream.workers.export import Exporter
from topicstream.workers.feed import FeedProducer
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.names import TopicNames

POLL_S = 0.05
MAX_IDLE = 200
MODEL = online.OnlineTopicModel
CALLS: tuple[tuple[object, str, str], ...] = (
    # what is called, and the stage that its time belongs to; what it calls in turn is not counted
    (EmbeddedWriter, "commit", "commit"),
    (EmbeddedReader, "poll", "poll"),
    (KafkaWriter, "commit", "commit"),
    (KafkaReader, "poll", "poll"),
    (EmbedWorker, "_sort", "decode"),
    (StaticEmbedder, "embed", "embed"),
    (EmbedWorker, "_embedded", "encode"),
    (EmbedWorker, "_fitting", "encode"),
    (model_worker, "decode_batch", "decode"),
    (ledger, "input_digest", "digest of the input"),
    (Answers, "of", "encode"),
    (answers, "_described", "describe topics"),
    (ModelWorker, "snapshot", "snapshot"),
    (MODEL, "state_hash", "state hash"),
    (MODEL, "partial_fit", "partial_fit: rest"),
    (Vocabulary, "locate", "partial_fit: tokenise"),
    (Clusters, "warm", "partial_fit: warm-up"),
    (Clusters, "follow", "partial_fit: assign"),
    (Projection, "update", "partial_fit: update the PCA"),
    (TermCounts, "matrix", "partial_fit: count terms"),
    (TermCounts, "add", "partial_fit: add the counts"),
    (DriftMonitor, "update", "partial_fit: drift"),
    (MODEL, "_prune", "partial_fit: prune"),
    (MODEL, "_relabel", "partial_fit: label"),
)


@dataclass(slots=True)
class Stopwatch:
    """Adds up the time and CPU time of each stage, less that of the stages inside it."""

    seconds: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    _stack: list[tuple[str, str]] = field(default_factory=list)
    _since: tuple[float, float] = (0.0, 0.0)

    @contextmanager
    def role(self, role: str) -> Iterator[None]:
        """Count what is done meanwhile as this role's."""
        self._enter((role, "rest"))
        try:
            yield
        finally:
            self._leave()

    def timed(self, call: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """Return `call` with its time counted as `stage` of the role at work."""

        @functools.wraps(call)
        def wrapped(*args: object, **options: object) -> object:
            if not self._stack:
                return call(*args, **options)
            self._enter((self._stack[0][0], stage))
            try:
                return call(*args, **options)
            finally:
                self._leave()

        return wrapped

    def _enter(self, stage: tuple[str, str]) -> None:
        self._add()
        self._stack.append(stage)

    def _leave(self) -> None:
        self._add()
        self._stack.pop()

    def _add(self) -> None:
        now, cpu = time.perf_counter(), time.process_time()
        if self._stack:
            top = self._stack[-1]
            before, cpu_before = self.seconds.get(top, (0.0, 0.0))
            spent, cpu_spent = now - self._since[0], cpu - self._since[1]
            self.seconds[top] = (before + spent, cpu_before + cpu_spent)
        self._since = now, cpu


@contextmanager
def watched(watch: Stopwatch) -> Iterator[None]:
    """Have the calls of `CALLS` timed."""
    with ExitStack() as stack:
        for owner, name, stage in CALLS:
            call = getattr(owner, name, None)
            if call is None:
                say(f"stages: there is no {name} any more; its time counts with its caller's")
                continue
            setattr(owner, name, watch.timed(call, stage))
            stack.callback(setattr, owner, name, call)
        yield


def stages(feed: Path, folder: Path, log: Transport, names: TopicNames) -> list[Row]:
    """Return a row for each stage: µs a document, by the clock and of CPU, and the share.

    CPU is that of all threads of this process, those of a Kafka client among them.
    """
    watch = Stopwatch()
    with watched(watch), threadpool_limits(1):
        n = _run(watch, feed, folder, log, names)
    spent = sorted(watch.seconds.items(), key=_by_role)
    whole = sum(seconds for _, (seconds, _) in spent)
    named = [(role, _plain(role, stage), *seconds) for (role, stage), seconds in spent]
    named.append(("all", "one thread", whole, sum(cpu for _, (_, cpu) in spent)))
    return [
        {
            "role": role,
            "stage": stage,
            "us a document": 1e6 * seconds / n,
            "of it CPU": 1e6 * cpu / n,
            "share, %": 100 * seconds / whole,
        }
        for role, stage, seconds, cpu in named
    ]


_ROLES = ("feed", "embed", "model", "export")


def _by_role(item: tuple[tuple[str, str], tuple[float, float]]) -> tuple[int, float]:
    (role, _), (seconds, _) = item
    return _ROLES.index(role), -seconds


def _plain(role: str, stage: str) -> str:
    rest = {"feed": "read lines", "export": "write files", "embed": "rest", "model": "rest"}
    return rest[role] if stage == "rest" else stage


def _run(watch: Stopwatch, feed: Path, folder: Path, log: Transport, names: TopicNames) -> int:
    """Play every role in turn; return the number of documents."""
    log.create_topics(names.specs())
    snapshots, name = DirectoryStore(folder / "snapshots"), StaticEmbedder().name
    worker = ModelWorker(log, names, snapshots, embedder=name)
    worker.recover()
    with (
        closing(FeedProducer(log, names, str(feed))) as producer,
        closing(EmbedWorker(log, _ready(), names, member="stages", batch_size=1_000)) as embed,
        closing(Exporter(log, names, folder / "out")) as exporter,
        closing(worker),
    ):
        n_fed, fed, idle = 0, True, 0
        while idle < MAX_IDLE and (fed or worker.model.n_documents < n_fed):
            with watch.role("feed"):
                taken = producer.step() if fed else None
            n_fed += taken or 0
            fed = taken is not None
            idle = 0 if _turn(watch, embed, worker, exporter, fed=fed) or taken else idle + 1
        return worker.model.n_documents


def _ready() -> StaticEmbedder:
    """Return the embedder with its table loaded: that is start-up."""
    embedder = StaticEmbedder()
    embedder.embed(["rain"])
    return embedder


def _turn(
    watch: Stopwatch, embed: EmbedWorker, worker: ModelWorker, exporter: Exporter, *, fed: bool
) -> bool:
    with watch.role("embed"):
        embedded = embed.step(POLL_S)
    with watch.role("model"):
        step = worker.step(POLL_S, drain=not fed)
    with watch.role("export"):
        n_lines = exporter.step()
    return bool(embedded or step or n_lines)
