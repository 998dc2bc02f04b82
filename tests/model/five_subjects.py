"""Sixty short texts about five subjects, their vectors, and a model fitted on labels by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.bertopic import BERTopic
from topicstream.model.cluster import BaseCluster
from topicstream.model.dimensionality import BaseDimensionalityReduction

SUBJECTS = [
    "space moon orbit rocket comet launch",
    "game team ball goal coach season",
    "bread salt oven flour yeast dough",
    "court judge law crime jury trial",
    "guitar drum song band chorus melody",
]


def corpus(n: int = 60) -> tuple[list[str], NDArray[np.int64], NDArray[np.float64]]:
    """Return texts, the subject of each, and vectors of 8 dimensions near their subject's."""
    rng = np.random.default_rng(7)
    labels = rng.choice(5, n, p=[0.32, 0.25, 0.2, 0.14, 0.09])
    texts = [
        " ".join(rng.choice(SUBJECTS[label].split(), 8)) + f" extra{place % 7}"
        for place, label in enumerate(labels)
    ]
    centres = rng.normal(size=(5, 8))
    return texts, labels, centres[labels] + 0.1 * rng.normal(size=(n, 8))


def with_outliers(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels with every ninth document an outlier."""
    marked = labels.copy()
    marked[::9] = -1
    return marked


def by_hand(y: NDArray[np.int64], **params: Any) -> BERTopic:
    """Return a model whose clusters are `y`."""
    texts, _, vectors = corpus(len(y))
    parts: dict[str, Any] = {
        "umap_model": BaseDimensionalityReduction(),
        "hdbscan_model": BaseCluster(),
        "language": None,
    }
    return BERTopic(**{**parts, **params}).fit(texts, embeddings=vectors, y=y)
