"""A fit of 2,000 posts of 20 Newsgroups beside bertopic 0.17.4, on the same vectors and labels.

The posts are no part of the project: TOPICSTREAM_FEEDS names their folder, and where it has none
the feed is a simulated one. Each test's name says which it was, and whose vectors.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
import os
import re
import warnings
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from tests.parity import minilm
from topicstream.model.backend.static import StaticEmbedder
from topicstream.model.bertopic import BERTopic
from topicstream.model.cluster import BaseCluster
from topicstream.model.dimensionality import BaseDimensionalityReduction
from topicstream.workers.simulation import simulate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # bertopic and what it imports
    bertopic = pytest.importorskip("bertopic", reason="bertopic is not installed (extra parity)")
pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # those of bertopic, and D-71
    pytest.mark.timeout(1_200),  # the first test embeds for minutes
]

N_FITTED, N_NEW, N_TOPICS = 2_000, 500, 20
BESIDE = Path(__file__).parents[3] / "shared" / "data"
POSTS = Path(os.environ.get("TOPICSTREAM_FEEDS") or BESIDE) / "20newsgroups.jsonl.gz"
FEED = "20newsgroups" if POSTS.exists() else "simulated"
MINILM = pytest.mark.skipif(not minilm.is_installed(), reason=f"{minilm.PACKAGE} is not installed")


class Feed(NamedTuple):
    """Documents, their vectors, and a topic of each, of sizes that are all different."""

    texts: list[str]
    vectors: NDArray[np.float32]
    labels: NDArray[np.int64]
    times: list[str]
    classes: list[str]
    new_texts: list[str]
    new_vectors: NDArray[np.float32]


class Both(NamedTuple):
    ours: Any
    theirs: Any


def documents() -> list[dict[str, Any]]:
    n = N_FITTED + N_NEW
    if FEED == "simulated":
        return list(islice(simulate(n), n))
    with gzip.open(POSTS) as lines:
        return [json.loads(line) for line in islice(lines, n)]


def minilm_vectors(texts: list[str], cache: Path) -> NDArray[np.float32]:
    """Embed, which takes minutes, once."""
    key = hashlib.sha256(json.dumps([minilm.N_TOKENS, texts]).encode()).hexdigest()[:16]
    path = cache / f"{key}.npy"
    if not path.exists():
        np.save(path, minilm.embed(texts))
    return np.asarray(np.load(path), dtype=np.float32)


def clusters(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return labels by size, the farthest tenth -1; what has no size of its own gets smaller."""
    means = KMeans(N_TOPICS, n_init=1, random_state=0).fit(vectors)
    distance = means.transform(vectors).min(axis=1)
    found = np.where(distance > np.quantile(distance, 0.9), -1, means.labels_)
    labels, smallest = np.full(len(found), -1), len(found) + 1
    sizes = np.bincount(found[found >= 0], minlength=N_TOPICS)
    for rank, cluster in enumerate(np.argsort(-sizes, kind="stable")):
        smallest = min(int(sizes[cluster]), smallest - 1)
        labels[np.flatnonzero(found == cluster)[:smallest]] = rank
    return labels


@pytest.fixture(
    scope="module",
    params=[pytest.param("minilm", marks=MINILM), "static"],
    ids=f"{FEED}-{{}}".format,
)
def feed(request: pytest.FixtureRequest) -> Feed:
    posts = documents()
    texts = [post["text"] for post in posts]
    if request.param == "minilm":
        vectors = minilm_vectors(texts, request.config.cache.mkdir("minilm"))
    else:
        vectors = StaticEmbedder().embed(texts)
    return Feed(
        texts[:N_FITTED],
        vectors[:N_FITTED],
        clusters(vectors[:N_FITTED]),
        [post["timestamp"] for post in posts[:N_FITTED]],
        [post["class"] for post in posts[:N_FITTED]],
        texts[N_FITTED:],
        vectors[N_FITTED:],
    )


def fit(feed: Feed, language: str = "english", **params: Any) -> Both:
    from bertopic.backend import BaseEmbedder
    from bertopic.cluster import BaseCluster as TheirCluster
    from bertopic.dimensionality import BaseDimensionalityReduction as TheirReduction

    counts_documents = params.pop("counts_documents", True)
    ours = BERTopic(umap_model=BaseDimensionalityReduction(), hdbscan_model=BaseCluster(), **params)
    ours.counts_documents = counts_documents
    theirs = bertopic.BERTopic(
        embedding_model=BaseEmbedder(),
        umap_model=TheirReduction(),
        hdbscan_model=TheirCluster(),
        **copy.deepcopy(params),
    )
    for model in (ours, theirs):
        model.language = language  # bertopic forgets it where an embedder is given
        model.fit(feed.texts, feed.vectors.copy(), y=feed.labels)
    return Both(ours, theirs)


@pytest.fixture(scope="module", params=["english", "multilingual"])
def fitted(request: pytest.FixtureRequest, feed: Feed) -> Both:
    """Texts are cleaned for English only."""
    return fit(feed, language=request.param)


@pytest.fixture
def both(fitted: Both) -> Both:
    """Copies: bertopic changes its weights in some methods (D-02)."""
    return Both(*copy.deepcopy(tuple(fitted)))


@pytest.fixture
def told_alike(both: Both) -> Both:
    """Frames of readers: words of equal weight and representative texts are chosen elsewhere."""
    ours, theirs = both
    ours.topic_representations_ = {int(t): list(pairs) for t, pairs in theirs.get_topics().items()}
    ours.representative_docs_ = dict(theirs.representative_docs_)
    return both


def columns(model: Any) -> NDArray[Any]:
    return np.asarray(model.vectorizer_model.get_feature_names_out())


def assert_same_weights(ours: Any, theirs: Any) -> None:
    assert columns(ours).tolist() == columns(theirs).tolist()
    assert ours.c_tf_idf_.shape == theirs.c_tf_idf_.shape
    assert abs(ours.c_tf_idf_ - theirs.c_tf_idf_).max() <= 1e-6


def assert_same_words(ours: Any, theirs: Any) -> None:
    """Compare scores, and the words above the last: those of equal weight come in any order."""
    assert list(ours.get_topics()) == list(map(int, theirs.get_topics()))
    for topic, pairs in theirs.get_topics().items():
        mine = ours.get_topic(topic)
        scores = [score for _, score in pairs]
        assert [score for _, score in mine] == pytest.approx(scores, abs=1e-6)
        clear = {word for word, score in pairs if score > scores[-1] + 1e-9}
        assert clear <= {word for word, _ in mine}


def assert_same_topics(ours: Any, theirs: Any) -> None:
    assert ours.topics_ == list(map(int, theirs.topics_))
    assert dict(ours.topic_sizes_) == dict(theirs.topic_sizes_)
    np.testing.assert_allclose(ours.topic_embeddings_, theirs.topic_embeddings_, atol=1e-6)


class Weights:
    """What words weigh in parts of the feed: those of equal weight may stand for each other."""

    def __init__(self, model: Any, texts: list[str]) -> None:
        self.model, self.topics = model, np.array(model.topics_)
        self.place_of = model.vectorizer_model.vocabulary_
        self.counts = model.vectorizer_model.transform(model._preprocess_text(texts))

    def of(self, is_in: NDArray[np.bool_], tuned_to: int | None = None) -> NDArray[np.float64]:
        """Return the weights of the documents as one, averaged with those of a topic."""
        summed = csr_matrix(self.counts[np.flatnonzero(is_in)].sum(axis=0))
        told: NDArray[np.float64] = self.model.ctfidf_model.transform(summed).toarray().ravel()
        if tuned_to is None:
            return told
        whole = self.model.c_tf_idf_[tuned_to + 1].toarray().ravel()
        tuned: NDArray[np.float64] = whole / whole.sum() / 2 + told / told.sum() / 2
        return tuned

    def assert_same(self, mine: list[str], other: list[str], weights: NDArray[np.float64]) -> None:
        """Compare what the words weigh, to 1e-6."""
        ours, theirs = (
            np.sort(weights[[self.place_of[word] for word in words if word]])
            for words in (mine, other)
        )
        np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-6)


def assert_same_slices(
    ours: pd.DataFrame, theirs: pd.DataFrame, weights: Weights, **how: Any
) -> None:
    """Compare all columns; words by what they weigh in their slice and topic."""
    last, slice_of, overall = how["last"], np.asarray(how["slice_of"]), how["overall"]
    pd.testing.assert_frame_equal(ours.drop(columns="Words"), theirs.drop(columns="Words"))
    rows: Any = ours.itertuples()
    for row, other in zip(rows, theirs["Words"], strict=True):
        is_in = (slice_of == getattr(row, last)) & (weights.topics == row.Topic)
        assert is_in.sum() == row.Frequency
        told = weights.of(is_in, int(row.Topic) if overall else None)
        weights.assert_same(row.Words.split(", "), other.split(", "), told)


def test_topics_sizes_and_vectors_are_the_same(both: Both) -> None:
    assert_same_topics(*both)
    assert len(both.ours.topic_sizes_) == N_TOPICS + 1


def test_weights_and_words_are_the_same(both: Both) -> None:
    assert_same_weights(*both)
    assert_same_words(*both)


def test_frames_are_the_same(told_alike: Both, feed: Feed) -> None:
    ours, theirs = told_alike
    metadata = {"class": feed.classes}
    for mine, other in (
        (ours.get_topic_info(), theirs.get_topic_info()),
        (ours.get_topic_info(3), theirs.get_topic_info(3)),
        (ours.get_topic_freq(), theirs.get_topic_freq()),
        (ours.get_document_info(feed.texts), theirs.get_document_info(feed.texts)),
        (
            ours.get_document_info(feed.texts, metadata=metadata),
            theirs.get_document_info(feed.texts, metadata=metadata),
        ),
    ):
        pd.testing.assert_frame_equal(mine, other, rtol=0.0, atol=1e-6)
    assert ours.generate_topic_labels() == theirs.generate_topic_labels()


def test_d_31_representative_texts_are_never_less_like_their_topic(both: Both, feed: Feed) -> None:
    """D-31: bertopic takes the best of a sample with repetition, we take the best of all."""
    ours, theirs = both
    topics = sorted(topic for topic in ours.topic_sizes_ if topic != -1)
    same = 0
    for topic in topics:
        members = {text for text, t in zip(feed.texts, ours.topics_, strict=True) if t == topic}
        mine, other = (model.get_representative_docs(topic) for model in both)
        assert set(other) <= members
        assert set(mine) <= members
        likeness = [
            np.sort(
                cosine_similarity(
                    theirs.ctfidf_model.transform(theirs.vectorizer_model.transform(texts)),
                    theirs.c_tf_idf_[topic + 1],
                ).ravel()
            )[::-1]
            for texts in (mine, other)
        ]
        if theirs.language != "english":  # there, D-30: bertopic likens raw texts
            n = min(map(len, likeness))
            assert np.all(likeness[0][:n] >= likeness[1][:n] - 1e-9)
        same += set(mine) == set(other)
    assert same >= len(topics) / 2


@pytest.mark.parametrize("overall", [True, False])
def test_topics_over_time_are_the_same_but_for_evolution(
    both: Both, feed: Feed, overall: bool
) -> None:
    """With evolution they differ: D-01, there the option changes nothing."""
    weights = Weights(both.ours, feed.texts)
    ours, theirs = (
        model.topics_over_time(
            feed.texts, feed.times, nr_bins=8, evolution_tuning=False, global_tuning=overall
        )
        for model in both
    )
    edges = [bin_.left for bin_ in pd.cut(pd.to_datetime(feed.times), bins=8)]
    how = {"last": "Timestamp", "slice_of": pd.Series(edges), "overall": overall}
    assert_same_slices(ours, theirs, weights, **how)


@pytest.mark.parametrize("overall", [True, False])
def test_topics_per_class_are_the_same_but_for_their_order(
    both: Both, feed: Feed, overall: bool
) -> None:
    """D-67: bertopic visits classes in the order of a set."""
    weights = Weights(both.ours, feed.texts)
    ours, theirs = (
        model.topics_per_class(feed.texts, feed.classes, global_tuning=overall)
        .sort_values(["Class", "Topic"])
        .reset_index(drop=True)
        for model in both
    )
    how = {"last": "Class", "slice_of": feed.classes, "overall": overall}
    assert_same_slices(ours, theirs, weights, **how)


@pytest.mark.parametrize("use_ctfidf", [True, False])
def test_hierarchies_are_the_same(both: Both, feed: Feed, use_ctfidf: bool) -> None:
    ours, theirs = (model.hierarchical_topics(feed.texts, use_ctfidf=use_ctfidf) for model in both)
    names = [name for name in theirs if name.endswith("_Name")]
    pd.testing.assert_frame_equal(
        ours.drop(columns=names), theirs.drop(columns=names), rtol=0.0, atol=1e-6
    )
    weights = Weights(both.ours, feed.texts)
    rows: Any = ours.itertuples()
    for row, other in zip(rows, theirs["Parent_Name"], strict=True):
        told = weights.of(np.isin(weights.topics, row.Topics))
        weights.assert_same(row.Parent_Name.split("_"), other.split("_"), told)


@pytest.mark.parametrize("calculate_tokens", [False, True])
def test_distributions_are_the_same(both: Both, feed: Feed, calculate_tokens: bool) -> None:
    """D-30: bertopic reads raw texts, so these are clean already."""
    clean = [re.sub(r"[^A-Za-z0-9 ]", "", re.sub(r"[\n\t]", " ", text)) for text in feed.new_texts]
    texts = [" ".join(text.split()[:150]) for text in clean if len(text.split()) > 1][:200]
    (ours, mine), (theirs, other) = (
        model.approximate_distribution(texts, calculate_tokens=calculate_tokens) for model in both
    )
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-6)
    if calculate_tokens:
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=0.0, atol=1e-6)


def test_topics_stay_the_same_when_merged_and_reduced(both: Both, feed: Feed) -> None:
    for model in both:
        model.merge_topics(feed.texts, [[0, 5], [3, 7]])
    assert_same_topics(*both)
    assert_same_weights(*both)
    for model in both:
        model.reduce_topics(feed.texts, nr_topics=10)
    assert_same_topics(*both)
    assert_same_weights(*both)
    assert_same_words(*both)


def test_outliers_go_to_the_same_topics(both: Both, feed: Feed) -> None:
    ours, theirs = (
        model.reduce_outliers(
            feed.texts, model.topics_, strategy="embeddings", embeddings=feed.vectors
        )
        for model in both
    )
    assert ours == list(map(int, theirs))


@pytest.mark.parametrize("writer", ["topicstream", "bertopic"])
def test_files_predict_the_same_wherever_they_are_loaded(
    both: Both, feed: Feed, tmp_path: Path, writer: str
) -> None:
    from bertopic.backend import BaseEmbedder

    model = both.ours if writer == "topicstream" else both.theirs
    model.save(str(tmp_path / "m"), serialization="safetensors", save_ctfidf=True)
    loaded = Both(
        BERTopic.load(tmp_path / "m"),
        bertopic.BERTopic.load(str(tmp_path / "m"), embedding_model=BaseEmbedder()),
    )
    (ours, mine), (theirs, other) = (
        one.transform(feed.new_texts, feed.new_vectors) for one in loaded
    )
    assert list(ours) == list(map(int, theirs))
    np.testing.assert_allclose(mine, other, rtol=0.0, atol=1e-6)
    assert_same_topics(*loaded)


def test_joined_texts_have_the_same_pairs_of_words(feed: Feed) -> None:
    """D-29: bertopic counts pairs over the border of two documents, and topics for `min_df`."""
    vectorizer = CountVectorizer(ngram_range=(1, 2), min_df=2, stop_words="english")
    both = fit(feed, vectorizer_model=vectorizer, counts_documents=False)
    assert_same_weights(*both)
    assert_same_words(*both)
