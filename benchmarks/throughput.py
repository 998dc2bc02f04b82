"""Documents a second through `topicstream run`, start to end, as a user runs it.

python benchmarks/throughput.py FEED... [--kafka BOOTSTRAP --redis URL]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import report


def measure(feed: Path, options: list[str]) -> dict[str, object]:
    """Run one feed into an empty state."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "topicstream.workers", "run", "--input", str(feed)]
        command += ["--output", f"{folder}/out", "--state", f"{folder}/state", *options]
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds = time.perf_counter() - begin
        with (Path(folder) / "out" / "assignments.jsonl").open("rb") as lines:
            n_documents = sum(1 for _ in lines)
    return {
        "feed": feed.name,
        "transport": "kafka" if "--kafka" in options else "embedded",
        "documents": n_documents,
        "seconds, start-up included": seconds,
        "documents/s": n_documents / seconds,
    }


def main() -> None:
    """Measure every feed that was named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("feeds", type=Path, nargs="+")
    parser.add_argument("--kafka")
    parser.add_argument("--redis")
    arguments = parser.parse_args()
    options = [["--kafka", arguments.kafka]] if arguments.kafka else []
    options += [["--redis", arguments.redis]] if arguments.redis else []
    flat = [word for option in options for word in option]
    report(
        "throughput_kafka" if arguments.kafka else "throughput",
        [measure(feed, flat) for feed in arguments.feeds],
    )


if __name__ == "__main__":
    main()
