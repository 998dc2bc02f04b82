"""How to reach a Kafka cluster, and how long to wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Compression = Literal["gzip", "snappy", "lz4", "zstd"]

# What may stand around a value in one record: key, headers, lengths, and the batch's own header.
ROOM_FOR_HEADERS = 48_000


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """Where Kafka is, how to get in, and the times to wait for.

    Parameters
    ----------
    bootstrap_servers
        Addresses to begin with, ``host:port``, separated by commas.
    client_id
        Name under which the broker logs and limits us.
    security
        Passed to kafka-python as it is: ``security_protocol``, ``ssl_*``, ``sasl_*``.
    replication_factor
        Copies of each partition of the topics that we create; -1 takes the broker's default.
    max_record_bytes
        Largest value in bytes. The default leaves room for key and headers below the largest
        record that a broker takes unless told otherwise (1,048,588 bytes).
    compression
        Codec of what we write; every reader needs its package.
    transaction_timeout_ms
        Time after which the broker gives up an open transaction, and the process itself.
    delivery_timeout_ms
        Time for one record to be acknowledged; less than `transaction_timeout_ms`, so that it is
        we who notice first.
    request_timeout_ms
        Time for the broker to answer one request.
    connect_timeout_ms
        Time to find any broker at the start.
    session_timeout_ms
        Silence after which a group gives the partitions of one member to the others. A member
        that restarts within it takes them back at once.
    max_poll_interval_ms
        Longest time between two polls of a group reader, embedding included.
    linger_ms
        Time that records wait for company before they are sent. A commit never waits for it.
    batch_bytes
        Bytes of one partition that travel together.

    Examples
    --------
    >>> KafkaOptions("localhost:9092", security={"sasl_plain_password": "hunter2"})
    KafkaOptions(bootstrap_servers='localhost:9092', client_id='topicstream', ...)

    """

    bootstrap_servers: str
    client_id: str = "topicstream"
    security: Mapping[str, object] = field(default_factory=dict, repr=False)
    replication_factor: int = -1
    max_record_bytes: int = 1_000_000
    compression: Compression | None = None
    transaction_timeout_ms: int = 15_000
    delivery_timeout_ms: int = 10_000
    request_timeout_ms: int = 5_000
    connect_timeout_ms: int = 8_000
    session_timeout_ms: int = 30_000
    max_poll_interval_ms: int = 300_000
    linger_ms: int = 5
    batch_bytes: int = 262_144

    def __post_init__(self) -> None:
        """Refuse times that cannot work together."""
        if not self.delivery_timeout_ms < self.transaction_timeout_ms:
            raise ValueError(
                f"delivery_timeout_ms={self.delivery_timeout_ms} must be less than "
                f"transaction_timeout_ms={self.transaction_timeout_ms}; raise the latter"
            )
        if not self.request_timeout_ms + self.linger_ms < self.delivery_timeout_ms:
            raise ValueError(
                f"request_timeout_ms={self.request_timeout_ms} and linger_ms={self.linger_ms} "
                f"must add up to less than delivery_timeout_ms={self.delivery_timeout_ms}"
            )

    def connection(self) -> dict[str, Any]:
        """Return the settings that every client of kafka-python takes."""
        return {
            "bootstrap_servers": self.bootstrap_servers.split(","),
            "client_id": self.client_id,
            "bootstrap_timeout_ms": self.connect_timeout_ms,
            "request_timeout_ms": self.request_timeout_ms,
            "reconnect_backoff_max_ms": 1_000,
            **self.security,
        }
