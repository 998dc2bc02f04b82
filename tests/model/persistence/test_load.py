from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.backend import BaseEmbedder
from topicstream.model.bertopic import BERTopic

TEXTS, LABELS, VECTORS = corpus()


class Lookup(BaseEmbedder):
    """Knows the vectors of the corpus, and puts "law" among the courts."""

    def embed(self, documents: Sequence[str], verbose: bool = False) -> NDArray[Any]:
        place = {text: row for row, text in enumerate(TEXTS)}
        court = VECTORS[LABELS == 3].mean(axis=0)
        return np.array([VECTORS[place[text]] if text in place else court for text in documents])


@pytest.fixture
def model() -> BERTopic:
    return by_hand(with_outliers(LABELS), embedding_model=Lookup())


@pytest.fixture
def saved(model: BERTopic, tmp_path: Path) -> Path:
    model.set_topic_labels({0: "largest"})
    model.topic_aspects_ = {"Own": {topic: [("mine", 1.0)] for topic in range(-1, 5)}}
    model.save(tmp_path / "m", save_ctfidf=True)
    return tmp_path / "m"


def test_what_is_saved_comes_back_as_it_was(model: BERTopic, saved: Path) -> None:
    loaded = BERTopic.load(saved, embedding_model=Lookup())
    for name in (
        "topics_",
        "topic_sizes_",
        "topic_representations_",
        "topic_aspects_",
        "topic_labels_",
        "custom_labels_",
        "n_gram_range",
        "language",
    ):
        assert getattr(loaded, name) == getattr(model, name), name
    assert loaded.topic_mapper_ is not None
    assert model.topic_mapper_ is not None
    assert loaded.topic_mapper_.mappings_ == model.topic_mapper_.mappings_
    assert loaded.topic_embeddings_ == pytest.approx(model.topic_embeddings_)
    assert loaded.c_tf_idf_ is not None
    assert model.c_tf_idf_ is not None
    assert (loaded.c_tf_idf_.toarray() == model.c_tf_idf_.toarray()).all()
    counts = model.vectorizer_model.transform(TEXTS)
    assert (loaded.vectorizer_model.transform(TEXTS) != counts).nnz == 0
    weights = model.ctfidf_model.transform(counts).toarray()
    assert (loaded.ctfidf_model.transform(counts).toarray() == weights).all()


def test_a_loaded_model_predicts_and_is_changed_like_a_fitted_one(
    model: BERTopic, saved: Path
) -> None:
    loaded = BERTopic.load(saved, embedding_model=Lookup())
    topics, _ = loaded.transform(TEXTS, VECTORS)
    at_home = [
        topic for topic, fitted in zip(topics, model.topics_ or [], strict=True) if fitted >= 0
    ]
    assert at_home == [topic for topic in model.topics_ or [] if topic >= 0]
    assert loaded.reduce_outliers(TEXTS, loaded.topics_ or [], strategy="c-tf-idf").count(-1) == 0
    loaded.merge_topics(TEXTS, [0, 1])
    model.merge_topics(TEXTS, [0, 1])
    assert loaded.topics_ == model.topics_
    assert loaded.get_topics() == model.get_topics()
    loaded.reduce_topics(TEXTS, nr_topics=3)
    assert len(loaded.get_topic_info()) == 3


def test_d_25_names_of_zero_shot_topics_survive(tmp_path: Path) -> None:
    """D-25: from the model's own key, or from the labels that bertopic writes."""
    model = by_hand(LABELS)
    model.zeroshot_topic_list = ["courts", "kitchens"]
    model._topic_id_to_zeroshot_topic_idx = {1: 1}
    model.save(tmp_path)
    assert BERTopic.load(tmp_path).topic_labels_ == model.topic_labels_
    path = tmp_path / "topics.json"
    as_bertopic = {
        key: value for key, value in json.loads(path.read_text()).items() if key != "topicstream"
    }
    path.write_text(json.dumps(as_bertopic))
    assert BERTopic.load(tmp_path).topic_labels_[1] == "kitchens"


def test_d_37_the_language_comes_back(tmp_path: Path) -> None:
    """D-37: without it texts are cleaned in another way."""
    model = by_hand(LABELS, language="english")
    model.save(tmp_path)
    assert BERTopic.load(tmp_path).language == "english"


def test_d_37_the_saved_embedder_is_not_loaded_before_it_is_needed(
    model: BERTopic, tmp_path: Path
) -> None:
    """D-37: it was downloaded, even if another was given."""
    model.save(tmp_path, save_embedding_model="no/such-embedder")
    assert BERTopic.load(tmp_path).embedding_model._hf_model == "no/such-embedder"
    own = Lookup()
    assert BERTopic.load(tmp_path, embedding_model=own).embedding_model is own


def test_d_37_damage_is_named(saved: Path, caplog: pytest.LogCaptureFixture) -> None:
    """D-37: a bare except hid it."""
    (saved / "ctfidf.safetensors").write_bytes(b"nonsense")
    assert BERTopic.load(saved).c_tf_idf_ is None
    assert "c-TF-IDF in" in caplog.text
    assert "damaged" in caplog.text
    (saved / "topic_embeddings.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"topic_embeddings\.safetensors cannot be read"):
        BERTopic.load(saved)
    (saved / "topic_embeddings.safetensors").unlink()
    assert BERTopic.load(saved).topic_embeddings_ is None
    (saved / "topics.json").write_text("{}")
    with pytest.raises(ValueError, match=r"lacks \['topic_representations'"):
        BERTopic.load(saved)
    (saved / "topics.json").unlink()
    with pytest.raises(ValueError, match=r"topics\.json in .* cannot be read"):
        BERTopic.load(saved)


def test_d_40_a_loaded_model_says_what_it_needs_to_be_fitted_again(saved: Path) -> None:
    """D-40: it died with an unrelated TypeError."""
    with pytest.raises(ValueError, match="set its umap_model and hdbscan_model"):
        BERTopic.load(saved).fit(TEXTS, VECTORS)
    again = BERTopic.load(saved).fit(TEXTS, VECTORS, y=LABELS)
    assert len(again.get_topic_info()) == 5


def test_a_path_with_nothing_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="where there is nothing"):
        BERTopic.load(tmp_path / "none")
    with pytest.raises(ValueError, match="where there is nothing"):
        BERTopic.load("none")


def test_a_model_without_embeddings_is_saved_without_them(tmp_path: Path) -> None:
    model = by_hand(LABELS)
    model.topic_embeddings_ = None
    model.save(tmp_path, save_ctfidf=True)
    loaded = BERTopic.load(tmp_path)
    assert loaded.topic_embeddings_ is None
    assert loaded.get_topic_info()["Topic"].tolist() == [0, 1, 2, 3, 4]


def test_d_37_a_model_on_the_hub_is_fetched_by_name_revision_and_token(
    saved: Path, model: BERTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D-37: there was no way to name a revision or a token."""
    hub = pytest.importorskip("huggingface_hub")
    asked: dict[str, Any] = {}

    def fetch(name: str, **options: Any) -> str:
        asked.update(name=name, **options)
        return str(saved)

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    loaded = BERTopic.load("me/topics", revision="v2", token="secret")

    assert loaded.topics_ == model.topics_
    assert (asked["name"], asked["revision"], asked["token"]) == ("me/topics", "v2", "secret")
    assert {"topics.json", "config.json", "ctfidf_config.json"} <= set(asked["allow_patterns"])


def test_d_37_what_the_hub_does_not_give_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """D-37: a bare except hid the reason."""
    hub = pytest.importorskip("huggingface_hub")

    def fetch(name: str, **options: Any) -> str:
        raise OSError("no route to host")

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    with pytest.raises(ValueError, match=r"'me/topics'.*did not give it either \(no route"):
        BERTopic.load("me/topics")
