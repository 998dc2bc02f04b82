"""A TCP proxy in front of a Kafka broker that breaks the connection at the end of a transaction."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

END_TXN = 26
"""Number of the request that ends a transaction, in Kafka's protocol."""

_HEAD = struct.Struct(">i")
_API = struct.Struct(">h")

Fault = Callable[["_Connection", bytes], None]


class Proxy:
    """Passes everything on, but for the one request that a fault was armed for."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.target = 0
        self._fault: Fault | None = None
        self._held: tuple[_Connection, bytes] | None = None
        self._connections: list[_Connection] = []
        self.struck = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        # On Linux, close() alone does not wake the thread that accepts.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def lose_next_answer(self) -> None:
        """Let the broker end the next transaction, and close before it can say so."""
        self._arm(_Connection.swallow)

    def hold_next_request(self) -> None:
        """Keep the next request that ends a transaction, and close on the client."""
        self._arm(self._hold)

    def release(self) -> None:
        """Let the broker have the request that was held, long after it was sent."""
        assert self._held is not None
        connection, frame = self._held
        self._held = None
        connection.broker.sendall(frame)

    def _arm(self, fault: Fault) -> None:
        self.struck.clear()
        self._fault = fault

    def _hold(self, connection: _Connection, frame: bytes) -> None:
        self._held = connection, frame
        _shut(connection.client)

    def handle(self, connection: _Connection, frame: bytes) -> None:
        """Pass one request on, or let the fault have it."""
        fault = self._fault
        if fault is None or _API.unpack_from(frame, _HEAD.size)[0] != END_TXN:
            connection.broker.sendall(frame)
            return
        self._fault = None
        fault(connection, frame)
        self.struck.set()

    def is_held(self, connection: _Connection) -> bool:
        """Say whether this connection has to stay open towards the broker."""
        return self._held is not None and self._held[0] is connection

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        try:
            broker = socket.create_connection(("127.0.0.1", self.target), timeout=5.0)
        except OSError:
            client.close()
            return
        broker.settimeout(None)
        connection = _Connection(self, client, broker)
        self._connections.append(connection)
        connection.start()


class _Connection:
    """One client's connection, and ours to the broker on its behalf."""

    def __init__(self, proxy: Proxy, client: socket.socket, broker: socket.socket) -> None:
        self.proxy, self.client, self.broker = proxy, client, broker
        self._swallows = False

    def start(self) -> None:
        for pump in (self._requests, self._answers):
            threading.Thread(target=pump, daemon=True).start()

    def swallow(self, frame: bytes) -> None:
        self._swallows = True
        self.broker.sendall(frame)

    def close(self) -> None:
        for end in (self.client, self.broker):
            _shut(end)
            end.close()

    def _requests(self) -> None:
        with contextlib.suppress(OSError):
            while frame := self._frame():
                self.proxy.handle(self, frame)
        if not self.proxy.is_held(self):
            _shut(self.broker)

    def _answers(self) -> None:
        with contextlib.suppress(OSError):
            while content := self.broker.recv(65_536):
                if self._swallows:
                    break
                self.client.sendall(content)
        _shut(self.client)

    def _frame(self) -> bytes:
        head = self._exactly(_HEAD.size)
        return head + self._exactly(_HEAD.unpack(head)[0]) if head else b""

    def _exactly(self, n: int) -> bytes:
        content = b""
        while len(content) < n:
            more = self.client.recv(min(n - len(content), 1 << 20))
            if not more:
                return b""
            content += more
        return content


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
