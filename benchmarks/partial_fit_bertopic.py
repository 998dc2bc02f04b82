"""A child of online_quality: BERTopic's `partial_fit`, as its documentation shows it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
from bertopic import BERTopic
from bertopic.vectorizers import OnlineCountVectorizer
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import IncrementalPCA

from benchmarks.stepping import Fit, serve


def make(n_topics: int) -> Fit:
    """Return the model of the online example, with `n_topics` instead of its 50."""
    model = BERTopic(
        umap_model=IncrementalPCA(n_components=5),
        hdbscan_model=MiniBatchKMeans(n_clusters=n_topics, random_state=0),
        vectorizer_model=OnlineCountVectorizer(stop_words="english", decay=0.01),
    )

    def fit(texts: list[str], vectors: NDArray[Any]) -> NDArray[Any]:
        model.partial_fit(texts, embeddings=vectors)
        return np.asarray(model.topics_)

    return fit


if __name__ == "__main__":
    # float32 would be turned into float64 by the second batch, which MiniBatchKMeans refuses.
    names = ("bertopic", "scikit-learn", "numpy", "pandas")
    serve(make, np.float64, {f"bertopic's {name}": version(name) for name in names})
