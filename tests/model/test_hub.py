from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.bertopic import BERTopic
from topicstream.model.hub import model_card_text

TEXTS, LABELS, _ = corpus()


def test_d_39_the_card_gives_each_topic_its_own_size() -> None:
    """D-39: sizes were shifted by one where there are outliers."""
    model = by_hand(with_outliers(LABELS))
    card = model_card_text(model, "me/topics")
    for topic, size in (model.topic_sizes_ or {}).items():
        row = next(line for line in card.splitlines() if line.startswith(f"| {topic} |"))
        assert f"| {size} | {model.topic_labels_[topic]} |" in row
    assert 'BERTopic.load("me/topics")' in card
    assert "pipeline_tag: text-classification" in card
    assert "* Number of training documents: 60" in card


def test_a_pickle_is_not_uploaded() -> None:
    pytest.importorskip("huggingface_hub")
    with pytest.raises(ValueError, match="'pickle'; the hub takes"):
        by_hand(LABELS).push_to_hf_hub("me/topics", serialization="pickle")


def test_a_model_is_uploaded_as_a_folder_with_its_card(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")
    sent: dict[str, Any] = {}

    def upload(folder_path: str, **options: Any) -> str:
        folder = Path(folder_path)
        loaded = BERTopic.load(folder)
        files = sorted(path.name for path in folder.iterdir())
        sent.update(options, files=files, topics=loaded.topics_)
        return "done"

    monkeypatch.setattr(
        hub, "create_repo", lambda repo_id, **options: SimpleNamespace(repo_id=repo_id)
    )
    monkeypatch.setattr(hub, "file_exists", lambda *_, **__: False)
    monkeypatch.setattr(hub, "upload_folder", upload)
    model = by_hand(LABELS)
    answer = model.push_to_hf_hub("me/topics", token="secret", revision="v2", create_pr=True)

    assert answer == "done"
    assert sent["topics"] == model.topics_
    assert "README.md" in sent["files"]
    assert "topic_embeddings.safetensors" in sent["files"]
    assert (sent["token"], sent["revision"], sent["create_pr"]) == ("secret", "v2", True)


def test_a_card_that_is_there_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")
    files: list[str] = []
    monkeypatch.setattr(
        hub, "create_repo", lambda repo_id, **options: SimpleNamespace(repo_id=repo_id)
    )
    monkeypatch.setattr(hub, "file_exists", lambda *_, **__: True)
    monkeypatch.setattr(
        hub,
        "upload_folder",
        lambda folder_path, **_: files.extend(path.name for path in Path(folder_path).iterdir()),
    )
    by_hand(LABELS).push_to_hf_hub("me/topics")

    assert "README.md" not in files
    assert "topics.json" in files
