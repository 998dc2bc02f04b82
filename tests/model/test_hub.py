from __future__ import annotations

import pytest

from tests.model.five_subjects import by_hand, corpus, with_outliers
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
