"""A stream that begins with topics that another model found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.model.streams import BATCH, IDS, SETTINGS, N, documents, start, started, streamed
from topicstream.model.errors import EmbeddingError, StartError
from topicstream.model.lifecycle.settings import LifecycleSettings
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings
from topicstream.model.snapshot import decode, encode

TEXTS, VECTORS = documents()
ODD = np.arange(N) % 40 == 39


def test_before_the_first_document_the_topics_are_those_given() -> None:
    model = started()

    topics = {topic.id: topic for topic in model.topics()}
    assert list(topics) == IDS
    assert model.labels()[0] == "Space"
    assert model.labels()[7] == "Law"
    assert topics[2].label == f"2_{'_'.join(word for word, _ in topics[2].words[:3])}"
    assert [topic.size for topic in topics.values()] == [0] * 5
    directions = start().centroids / np.linalg.norm(start().centroids, axis=1, keepdims=True)
    assert model.centroids() == pytest.approx(directions, abs=1e-6)


def test_a_document_gets_the_nearest_given_topic_from_the_first_on() -> None:
    model = started()
    cosines = VECTORS[:BATCH] @ model.centroids().T
    nearest = np.array(IDS)[cosines.argmax(axis=1)]

    asked = model.transform(VECTORS[:BATCH])[0]
    step = model.partial_fit(TEXTS[:BATCH], VECTORS[:BATCH], now=0.0)

    assert step.topics.tolist() == asked.tolist() == nearest.tolist()
    assert step.events == ()


def test_the_line_beyond_which_outliers_lie_is_learnt_from_the_first_documents() -> None:
    model = started()
    early = model.partial_fit(TEXTS[:BATCH], VECTORS[:BATCH], now=0.0)
    streamed(model)

    topics, _ = model.transform(VECTORS)

    assert (early.topics >= 0).all()
    assert np.mean(topics[ODD] == -1) > 0.6
    assert np.mean(topics[~ODD] == -1) < 0.06


def test_ids_and_the_topics_behind_them_stay() -> None:
    model = started()
    before = np.array(IDS)[(VECTORS @ model.centroids().T).argmax(axis=1)]

    topics, _ = streamed(model).transform(VECTORS)

    assert [topic.id for topic in model.topics()] == IDS
    inside = topics >= 0
    assert np.mean(topics[inside] == before[inside]) > 0.99


def test_centroids_take_the_length_of_the_documents() -> None:
    long = replace(start(), centroids=start().centroids * 100.0)
    model = OnlineTopicModel(SETTINGS)
    model.begin(long)

    other = streamed()

    assert streamed(model).centroids() == pytest.approx(other.centroids(), rel=1e-4)


def test_given_words_fade_like_documents_of_before_the_stream() -> None:
    model = started()
    before = {topic.id: {word for word, _ in topic.words} for topic in model.topics()}

    # Every text is now about something else.
    texts = [f"tax{i % 3} budget deficit revenue" for i in range(len(TEXTS))]
    for first in range(0, N, BATCH):
        batch = slice(first, first + BATCH)
        model.partial_fit(texts[batch], VECTORS[batch], now=float(first))

    after = {topic.id: {word for word, _ in topic.words} for topic in model.topics()}
    assert all({"tax0", "budget", "revenue"} & after[topic] for topic in IDS)
    assert any(before[topic] & after[topic] for topic in IDS)


def test_a_name_goes_when_the_words_have_become_others() -> None:
    model = started(replace(SETTINGS, half_life=100.0))
    streamed(model, n=200)
    named = model.labels()[0]

    for first in range(200, 8_000, BATCH):
        batch = slice(first % N, first % N + BATCH)
        texts = [
            f"tax{i % 3} budget deficit revenue income vat fiscal duty levy spending"
            for i in range(BATCH)
        ]
        model.partial_fit(texts, VECTORS[batch], now=3600.0 * first)

    assert named == "Space"
    assert model.labels()[0].startswith("0_")
    assert model.names() == {}


def test_the_next_topic_born_gets_an_id_after_all_that_were_given() -> None:
    rules = LifecycleSettings(check_every=100, recent=400, reference=400, min_topics=2)
    model = started(replace(SETTINGS, lifecycle=rules, half_life=1_000.0, outlier_share=0.01))
    streamed(model)
    rng = np.random.default_rng(3)
    fresh = -np.abs(rng.normal(size=8)).astype(np.float32) * 2.0
    born: list[int] = []
    for first in range(0, 800, BATCH):
        batch = slice(first % N, first % N + BATCH)
        vectors, texts = VECTORS[batch].copy(), list(TEXTS[batch])
        for i in range(0, BATCH, 4):
            vectors[i] = fresh + 0.1 * rng.normal(size=8)
            texts[i] = "volcano lava ash eruption crater magma"
        step = model.partial_fit(texts, vectors, now=3600.0 * (N + first))
        born += [event.topic for event in step.events if event.kind == "topic_born"]

    assert born
    assert min(born) == 12


def test_ids_of_topics_that_rest_are_kept_from_a_model_with_more_topics_than_the_setting() -> None:
    model = started(replace(SETTINGS, n_topics=2, lifecycle=LifecycleSettings(check_every=100)))

    streamed(model)

    assert len(model.topics()) >= 5


@pytest.mark.parametrize("n", [0, BATCH, 3 * BATCH])
def test_a_snapshot_goes_on_as_if_nothing_had_been(n: int) -> None:
    model = streamed(started(), n=n)
    copy, _ = decode(encode(model))

    assert copy.state_hash() == model.state_hash()
    assert streamed(copy).state_hash() == streamed(model).state_hash()
    assert copy.names() == model.names()


def test_the_state_hash_covers_what_was_given() -> None:
    plain = started().state_hash()

    for other in (
        replace(start(), next_id=13),
        replace(start(), names={}),
        replace(start(), terms=("other", *start().terms[1:])),
        replace(start(), shares=start().shares * 0.5),
        replace(start(), centroids=start().centroids[::-1]),
        replace(start(), ids=np.array([0, 2, 3, 7, 9])),
    ):
        model = OnlineTopicModel(SETTINGS)
        model.begin(other)
        assert model.state_hash() != plain


def test_only_a_model_that_knows_nothing_can_begin() -> None:
    for model in (started(), streamed(OnlineTopicModel(ModelSettings()), n=BATCH)):
        with pytest.raises(StartError, match="has learnt already"):
            model.begin(start())


def test_embeddings_of_another_width_are_refused() -> None:
    with pytest.raises(EmbeddingError, match="3 wide"):
        started().partial_fit(["a moon"], np.ones((1, 3), np.float32), now=0.0)
