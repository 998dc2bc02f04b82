"""20 Newsgroups with the vectors of each embedder, for benchmarks that make streams of it."""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import options
from benchmarks.bertopic_environment import EnvironmentMissing, bertopic_python, embed_minilm
from benchmarks.feeds import Feed, feed
from benchmarks.report import CACHE, Report, say
from topicstream.model.backend.static import StaticEmbedder

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Posts:
    """Posts in time order, their newsgroup, and where the vectors of each embedder are."""

    texts: list[str]
    classes: NDArray[np.str_]
    vectors: dict[str, Path]

    @property
    def groups(self) -> list[str]:
        """Return the newsgroups in alphabetic order."""
        return sorted(set(self.classes.tolist()))


def add_options(made: argparse.ArgumentParser) -> None:
    """Add the options that say where posts and vectors are."""
    options.add_feeds(made)
    made.add_argument(
        "--embeddings",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="more vectors, an .npy file with one row a post; MiniLM=FILE saves computing those",
    )
    made.add_argument("--no-minilm", action="store_true", help="leave all-MiniLM-L6-v2 out")
    made.add_argument("--jobs", type=int, default=2, metavar="N", help="processes, default 2")


def load(arguments: argparse.Namespace, report: Report) -> tuple[Feed, Posts]:
    """Return the posts, with vectors in files that every process can open."""
    found = feed("20newsgroups", arguments.feeds)
    documents = found.documents()
    texts = [document["text"] for document in documents]
    classes = np.array([document["class"] for document in documents])
    return found, Posts(texts, classes, _vectors(arguments, report, texts))


def _vectors(arguments: argparse.Namespace, report: Report, texts: list[str]) -> dict[str, Path]:
    CACHE.mkdir(parents=True, exist_ok=True)
    written = json.dumps(texts)
    digest = hashlib.sha256(written.encode()).hexdigest()[:12]
    static = CACHE / f"static-{digest}.npy"
    if not static.exists():
        say(f"embedding {len(texts):,} posts with the static embedder ...")
        np.save(static, StaticEmbedder().embed(texts))
    found = {"static": static}
    for given in arguments.embeddings:
        name, _, path = given.partition("=")
        if not Path(path).is_file() or len(np.load(path, mmap_mode="r")) != len(texts):
            raise SystemExit(f"--embeddings {given}: give NAME=FILE, a file with {len(texts)} rows")
        found[name] = Path(path)
    if not (arguments.no_minilm or arguments.quick or "MiniLM" in found):
        found |= _minilm(report, written, CACHE / f"minilm-{digest}.npy")
    return found


def _minilm(report: Report, written: str, path: Path) -> dict[str, Path]:
    if path.exists():
        return {"MiniLM": path}
    texts = path.with_suffix(".json")
    texts.write_text(written, encoding="utf-8")
    try:
        embed_minilm(bertopic_python(None), texts, path)
    except EnvironmentMissing as error:
        report.note(f"MiniLM is left out: {error}")
        return {}
    return {"MiniLM": path}
