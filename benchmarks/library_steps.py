"""A child of library: one of the two packages, asked to do one thing after the other.

Both have the same public names, so both run this same code:

    python -m benchmarks.library_steps PACKAGE warm|cold TEXTS VECTORS LABELS FOLDER

PACKAGE is bertopic or topicstream.model. The first answer is how many seconds it took to import it
and to make a model. Then the parent sends the name of a step; the answer is how many seconds it
took, by the clock and of CPU, and the most memory that the process has had so far. What the step
found is written to FOLDER. When cold, nothing has been fitted before the first step.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import resource
import sys
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

STEPS = (
    "fit",
    "topics_over_time",
    "topics_per_class",
    "hierarchical_topics",
    "approximate_distribution",
    "get_document_info",
    "find_topics",
    "topics_over_time, new process",
    "topics_over_time, no evolution",
    "fit, fewer topics",
)
N_TIMES, N_CLASSES, N_SEARCHES, N_FEWER = 20, 20, 200, 40


class Library:
    """One package and a model of it.

    Parameters
    ----------
    package
        What BERTopic is imported from.
    texts, vectors, labels
        The documents, one vector and one topic each.

    """

    def __init__(self, package: str, texts: list[str], vectors: Any, labels: list[int]) -> None:
        home = import_module("topicstream.model.bertopic" if "." in package else package)
        self.package = package
        self.texts, self.vectors, self.labels = texts, vectors, labels
        self.times = list(range(len(texts)))
        self.classes = [f"class {place % N_CLASSES}" for place in self.times]
        cluster = import_module(f"{package}.cluster").BaseCluster()
        reducer = import_module(f"{package}.dimensionality").BaseDimensionalityReduction()
        embedder = _embedder(import_module(f"{package}.backend").BaseEmbedder, vectors)
        parts = {"embedding_model": embedder, "umap_model": reducer, "hdbscan_model": cluster}
        self.model = home.BERTopic(**parts)
        self._other = home.BERTopic(**parts)

    def warm_up(self) -> None:
        """Fit another model to few documents: what is imported or compiled when used, is then."""
        few = slice(0, 200)
        self._other.fit(self.texts[few], embeddings=self.vectors[few], y=self.labels[few])

    def run(self, step: str) -> Any:
        """Do one thing as a user would, and return what it gave."""
        model, texts = self.model, self.texts
        match step:
            case "fit":
                model.fit(texts, embeddings=self.vectors, y=self.labels)
                return {
                    "weights": model.c_tf_idf_.copy(),
                    "words": list(model.vectorizer_model.get_feature_names_out()),
                }
            case "fit, fewer topics":
                model.fit(texts, embeddings=self.vectors, y=self.labels)
                return len(model.get_topics())
            case "topics_over_time" | "topics_over_time, new process":
                return model.topics_over_time(texts, self.times, nr_bins=N_TIMES)
            case "topics_over_time, no evolution":
                options = {"nr_bins": N_TIMES, "evolution_tuning": False}
                return model.topics_over_time(texts, self.times, **options)
            case "topics_per_class":
                return model.topics_per_class(texts, self.classes)
            case "hierarchical_topics":
                return model.hierarchical_topics(texts)
            case "approximate_distribution":
                return model.approximate_distribution(texts)[0]
            case "get_document_info":
                return model.get_document_info(texts)
            case "find_topics":
                return [model.find_topics(f"word {number}") for number in range(N_SEARCHES)]
        raise ValueError(f"there is no step {step!r}")

    def prepare(self, step: str) -> None:
        """Bring the model into the state that the step starts from; not timed."""
        if step == "fit, fewer topics":
            self.model.nr_topics = N_FEWER
        if step in {"topics_over_time, new process", "fit, fewer topics"}:
            # Whatever was kept of the documents is kept for this vectorizer, and not for its copy.
            self.model.vectorizer_model = copy.deepcopy(self.model.vectorizer_model)

    def repair(self, weights: Any) -> None:
        """Undo what bertopic does to its own weights in some steps."""
        self.model.c_tf_idf_ = weights.copy()


def _embedder(base: Any, vectors: Any) -> Any:
    class OfWords(base):  # type: ignore[misc]
        """Gives each word the vector of some document."""

        def embed(self, documents: Any, verbose: Any = None) -> Any:  # noqa: ARG002
            return np.array([vectors[sum(word.encode()) % len(vectors)] for word in documents])

    return OfWords()


def plain(found: Any) -> Any:
    """Return what needs no pandas of the same version to be read."""
    return found.to_dict("list") if hasattr(found, "to_dict") else found


def main() -> None:
    """Be the child."""
    package, state, texts_file, vectors_file, labels_file, folder = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    texts = json.loads(Path(texts_file).read_text(encoding="utf-8"))
    vectors, labels = np.load(vectors_file), np.load(labels_file).tolist()
    began = time.perf_counter()
    library = Library(package, texts, vectors, labels)
    seconds = time.perf_counter() - began
    if state == "warm":
        library.warm_up()
    name = package.partition(".")[0]
    packages = (name, "numpy", "pandas", "scikit-learn")
    versions = {f"{name}'s {one}": version(one) for one in packages}
    answers.write(json.dumps([seconds, versions]) + "\n")
    weights = None
    for number, line in enumerate(sys.stdin):
        step = line.strip()
        library.prepare(step)
        began, cpu = time.perf_counter(), time.process_time()
        found = library.run(step)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        weights = found["weights"] if step == "fit" else weights
        library.repair(weights)
        Path(folder, f"{number}.pickle").write_bytes(pickle.dumps(plain(found)))
        answers.write(json.dumps([seconds, cpu_seconds, peak / 2**10]) + "\n")


if __name__ == "__main__":
    main()
