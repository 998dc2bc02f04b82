"""A refit in the middle of a run: what it costs those who wait, and that nothing is lost.

The documents of 20 Newsgroups are put on the documents topic of a running `topicstream run` at a
steady rate; after a while `topicstream refit` runs beside it, and the service swaps the refit in. A
document's latency is as in the benchmark `latency`. At the end every document must have one answer,
and the journal one swap.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from benchmarks import options
from benchmarks.feeds import feed
from benchmarks.latency import PATIENCE_S, LogSender, Trial, _await_first_answer, _service
from benchmarks.report import Report, Row, say
from benchmarks.service_process import RunError, ServiceRun, new_prefix
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.journal import Swap, decode
from topicstream.workers.names import TopicNames

MIN_TOPIC_SIZE = 15


@dataclass(slots=True)
class Refit:
    """The command beside the run: when it began and ended, and what it said."""

    command: list[str]
    environment: dict[str, str]
    wait_s: float
    began: float = 0.0
    ended: float = 0.0
    words: str = ""
    thread: threading.Thread = field(init=False)

    def start(self) -> None:
        """Start the clock; the command follows after `wait_s` seconds."""
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        time.sleep(self.wait_s)
        self.began = time.monotonic()
        done = subprocess.run(
            self.command, env=self.environment, capture_output=True, text=True, check=False
        )
        self.ended, self.words = time.monotonic(), done.stderr


def measure(texts: list[str], rate: float, before_s: float) -> tuple[Trial, Refit, int, int]:
    """Return the trial, the refit, the swaps in the journal, and the documents answered twice."""
    values = [json.dumps({"id": str(i), "text": text}).encode() for i, text in enumerate(texts)]
    trial, stop = Trial(len(values)), threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        run = ServiceRun(Path(folder), None, new_prefix())
        names, state = TopicNames(run.prefix), Path(folder) / "state"
        state.mkdir()
        cli = [sys.executable, "-m", "topicstream.workers", "refit", "--state", str(state)]
        # With so small topics it finds some to change, so that there is a swap to be measured.
        cli += ["--min-topic-size", str(MIN_TOPIC_SIZE)]
        refit = Refit(cli, run.environment(), before_s)
        with EmbeddedLog(state / "log.db") as log:
            log.create_topics(names.specs())
            parts = log.partitions(names.assignments)
            reader = log.reader(log.beginning_offsets(parts))
            with _service(run) as service:
                sender = LogSender(log.writer("latency"), names.documents)
                _await_first_answer(sender, reader, service)
                watcher = threading.Thread(target=trial.watch, args=(reader, stop), daemon=True)
                watcher.start()
                refit.start()
                trial.produce(sender, values, rate)
                watcher.join(PATIENCE_S)
                refit.thread.join(PATIENCE_S)
            stop.set()
            journal = log.partitions(names.journal)
            entries = log.reader(log.beginning_offsets(journal)).poll(1_000_000, 0.0)
            n_swaps = sum(isinstance(decode(entry), Swap) for entry in entries)
            answers = log.reader(log.beginning_offsets(parts)).poll(1_000_000, 0.0)
            seen = Counter(answer.key for answer in answers)
    if trial.n_seen < trial.n:
        raise RunError(f"{trial.n_seen:,} of {trial.n:,} documents were answered: {refit.words}")
    return trial, refit, n_swaps, sum(n - 1 for n in seen.values())


def main() -> None:
    """Measure, and write the table."""
    arguments = _arguments()
    report = Report("refit", quick=arguments.quick)
    found = feed("20newsgroups", arguments.feeds)
    n = round(arguments.rate * arguments.seconds)
    texts = list(islice(cycle(document["text"] for document in found.documents()), n))
    say(f"{len(texts):,} documents at {arguments.rate:g}/s ...")
    trial, refit, n_swaps, n_twice = measure(texts, arguments.rate, arguments.before)
    if not refit.ended or refit.ended >= trial.due[-1]:
        raise RunError("the refit had not ended when the documents had; take more seconds")
    say(refit.words)
    due = trial.due
    settled = due[0] + arguments.before / 3
    parts = {
        "before the refit": (due >= settled) & (due < refit.began),
        "during it": (due >= refit.began) & (due < refit.ended),
        "the swap and after": due >= refit.ended,
    }
    rows: list[Row] = []
    for name, part in parts.items():
        waited = 1_000 * (trial.seen[part] - due[part])
        row: Row = {
            "documents": name,
            "n": len(waited),
            "p50 ms": float(np.quantile(waited, 0.5)),
            "p99 ms": float(np.quantile(waited, 0.99)),
            "max ms": float(waited.max()),
        }
        rows.append(row)
    report.table(f"In to out at {arguments.rate:g} documents/s, embedded log", rows)
    report.note(f"the refit took {refit.ended - refit.began:.0f} s at a low priority")
    before, during = (float(str(row["p99 ms"])) for row in rows[:2])
    report.at_most("p99 during the refit over p99 before it", 2.0, during / before)
    report.at_least("swaps in the journal", 1.0, n_swaps)
    report.at_most("documents answered twice", 0.0, n_twice)
    report.at_most("documents without an answer", 0.0, trial.n - trial.n_seen)
    report.write()


def _arguments() -> argparse.Namespace:
    made = options.parser(__doc__)
    options.add_feeds(made)
    made.add_argument("--rate", type=float, default=300.0, help="documents/s, default 300")
    made.add_argument("--seconds", type=float, default=240.0, help="how long, default 240")
    made.add_argument("--before", type=float, default=60.0, help="s before the refit, default 60")
    return made.parse_args()


if __name__ == "__main__":
    main()
