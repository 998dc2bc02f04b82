"""Prequential NMI and speed of the online model on 20 Newsgroups in time order.

Each post is scored by the topic it got when it arrived, against its newsgroup.

    python benchmarks/online_quality.py 20newsgroups.jsonl.gz [--embeddings minilm.npy]
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from report import report
from sklearn.metrics import normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from topicstream.model.backend.static import StaticEmbedder
from topicstream.model.online import ModelSettings, OnlineTopicModel

BATCH = 1_000


def measure(
    name: str, texts: Sequence[str], classes: Sequence[str], vectors: NDArray[np.float32], n: int
) -> dict[str, object]:
    """Run one model over the stream."""
    model = OnlineTopicModel(ModelSettings(n_topics=n))
    topics, seconds = [], []
    for start in range(0, len(texts), BATCH):
        part = slice(start, start + BATCH)
        begin = time.perf_counter()
        step = model.partial_fit(texts[part], vectors[part], now=float(start))
        seconds.append(time.perf_counter() - begin)
        topics.append(step.topics)
    found = np.concatenate(topics)
    return {
        "embedder": name,
        "topics": n,
        "NMI": float(normalized_mutual_info_score(classes, found)),
        "outliers": float(np.mean(found == -1)),
        "documents/s": float(len(texts) / sum(seconds)),
        "last full batch / tenth": float(seconds[-2] / seconds[9]),
    }


def main() -> None:
    """Measure every embedder with 20 and 50 topics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("feed", type=Path)
    parser.add_argument("--embeddings", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    with gzip.open(arguments.feed, "rt") as lines:
        posts = [json.loads(line) for line in lines]
    texts, classes = [p["text"] for p in posts], [p["class"] for p in posts]
    with threadpool_limits(1):
        vectors = {"static": StaticEmbedder().embed(texts)}
        vectors |= {path.stem: np.load(path) for path in arguments.embeddings}
        report(
            "online_quality",
            [
                measure(name, texts, classes, rows, n)
                for name, rows in vectors.items()
                for n in (20, 50)
            ],
        )


if __name__ == "__main__":
    main()
