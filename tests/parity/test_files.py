"""Folders written here and read by bertopic 0.17.4, and the other way round."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.bertopic import BERTopic

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # bertopic and what it imports
    bertopic = pytest.importorskip("bertopic", reason="bertopic is not installed (extra parity)")
pytestmark = pytest.mark.filterwarnings("ignore")

TEXTS, LABELS, VECTORS = corpus()
NEW = VECTORS + 0.2 * np.random.default_rng(5).normal(size=VECTORS.shape)
TORCH = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is missing")
FORMATS = ["safetensors", pytest.param("pytorch", marks=TORCH)]


def reference() -> Any:
    from bertopic.backend import BaseEmbedder
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction

    model = bertopic.BERTopic(
        embedding_model=BaseEmbedder(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
    )
    return model.fit(TEXTS, VECTORS.copy(), y=with_outliers(LABELS))


def loaded_by_reference(path: Path) -> Any:
    from bertopic.backend import BaseEmbedder

    return bertopic.BERTopic.load(str(path), embedding_model=BaseEmbedder())


def assert_same(loaded: Any, written: Any) -> None:
    assert list(loaded.topics_) == list(written.topics_)
    assert dict(loaded.topic_sizes_) == dict(written.topic_sizes_)
    assert loaded.topic_mapper_.mappings_ == written.topic_mapper_.mappings_
    assert loaded.custom_labels_ == written.custom_labels_
    assert dict(loaded.topic_labels_) == dict(written.topic_labels_)
    as_lists = [
        {int(topic): [list(pair) for pair in pairs] for topic, pairs in model.get_topics().items()}
        for model in (loaded, written)
    ]
    assert as_lists[0] == as_lists[1]
    assert loaded.topic_embeddings_ == pytest.approx(written.topic_embeddings_, abs=1e-6)
    assert loaded.c_tf_idf_.toarray() == pytest.approx(written.c_tf_idf_.toarray())


def predictions(model: Any) -> list[int]:
    return list(map(int, model.transform(TEXTS, NEW)[0]))


@pytest.mark.parametrize("serialization", FORMATS)
@pytest.mark.parametrize("change", ["none", "merged", "deleted"])
def test_bertopic_loads_what_is_saved_here_and_predicts_the_same(
    tmp_path: Path, serialization: str, change: str
) -> None:
    model = by_hand(with_outliers(LABELS))
    model.set_topic_labels({0: "largest"})
    if change == "merged":
        model.merge_topics(TEXTS, [0, 1])
    if change == "deleted":
        model.delete_topics([2])
    model.save(tmp_path / "m", serialization=serialization, save_ctfidf=True)
    loaded = loaded_by_reference(tmp_path / "m")
    assert_same(loaded, model)
    ours = BERTopic.load(tmp_path / "m", embedding_model=lambda texts: VECTORS[: len(texts)])
    assert_same(ours, model)
    assert predictions(loaded) == predictions(ours) == predictions(model)
    assert loaded.ctfidf_model.transform(
        loaded.vectorizer_model.transform(TEXTS)
    ).toarray() == pytest.approx(
        model.ctfidf_model.transform(model.vectorizer_model.transform(TEXTS)).toarray()
    )
    loaded.update_topics(TEXTS, n_gram_range=(1, 1))
    assert set(loaded.get_topics()) == set(model.get_topics())


@pytest.mark.parametrize("serialization", FORMATS)
def test_what_bertopic_saved_loads_here_and_predicts_the_same(
    tmp_path: Path, serialization: str
) -> None:
    model = reference()
    model.set_topic_labels({0: "largest"})
    model.save(str(tmp_path / "m"), serialization=serialization, save_ctfidf=True)
    loaded = BERTopic.load(tmp_path / "m")
    assert_same(loaded, model)
    theirs = loaded_by_reference(tmp_path / "m")
    assert predictions(loaded) == predictions(theirs) == predictions(model)
    loaded.merge_topics(TEXTS, [0, 1])
    model.merge_topics(TEXTS, [0, 1])
    assert loaded.topics_ == list(map(int, model.topics_))


def test_d_25_zero_shot_names_that_bertopic_saved_come_back(tmp_path: Path) -> None:
    """D-25: bertopic itself forgets them."""
    from bertopic.backend import BaseEmbedder
    from bertopic.dimensionality import BaseDimensionalityReduction
    from sklearn.cluster import KMeans

    class Names(BaseEmbedder):  # type: ignore[misc]  # bertopic has no types
        def embed(self, documents: list[str], verbose: bool = False) -> np.ndarray:
            return np.array([VECTORS[int(name[-1]) == LABELS].mean(axis=0) for name in documents])

    model = bertopic.BERTopic(
        embedding_model=Names(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=KMeans(3, random_state=0, n_init=3),
        zeroshot_topic_list=["name 4", "name 2"],
    )
    model.fit(TEXTS, VECTORS.copy())
    model.save(str(tmp_path / "m"), serialization="safetensors")
    names = {int(topic): str(label) for topic, label in model.topic_labels_.items()}
    assert set(names.values()) > {"name 4", "name 2"}
    assert BERTopic.load(tmp_path / "m").topic_labels_ == names


@pytest.mark.parametrize("serialization", FORMATS)
def test_a_folder_goes_back_and_forth_unchanged(tmp_path: Path, serialization: str) -> None:
    reference().save(str(tmp_path / "a"), serialization=serialization, save_ctfidf=True)
    ours = BERTopic.load(tmp_path / "a")
    ours.save(tmp_path / "b", serialization=serialization, save_ctfidf=True)
    assert_same(loaded_by_reference(tmp_path / "b"), loaded_by_reference(tmp_path / "a"))


def test_bertopic_passes_over_a_stored_reducer_and_clusterer(tmp_path: Path) -> None:
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    clusterer = KMeans(5, n_init=3, random_state=1)
    model = BERTopic(umap_model=PCA(3), hdbscan_model=clusterer).fit(TEXTS, VECTORS)
    model.save(tmp_path / "m", save_ctfidf=True, save_sub_models=True)
    ours = BERTopic.load(tmp_path / "m")

    assert predictions(ours) == predictions(model)
    assert_same(loaded_by_reference(tmp_path / "m"), model)
