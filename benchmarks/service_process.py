"""``topicstream run`` as a process of its own, as a user runs it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import Servers


class RunError(RuntimeError):
    """``topicstream run`` failed, or its answers are not whole."""


@dataclass(frozen=True, slots=True)
class ServiceRun:
    """One run into an empty state.

    Parameters
    ----------
    folder
        An empty folder for its output and state.
    servers
        Kafka and Redis; None for the embedded log.
    prefix
        Prefix of topics and keys, so that runs on one Kafka do not meet.

    """

    folder: Path
    servers: Servers | None
    prefix: str

    def command(self, feed: Path | None) -> list[str]:
        """Return the command line; without a feed the documents topic is consumed."""
        words = [sys.executable, "-m", "topicstream.workers", "run"]
        words += ["--output", str(self.folder / "out"), "--state", str(self.folder / "state")]
        words += [] if feed is None else ["--input", str(feed)]
        if self.servers is not None:
            words += ["--kafka", self.servers.kafka]
            words += ["--redis", self.servers.redis] if self.servers.redis else []
        return words

    def environment(self) -> dict[str, str]:
        """Return the environment, free of a user's own settings."""
        mine = {k: v for k, v in os.environ.items() if not k.startswith("TOPICSTREAM_")}
        mine["TOPICSTREAM_PREFIX"] = self.prefix
        mine["TOPICSTREAM_REDIS__PREFIX"] = self.prefix + "redis"
        return mine

    def timed(self, feed: Path) -> tuple[float, float, int]:
        """Run a feed to its end; return seconds, CPU seconds, and the number of answers."""
        began, cpu = time.perf_counter(), _cpu_of_children()
        done = subprocess.run(
            self.command(feed), env=self.environment(), capture_output=True, check=False, text=True
        )
        seconds, cpu = time.perf_counter() - began, _cpu_of_children() - cpu
        if done.returncode:
            raise RunError(f"topicstream run ended with {done.returncode}: {done.stderr[-800:]}")
        with (self.folder / "out" / "assignments.jsonl").open("rb") as lines:
            return seconds, cpu, sum(1 for _ in lines)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def new_prefix() -> str:
    """Return a prefix that no run has had."""
    return f"bench-{uuid.uuid4().hex[:8]}."
