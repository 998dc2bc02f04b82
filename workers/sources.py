"""Where readers find a service: its state folder, its broker, or the model in Redis.

Nothing is made there: a folder, topic or key that is missing is an error that says what to name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Literal

from topicstream.model import snapshot as codec
from topicstream.model.errors import ModelError
from topicstream.model.online import OnlineTopicModel
from topicstream.stream.errors import SnapshotError, TopicError, UnavailableError
from topicstream.stream.protocols import Reader, Transport
from topicstream.stream.records import Record
from topicstream.stream.snapshots.store import Snapshot
from topicstream.workers import wiring
from topicstream.workers.batches import topic_record
from topicstream.workers.settings import KafkaSettings, Settings
from topicstream.workers.snapshot_report import examine, snapshots_in

Source = Literal["state", "kafka", "redis"]
_POLL_RECORDS = 1_000


def newest_topics(settings: Settings, source: Source | None) -> list[bytes]:
    """Return the newest record of each topic, in JSON.

    Parameters
    ----------
    settings
        Where the service is.
    source
        Which of the places to read; None takes Kafka where it is named, else the state folder.

    Raises
    ------
    StreamError
        There is nothing to be read there; the message says what to do.

    """
    if source == "redis":
        return _described(_published(settings))
    if source != "kafka" and _has_snapshots_only(settings, source):
        return _described(_newest_snapshot(settings))
    newest: dict[bytes | None, bytes | None] = {}
    with opened(settings, source) as log, reading(log, settings, "topics") as reader:
        for record in to_end(log, reader):
            newest[record.key] = record.value
    return [value for value in newest.values() if value is not None]


def newest_model(settings: Settings, source: Source | None) -> OnlineTopicModel:
    """Return the model of the newest snapshot, to be read only.

    Parameters
    ----------
    settings
        Where the service is.
    source
        ``"redis"`` for the model that is published; else the newest sound snapshot on disk.

    Raises
    ------
    StreamError
        There is no model there; the message says what to do.

    """
    if source == "redis":
        return _model_of(_published(settings))
    if not snapshots_in(settings.state / "snapshots"):
        raise UnavailableError(
            f"{str(settings.state)!r} holds no snapshot; name the folder of your run with "
            "--state DIR, or the Redis that the model is published to with --redis URL"
        )
    return _model_of(_newest_snapshot(settings))


@contextmanager
def opened(settings: Settings, source: Source | None) -> Iterator[Transport]:
    """Open the log of a service that is there already."""
    if source == "state" or settings.kafka.bootstrap_servers is None:
        _require_log(settings)
        settings = settings.model_copy(update={"kafka": KafkaSettings()})
    with wiring.transport(settings) as log:
        yield log


@contextmanager
def reading(
    log: Transport, settings: Settings, name: Literal["topics", "drift"]
) -> Iterator[Reader]:
    """Open a reader at the beginning of one of the service's topics."""
    topic = getattr(wiring.names(settings), name)
    try:
        parts = log.partitions(topic)
    except TopicError as error:
        raise TopicError(
            f"there is no topic {topic!r}, so no service has run there yet; start one, or correct "
            "--state, --kafka or the setting 'prefix'"
        ) from error
    with closing(log.reader(log.beginning_offsets(parts))) as reader:
        yield reader


def to_end(log: Transport, reader: Reader) -> Iterator[Record]:
    """Yield the records up to the end as it is now."""
    ends = log.end_offsets(reader.positions())
    # The end may be a marker of a transaction, so that no record lies just before it.
    while any(at < ends[part] for part, at in reader.positions().items()):
        yield from reader.poll(_POLL_RECORDS, 1.0)


def _require_log(settings: Settings) -> None:
    if (settings.state / wiring.LOG_FILE).is_file():
        return
    there = f"{str(settings.state)!r} holds no log"
    if not settings.state.exists():
        there = f"there is no state {str(settings.state)!r}"
    raise UnavailableError(
        f"{there}; name the folder of your run with --state DIR, or, where the service runs on "
        "Kafka, its broker with --kafka HOST:PORT"
    )


def _has_snapshots_only(settings: Settings, source: Source | None) -> bool:
    """Return whether the state folder is that of a service with its log in Kafka."""
    if source is None and settings.kafka.bootstrap_servers is not None:
        return False
    no_log = not (settings.state / wiring.LOG_FILE).exists()
    return no_log and bool(snapshots_in(settings.state / "snapshots"))


def _newest_snapshot(settings: Settings) -> Snapshot:
    root = settings.state / "snapshots"
    for folder in snapshots_in(root):
        report = examine(folder)
        if report.is_sound and report.id is not None:
            return Snapshot(report.id, report.contents)
    raise SnapshotError(
        f"every snapshot in {root} is damaged; name the broker that holds the log with "
        "--kafka HOST:PORT"
    )


def _published(settings: Settings) -> Snapshot:
    store = wiring.redis_store(settings)
    if store is None:
        raise UnavailableError("no Redis is named; give its address with --redis URL")
    with closing(store):
        snapshot = store.read()
    if snapshot is None:
        raise UnavailableError(
            f"Redis holds no model under the prefix {settings.redis.prefix!r}; start a service "
            "with --redis, or correct the URL or the setting redis.prefix"
        )
    return snapshot


def _described(snapshot: Snapshot) -> list[bytes]:
    return [topic_record(topic) for topic in _model_of(snapshot).topics()]


def _model_of(snapshot: Snapshot) -> OnlineTopicModel:
    try:
        model, _ = codec.decode(snapshot.files)
    except (ModelError, KeyError) as error:
        raise SnapshotError(f"snapshot {snapshot.id.name} holds no model: {error}") from error
    return model
