"""From document in to assignment out, at a steady 500 documents/s.

A producer puts documents on the documents topic of a running `topicstream run` (no --input, default
settings); a reader of the assignments topic notes when each answer is visible. A document's
time begins when it was due to be sent, so a producer that falls behind is not excused. First comes
a warm-up at the same rate, in which the model finds its topics; it is shown apart.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks import options
from benchmarks.feeds import feed
from benchmarks.report import Report, Row, say
from benchmarks.servers import Servers, servers
from benchmarks.service_process import RunError, ServiceRun, new_prefix
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.kafka import KafkaLog, KafkaOptions
from topicstream.stream.protocols import Reader, Transport, Writer
from topicstream.stream.records import Output
from topicstream.workers.names import TopicNames

TICK_S = 0.01
PATIENCE_S = 60.0


class Sender(Protocol):
    """Puts documents on their topic."""

    def send(self, values: Sequence[bytes]) -> None:
        """Send them, at once or soon."""

    def close(self) -> None:
        """Send what is left."""


class LogSender:
    """Sends through the embedded log: one commit a tick."""

    def __init__(self, writer: Writer, topic: str) -> None:
        self._writer, self._topic = writer, topic

    def send(self, values: Sequence[bytes]) -> None:
        """Commit them."""
        self._writer.commit([Output(self._topic, v) for v in values], {}, group="latency")

    def close(self) -> None:
        """Let go of the log."""
        self._writer.close()


class KafkaSender:
    """Sends as an ordinary Kafka producer does, every document acknowledged by the broker."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        from kafka import KafkaProducer

        self._producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=0)
        self._topic = topic

    def send(self, values: Sequence[bytes]) -> None:
        """Hand them to the producer's thread."""
        for value in values:
            self._producer.send(self._topic, value)

    def close(self) -> None:
        """Wait for the acknowledgements."""
        self._producer.flush()
        self._producer.close()


@dataclass(slots=True)
class Trial:
    """Documents on their way, by number: when each was due, and when its answer was seen."""

    n: int
    due: NDArray[np.float64] = field(init=False)
    seen: NDArray[np.float64] = field(init=False)
    n_seen: int = 0
    cores: float = 0.0  # that the service kept busy

    def __post_init__(self) -> None:
        self.due = np.zeros(self.n)
        self.seen = np.full(self.n, np.nan)

    def produce(self, sender: Sender, values: Sequence[bytes], rate: float) -> None:
        """Send document i at i / rate seconds from now."""
        began = time.monotonic()
        self.due[:] = began + np.arange(self.n) / rate
        sent = 0
        while sent < self.n:
            until = min(int((time.monotonic() - began) * rate) + 1, self.n)
            if until > sent:
                sender.send(values[sent:until])
                sent = until
            time.sleep(TICK_S)
        sender.close()

    def watch(self, reader: Reader, stop: threading.Event) -> None:
        """Note when each answer is visible."""
        while self.n_seen < self.n and not stop.is_set():
            records = reader.poll(10_000, 0.2)
            now = time.monotonic()
            for record in records:
                if record.key is not None:
                    self.seen[int(record.key)] = now
            self.n_seen += len(records)

    def row(self, name: str, transport: str, part: slice) -> Row:
        """Return the quantiles over some of the documents, in milliseconds."""
        waited = 1_000 * (self.seen[part] - self.due[part])
        return {
            "transport": transport,
            "documents": name,
            "n": len(waited),
            "p50 ms": float(np.quantile(waited, 0.5)),
            "p90 ms": float(np.quantile(waited, 0.9)),
            "p99 ms": float(np.quantile(waited, 0.99)),
            "max ms": float(waited.max()),
            "cores busy": self.cores,
        }


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent: texts in turn, at a rate, for so long."""

    texts: list[str]
    rate: float
    warm_up_s: float
    seconds: float

    @property
    def n_warm_up(self) -> int:
        """Return the number of documents of the warm-up."""
        return round(self.rate * self.warm_up_s)

    def values(self) -> list[bytes]:
        """Return the documents, numbered by their ids."""
        n = self.n_warm_up + round(self.rate * self.seconds)
        texts = enumerate(islice(cycle(self.texts), n))
        return [json.dumps({"id": str(i), "text": text}).encode() for i, text in texts]


def measure(load: Load, where: Servers | None) -> Trial:
    """Send the load to a service of its own."""
    with tempfile.TemporaryDirectory() as folder:
        run = ServiceRun(Path(folder), where, new_prefix())
        names = TopicNames(run.prefix)
        with _transport(run) as log:
            log.create_topics(names.specs())
            parts = log.partitions(names.assignments)
            reader = log.reader(log.beginning_offsets(parts))
            with _service(run) as service:
                return _trial(load, log, names, reader, where, service)


def _trial(
    load: Load,
    log: Transport,
    names: TopicNames,
    reader: Reader,
    where: Servers | None,
    service: subprocess.Popen[str],
) -> Trial:
    values, stop = load.values(), threading.Event()
    trial = Trial(len(values))
    sender: Sender = (
        KafkaSender(where.kafka, names.documents)
        if where is not None
        else LogSender(log.writer("latency"), names.documents)
    )
    _await_first_answer(sender, reader, service)
    watcher = threading.Thread(target=trial.watch, args=(reader, stop), daemon=True)
    watcher.start()
    began, cpu = time.monotonic(), _cpu_seconds(service.pid)
    trial.produce(sender, values, load.rate)
    watcher.join(PATIENCE_S)
    trial.cores = (_cpu_seconds(service.pid) - cpu) / (time.monotonic() - began)
    stop.set()
    if trial.n_seen < trial.n or service.poll() is not None:
        raise RunError(f"{trial.n_seen:,} of {trial.n:,} documents were answered")
    return trial


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has had; 0 where there is no /proc."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    # After the name, in brackets, which may hold blanks.
    fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _await_first_answer(sender: Sender, reader: Reader, service: subprocess.Popen[str]) -> None:
    """Return when the service has started: when it has answered a document."""
    sender.send([b'{"id": "first", "text": "rain and wind over the harbour"}'])
    deadline = time.monotonic() + PATIENCE_S
    while not reader.poll(1, 0.5):
        if service.poll() is not None or time.monotonic() > deadline:
            raise RunError("topicstream run did not answer a first document")


def _transport(run: ServiceRun) -> Transport:
    if run.servers is not None:
        return KafkaLog(KafkaOptions(run.servers.kafka))
    state = run.folder / "state"
    state.mkdir()
    return EmbeddedLog(state / "log.db")


@contextmanager
def _service(run: ServiceRun) -> Iterator[subprocess.Popen[str]]:
    """Run the service until the trial is over."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        run.command(None), env=run.environment(), stdout=quiet, stderr=quiet, text=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    """Measure on each transport."""
    arguments = _arguments()
    report = Report("latency", quick=arguments.quick)
    found = feed("20newsgroups", arguments.feeds)
    texts = [document["text"] for document in found.documents()]
    if not found.is_real:
        report.note("measured with the short documents of the simulated feed")
    long, warm_up = (10.0, 6.0) if arguments.quick else (arguments.seconds, 10.0)
    load = Load(texts, arguments.rate, warm_up, long)
    rows: list[Row] = []
    _add(report, rows, "embedded log", load, None)
    with servers(arguments.kafka, arguments.redis, report) as where:
        if where is not None:
            _add(report, rows, "Kafka and Redis" if where.redis else "Kafka", load, where)
    report.table(f"In to out at {arguments.rate:g} documents/s, {long:g} s", rows)
    report.write()


def _add(
    report: Report, rows: list[Row], transport: str, load: Load, where: Servers | None
) -> None:
    say(f"{transport}: {load.warm_up_s + load.seconds:.0f} s ...")
    trial = measure(load, where)
    rows.append(trial.row("warm-up", transport, slice(0, load.n_warm_up)))
    rows.append(trial.row("after it", transport, slice(load.n_warm_up, None)))
    for name, bound in (("p50 ms", 150.0), ("p99 ms", 600.0)):
        found = rows[-1][name]
        report.at_most(f"{transport}, {name}", bound, found if isinstance(found, float) else None)


def _arguments() -> argparse.Namespace:
    made = options.parser(__doc__)
    options.add_feeds(made)
    options.add_servers(made)
    made.add_argument("--rate", type=float, default=500.0, help="documents/s, default 500")
    made.add_argument("--seconds", type=float, default=60.0, help="how long, default 60")
    return made.parse_args()


if __name__ == "__main__":
    main()
