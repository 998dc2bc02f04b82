"""Documents a second: stage by stage, and through `topicstream run` as a user runs it.

End to end, each run is a process of its own into an empty state, everything exactly once; the time
includes start-up, which is also measured alone, with a feed of one document. With a Kafka there,
the same through Kafka and Redis.

    python -m benchmarks.throughput
    python -m benchmarks.throughput --kafka localhost:9092 --redis redis://localhost/5
"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import options
from benchmarks.feeds import Feed, feed
from benchmarks.report import CACHE, Report, Row, say
from benchmarks.servers import Servers, servers
from benchmarks.service_process import RunError, ServiceRun, new_prefix
from benchmarks.stages import stages
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.kafka import KafkaLog, KafkaOptions
from topicstream.workers.names import TopicNames

BUDGETS = {
    ("20newsgroups", "embedded log"): 3_000,
    ("headlines", "embedded log"): 10_000,
    ("20newsgroups", "Kafka and Redis"): 2_000,
    ("headlines", "Kafka and Redis"): 5_000,
}


@dataclass(frozen=True, slots=True)
class Throughput:
    """How fast one feed went through one transport."""

    feed: Feed
    transport: str
    n_documents: int
    seconds: list[float]
    cpu_seconds: list[float]
    startup_s: float

    @property
    def rate(self) -> float:
        """Return documents/s, start-up included."""
        return self.n_documents / statistics.median(self.seconds)

    def row(self) -> Row:
        """Return a row of the table."""
        net_s = statistics.median(self.seconds) - self.startup_s
        return {
            "feed": self.feed.name,
            "transport": self.transport,
            "documents": self.n_documents,
            "seconds": statistics.median(self.seconds),
            "CPU s": statistics.median(self.cpu_seconds),
            "documents/s": self.rate,
            "from": self.n_documents / max(self.seconds),
            "to": self.n_documents / min(self.seconds),
            "start-up and end, s": self.startup_s,
            "documents/s without them": self.n_documents / net_s if net_s > 0.5 else None,
        }


def measure(found: Feed, transport: str, where: Servers | None, n_runs: int) -> Throughput:
    """Run one feed `n_runs` times."""
    n_lines = sum(1 for _ in found.lines())
    one = CACHE / "one-document.jsonl"
    one.parent.mkdir(parents=True, exist_ok=True)
    one.write_text('{"id": "1", "text": "rain and wind over the harbour"}\n', encoding="utf-8")
    startup_s = statistics.median(_run(one, 1, where)[0] for _ in range(n_runs))
    seconds, cpu_seconds = [], []
    for number in range(n_runs):
        spent, cpu_spent = _run(found.path, n_lines, where)
        seconds.append(spent)
        cpu_seconds.append(cpu_spent)
        say(f"{found.name}, {transport}, run {number + 1}: {n_lines / spent:,.0f}/s")
    return Throughput(found, transport, n_lines, seconds, cpu_seconds, startup_s)


def _run(path: Path, n_documents: int, where: Servers | None) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        seconds, cpu_seconds, n_answers = ServiceRun(Path(folder), where, new_prefix()).timed(path)
    if n_answers != n_documents:
        raise RunError(f"{n_answers} answers to {n_documents} documents of {path}")
    return seconds, cpu_seconds


def _stages(report: Report, found: Feed, transport: str, where: Servers | None) -> None:
    say(f"{found.name}, {transport}, stage by stage ...")
    with tempfile.TemporaryDirectory() as folder:
        log = (
            EmbeddedLog(Path(folder, "log.db"))
            if where is None
            else KafkaLog(KafkaOptions(where.kafka))
        )
        with log:
            rows = stages(found.path, Path(folder), log, TopicNames(new_prefix()))
    report.table(f"Stages, {found.name}, {transport}, all roles in one thread", rows)


def main() -> None:
    """Measure both feeds on each transport."""
    made = options.parser(__doc__)
    options.add_feeds(made)
    options.add_servers(made)
    made.add_argument("--runs", type=int, metavar="N", help="runs of each, default 3; quick 1")
    arguments = made.parse_args()
    report = Report("throughput", quick=arguments.quick)
    first = 3_000 if arguments.quick else None
    found = {
        (one := feed(name, arguments.feeds, first=first)).name: one
        for name in ("20newsgroups", "headlines")
    }
    for one in found.values():
        _stages(report, one, "embedded log", None)
    n_runs = arguments.runs or (1 if arguments.quick else 3)
    results = [measure(one, "embedded log", None, n_runs) for one in found.values()]
    with servers(arguments.kafka, arguments.redis, report) as where:
        if where is not None:
            name = "Kafka and Redis" if where.redis else "Kafka"
            for one in found.values():
                _stages(report, one, "Kafka", where)
            results += [measure(one, name, where, n_runs) for one in found.values()]
    report.table("topicstream run, end to end", [result.row() for result in results])
    for result in results:
        bound = BUDGETS.get((result.feed.name, result.transport))
        if bound is not None:
            report.at_least(f"{result.feed.name}, {result.transport}, docs/s", bound, result.rate)
    report.write()


if __name__ == "__main__":
    main()
