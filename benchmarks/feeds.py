"""The feeds that are measured on: real ones where they are, a simulated one otherwise."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from benchmarks.report import CACHE, ROOT, say
from topicstream.workers.simulation import simulate

Name = Literal["20newsgroups", "headlines"]
FILES: dict[Name, str] = {
    "20newsgroups": "20newsgroups.jsonl.gz",
    "headlines": "abc-headlines-2003-2004.jsonl.gz",
}
N_SIMULATED = 20_000


@dataclass(frozen=True, slots=True)
class Feed:
    """A JSONL file, plain or gzipped.

    Parameters
    ----------
    name
        What tables call it.
    path
        Where it is.
    is_real
        False for the simulated one, on which no budget rests.

    """

    name: str
    path: Path
    is_real: bool

    def lines(self) -> Iterator[bytes]:
        """Yield its records, undecoded."""
        with gzip.open(self.path) if self.path.suffix == ".gz" else self.path.open("rb") as file:
            yield from file

    def documents(self) -> list[dict[str, str]]:
        """Return its documents."""
        return [json.loads(line) for line in self.lines()]


def feed(name: Name, folder: Path | None, *, first: int | None = None) -> Feed:
    """Return the feed called `name`, or a simulated one, saying so.

    Parameters
    ----------
    name
        Which.
    folder
        Where feeds are; None for TOPICSTREAM_FEEDS, or the usual place.
    first
        How many of its documents; None (default) for all.

    """
    given = os.environ.get("TOPICSTREAM_FEEDS")
    place = folder or (Path(given) if given else ROOT.parent / "shared" / "data")
    path = place / FILES[name]
    if not path.exists():
        say(f"{path} is missing: using a simulated feed instead; name its folder with --feeds")
        return _simulated(first or N_SIMULATED)
    found = Feed(name, path, is_real=True)
    return found if first is None else _cut(found, first)


def _simulated(n: int) -> Feed:
    path = CACHE / f"simulated-{n}.jsonl"
    if not path.exists():
        lines = (json.dumps(document).encode() + b"\n" for document in simulate(n))
        _write(path, lines)
    return Feed(f"simulated-{n}", path, is_real=False)


def _cut(whole: Feed, n: int) -> Feed:
    path = CACHE / f"{whole.name}-{n}.jsonl"
    if not path.exists():
        _write(path, islice(whole.lines(), n))
    return Feed(f"{whole.name}-{n}", path, is_real=whole.is_real)


def _write(path: Path, lines: Iterator[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    with aside.open("wb") as file:
        file.writelines(lines)
    aside.replace(path)
