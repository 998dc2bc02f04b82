from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from topicstream.model.bertopic import BERTopic
from topicstream.model.representation import BaseRepresentation


@pytest.fixture
def model(fitted: Any) -> Any:
    return fitted("outliers")


@pytest.fixture
def classes(documents: list[str]) -> list[str]:
    return [["north", "east", "south"][place % 3] for place in range(len(documents))]


def test_every_document_counts_in_its_class_and_topic(
    model: Any, documents: list[str], classes: list[str]
) -> None:
    found = model.topics_per_class(documents, classes)
    assert list(found.columns) == ["Topic", "Words", "Frequency", "Class"]
    keys = zip(found.Class, found.Topic, strict=True)
    assert dict(zip(keys, found.Frequency, strict=True)) == Counter(
        zip(classes, model.topics_, strict=True)
    )


def test_classes_come_in_the_order_of_their_first_document(
    model: Any, documents: list[str], classes: list[str]
) -> None:
    """D-67: the reference takes them from a set."""
    found = model.topics_per_class(documents, classes)
    assert list(dict.fromkeys(found.Class)) == ["north", "east", "south"]
    assert found.groupby("Class", sort=False).Topic.is_monotonic_increasing.all()


def test_words_are_those_of_time_steps_without_evolution(
    model: Any, documents: list[str], classes: list[str]
) -> None:
    numbers = [["north", "east", "south"].index(one) for one in classes]
    for tuning in (False, True):
        over_time = model.topics_over_time(
            documents, numbers, evolution_tuning=False, global_tuning=tuning
        )
        per_class = model.topics_per_class(documents, numbers, global_tuning=tuning)
        renamed = over_time.rename(columns={"Timestamp": "Class"})
        pd.testing.assert_frame_equal(per_class, renamed)


def test_the_models_weights_stay_as_they_are(
    model: Any, documents: list[str], classes: list[str]
) -> None:
    """D-02."""
    before = model.c_tf_idf_.copy()
    model.topics_per_class(documents, classes)
    assert (model.c_tf_idf_ != before).nnz == 0


def test_any_sequence_of_classes_will_do(
    model: Any, documents: list[str], classes: list[str]
) -> None:
    expected = model.topics_per_class(documents, classes)
    for given in (np.array(classes), pd.Series(classes, index=range(7, 217)), tuple(classes)):
        found = model.topics_per_class(np.array(documents), given)
        assert found.Words.tolist() == expected.Words.tolist()


def test_a_missing_class_is_a_class(model: Any, documents: list[str]) -> None:
    classes = [None, "a"] * (len(documents) // 2)
    found = model.topics_per_class(documents, classes)
    assert found.Frequency.sum() == len(documents)


def test_lengths_that_differ_are_named(
    model: Any, documents: list[str], classes: list[str]
) -> None:
    """D-42, and D-67: an unfitted model says that it is."""
    with pytest.raises(ValueError, match="classes has 209 items for 210 documents"):
        model.topics_per_class(documents, classes[1:])
    with pytest.raises(ValueError, match="docs has 209 items"):
        model.topics_per_class(documents[1:], classes[1:])
    with pytest.raises(ValueError, match="not fitted"):
        BERTopic().topics_per_class(documents, classes)


def test_the_representation_model_runs_only_when_asked(
    model: Any, documents: list[str], classes: list[str]
) -> None:
    """D-05: it was asked once for each class."""
    calls = []

    class Shouting(BaseRepresentation):
        def extract_topics(
            self, topic_model: Any, documents: Any, c_tf_idf: Any, topics: Any
        ) -> dict[int, Any]:
            calls.append(len(documents))
            return {
                topic: [(word.upper(), score) for word, score in words]
                for topic, words in topics.items()
            }

    model.representation_model = Shouting()
    plain = model.topics_per_class(documents, classes)
    assert not calls
    found = model.topics_per_class(documents, classes, fine_tune_representation=True)
    assert calls == [70, 70, 70]
    assert (found.Words.str.lower() == plain.Words).all()
    assert found.Words.str.isupper().all()
