"""From settings to the objects that they describe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicstream.model.backend.base import Embedder
from topicstream.model.backend.select import select_embedder
from topicstream.model.drift.settings import DriftSettings
from topicstream.model.lifecycle.settings import LifecycleSettings
from topicstream.model.refit.settings import RefitSettings
from topicstream.model.settings import ModelSettings
from topicstream.model.timeline_settings import TimelineSettings
from topicstream.stream.protocols import Transport
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.stream.snapshots.redis import RedisStore
from topicstream.workers.embed_worker import EmbedWorker
from topicstream.workers.feed import FeedProducer
from topicstream.workers.member import member_name
from topicstream.workers.names import TopicNames
from topicstream.workers.refits import Refits
from topicstream.workers.settings import KafkaSettings, Settings, secret

if TYPE_CHECKING:
    from topicstream.workers.given_model import GivenModel
    from topicstream.workers.model_worker import ModelWorker

LOG_FILE = "log.db"
START_FOLDER = "start"
REFIT_FOLDER = "refits"
_NOT_PASSED = {"bootstrap_servers", "n_partitions", "sasl_plain_password_file", "ssl_password_file"}
_SECURITY = ("security_protocol", "sasl_", "ssl_")


def transport(settings: Settings) -> Transport:
    """Return Kafka where it is named, the embedded log in the state folder otherwise."""
    if settings.kafka.bootstrap_servers is not None:
        return _kafka(settings.kafka, settings.kafka.bootstrap_servers)
    from topicstream.stream.embedded import EmbeddedLog

    settings.state.mkdir(parents=True, exist_ok=True)
    return EmbeddedLog(settings.state / LOG_FILE)


def names(settings: Settings) -> TopicNames:
    """Return the names of the topics."""
    return TopicNames(settings.prefix)


def embedder(settings: Settings) -> Embedder:
    """Return the embedder, with nothing loaded yet."""
    return select_embedder(settings.embedder, device=settings.device)


def snapshots(settings: Settings) -> DirectoryStore:
    """Return the store of snapshots in the state folder."""
    return DirectoryStore(settings.state / "snapshots", settings.batch.snapshots_kept)


def refits(settings: Settings) -> Refits:
    """Return the refits in the state folder."""
    return Refits(settings.state / REFIT_FOLDER)


def refit_settings(settings: Settings) -> RefitSettings:
    """Return how topics are found anew."""
    return RefitSettings(**settings.refit.model_dump(exclude={"every_documents", "on_drift"}))


def redis_store(settings: Settings) -> RedisStore | None:
    """Return Redis, or None where no URL is given."""
    table = settings.redis
    url = secret(table, "url")
    if url is None:
        return None
    options: dict[str, Any] = {
        name: str(value)
        for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
        if (value := getattr(table, name)) is not None
    }
    password = secret(table, "password")
    if password:
        options["password"] = password
    return RedisStore(url, table.prefix, **options)


def feed(settings: Settings, log: Transport, source: str) -> FeedProducer:
    """Return what puts the feed `source` on the documents topic."""
    return FeedProducer(
        log,
        names(settings),
        source,
        follow=settings.follow,
        max_record_bytes=settings.max_document_bytes,
    )


@contextmanager
def member(settings: Settings) -> Iterator[str]:
    """Hold the name of this embed worker: as set, or the machine's name and a free number."""
    if settings.member is not None:
        yield settings.member
        return
    place = settings.kafka.bootstrap_servers or str(settings.state.resolve())
    with member_name(f"{place} {settings.prefix}") as name:
        yield name


def embed_worker(settings: Settings, log: Transport, source: Embedder, member: str) -> EmbedWorker:
    """Return the embed worker called `member`, which embeds with `source`."""
    return EmbedWorker(
        log,
        source,
        names(settings),
        member=member,
        batch_size=settings.batch.embed_size,
        max_document_bytes=settings.max_document_bytes,
    )


def model_settings(settings: Settings) -> ModelSettings:
    """Return how the model learns."""
    values = settings.model.model_dump()
    values["drift"] = DriftSettings(**values["drift"])
    values["lifecycle"] = LifecycleSettings(**values["lifecycle"])
    values["timeline"] = TimelineSettings(**values["timeline"])
    return ModelSettings(**values)


def given_model(settings: Settings) -> GivenModel | None:
    """Return the model that a new state is to start from, read now; None for none."""
    if settings.start_from is None:
        return None
    from topicstream.workers.given_model import given_model as read

    return read(settings.start_from, settings.model.n_terms)


def model_worker(
    settings: Settings, log: Transport, *, finite: bool, given: GivenModel | None = None
) -> ModelWorker:
    """Return the model worker; a finite feed is cut into full batches only."""
    # Here, because it takes longer than everything else; much can be done meanwhile.
    from topicstream.workers.model_worker import ModelWorker
    from topicstream.workers.start import Start

    return ModelWorker(
        log,
        names(settings),
        snapshots(settings),
        settings=model_settings(settings),
        batch_size=settings.batch.size,
        max_age_s=None if finite else settings.batch.max_age_s,
        redis=redis_store(settings),
        snapshot_every=settings.batch.snapshot_every,
        embedder=settings.embedder,
        refits=refits(settings),
        start=Start(settings.state / START_FOLDER, given),
    )


def _kafka(table: KafkaSettings, bootstrap: str) -> Transport:
    from topicstream.stream.kafka import KafkaLog, KafkaOptions

    values = table.model_dump(exclude=_NOT_PASSED, exclude_none=True)
    values |= {
        name: value
        for name in ("sasl_plain_password", "ssl_password")
        if (value := secret(table, name)) is not None
    }
    security = {
        name: _plain(values.pop(name)) for name in list(values) if name.startswith(_SECURITY)
    }
    return KafkaLog(KafkaOptions(bootstrap, security=security, **values))


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value
