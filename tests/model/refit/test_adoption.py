"""A refit swapped in: ids, lineage, and the same bytes every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from topicstream.model import snapshot
from topicstream.model.online import OnlineTopicModel
from topicstream.model.refit.building import Window, candidate_of
from topicstream.model.refit.candidate import Candidate, CandidateError, decode, encode
from topicstream.model.refit.check import reason_against, reason_in_shadow
from topicstream.model.refit.settings import RefitSettings
from topicstream.model.settings import ModelSettings

WORDS = {
    0: ("rocket", "orbit", "nasa", "launch"),
    1: ("bread", "cheese", "recipe", "oven"),
    2: ("goal", "match", "league", "coach"),
    3: ("bank", "rate", "bond", "credit"),
}
SETTINGS = ModelSettings(n_topics=4, n_components=8, warm_up=80, n_terms=60)
RULES = RefitSettings(min_topic_size=10)

Documents = tuple[list[str], NDArray[np.float32], NDArray[np.int64]]


def corpus(n: int, seed: int = 0) -> Documents:
    rng = np.random.default_rng(seed)
    subjects = rng.integers(0, 4, n)
    texts = [" ".join(rng.choice(WORDS[s], 5)) for s in subjects.tolist()]
    vectors = np.eye(4, 16)[subjects] + rng.normal(0, 0.1, (n, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return texts, vectors.astype(np.float32), subjects


def learnt() -> OnlineTopicModel:
    texts, vectors, _ = corpus(400)
    model = OnlineTopicModel(SETTINGS)
    for start in range(0, 400, 50):
        part = slice(start, start + 50)
        model.partial_fit(texts[part], vectors[part], now=float(start))
    return model


def refit(model: OnlineTopicModel, clusters: NDArray[np.int64], n: int = 300) -> Candidate:
    texts, vectors, _ = corpus(n, seed=1)
    window = Window.of(texts, vectors, model)
    return decode(encode(candidate_of(window, clusters, model, RULES, "static")))


def subjects(n: int = 300) -> NDArray[np.int64]:
    return corpus(n, seed=1)[2]


def kinds(model: OnlineTopicModel, candidate: Candidate) -> list[str]:
    return [event.kind for event in model.adopt(candidate)]


def test_a_refit_that_finds_the_same_topics_changes_no_answer() -> None:
    model = learnt()
    _, vectors, _ = corpus(200, seed=2)
    before, words = model.transform(vectors)[0], [topic.words for topic in model.topics()]

    assert kinds(model, refit(model, subjects())) == ["model_refitted"]
    assert model.sequence == 9
    assert np.array_equal(model.transform(vectors)[0], before)
    assert [topic.words for topic in model.topics()] == words


def test_topics_that_became_one_are_one_under_the_id_of_one_of_them() -> None:
    model = learnt()
    _, vectors, truth = corpus(300, seed=1)
    topics = model.transform(vectors)[0]
    one, other = (int(np.bincount(topics[(truth == s) & (topics >= 0)]).argmax()) for s in (0, 1))

    events = model.adopt(refit(model, np.where(truth == 1, 0, truth)))

    (merged,) = [event for event in events if event.kind == "topics_merged"]
    assert {merged.topic} < {one, other}
    assert set(merged.parents) == {one, other}
    after = model.transform(vectors)[0]
    inside = (truth < 2) & (after >= 0)
    assert set(after[inside].tolist()) == {merged.topic}
    assert set(after[(truth >= 2) & (after >= 0)].tolist()) <= set(topics.tolist())
    assert len(model.lineage.ids) == 3
    assert model.lineage.resting[-1].into == (merged.topic,)


def test_a_part_that_stands_apart_gets_a_new_id_and_its_parent_keeps_its_own() -> None:
    model = learnt()
    before = model.lineage.ids.tolist()
    texts, vectors, truth = corpus(300, seed=1)
    part = np.flatnonzero(truth == 2)[::3]
    anchors = Window.of(texts, vectors, model).anchors
    vectors[part] = vectors[part] * 0.75 + 0.66 * np.eye(1, 16, 9, dtype=np.float32)
    texts = ["penalty referee whistle" if row in part else t for row, t in enumerate(texts)]
    window = replace(Window.of(texts, vectors, model), anchors=anchors)
    clusters = truth.copy()
    clusters[part] = 4

    candidate = candidate_of(window, clusters, model, RULES, None)
    events = model.adopt(decode(encode(candidate)))

    (split,) = [event for event in events if event.kind == "topic_split"]
    assert split.children == (4,)
    assert model.lineage.ids.tolist() == [*before, 4]
    assert model.lineage.parents[4] == (split.topic,)
    assert (model.transform(vectors[part])[0] == 4).mean() > 0.9


def test_a_topic_without_documents_rests_and_its_id_is_not_given_again() -> None:
    model = learnt()
    texts, vectors, truth = corpus(400, seed=1)
    kept = np.flatnonzero(truth != 3)
    gone = int(np.bincount(model.transform(vectors[truth == 3])[0] + 1).argmax() - 1)
    window = Window.of([texts[row] for row in kept], vectors[kept], model)
    candidate = candidate_of(window, truth[kept], model, RULES, None)

    events = model.adopt(candidate)

    assert [e.topic for e in events if e.kind == "topic_retired"] == [gone]
    assert gone not in model.lineage.ids
    assert model.lineage.next_id == 4


def test_a_topic_born_since_the_refit_looked_stays() -> None:
    model = learnt()
    candidate = refit(model, np.where(subjects() == 1, 0, subjects()))
    # As if topic 3 had not been there yet.
    younger = replace(candidate, into={t: r for t, r in candidate.into.items() if t != 3})

    model.adopt(younger)

    assert 3 in model.lineage.ids


def test_an_id_that_rests_by_now_does_not_come_back() -> None:
    model = learnt()
    candidate = refit(model, np.where(subjects() == 1, 0, subjects()))
    (kept,) = candidate.keeps

    model.adopt(replace(candidate, keeps=(77,)))

    assert 77 not in model.lineage.ids
    assert model.lineage.ids.tolist()[-1] == 4
    assert kept in model.lineage.ids


def test_the_same_state_and_refit_give_the_same_bytes() -> None:
    candidate = refit(learnt(), np.where(subjects() == 1, 0, subjects()))
    one, other = learnt(), snapshot.decode(snapshot.encode(learnt()))[0]
    events = [model.adopt(candidate) for model in (one, other)]
    texts, vectors, _ = corpus(100, seed=5)
    for model in (one, other):
        model.partial_fit(texts, vectors, now=900.0)

    assert events[0] == events[1]
    assert one.state_hash() == other.state_hash()


def test_topics_weigh_together_what_they_did() -> None:
    model = learnt()
    before = sum(topic.share for topic in model.topics())
    sizes = sum(topic.size for topic in model.topics())

    model.adopt(refit(model, np.where(subjects() == 1, 0, subjects())))

    assert sum(topic.share for topic in model.topics()) == pytest.approx(before)
    assert sum(topic.size for topic in model.topics()) == sizes


def test_a_model_that_still_looks_for_its_first_topics_takes_none() -> None:
    candidate = refit(learnt(), subjects())
    fresh = OnlineTopicModel(SETTINGS)
    texts, vectors, _ = corpus(20)
    fresh.partial_fit(texts, vectors, now=0.0)
    before = fresh.state_hash()

    with pytest.raises(CandidateError, match="still finding its first topics"):
        fresh.adopt(candidate)
    assert fresh.state_hash() == before


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"embedder": "other"}, "made from vectors of 'other'"),
        ({"sequence": 99}, "matched with batch 99, and the model has seen 8"),
        ({"coherence": (0.2, 0.1)}, "an NPMI of 0.100"),
        ({"sums": np.zeros((1, 3))}, "3 wide"),
        ({"into": dict.fromkeys(range(4), 0)}, "would have 0 topics"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(change: dict[str, object], why: str) -> None:
    model = learnt()
    candidate = refit(model, np.where(subjects() == 1, 0, subjects()))
    assert reason_against(candidate, model, "static") is None

    reason = reason_against(replace(candidate, **change), model, "static")  # type: ignore[arg-type]

    assert why in str(reason)


def test_many_outliers_in_the_last_batch_speak_against_a_refit() -> None:
    assert reason_in_shadow(0.02, 0.05) is None
    assert reason_in_shadow(0.2, 0.39) is None
    assert "40 % of the last batch" in str(reason_in_shadow(0.02, 0.4))


def damaged(content: bytes) -> list[bytes]:
    return [
        b"",
        b"{}",
        content[:200],
        content[:-9],
        content.replace(b"topicstream.refit", b"x" * 17),
    ]


def test_a_damaged_file_is_no_candidate() -> None:
    model = learnt()
    content = encode(refit(model, subjects()))
    assert encode(decode(content)) == content

    for broken in damaged(content):
        with pytest.raises(CandidateError):
            decode(broken)


@pytest.mark.parametrize(
    "change", [{"rests": (0, 1, 2, 3)}, {"known": (0, 1)}, {"parents": ()}, {"into": {1: 9}}]
)
def test_a_file_whose_parts_contradict_each_other_is_no_candidate(
    change: dict[str, object],
) -> None:
    candidate = refit(learnt(), np.where(subjects() == 1, 0, subjects()))
    broken = encode(replace(candidate, **change))  # type: ignore[arg-type]

    with pytest.raises(CandidateError, match="do not fit its 1 topics"):
        decode(broken)


def test_too_few_clusters_are_no_refit() -> None:
    model = learnt()

    with pytest.raises(CandidateError, match="smaller min_topic_size than 10"):
        refit(model, np.full(300, -1))
