"""The online model: sound answers from the first document on, and the same bytes every time."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import normalized_mutual_info_score

from topicstream.model import snapshot
from topicstream.model.errors import EmbeddingError
from topicstream.model.online import OnlineTopicModel, Step
from topicstream.model.settings import ModelSettings

SUBJECTS = {
    "space": ("rocket", "orbit", "nasa", "launch"),
    "food": ("bread", "cheese", "recipe", "oven"),
    "sport": ("goal", "match", "league", "coach"),
    "money": ("bank", "rate", "bond", "credit"),
}
SETTINGS = ModelSettings(n_topics=4, n_components=8, warm_up=80, n_terms=40)


def corpus(
    n_documents: int, seed: int = 0
) -> tuple[list[str], NDArray[np.float32], NDArray[np.int64]]:
    """Documents of four subjects, their embeddings (16 wide) and subjects."""
    rng = np.random.default_rng(seed)
    subjects = rng.integers(0, len(SUBJECTS), n_documents)
    names = list(SUBJECTS)
    texts = [" ".join(rng.choice(SUBJECTS[names[s]], 5)) for s in subjects]
    vectors = np.eye(4, 16)[subjects] + rng.normal(0, 0.1, (n_documents, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return texts, vectors.astype(np.float32), subjects


def feed(model: OnlineTopicModel, texts: list[str], vectors: NDArray[np.float32], n: int) -> Step:
    for start in range(0, len(texts), n):
        step = model.partial_fit(
            texts[start : start + n], vectors[start : start + n], now=float(start)
        )
    return step


@pytest.mark.parametrize("batch_size", [1, 7, 50, 400])
def test_subjects_are_told_apart_whatever_the_size_of_the_batches(batch_size: int) -> None:
    texts, vectors, subjects = corpus(400)
    model = OnlineTopicModel(SETTINGS)

    feed(model, texts, vectors, batch_size)
    topics, strengths = model.transform(vectors)

    assert normalized_mutual_info_score(subjects, topics) > 0.95
    assert strengths.min() >= 0.0
    assert strengths.max() <= 1.0
    assert len(model.topics()) == 4
    for topic in model.topics():
        words = {word for word, _ in topic.words[:4]}
        assert any(words == set(subject) for subject in SUBJECTS.values())


def test_the_first_document_gets_an_answer() -> None:
    step = OnlineTopicModel().partial_fit(["hello there"], np.eye(1, 8, dtype="f4"), now=1.0)

    assert step.topics.tolist() == [0]
    assert step.strengths.tolist() == [1.0]


def test_a_thousand_identical_documents_are_one_topic_and_leave_room_for_others() -> None:
    model = OnlineTopicModel(SETTINGS)
    same = np.tile(np.eye(1, 16, dtype=np.float32), (1000, 1))

    step = model.partial_fit(["same words"] * 1000, same, now=0.0)
    again = model.partial_fit(["same words"] * 1000, same, now=0.0)
    texts, vectors, subjects = corpus(400)
    feed(model, texts, vectors, 50)

    assert set(step.topics.tolist()) == set(again.topics.tolist()) == {0}
    assert model.topics()[0].size >= 2000
    assert normalized_mutual_info_score(subjects, model.transform(vectors)[0]) > 0.9


def test_an_empty_batch_counts_and_changes_nothing_else() -> None:
    model = OnlineTopicModel(SETTINGS)

    step = model.partial_fit([], np.zeros((0, 16), np.float32), now=0.0)

    assert (step.sequence, len(step.topics)) == (1, 0)
    assert model.topics() == []


def test_texts_without_terms_and_vectors_of_zero_are_borne() -> None:
    texts, vectors, _ = corpus(200)
    model = OnlineTopicModel(SETTINGS)
    feed(model, texts, vectors, 100)

    step = model.partial_fit(
        ["", "the", "rocket"], np.stack([vectors[0] * 0, vectors[1], vectors[2]]), now=0.0
    )

    assert step.topics[0] == -1
    assert step.strengths[0] == 0.0
    assert (step.topics[1:] >= 0).all()


def test_a_document_far_from_every_topic_is_an_outlier() -> None:
    texts, vectors, _ = corpus(400)
    model = OnlineTopicModel(SETTINGS)
    feed(model, texts, vectors, 100)

    step = model.partial_fit(["quite another thing"], np.eye(1, 16, k=12, dtype="f4"), now=0.0)

    assert step.topics.tolist() == [-1]


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.zeros((2, 9), np.float32), "9 wide"),
        (np.zeros((3, 16), np.float32), r"2 documents need \(2, n_dimensions\)"),
        (np.full((2, 16), np.nan, np.float32), "NaN or infinity"),
    ],
)
def test_embeddings_that_do_not_fit_are_refused_and_change_nothing(
    vectors: NDArray[np.float32], message: str
) -> None:
    texts, good, _ = corpus(100)
    model = OnlineTopicModel(SETTINGS)
    feed(model, texts, good, 50)
    before = model.state_hash()

    with pytest.raises(EmbeddingError, match=message):
        model.partial_fit(["one", "two"], vectors, now=0.0)

    assert model.state_hash() == before


@pytest.mark.parametrize("cut", [0, 1, 2, 5, 9])
def test_a_model_that_was_saved_and_loaded_goes_on_bit_for_bit(cut: int) -> None:
    texts, vectors, _ = corpus(500)
    straight = OnlineTopicModel(SETTINGS)
    interrupted = OnlineTopicModel(SETTINGS)
    for batch in range(10):
        if batch == cut:
            interrupted, extra = snapshot.decode(snapshot.encode(interrupted, {"at": cut}))
            assert extra == {"at": cut}
        part = slice(50 * batch, 50 * batch + 50)
        for model in (straight, interrupted):
            model.partial_fit(texts[part], vectors[part], now=float(batch))
        assert interrupted.state_hash() == straight.state_hash()

    assert interrupted.topics() == straight.topics()


def test_the_state_hash_sees_every_change() -> None:
    texts, vectors, _ = corpus(100)
    one, other = OnlineTopicModel(SETTINGS), OnlineTopicModel(SETTINGS)
    feed(one, texts, vectors, 50)
    feed(other, [*texts[:-1], "a different text"], vectors, 50)

    assert one.state_hash() != other.state_hash()


def test_old_words_fade_by_half_life() -> None:
    settings = ModelSettings(n_topics=1, n_components=4, warm_up=10, half_life=100.0)
    model = OnlineTopicModel(settings)
    rng = np.random.default_rng(0)
    vectors = (np.eye(1, 8) + rng.normal(0, 0.01, (600, 8))).astype(np.float32)
    feed(model, ["old"] * 300, vectors[:300], 100)

    feed(model, ["new"] * 300, vectors[300:], 100)
    counts = dict(zip(model.counts.terms, model.counts.dense()[0].tolist(), strict=True))

    # Batches of 100 documents, a half-life each; the first two weigh the same, for it begins after
    # the warm-up: 1 + 1 + 2 against 4 + 8 + 16.
    assert counts["old"] / counts["new"] == pytest.approx(4 / 28)


def test_the_vocabulary_stays_within_its_bound() -> None:
    model = OnlineTopicModel(SETTINGS)
    _, vectors, _ = corpus(2000)
    texts = [f"word{i} term{i} goal" for i in range(2000)]
    texts = [text.translate(str.maketrans("0123456789", "abcdefghij")) for text in texts]

    feed(model, texts, vectors, 10)

    assert len(model.counts.terms) <= 1.5 * SETTINGS.n_terms
    assert "goal" in model.counts.terms


def test_half_lives_without_number_do_not_overflow() -> None:
    settings = ModelSettings(n_topics=4, n_components=8, warm_up=80, half_life=5.0)
    model = OnlineTopicModel(settings)
    texts, vectors, _ = corpus(2000)

    feed(model, texts, vectors, 50)

    assert all(np.isfinite(topic.share) for topic in model.topics())
    assert sum(topic.share for topic in model.topics()) == pytest.approx(1.0)


SCRIPT = """
import numpy as np
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings
rng = np.random.default_rng(3)
words = ["alpha", "beta", "gamma", "delta", "epsilon"]
model = OnlineTopicModel(ModelSettings(n_topics=20, n_components=50, warm_up=1500))
for batch in range(4):
    texts = [" ".join(rng.choice(words, 4)) for _ in range(800)]
    model.partial_fit(texts, rng.normal(size=(800, 256)).astype("f4"), now=float(batch))
print(model.state_hash())
"""


def test_the_state_is_the_same_under_any_hash_seed_and_number_of_threads() -> None:
    hashes = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, n in (("0", "1"), ("1", "2"), ("4711", "2"))
    }

    assert len(hashes) == 1
