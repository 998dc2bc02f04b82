"""Words of models, and tables of words."""

from __future__ import annotations

import numpy as np
import pytest

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.evaluation import diversity, words
from topicstream.model.evaluation.topic_words import word_table
from topicstream.model.online import OnlineTopicModel


def online() -> OnlineTopicModel:
    texts, _, vectors = corpus()
    model = OnlineTopicModel()
    model.partial_fit(texts, vectors.astype(np.float32), now=0.0)
    return model


def test_words_of_a_bertopic_are_those_of_its_topics_without_outliers() -> None:
    model = by_hand(with_outliers(corpus()[1]))
    found = words(model)

    assert sorted(found) == sorted(set(model.get_topics()) - {-1})
    assert -1 in model.get_topics()
    assert found[0] == [word for word, _ in model.get_topics()[0]]


def test_blank_words_of_a_bertopic_are_left_out() -> None:
    model = by_hand(corpus()[1])
    model.topic_representations_ = {0: [("moon", 0.5), ("", 1e-5), (" ", 1e-5)]}

    assert words(model)[0] == ["moon"]


def test_words_of_an_online_model_and_of_its_topics_are_the_same() -> None:
    model = online()
    found = words(model)

    assert found == words(model.topics())
    assert found[0] == [word for word, _ in model.topics()[0].words]


def test_a_model_in_place_of_its_words_is_an_error_that_says_what_to_give() -> None:
    with pytest.raises(TypeError, match=r"topics is a OnlineTopicModel: give `words\(topics\)`"):
        diversity(online())  # type: ignore[arg-type]  # that is the mistake


def test_tables_number_words_in_order_of_appearance_and_keep_topic_ids() -> None:
    table = word_table({5: ["x", "y", "x", "z"], 3: [], 8: ["z"]}, top_n=2)

    assert table.topics.tolist() == [5, 3, 8]
    assert table.terms == ["x", "y", "z"]
    assert table.columns.tolist() == [[0, 1], [-1, -1], [2, -1]]
    assert table.n_words.tolist() == [2, 0, 1]
