"""An admin client of kafka-python that outlives a broker's restart."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from kafka import KafkaAdminClient, errors

from topicstream.stream.kafka_options import KafkaOptions

_PAUSE_S = 0.1
_AWAY = (errors.NodeNotReadyError, errors.KafkaConnectionError, errors.UnknownBrokerIdError)


class PatientAdmin:
    """A KafkaAdminClient whose calls are repeated while the broker is away.

    Parameters
    ----------
    options
        Where Kafka is; calls are repeated for `options.connect_timeout_ms`.

    """

    def __init__(self, options: KafkaOptions) -> None:
        self._timeout_s = options.connect_timeout_ms / 1000.0
        self._client = KafkaAdminClient(**options.connection())

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return functools.partial(self._patiently, getattr(self._client, name))

    def _patiently(self, call: Callable[..., object], *args: object, **options: object) -> object:
        ends = time.monotonic() + self._timeout_s
        while True:
            try:
                return call(*args, **options)
            except _AWAY:
                if time.monotonic() > ends:
                    raise
                time.sleep(_PAUSE_S)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()
