"""Whether the broker can be reached, and its topics are there or could be made."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from kafka import errors

from topicstream.stream import kafka_topics
from topicstream.stream.errors import StreamError, TopicError, UnavailableError
from topicstream.stream.journal import Genesis, decode
from topicstream.stream.kafka import KafkaLog
from topicstream.stream.kafka_address import wait_for_broker
from topicstream.stream.kafka_admin import PatientAdmin
from topicstream.stream.kafka_failures import LIBRARY_ERRORS, told
from topicstream.stream.kafka_options import KafkaOptions
from topicstream.stream.records import TopicSpec
from topicstream.workers import wiring
from topicstream.workers.commands.finding import Finding
from topicstream.workers.commands.same_settings import compare
from topicstream.workers.genesis import JournalReader
from topicstream.workers.settings import Settings

_PATIENCE_MS = 3_000


class Rehearsal(PatientAdmin):
    """An admin client that notes what would be created, and creates nothing."""

    def __init__(self, options: KafkaOptions) -> None:
        super().__init__(options)
        self.wanted: dict[str, dict[str, Any]] = {}

    def create_topics(self, wanted: Mapping[str, dict[str, Any]]) -> None:
        """Note how the topics in `wanted` would be made."""
        self.wanted |= wanted

    def wait_for_topics(self, names: list[str]) -> None:
        """Do nothing: no topic is on its way."""

    def judge(self) -> None:
        """Let the broker say whether everything noted could be created; it raises if not."""
        self._patiently(self._client.create_topics, self.wanted, validate_only=True)


def check_kafka(settings: Settings) -> Iterator[Finding]:
    """Yield whether broker, topics and journal let a service run."""
    with wiring.transport(settings) as log:
        if not isinstance(log, KafkaLog):
            return
        options = _hurried(log.options)
    wait_for_broker(options)
    try:
        admin = Rehearsal(options)
    except LIBRARY_ERRORS as error:
        yield Finding("broker", "wrong", _silence(options, settings, error))
        return
    with closing(admin):
        yield Finding("broker", "ok", f"Kafka at {options.bootstrap_servers} answers")
        topics = TopicCheck(admin, options)
        yield from topics.look(_specs(settings))
    if wiring.names(settings).journal in topics.sound:
        yield from _journal(options, settings)


class TopicCheck:
    """Whether topics are as they have to be; `sound` holds those that are."""

    def __init__(self, admin: Rehearsal, options: KafkaOptions) -> None:
        self._admin, self._options = admin, options
        self.sound: list[str] = []

    def look(self, specs: Sequence[TopicSpec]) -> Iterator[Finding]:
        """Yield what is to be said of the topics."""
        hidden, wrong = [], []
        with _warnings_of(kafka_topics.__name__) as warnings:
            for spec in specs:
                try:
                    kafka_topics.create_topics(self._admin, self._options, [spec])
                except TopicError as error:
                    is_hidden = isinstance(error.__cause__, errors.AuthorizationError)
                    hidden.append(spec.name) if is_hidden else wrong.append(str(error))
                else:
                    self.sound.append(spec.name)
        self.sound = [name for name in self.sound if name not in self._admin.wanted]
        if hidden:
            wrong.append(
                f"this user may not see {', '.join(hidden)}; grant it Describe, Read and Write"
            )
        if refusal := self._refusal():
            wrong.append(refusal)
        for text in wrong:
            yield Finding("topics", "wrong", text)
        for text in warnings:
            yield Finding("topics", "warning", f"{text}; raise it")
        if not wrong:
            yield Finding("topics", "ok", self._told())

    def _refusal(self) -> str:
        if not self._admin.wanted:
            return ""
        try:
            self._admin.judge()
        except errors.KafkaError as error:
            commands = "; ".join(_by_hand(name, how) for name, how in self._admin.wanted.items())
            return (
                f"{', '.join(self._admin.wanted)} are missing, and the broker refuses to create "
                f"them for this user ({type(error).__name__}): allow it, or create them by hand: "
                f"{commands}"
            )
        return ""

    def _told(self) -> str:
        here = f"{len(self.sound)} topics are there, as they have to be"
        missing = ", ".join(self._admin.wanted)
        return f"{here}; the first start makes {missing}, which this user may" if missing else here


def _by_hand(name: str, how: Mapping[str, Any]) -> str:
    settings = " ".join(f"--config {key}={value}" for key, value in how["configs"].items())
    return (
        f"kafka-topics.sh --create --topic {name} --partitions {how['num_partitions']} {settings}"
    )


def _silence(options: KafkaOptions, settings: Settings, error: Exception) -> str:
    protocol = settings.kafka.security_protocol
    return (
        f"{options.bootstrap_servers} takes connections, but not ours ({told(error)}): check that "
        f"its listener speaks {protocol} as kafka.security_protocol says, user, password and "
        "certificates, and that its advertised listeners are reachable from here"
    )


def _hurried(options: KafkaOptions) -> KafkaOptions:
    return replace(
        options,
        connect_timeout_ms=min(options.connect_timeout_ms, _PATIENCE_MS),
        request_timeout_ms=min(options.request_timeout_ms, _PATIENCE_MS),
    )


def _specs(settings: Settings) -> list[TopicSpec]:
    specs = list(wiring.names(settings).specs(settings.kafka.n_partitions))
    feeds = TopicSpec(f"{settings.prefix}feeds", cleanup="compact")
    return specs if feeds.name in {spec.name for spec in specs} else [*specs, feeds]


def _journal(options: KafkaOptions, settings: Settings) -> Iterator[Finding]:
    with KafkaLog(options) as log:
        try:
            first = JournalReader(log, wiring.names(settings)).first()
        except (TopicError, UnavailableError) as error:
            yield Finding("topics", "wrong", str(error))
            return
    entry = None if first is None else decode(first)
    if isinstance(entry, Genesis):
        yield from compare(entry.settings, entry.embedder, settings)
    elif entry is not None:
        raise StreamError("the first entries of the journal are gone; start with another state")


@contextmanager
def _warnings_of(name: str) -> Iterator[list[str]]:
    """Collect what a module warns of, instead of logging it."""
    logger, found = logging.getLogger(name), list[str]()
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    before = logger.level, logger.propagate
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before
