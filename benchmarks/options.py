"""Options that the benchmarks share."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    name = Path(sys.argv[0]).stem.replace("__main__", "")
    made = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}".rstrip("."),
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--quick",
        action="store_true",
        help="a short try to see that everything works; its figures mean nothing, and nothing is "
        "written to benchmarks/results",
    )
    return made


def add_feeds(made: argparse.ArgumentParser) -> None:
    """Add the option that says where feeds are."""
    made.add_argument(
        "--feeds",
        type=Path,
        metavar="DIR",
        help="folder with 20newsgroups.jsonl.gz and abc-headlines-2003-2004.jsonl.gz; otherwise "
        "TOPICSTREAM_FEEDS names it, or it is ../shared/data beside the repository. Without them "
        "a simulated feed is used",
    )


def add_servers(made: argparse.ArgumentParser) -> None:
    """Add the options that say which Kafka and Redis to use."""
    made.add_argument(
        "--kafka",
        default="auto",
        metavar="auto|off|HOST:PORT",
        help="a running Kafka; auto (default) starts one where java and mvn are there",
    )
    made.add_argument(
        "--redis",
        default="auto",
        metavar="auto|off|URL",
        help="a running, empty Redis; auto (default) starts one beside the Kafka",
    )
