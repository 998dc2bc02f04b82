"""Weights, words and batches beside bertopic 0.17.4, on the same labels."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import IncrementalPCA
from sklearn.feature_extraction.text import CountVectorizer

from tests.model.five_subjects import corpus, with_outliers

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # bertopic and what it imports
    bertopic = pytest.importorskip("bertopic", reason="bertopic is not installed (extra parity)")
pytestmark = pytest.mark.filterwarnings("ignore")  # bertopic writes into slices of frames (D-71)

TEXTS, LABELS, VECTORS = corpus(120)
Y = with_outliers(LABELS)


def both(**options: Any) -> tuple[Any, Any]:
    """Return our model and theirs; options are functions of the package's vectorizers."""
    from bertopic import vectorizers as theirs

    from topicstream.model import bertopic as ours
    from topicstream.model import vectorizers as mine

    return (
        ours.BERTopic(**{name: make(mine) for name, make in options.items()}),
        bertopic.BERTopic(**{name: make(theirs) for name, make in options.items()}),
    )


def by_hand(model: Any, package: str) -> Any:
    cluster, dimensionality = (
        pytest.importorskip(f"{package}.{name}") for name in ("cluster", "dimensionality")
    )
    model.hdbscan_model = cluster.BaseCluster()
    model.umap_model = dimensionality.BaseDimensionalityReduction()
    return model.fit(TEXTS, VECTORS.copy(), y=Y)


def assert_same_weights(mine: Any, theirs: Any) -> None:
    words = [list(m.vectorizer_model.get_feature_names_out()) for m in (mine, theirs)]
    assert sorted(words[0]) == sorted(words[1])
    column_of = {word: column for column, word in enumerate(words[1])}
    expected = theirs.c_tf_idf_.toarray()[:, [column_of[word] for word in words[0]]]
    assert mine.c_tf_idf_.toarray() == pytest.approx(expected, abs=1e-6)
    for topic, pairs in theirs.topic_representations_.items():
        scores = [score for _, score in mine.topic_representations_[topic]]
        assert scores == pytest.approx([score for _, score in pairs], abs=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"language": lambda _: "multilingual"},
        {"vectorizer_model": lambda _: CountVectorizer(stop_words="english", max_features=40)},
        {"ctfidf_model": lambda v: v.ClassTfidfTransformer(reduce_frequent_words=True)},
        {
            "seed_topic_list": lambda _: [["moon", "bread"]],
            "ctfidf_model": lambda v: v.ClassTfidfTransformer(
                seed_words=["moon", "goal"], seed_multiplier=3
            ),
        },
    ],
    ids=["plain", "multilingual", "vectorizer", "dampened", "seeds"],
)
def test_weights_words_and_vectors_are_theirs(options: dict[str, Any]) -> None:
    mine, theirs = both(**options)

    by_hand(mine, "topicstream.model")
    by_hand(theirs, "bertopic")

    assert mine.topics_ == list(theirs.topics_)
    assert_same_weights(mine, theirs)
    assert mine.topic_embeddings_ == pytest.approx(theirs.topic_embeddings_, abs=1e-6)


def test_joined_texts_give_their_n_grams_too() -> None:
    mine, theirs = both(n_gram_range=lambda _: (1, 2))
    mine.counts_documents = False

    by_hand(mine, "topicstream.model")
    by_hand(theirs, "bertopic")

    assert_same_weights(mine, theirs)


def test_batches_give_their_topics_and_weights() -> None:
    mine, theirs = both(
        umap_model=lambda _: IncrementalPCA(n_components=3),
        hdbscan_model=lambda _: MiniBatchKMeans(n_clusters=5, random_state=1, n_init=3),
        vectorizer_model=lambda v: v.OnlineCountVectorizer(delete_min_df=2),
    )

    for start in range(0, len(TEXTS), 40):
        texts, vectors = TEXTS[start : start + 40], VECTORS[start : start + 40].astype(np.float64)
        mine.partial_fit(texts, vectors.copy())
        theirs.partial_fit(texts, vectors.copy())

        assert mine.topics_ == list(theirs.topics_)
        assert mine.topic_sizes_ == dict(theirs.topic_sizes_)
        assert mine.topic_mapper_.get_mappings() == theirs.topic_mapper_.get_mappings()
        assert_same_weights(mine, theirs)
