"""A child of library: topics of new documents, exactly and on the fast path.

    python -m benchmarks.library_transform fit TEXTS VECTORS FOLDER
    python -m benchmarks.library_transform first TEXTS VECTORS FOLDER

"fit" learns from every other document with the default reducer and clusterer, predicts the rest in
both ways, and saves the model. "first" loads that model, predicts one document, then all that "fit"
predicted, in the fast way. They print JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from topicstream.model.bertopic import BERTopic

COMPILE = ("numba", "umap", "hdbscan", "torch")


def fit(texts: list[str], vectors: Any, folder: Path) -> dict[str, float]:
    """Return documents/s of both ways, and how often they agree."""
    from umap import UMAP

    reducer = UMAP(n_components=5, min_dist=0.0, metric="cosine", random_state=0)
    model = BERTopic(language="multilingual", umap_model=reducer)
    model.fit(texts[::2], embeddings=vectors[::2])
    new, theirs = texts[1::2], vectors[1::2]
    model.transform(new[:50], theirs[:50])  # compiles
    began = time.perf_counter()
    exact = np.array(model.transform(new, theirs)[0])
    exact_s = time.perf_counter() - began
    began = time.perf_counter()
    fast = np.array(model.transform(new, theirs, fast=True)[0])
    fast_s = time.perf_counter() - began
    model.save(str(folder / "model"), serialization="safetensors", save_ctfidf=True)
    np.save(folder / "exact.npy", exact)
    inside = exact >= 0
    return {
        "topics": len(model.get_topics()),
        "exact documents/s": len(new) / exact_s,
        "fast documents/s": len(new) / fast_s,
        "agreement on non-outliers": float(np.mean(exact[inside] == fast[inside])),
    }


def first(texts: list[str], vectors: Any, folder: Path) -> dict[str, float]:
    """Return the seconds of load and of the first answer after it, and how that model agrees."""
    began = time.perf_counter()
    model = BERTopic.load(str(folder / "model"))
    loaded = time.perf_counter()
    model.transform(texts[:1], vectors[:1], fast=True)
    answered = time.perf_counter()
    imported = sum(name in sys.modules for name in COMPILE)
    fast = np.array(model.transform(texts[1::2], vectors[1::2], fast=True)[0])
    exact = np.load(folder / "exact.npy")
    inside = exact >= 0
    return {
        "load s": loaded - began,
        "first answer s": answered - loaded,
        "packages that compile": imported,
        "agreement on non-outliers, loaded": float(np.mean(exact[inside] == fast[inside])),
    }


def main() -> None:
    """Be the child."""
    what, texts_file, vectors_file, folder = sys.argv[1:]
    texts = json.loads(Path(texts_file).read_text(encoding="utf-8"))
    found = {"fit": fit, "first": first}[what](texts, np.load(vectors_file), Path(folder))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
