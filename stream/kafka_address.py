"""Whether anybody listens where Kafka should be.

Asked before kafka-python is: its clients leave sockets and a thread behind when they find nobody.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress

from topicstream.stream.errors import UnavailableError
from topicstream.stream.kafka_options import KafkaOptions

_PAUSE_S = 0.2


def wait_for_broker(options: KafkaOptions) -> None:
    """Return when one of the addresses takes connections.

    Parameters
    ----------
    options
        The addresses, and the time to wait for one of them: a broker that is just starting takes
        some seconds.

    Raises
    ------
    UnavailableError
        None of them did in time, or one cannot be read.

    """
    if options.security.get("proxy_url"):
        return
    addresses = options.bootstrap_servers.split(",")
    ends = time.monotonic() + options.connect_timeout_ms / 1000.0
    while True:
        problems = [_problem(address, ends) for address in addresses]
        if None in problems:
            return
        if time.monotonic() + _PAUSE_S > ends:
            raise UnavailableError(
                f"Kafka at {options.bootstrap_servers} cannot be reached "
                f"({'; '.join(filter(None, problems))}); check that the broker runs, and that the "
                "address is host:port and is reachable from here"
            )
        time.sleep(_PAUSE_S)


def _problem(address: str, ends: float) -> str | None:
    host, port = _parts(address)
    left_s = max(0.1, ends - time.monotonic())
    try:
        connection = socket.create_connection((host, port), timeout=left_s)
    except OSError as error:
        return f"{address}: {error.strerror or error}"
    with suppress(OSError), connection:
        return None
    return None


def _parts(address: str) -> tuple[str, int]:
    host, _, port = address.strip().rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise UnavailableError(
            f"bootstrap_servers={address!r} is not an address of Kafka; write host:port, and "
            "several separated by commas"
        )
    return host.removeprefix("[").removesuffix("]"), int(port)
