"""Topics come and go on a stream, and nothing that was said is taken back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from topicstream.model import snapshot
from topicstream.model.events import DriftEvent
from topicstream.model.lifecycle.settings import LifecycleSettings, LifecycleSettingsError
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings

N_DIMENSIONS = 32
SETTINGS = ModelSettings(
    n_topics=6,
    n_components=16,
    warm_up=600,
    half_life=5_000.0,
    n_terms=500,
    lifecycle=LifecycleSettings(check_every=200, recent=1_000, reference=1_500, retire_after=4_000),
)


@dataclass
class Stream:
    """Documents around places that the test moves, with a word for each place."""

    places: np.ndarray
    model: OnlineTopicModel = field(default_factory=lambda: OnlineTopicModel(SETTINGS))
    events: list[DriftEvent] = field(default_factory=list)
    n_fed: int = 0

    def feed(self, n: int, weights: list[float] | None = None, size: int = 200) -> np.ndarray:
        """Feed `n` documents, and return the place and the answer of each."""
        rows = []
        for _ in range(0, n, size):
            rng = np.random.default_rng([self.n_fed, 7])
            at = rng.choice(len(self.places), size, p=_normal(weights, len(self.places)))
            vectors = self.places[at] + rng.normal(0, 0.15, (size, N_DIMENSIONS))
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            texts = [f"place{number} word{rng.integers(5)}" for number in at]
            ids = [str(self.n_fed + number) for number in range(size)]
            step = self.model.partial_fit(
                texts, vectors.astype("f4"), now=float(self.n_fed), ids=ids
            )
            self.events += step.events
            self.n_fed += size
            rows.append(np.column_stack([at, step.topics]))
        return np.concatenate(rows)

    def told(self, kind: str) -> list[DriftEvent]:
        return [event for event in self.events if event.kind == kind]


def _normal(weights: list[float] | None, n: int) -> np.ndarray:
    whole = np.ones(n) if weights is None else np.asarray(weights)
    return np.asarray(whole / whole.sum())


def places(n: int) -> np.ndarray:
    return np.eye(N_DIMENSIONS)[:n]


def topic_of(answers: np.ndarray, place: int) -> int:
    topics = answers[answers[:, 0] == place, 1]
    return int(np.bincount(topics[topics >= 0]).argmax())


def test_a_stream_that_does_not_change_keeps_its_topics() -> None:
    stream = Stream(places(6))
    stream.feed(6_000)
    assert [event for event in stream.events if event.kind.startswith("topic")] == []
    assert stream.model.lineage.ids.tolist() == list(range(6))


def test_a_new_subject_is_born_and_gets_its_documents() -> None:
    stream = Stream(places(7))
    stream.feed(3_000, [1, 1, 1, 1, 1, 1, 0])
    before = stream.model.labels()
    stream.feed(1_000, [1, 1, 1, 1, 1, 1, 1])
    answers = stream.feed(1_000, [1, 1, 1, 1, 1, 1, 1])

    (born,) = stream.told("topic_born")
    assert born.topic == 6
    assert born.score > born.threshold > 0
    assert "place6" in born.evidence.words_after
    assert born.evidence.examples
    mine = answers[answers[:, 0] == 6, 1]
    assert np.mean(mine == 6) > 0.95
    after = stream.model.labels()
    assert {topic: after[topic] for topic in range(6)}.keys() == set(before) - {-1}
    assert stream.model.topics()[6].size >= len(mine) * 0.9


def test_a_topic_without_documents_rests_and_its_id_is_never_given_again() -> None:
    stream = Stream(places(8))
    first = stream.feed(2_000, [1, 1, 1, 1, 1, 1, 0, 0])
    gone = topic_of(first, 5)
    stream.feed(5_400, [1, 1, 1, 1, 1, 0, 0, 0])

    (retired,) = stream.told("topic_retired")
    assert retired.topic == gone
    (resting,) = stream.model.lineage.resting
    assert (resting.id, resting.into) == (gone, ())
    assert "place5" in resting.label

    stream.feed(1_400, [1, 1, 1, 1, 1, 0, 0, 1])
    assert [event.topic for event in stream.told("topic_born")] == [6]


def test_two_topics_that_grow_together_become_one() -> None:
    stream = Stream(places(6), OnlineTopicModel(replace(SETTINGS, half_life=1_500.0)))
    first = stream.feed(2_000)
    one, other = topic_of(first, 0), topic_of(first, 1)
    for step in range(80):
        toward = min(1.0, step / 60)
        stream.places[1] = (1 - toward) * np.eye(N_DIMENSIONS)[1] + toward * stream.places[0]
        stream.feed(400)

    (merged,) = stream.told("topics_merged")
    assert set(merged.parents) == {one, other}
    assert merged.topic in {one, other}
    (resting,) = stream.model.lineage.resting
    assert resting.into == (merged.topic,)


def test_a_topic_that_falls_in_two_is_split() -> None:
    stream = Stream(np.concatenate([places(6), places(1)]))
    first = stream.feed(3_000)
    one = topic_of(first, 0)
    stream.places[0, 10] = stream.places[6, 11] = 0.9
    stream.feed(2_000)

    split = stream.told("topic_split")
    assert stream.told("topic_born") == []
    assert {event.topic for event in split} == {one}
    children = {child for event in split for child in event.children}
    answers = stream.feed(2_000)
    parts = {topic_of(answers, 0), topic_of(answers, 6)}
    assert len(parts) == 2
    assert parts <= {one, *children}
    assert {stream.model.lineage.parents[child] for child in children} == {(one,)}


def test_topics_never_number_more_than_allowed() -> None:
    most = LifecycleSettings(check_every=200, recent=1_000, reference=1_500, max_topics=6)
    stream = Stream(places(9))
    stream.model = OnlineTopicModel(
        ModelSettings(n_topics=6, n_components=16, warm_up=600, n_terms=500, lifecycle=most)
    )
    stream.feed(2_000, [1, 1, 1, 1, 1, 1, 0, 0, 0])
    stream.feed(4_000)
    assert len(stream.model.topics()) == 6
    assert stream.told("topic_born") == []


def test_it_can_be_turned_off() -> None:
    stream = Stream(places(7))
    off = LifecycleSettings(check_every=0)
    stream.model = OnlineTopicModel(
        ModelSettings(n_topics=6, n_components=16, warm_up=600, n_terms=500, lifecycle=off)
    )
    stream.feed(2_000, [1, 1, 1, 1, 1, 1, 0])
    stream.feed(3_000)
    assert [event for event in stream.events if event.kind.startswith("topic")] == []
    assert len(stream.model.topics()) == 6


@pytest.mark.parametrize("cut", [600, 2_600, 3_200, 3_800])
def test_a_restored_model_lives_on_bit_by_bit(cut: int) -> None:
    def weights(n_fed: int) -> list[float]:
        return [1, 1, 1, 1, 1, 1, float(n_fed >= 2_800)]

    whole, parted = Stream(places(7)), Stream(places(7))
    for stream in (whole, parted):
        while stream.n_fed < 4_600:
            if stream is parted and stream.n_fed == cut:
                stream.model, _ = snapshot.decode(snapshot.encode(stream.model))
            stream.feed(200, weights(stream.n_fed))
    assert whole.told("topic_born")
    assert parted.events == whole.events
    assert parted.model.state_hash() == whole.model.state_hash()


def test_a_setting_out_of_its_range_is_named() -> None:
    with pytest.raises(LifecycleSettingsError, match=r"lifecycle\.lift is 0\.5"):
        LifecycleSettings(lift=0.5)
