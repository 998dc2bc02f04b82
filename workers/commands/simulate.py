"""``topicstream simulate``: the demo feed as a file, with its ground truth beside it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
from rich.console import Console

from topicstream.workers import simulation


def write(out: Path, n_documents: int, seed: int) -> None:
    """Write the feed to `out`, and its scheduled changes beside it.

    Parameters
    ----------
    out
        The file, replaced if it is there; gzipped when it ends in ``.gz``.
    n_documents, seed
        Length and seed of the feed.

    """
    with _opened(out) as file:
        for document in simulation.simulate(n_documents, seed):
            file.write(msgspec.json.encode(document) + b"\n")
    truth = truth_beside(out)
    changes = msgspec.json.encode(simulation.schedule(n_documents))
    truth.write_bytes(msgspec.json.format(changes, indent=2) + b"\n")
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"{n_documents:,} documents in {out}, their scheduled changes in {truth}", markup=False
    )


def truth_beside(out: Path) -> Path:
    """Return where the scheduled changes of the feed `out` go.

    Examples
    --------
    >>> truth_beside(Path("feed.v2.jsonl.gz")).name
    'feed.v2.truth.json'

    """
    name = out.name.removesuffix(".gz").removesuffix(".jsonl")
    return out.with_name(f"{name}.truth.json")


@contextmanager
def _opened(out: Path) -> Iterator[BinaryIO]:
    with out.open("wb") as file:
        if out.suffix != ".gz":
            yield file
            return
        # Without a name and a time inside, the same seed gives the same bytes.
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            yield cast("BinaryIO", packed)
