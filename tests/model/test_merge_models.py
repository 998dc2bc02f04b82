from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.bertopic import BERTopic

TEXTS, LABELS, VECTORS = corpus()


def shifted(labels: np.ndarray) -> BERTopic:
    """Return a model of the same texts whose vectors point elsewhere: no topic is known."""
    model = by_hand(labels)
    assert model.topic_embeddings_ is not None
    model.topic_embeddings_ = -model.topic_embeddings_
    return model


def test_a_model_merged_with_itself_has_its_own_topics() -> None:
    model = by_hand(with_outliers(LABELS))
    merged = BERTopic.merge_models([model, model])
    assert merged.get_topics() == model.get_topics()
    assert merged.topics_ == [*(model.topics_ or []), *(model.topics_ or [])]
    assert merged.topic_embeddings_ == pytest.approx(model.topic_embeddings_)
    assert merged.transform(TEXTS, VECTORS)[0] == model.transform(TEXTS, VECTORS)[0]


@pytest.mark.parametrize("outliers_in", [0, 1])
def test_d_38_outliers_of_one_model_get_a_row_and_are_compared_with_nothing(
    outliers_in: int,
) -> None:
    """D-38: predictions were off by one, and names missing."""
    parts = [by_hand(LABELS), shifted(with_outliers(LABELS))]
    if outliers_in == 0:
        parts = [by_hand(with_outliers(LABELS)), shifted(LABELS)]
    merged = BERTopic.merge_models(parts, min_similarity=0.99)
    assert sorted(merged.get_topics()) == list(range(-1, 10))
    assert merged.topic_embeddings_ is not None
    assert merged.topic_embeddings_.shape == (11, 8)
    info = merged.get_topic_info()
    assert info["Count"].sum() == 120
    assert not info["Name"].isna().any()
    assert merged.topics_ is not None
    assert merged.topics_[:60] == parts[0].topics_
    base = [topic for topic in merged.transform(TEXTS, VECTORS)[0] if topic >= 0]
    assert set(base) <= set(range(5))


def test_d_38_labels_aspects_and_documents_come_along() -> None:
    """D-38: the copied topics' were lost, or left gaps."""
    base, other = by_hand(LABELS), shifted(LABELS)
    other.set_topic_labels(list("abcde"))
    other.topic_aspects_ = {"Own": {topic: [("mine", 1.0)] for topic in range(5)}}
    merged = BERTopic.merge_models([base, other], min_similarity=0.99)
    assert (merged.custom_labels_ or [])[5:] == list("abcde")
    assert (merged.custom_labels_ or [])[:5] == [base.topic_labels_[topic] for topic in range(5)]
    assert merged.get_topic_info()["Own"].tolist() == [[]] * 5 + [["mine"]] * 5
    assert merged.representative_docs_[5] == other.representative_docs_[0]
    assert base.custom_labels_ is None


def test_a_merged_model_can_be_saved_and_loaded(tmp_path: Path) -> None:
    merged = BERTopic.merge_models([by_hand(LABELS), shifted(LABELS)], min_similarity=0.9)
    merged.save(tmp_path)
    assert BERTopic.load(tmp_path).get_topics() == merged.get_topics()


def test_models_that_cannot_be_merged_are_named() -> None:
    model = by_hand(LABELS)
    with pytest.raises(ValueError, match="models has 1 items"):
        BERTopic.merge_models([model])
    with pytest.raises(ValueError, match=r"models\[1\] is not fitted"):
        BERTopic.merge_models([model, BERTopic()])
    narrow = by_hand(LABELS)
    narrow.topic_embeddings_ = np.ones((5, 3))
    with pytest.raises(ValueError, match=r"\[8, 3\] dimensions"):
        BERTopic.merge_models([model, narrow])


def test_d_38_pictures_of_topics_come_along_too() -> None:
    """D-38: a picture among the aspects was a crash."""
    base, other = by_hand(LABELS), shifted(LABELS)
    pictures = {topic: object() for topic in range(5)}
    other.topic_aspects_ = {"Visual_Aspect": pictures}
    merged = BERTopic.merge_models([base, other], min_similarity=0.99)

    assert [merged.topic_aspects_["Visual_Aspect"][topic] for topic in range(5, 10)] == list(
        pictures.values()
    )
