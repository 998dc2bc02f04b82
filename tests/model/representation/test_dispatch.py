"""Which representation models run, and on what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from topicstream.model.bertopic import BERTopic
from topicstream.model.representation import BaseRepresentation, KeyBERTInspired
from topicstream.model.representation.dispatch import Seen, aspects, main_words

NOTHING: Any = None
VECTORS: Any = "vectors"
CANDIDATES = {0: [("moon", 0.5), ("orbit", 0.4)], 1: [("bread", 0.3), ("oven", 0.1)]}


class Upper(BaseRepresentation):
    def extract_topics(self, topic_model: Any, documents: Any, c_tf_idf: Any, topics: Any) -> Any:
        return {t: [(word.upper(), score) for word, score in pairs] for t, pairs in topics.items()}


class First:
    """No subclass, but it has the method."""

    def extract_topics(
        self, topic_model: Any, documents: Any, c_tf_idf: Any, topics: Any, embeddings: Any = None
    ) -> Any:
        return {t: [(f"{pairs[0][0]} {embeddings}", 1.0)] for t, pairs in topics.items()}


def seen(models: object, **options: Any) -> Seen:
    return Seen(BERTopic(representation_model=models, **options), NOTHING, NOTHING, VECTORS)


@pytest.mark.parametrize("nothing", [None, [], {}, {"Main": None}, {"Other": Upper()}])
def test_without_main_model_words_stay_plain(nothing: object) -> None:
    assert main_words(seen(nothing, top_n_words=1), CANDIDATES) == {
        0: [("moon", 0.5)],
        1: [("bread", 0.3)],
    }


def test_a_model_s_words_are_not_cut() -> None:
    assert len(main_words(seen(Upper(), top_n_words=1), CANDIDATES)[0]) == 2


def test_a_chain_hands_words_on_and_any_of_it_may_ask_for_vectors() -> None:
    assert main_words(seen([Upper(), First()]), CANDIDATES)[1] == [("BREAD vectors", 1.0)]


def test_every_aspect_begins_with_the_candidates() -> None:
    models = {"Main": Upper(), "Chain": [Upper(), First()], "Plain": None}

    found = aspects(seen(models, top_n_words=1), CANDIDATES)

    assert main_words(seen(models), CANDIDATES)[0][0] == ("MOON", 0.5)
    assert list(found) == ["Chain", "Plain"]
    assert found["Chain"][0] == [("MOON vectors", 1.0)]
    assert found["Plain"][0] == [("moon", 0.5)]


@pytest.mark.parametrize("wrong", ["keybert", 3, Upper, [Upper(), "mmr"], {"Main": "x"}])
def test_what_is_no_model_is_refused(wrong: object) -> None:
    with pytest.raises(TypeError, match=r"representation_model is .* pass an object with"):
        main_words(seen(wrong), CANDIDATES)


def test_an_aspect_that_is_no_model_is_named() -> None:
    with pytest.raises(TypeError, match=r"representation_model\['Short'\] is 'x'"):
        aspects(seen({"Short": "x"}), CANDIDATES)


def test_the_base_gives_the_words_that_are_there() -> None:
    model = BERTopic()
    base = BaseRepresentation()

    assert base.extract_topics(model, NOTHING, NOTHING, CANDIDATES) == CANDIDATES
    model.topic_representations_ = {0: [("sun", 1.0)]}
    assert base.extract_topics(model, NOTHING, NOTHING, CANDIDATES) == {0: [("sun", 1.0)]}


def test_a_fit_sets_aspects_and_a_refit_forgets_them(
    documents: list[str], embeddings: NDArray[np.float32], make: Any
) -> None:
    model = make["kmeans"](representation_model={"Keys": KeyBERTInspired(), "Loud": Upper()})
    model.fit(documents, embeddings)
    assert list(model.topic_aspects_) == ["Keys", "Loud"]
    assert list(model.topic_aspects_["Loud"]) == [0, 1, 2, 3, 4]

    model.representation_model = None
    model.fit(documents, embeddings)

    assert model.topic_aspects_ == {}
