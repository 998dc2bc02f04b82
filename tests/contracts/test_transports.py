"""The contract of `transports.py`, on each transport."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.transports import Bench, Subject, TransportContract
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.memory import MemoryLog
from topicstream.stream.protocols import Transport
from topicstream.stream.records import TopicSpec


def open_memory(request: pytest.FixtureRequest) -> Callable[[], Transport]:
    log = MemoryLog()
    return lambda: _Shared(log)


def open_embedded(request: pytest.FixtureRequest) -> Callable[[], Transport]:
    folder: Path = request.getfixturevalue("tmp_path")
    return functools.partial(EmbeddedLog, folder / "log.db")


def open_kafka(request: pytest.FixtureRequest) -> Callable[[], Transport]:
    from topicstream.stream.kafka import KafkaLog, KafkaOptions

    options = KafkaOptions(bootstrap_servers=request.getfixturevalue("kafka_bootstrap"))
    return functools.partial(KafkaLog, options)


class _Shared:
    """The one log in memory, for tests that open a transport twice: closing it closes nothing."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def close(self) -> None:
        pass


KINDS = {"memory": open_memory, "embedded": open_embedded, "kafka": open_kafka}


@pytest.fixture(params=["memory", "embedded", pytest.param("kafka", marks=pytest.mark.integration)])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    subject = Subject(f"t{uuid.uuid4().hex[:10]}", KINDS[request.param](request))
    docs = subject.name("docs")
    log = subject.open()
    log.create_topics([TopicSpec(docs)])
    yield Bench(subject, log, docs)
    subject.close()


class TestTransports(TransportContract):
    pass
