"""A Kafka and a Redis to measure with: named, or started for the benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.report import Report, say
from tests.services import ServiceError, kafka_service, redis_service


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they answer.

    Parameters
    ----------
    kafka
        host:port.
    redis
        URL; None for none.

    """

    kafka: str
    redis: str | None


@contextmanager
def servers(kafka: str, redis: str, report: Report) -> Iterator[Servers | None]:
    """Give a Kafka and a Redis, or None, noting why, where there is none."""
    with ExitStack() as stack:
        try:
            found = _started(stack, kafka, redis)
        except ServiceError as error:
            report.note(f"Kafka and Redis are skipped: {error}")
            found = None
        if kafka == "off":
            report.note("Kafka and Redis are skipped: --kafka off")
        yield found


def _started(stack: ExitStack, kafka: str, redis: str) -> Servers | None:
    if kafka == "off":
        return None
    if kafka == "auto":
        say("starting Kafka ...")
        kafka = stack.enter_context(kafka_service())
    if redis == "auto":
        say("starting Redis ...")
        redis = stack.enter_context(redis_service())
    return Servers(kafka, None if redis == "off" else redis)
