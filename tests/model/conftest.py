"""A small corpus with five subjects, and models fitted on it. Fixtures give fresh copies."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from topicstream.model.backend.adapters import BaseEmbedder
from topicstream.model.bertopic import BERTopic

SUBJECTS = {
    "space": "orbit moon rocket nasa launch satellite shuttle planet telescope astronaut",
    "kitchen": "bread flour oven bake butter recipe dough sugar salt pastry",
    "football": "goal match coach league striker referee penalty stadium keeper transfer",
    "medicine": "doctor patient vaccine surgery hospital nurse clinic symptom dose therapy",
    "music": "guitar piano melody concert violin orchestra drum chorus singer rhythm",
}
COMMON = ["the", "about", "with", "today", "people", "found", "another", "while", "really"]
SIZES = {"space": 60, "kitchen": 50, "football": 40, "medicine": 30, "music": 20}
N_STRAY = 10
"""Documents with the words of two subjects."""

N_DIMENSIONS = 16


def make_corpus() -> tuple[list[str], list[int]]:
    """Return 210 texts and their subjects, 0 to 4 by size and -1 for strays; shuffled."""
    rng = np.random.default_rng(7)
    pairs = []
    for number, (subject, size) in enumerate(SIZES.items()):
        words = SUBJECTS[subject].split()
        for _ in range(size):
            text = [*rng.choice(words, 8), *rng.choice(COMMON, 4)]
            pairs.append((" ".join(rng.permutation(text)), number))
    for _ in range(N_STRAY):
        first, second = rng.choice(list(SUBJECTS), 2, replace=False)
        mixed = [*rng.choice(SUBJECTS[first].split(), 4), *rng.choice(SUBJECTS[second].split(), 4)]
        pairs.append((" ".join(mixed), -1))
    order = rng.permutation(len(pairs))
    return [pairs[i][0] for i in order], [pairs[i][1] for i in order]


class SubjectEmbedder(BaseEmbedder):
    """Puts each word near its subject; a text is the mean of its words. Counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.n_calls = 0
        rng = np.random.default_rng(11)
        self._vectors = {
            word: np.eye(N_DIMENSIONS)[number] + rng.normal(0, 0.05, N_DIMENSIONS)
            for number, words in enumerate(SUBJECTS.values())
            for word in [*words.split(), list(SUBJECTS)[number]]
        }

    def embed(self, documents: Sequence[str], verbose: bool = False) -> NDArray[np.float32]:
        self.n_calls += 1
        zero = np.full(N_DIMENSIONS, 0.001)
        rows = [
            np.mean([self._vectors.get(word, zero) for word in text.split() or [""]], axis=0)
            for text in documents
        ]
        return np.asarray(rows, dtype=np.float32)


class FitOnce:
    """Fits a model of each kind once for the session; every test gets a copy of its own."""

    def __init__(self, documents: list[str], embeddings: NDArray[np.float32]) -> None:
        self.documents = documents
        self.embeddings = embeddings
        self._fitted: dict[str, BERTopic] = {}

    def __call__(self, kind: str) -> BERTopic:
        if kind not in self._fitted:
            self._fitted[kind] = MAKERS[kind]().fit(
                self.documents,
                self.embeddings.copy(),
                y=make_corpus()[1] if kind == "manual" else None,
            )
        return copy.deepcopy(self._fitted[kind])


def kmeans_model(**options: Any) -> BERTopic:
    """Return an unfitted model with PCA and KMeans: five topics, no outliers."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    return BERTopic(
        **{
            "language": "english",
            "embedding_model": SubjectEmbedder(),
            "umap_model": PCA(n_components=5, random_state=1),
            "hdbscan_model": KMeans(n_clusters=5, n_init=3, random_state=1),
            **options,
        }
    )


def outlier_model(**options: Any) -> BERTopic:
    """Return an unfitted model with PCA and HDBSCAN: five topics, and the strays as outliers."""
    from hdbscan import HDBSCAN

    clusterer = HDBSCAN(min_cluster_size=12, min_samples=5, prediction_data=True)
    return kmeans_model(**{"hdbscan_model": clusterer, **options})


def manual_model(**options: Any) -> BERTopic:
    """Return an unfitted model whose topics are the labels it is given; no vectors inside."""
    from topicstream.model.cluster import BaseCluster
    from topicstream.model.dimensionality import BaseDimensionalityReduction

    return kmeans_model(
        **{
            "umap_model": BaseDimensionalityReduction(),
            "hdbscan_model": BaseCluster(),
            **options,
        }
    )


def zeroshot_model(**options: Any) -> BERTopic:
    """Return an unfitted model that matches documents with two names first."""
    names = ["guitar piano singer", "doctor patient hospital", "stamps coins"]
    return outlier_model(
        **{"zeroshot_topic_list": names, "zeroshot_min_similarity": 0.8, **options}
    )


MAKERS: dict[str, Callable[[], BERTopic]] = {
    "kmeans": kmeans_model,
    "outliers": outlier_model,
    "probabilities": lambda: outlier_model(calculate_probabilities=True),
    "manual": manual_model,
    "zeroshot": zeroshot_model,
}
KINDS = tuple(MAKERS)


@pytest.fixture(scope="session")
def documents() -> list[str]:
    """210 texts."""
    return make_corpus()[0]


@pytest.fixture(scope="session")
def subjects() -> list[int]:
    """The subject of each document, 0 to 4 by size, -1 for strays."""
    return make_corpus()[1]


@pytest.fixture
def embedder() -> SubjectEmbedder:
    """A new embedder that knows the corpus's words."""
    return SubjectEmbedder()


@pytest.fixture(scope="session")
def embeddings(documents: list[str]) -> NDArray[np.float32]:
    """Vectors of the documents, shape (210, 16), read-only."""
    vectors = SubjectEmbedder().embed(documents)
    vectors.flags.writeable = False
    return vectors


@pytest.fixture(scope="session")
def fitted(documents: list[str], embeddings: NDArray[np.float32]) -> FitOnce:
    """``fitted("kmeans")`` is a fitted model of that kind (see KINDS), yours to change."""
    return FitOnce(documents, embeddings)


@pytest.fixture
def make() -> dict[str, Callable[..., BERTopic]]:
    """Makers of unfitted models by kind; they take the options of BERTopic."""
    return {
        "kmeans": kmeans_model,
        "outliers": outlier_model,
        "manual": manual_model,
        "zeroshot": zeroshot_model,
    }


@pytest.fixture(params=KINDS)
def each_model(request: pytest.FixtureRequest, fitted: FitOnce) -> BERTopic:
    """A fitted model of each kind in turn."""
    return fitted(request.param)
