"""A stream about five subjects that began with a fitted model's topics, whose ids have gaps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.bertopic import BERTopic
from topicstream.model.lifecycle.settings import LifecycleSettings
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings
from topicstream.model.starting_topics import StartingTopics, starting_topics

IDS = [0, 2, 3, 7, 8]
N, BATCH = 600, 50
SETTINGS = ModelSettings(
    n_topics=5,
    n_components=4,
    warm_up=100,
    half_life=2_000.0,
    outlier_share=0.05,
    lifecycle=LifecycleSettings(check_every=0),
)


def documents(n: int = N) -> tuple[list[str], NDArray[np.float32]]:
    """Return texts and their vectors; every 40th lies far from all subjects."""
    texts, _, vectors = corpus(n)
    vectors[39::40] *= -1.0
    return texts, vectors.astype(np.float32)


def fitted() -> BERTopic:
    """Return a model of the same documents, with two named topics."""
    _, labels, _ = corpus(N)
    model = by_hand(with_outliers(labels))
    model.set_topic_labels({0: "Space", 3: "Law"})
    return model


def start() -> StartingTopics:
    """Return its topics under ids with gaps."""
    given = starting_topics(fitted())
    names = dict(zip((0, 7), given.names.values(), strict=True))
    return replace(given, ids=np.array(IDS), next_id=12, names=names)


def started(settings: ModelSettings = SETTINGS) -> OnlineTopicModel:
    """Return a model that has those topics and has seen nothing."""
    model = OnlineTopicModel(settings)
    model.begin(start())
    return model


def streamed(model: OnlineTopicModel | None = None, n: int = N) -> OnlineTopicModel:
    """Return a model that has learnt from `n` documents."""
    model = model or started()
    texts, vectors = documents()
    for first in range(0, n, BATCH):
        batch = slice(first, first + BATCH)
        model.partial_fit(texts[batch], vectors[batch], now=3600.0 * first)
    return model
