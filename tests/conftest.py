"""Fixtures that every folder of tests may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

# `tests.services` is imported by name, here and in benchmarks/; last, so that it shadows nothing.
sys.path.append(str(Path(__file__).parent.parent))

from tests.services import ServiceError, kafka_service, redis_service

SERVICE_FIXTURES = {"kafka_bootstrap", "redis_url"}


KAFKA_PYTHON_WARNS = (
    # On Python 3.11 its way to read its own files is old.
    "ignore:(read|open)_text is deprecated:DeprecationWarning",
    # The socket of each attempt to connect in vain is left to the collector.
    r"ignore:unclosed <socket.*0\.0\.0\.0:ResourceWarning",
)


def pytest_configure(config: pytest.Config) -> None:
    """Let kafka-python 3.0.12 be used where warnings are errors."""
    for line in KAFKA_PYTHON_WARNS:
        config.addinivalue_line("filterwarnings", line)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server: it must not depend on somebody thinking of it."""
    for item in items:
        if SERVICE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.integration)


def missing(error: ServiceError) -> NoReturn:
    """Skip a test whose server is missing, or fail where servers are required."""
    if os.environ.get("TOPICSTREAM_REQUIRE_SERVICES") == "1":
        pytest.fail(f"TOPICSTREAM_REQUIRE_SERVICES=1, but {error}", pytrace=False)
    pytest.skip(str(error))


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """Address (host:port) of a Kafka that all tests share: name topics after the test."""
    with ExitStack() as stack:
        try:
            bootstrap = stack.enter_context(kafka_service())
        except ServiceError as error:
            missing(error)
        yield bootstrap


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[str]:
    """URL of a Redis that all tests share; take `redis_url`, which is empty."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(redis_service())
        except ServiceError as error:
            missing(error)
        yield url


@pytest.fixture
def redis_url(shared_redis: str) -> str:
    """URL of a Redis database that is empty when the test begins."""
    import redis

    with redis.Redis.from_url(shared_redis) as client:
        client.flushdb()
    return shared_redis
