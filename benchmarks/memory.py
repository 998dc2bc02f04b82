"""Resident memory of the online model and its drift monitor over a million documents.

The vocabulary churns: of the words of a document, about half come from a fixed stock, the others
from a window that moves on all the time, and one is seen only once. Vectors lie around centroids
that drift. Resident memory is looked at after every batch: it is a sawtooth, for the vocabulary
grows until it is cut back. The budget: after 200,000 documents, mean and peak of each tenth are at
most 5 % above those of the tenth that ends there.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.options import parser
from benchmarks.report import Report, say
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings

BATCH = 1_000
N_TOPICS, N_DIMENSIONS = 50, 256
N_STOCK = 5_000  # words that stay
N_WINDOW = 20_000  # words in use of those that come and go
N_FRESH = 300  # new words a batch
N_WORDS = 10  # a document, of each kind

Texts = list[str]


def documents(n: int, seed: int) -> Iterator[tuple[Texts, NDArray[np.float32]]]:
    """Yield batches of texts and vectors."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((N_TOPICS, N_DIMENSIONS)).astype(np.float32)
    for batch in range(n // BATCH):
        centres += 0.02 * random.standard_normal(centres.shape, dtype=np.float32)
        topics = random.integers(0, N_TOPICS, BATCH)
        noise = random.standard_normal((BATCH, N_DIMENSIONS), dtype=np.float32)
        vectors = centres[topics] + 0.7 * noise
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        yield _texts(random, topics, batch), vectors


def _texts(random: np.random.Generator, topics: NDArray[np.int64], batch: int) -> Texts:
    # Each topic prefers its own stretch of the stock.
    near = (topics * (N_STOCK // N_TOPICS))[:, None]
    stock = (near + random.geometric(0.02, (BATCH, N_WORDS))) % N_STOCK
    window = batch * N_FRESH + random.integers(0, N_WINDOW, (BATCH, N_WORDS))
    once = range(batch * BATCH, (batch + 1) * BATCH)
    rows = zip(stock.tolist(), window.tolist(), once, strict=True)
    return [
        f"{' '.join(f'stock{w}' for w in a)} {' '.join(f'passing{w}' for w in b)} once{c}"
        for a, b, c in rows
    ]


def resident_mib() -> float:
    """Return the resident memory of this process in MiB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status has no VmRSS")


def measure(n: int, every: int) -> list[dict[str, float | int]]:
    """Feed `n` documents; return one row for each `every`."""
    model = OnlineTopicModel(ModelSettings(n_topics=N_TOPICS))
    rows: list[dict[str, float | int]] = []
    spent, n_events = 0.0, 0
    resident: list[float] = []
    for texts, vectors in documents(n, seed=1):
        began = time.perf_counter()
        step = model.partial_fit(texts, vectors, now=float(model.n_documents))
        spent += time.perf_counter() - began
        n_events += len(step.events)
        resident.append(resident_mib())
        if model.n_documents % every == 0:
            rows.append(
                {
                    "documents": model.n_documents,
                    "resident MiB, mean": statistics.fmean(resident),
                    "lowest": min(resident),
                    "peak": max(resident),
                    "terms": len(model.counts.terms),
                    "drift events": n_events,
                    "documents/s": every / spent,
                }
            )
            say(f"{model.n_documents:,} documents, {resident[-1]:.0f} MiB")
            spent, resident = 0.0, []
    return rows


def main() -> None:
    """Measure, and hold the growth against the budget."""
    made = parser(__doc__)
    made.add_argument("--documents", type=int, metavar="N", help="default 1,000,000; quick 60,000")
    arguments = made.parse_args()
    n = arguments.documents or (60_000 if arguments.quick else 1_000_000)
    report = Report("memory", quick=arguments.quick)
    with threadpool_limits(1):
        rows = measure(n, n // 10)
    report.table("Memory of each tenth, 50 topics, 256 dimensions, batches of 1,000", rows)
    if n >= 1_000_000:  # before, the vocabulary has not been full for long enough
        for name in ("resident MiB, mean", "peak"):
            settled = [row[name] for row in rows if row["documents"] >= 200_000]
            growth = 100.0 * (max(settled) / settled[0] - 1.0)
            report.at_most(f"growth after 200,000 documents, %, {name}", 5.0, growth)
    first, last = rows[1]["documents/s"], rows[-1]["documents/s"]
    report.note(
        f"documents/s in the last tenth are {last / first:.2f} of those in the second; generating "
        "documents is not counted"
    )
    report.write()


if __name__ == "__main__":
    main()
