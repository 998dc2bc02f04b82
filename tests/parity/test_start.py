"""A stream that starts from a folder that bertopic 0.17.4 has written."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.model.five_subjects import corpus, with_outliers
from topicstream.model.bertopic import BERTopic
from topicstream.model.lifecycle.settings import LifecycleSettings
from topicstream.model.live import as_bertopic
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings
from topicstream.workers.given_model import given_model

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # bertopic and what it imports
    bertopic = pytest.importorskip("bertopic", reason="bertopic is not installed (extra parity)")
pytestmark = pytest.mark.filterwarnings("ignore")

TEXTS, LABELS, VECTORS = corpus(600)
TORCH = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is missing")
SETTINGS = ModelSettings(
    n_components=4, warm_up=100, half_life=2_000.0, lifecycle=LifecycleSettings(check_every=0)
)


def reference() -> Any:
    from bertopic.backend import BaseEmbedder
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction

    model = bertopic.BERTopic(
        embedding_model=BaseEmbedder(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
    )
    model.fit(TEXTS, VECTORS.copy(), y=with_outliers(LABELS))
    model.set_topic_labels({0: "Space", 3: "Law"})
    return model


@pytest.mark.parametrize("with_ctfidf", [True, False])
@pytest.mark.parametrize("kind", ["safetensors", pytest.param("pytorch", marks=TORCH)])
def test_ids_names_and_answers_are_those_of_the_saved_model(
    kind: str, with_ctfidf: bool, tmp_path: Path
) -> None:
    model = reference()
    pointer = "sentence-transformers/all-MiniLM-L6-v2"
    model.save(
        str(tmp_path / "saved"),
        serialization=kind,
        save_ctfidf=with_ctfidf,
        save_embedding_model=pointer,
    )

    given = given_model(str(tmp_path / "saved"), SETTINGS.n_terms)
    online = OnlineTopicModel(SETTINGS)
    online.begin(given.topics)
    first = {topic.id: [word for word, _ in topic.words] for topic in online.topics()}
    vectors = VECTORS.astype(np.float32)
    for start in range(0, len(TEXTS), 50):
        batch = slice(start, start + 50)
        online.partial_fit(TEXTS[batch], vectors[batch], now=float(start))
    live = as_bertopic(BERTopic, online)

    assert given.embedder == pointer
    assert sorted(first) == [topic for topic in sorted(model.get_topics()) if topic >= 0]
    for topic, words in first.items():
        assert len(set(words[:5]) & {word for word, _ in model.get_topic(topic)[:6]}) >= 4
    assert online.names() == {0: "Space", 3: "Law"}
    topics = np.array(live.transform(None, vectors)[0])
    inside = (topics >= 0) & (np.array(model.topics_) >= 0)
    assert inside.mean() > 0.8
    assert np.mean(topics[inside] == np.array(model.topics_)[inside]) > 0.99
