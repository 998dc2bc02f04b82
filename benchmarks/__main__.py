"""Runs every benchmark, each in a process of its own, and shows how long each took.

    python -m benchmarks                       everything, about 30 minutes
    python -m benchmarks --quick               a try, about 5 minutes; its figures mean nothing
    python -m benchmarks --only memory startup

Results go to benchmarks/results/NAME.json. Let nothing else run meanwhile.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from benchmarks import options
from benchmarks.report import ROOT, say

NAMES = (
    *("startup", "memory", "library", "online_quality", "lifecycle", "drift_detection"),
    *("throughput", "latency", "refit"),
)
WITH_FEEDS = {
    *("library", "online_quality", "lifecycle", "drift_detection", "throughput", "latency"),
    "refit",
}
WITH_SERVERS = {"throughput", "latency"}


def main() -> int:
    """Run them; return 1 when one of them failed."""
    arguments, own = _arguments()
    failed, took = [], []
    for name in arguments.only:
        say(f"== {name}")
        began = time.monotonic()
        words = [sys.executable, "-m", f"benchmarks.{name}", *_words(name, arguments, own)]
        if subprocess.run(words, cwd=ROOT, check=False).returncode:
            failed.append(name)
        took.append(f"{name} {time.monotonic() - began:.0f} s")
    say(f"took: {', '.join(took)}")
    if failed:
        say(f"failed: {', '.join(failed)}")
    return bool(failed)


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    made = options.parser(__doc__)
    options.add_feeds(made)
    options.add_servers(made)
    made.add_argument(
        "--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES)
    )
    made.epilog = "Other options go to online_quality: see python -m benchmarks.online_quality -h"
    return made.parse_known_args()


def _words(name: str, arguments: argparse.Namespace, own: list[str]) -> list[str]:
    """Return the options that this benchmark understands."""
    words = ["--quick"] if arguments.quick else []
    if name in WITH_FEEDS and arguments.feeds is not None:
        words += ["--feeds", str(arguments.feeds)]
    if name in WITH_SERVERS:
        words += ["--kafka", arguments.kafka, "--redis", arguments.redis]
    return words + (own if name == "online_quality" else [])


if __name__ == "__main__":
    sys.exit(main())
