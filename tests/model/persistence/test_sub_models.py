"""Reducer and clusterer come back from a folder, and nothing in it can run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hdbscan import HDBSCAN
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering, KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
from sklearn.linear_model import LogisticRegression

from topicstream.model.bertopic import BERTopic
from topicstream.model.cluster import BaseCluster, NearestDocuments
from topicstream.model.dimensionality import BaseDimensionalityReduction, NeighbourPlaces
from topicstream.model.persistence.sub_models import read_sub_models

Make = dict[str, Callable[..., BERTopic]]
Vectors = NDArray[np.float32]

REDUCERS = [
    PCA(5, random_state=1),
    PCA(4, whiten=True, random_state=np.random.RandomState(1)),
    IncrementalPCA(5),
    TruncatedSVD(5, random_state=1),
    BaseDimensionalityReduction(),
]
CLUSTERERS = [
    KMeans(5, n_init=3, random_state=1),
    KMeans(n_clusters=5, init=np.eye(5), n_init=1),
    MiniBatchKMeans(5, n_init=3, random_state=1),
    LogisticRegression(),
    HDBSCAN(min_cluster_size=12, min_samples=5, prediction_data=True),
]


def new_vectors(embeddings: Vectors) -> NDArray[Any]:
    chance = np.random.default_rng(3).normal(0, 0.05, embeddings.shape)
    return np.asarray(embeddings + chance, dtype=np.float32)


def there_and_back(model: BERTopic, folder: Path) -> BERTopic:
    model.save(folder, save_sub_models=True)
    return BERTopic.load(folder)


@pytest.mark.parametrize("reducer", REDUCERS, ids=lambda part: type(part).__name__)
def test_d36_reducers_of_scikit_learn_come_back_as_they_were(
    reducer: Any, documents: list[str], embeddings: Vectors, make: Make, tmp_path: Path
) -> None:
    """D-36: only a pickle kept them; a folder's model predicted in another way."""
    model = make["kmeans"](umap_model=reducer).fit(documents, embeddings)
    loaded = there_and_back(model, tmp_path)
    new = new_vectors(embeddings)

    assert type(loaded.umap_model) is type(reducer)
    expected = model.umap_model.transform(new)
    np.testing.assert_allclose(loaded.umap_model.transform(new), expected, atol=1e-6)
    assert loaded.transform(None, new)[0] == model.transform(None, new)[0]


@pytest.mark.parametrize("clusterer", CLUSTERERS, ids=lambda part: type(part).__name__)
def test_d36_clusterers_predict_the_same_after_a_round_trip(
    clusterer: Any,
    documents: list[str],
    embeddings: Vectors,
    subjects: list[int],
    make: Make,
    tmp_path: Path,
) -> None:
    """D-36: labels, strengths and outliers are the clusterer's own, not the nearest topic's."""
    y = subjects if isinstance(clusterer, LogisticRegression) else None
    model = make["kmeans"](hdbscan_model=clusterer).fit(documents, embeddings, y=y)
    model.merge_topics(documents, [0, 1])
    loaded = there_and_back(model, tmp_path)
    new = new_vectors(embeddings)
    topics, strengths = model.transform(None, new)
    again, as_strong = loaded.transform(None, new)

    assert type(loaded.hdbscan_model) is type(clusterer)
    assert again == topics
    assert as_strong == pytest.approx(strengths, abs=1e-4)


def test_d36_memberships_of_all_topics_survive(
    documents: list[str], embeddings: Vectors, fitted: Any, tmp_path: Path
) -> None:
    model = fitted("probabilities")
    loaded = there_and_back(model, tmp_path)

    assert loaded.transform(None, embeddings)[1] == pytest.approx(
        model.transform(None, embeddings)[1], abs=1e-4
    )


def test_d36_umap_gives_way_to_the_places_of_nearest_neighbours(
    documents: list[str], embeddings: Vectors, make: Make, tmp_path: Path
) -> None:
    # What UMAP learns, without the minute that it compiles: here it is what PCA found.
    model = make["outliers"]().fit(documents, embeddings)
    found = model.umap_model.transform(embeddings)
    reducer = BERTopic().umap_model
    reducer._raw_data, reducer.embedding_ = embeddings, found
    exact, known = (model.transform(None, new_vectors(embeddings))[0], model.topics_)
    model.umap_model = reducer
    loaded = there_and_back(model, tmp_path)
    stored = loaded.transform(None, new_vectors(embeddings))[0]

    assert isinstance(loaded.umap_model, NeighbourPlaces)
    assert isinstance(loaded.hdbscan_model, HDBSCAN)
    np.testing.assert_allclose(loaded.umap_model.transform(embeddings), found, atol=1e-6)
    assert (np.array(loaded.transform(None, embeddings)[0]) == np.array(known)).mean() > 0.95
    assert (np.array(exact) == np.array(stored)).mean() > 0.9


def test_batches_can_go_on_after_a_round_trip(
    documents: list[str], embeddings: Vectors, make: Make, tmp_path: Path
) -> None:
    clusterer = MiniBatchKMeans(5, n_init=3, random_state=1)
    model = make["kmeans"](hdbscan_model=clusterer).fit(documents, embeddings)
    loaded = there_and_back(model, tmp_path)
    reduced = model.umap_model.transform(embeddings[:50])

    assert len(loaded.hdbscan_model.partial_fit(reduced).labels_) == 50


def test_what_cannot_be_stored_is_named_and_the_nearest_topic_decides(
    documents: list[str],
    embeddings: Vectors,
    make: Make,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = make["kmeans"](hdbscan_model=AgglomerativeClustering(5)).fit(documents, embeddings)
    loaded = there_and_back(model, tmp_path)

    assert "clusterer AgglomerativeClustering cannot be saved" in caplog.text
    assert type(loaded.hdbscan_model) is BaseCluster
    assert not list(tmp_path.glob("sub_models*"))


def test_a_model_that_predicts_by_its_embeddings_has_none_to_store(
    fitted: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = there_and_back(fitted("manual"), tmp_path)

    assert type(loaded.hdbscan_model) is BaseCluster
    assert "cannot be saved" not in caplog.text


def test_they_are_stored_only_when_asked_for_and_a_later_save_takes_them_away(
    fitted: Any, tmp_path: Path
) -> None:
    fitted("outliers").save(tmp_path, save_sub_models=True)
    assert len(list(tmp_path.glob("sub_models*"))) == 2

    fitted("outliers").save(tmp_path)
    assert not list(tmp_path.glob("sub_models*"))


def saved_with(told: dict[str, Any], model: BERTopic, folder: Path) -> None:
    model.save(folder, save_sub_models=True)
    path = folder / "sub_models.json"
    whole = json.loads(path.read_text())
    whole["clusterer"] |= told
    path.write_text(json.dumps(whole))


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"kind": "Popen"}, "names 'Popen'; allowed are"),
        ({"kind": "Pipeline"}, "names 'Pipeline'"),
        ({"learnt": {"predict": 1}}, "sets 'predict' of KMeans"),
        ({"learnt": {"__class__": 1}}, "sets '__class__'"),
        ({"learnt": None}, "damaged"),
        ({"params": {"unknown": 1}}, "unknown"),
    ],
)
def test_a_file_that_was_tampered_with_is_refused(
    told: dict[str, Any],
    named: str,
    fitted: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    saved_with(told, fitted("kmeans"), tmp_path)
    with pytest.raises(ValueError, match=named):
        read_sub_models(tmp_path)
    loaded = BERTopic.load(tmp_path)

    assert type(loaded.hdbscan_model) is BaseCluster
    assert "are left out, and the nearest topic embedding decides" in caplog.text


def test_another_clustering_is_noticed_and_the_stored_labels_hold(
    documents: list[str],
    embeddings: Vectors,
    fitted: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = fitted("outliers")
    saved_with({"params": {"min_cluster_size": 60}}, model, tmp_path)
    loaded = BERTopic.load(tmp_path)

    assert isinstance(loaded.hdbscan_model, NearestDocuments)
    assert "clusters otherwise" in caplog.text
    agreed = np.array(loaded.transform(None, embeddings)[0]) == np.array(model.topics_)
    assert agreed.mean() > 0.95


def test_a_loaded_model_with_stand_ins_says_what_a_new_fit_needs(
    documents: list[str], embeddings: Vectors, fitted: Any, tmp_path: Path
) -> None:
    model = fitted("kmeans")
    model.umap_model = NeighbourPlaces().fit(embeddings, places=embeddings[:, :5])
    loaded = there_and_back(model, tmp_path)
    with pytest.raises(ValueError, match="needs a umap_model of its own"):
        loaded.fit(documents, embeddings)
