"""The topics of a fitted model, for a stream to begin with."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from tests.model.five_subjects import by_hand, corpus, with_outliers
from topicstream.model.bertopic import BERTopic
from topicstream.model.ctfidf import class_idf, weighted
from topicstream.model.errors import StartError
from topicstream.model.starting_topics import starting_topics
from topicstream.model.vectorizers import ClassTfidfTransformer

TEXTS, LABELS, VECTORS = corpus()


def fitted(**params: object) -> BERTopic:
    return by_hand(with_outliers(LABELS), **params)


@pytest.mark.parametrize(
    "weigher",
    [
        ClassTfidfTransformer(),
        ClassTfidfTransformer(bm25_weighting=True),
        ClassTfidfTransformer(reduce_frequent_words=True),
    ],
)
def test_shares_are_those_that_c_tf_idf_weighed(weigher: ClassTfidfTransformer) -> None:
    model = fitted(ctfidf_model=weigher)

    start = starting_topics(model)

    words = model.vectorizer_model.get_feature_names_out().tolist()
    documents = [
        [text for text, topic in zip(TEXTS, model.topics_ or [], strict=True) if topic == wanted]
        for wanted in range(5)
    ]
    counts = np.array(
        [model.vectorizer_model.transform(some).sum(axis=0).A1 for some in documents], float
    )
    shares = counts / counts.sum(axis=1, keepdims=True)
    columns = [words.index(term) for term in start.terms]
    assert set(words) == set(start.terms)
    assert start.shares.toarray() == pytest.approx(shares[:, columns])


def test_words_stay_in_order_when_they_become_counts() -> None:
    model = fitted()
    start = starting_topics(model)

    weights = weighted(start.shares, class_idf(start.shares)).toarray()

    for row, topic in enumerate(start.ids.tolist()):
        best = {start.terms[column] for column in np.argsort(-weights[row])[:5]}
        assert len(best & {word for word, _ in model.get_topic(topic)[:6]}) >= 4


def test_what_a_stream_does_not_count_is_left_out() -> None:
    texts = [f"The {text} GUITAR" for text in TEXTS]
    model = fitted(vectorizer_model=CountVectorizer(ngram_range=(1, 2), lowercase=False))
    model.update_topics(
        texts, vectorizer_model=CountVectorizer(ngram_range=(1, 2), lowercase=False)
    )

    terms = starting_topics(model).terms

    assert "guitar" in terms
    assert not [term for term in terms if " " in term or term in {"the", "The", "GUITAR"}]


def test_only_the_heaviest_terms_are_kept() -> None:
    whole, cut = starting_topics(fitted()), starting_topics(fitted(), n_terms=12)

    sums = dict(zip(whole.terms, whole.shares.sum(axis=0).tolist(), strict=True))
    assert len(cut.terms) == 12
    assert sorted(sums[term] for term in cut.terms) == pytest.approx(sorted(sums.values())[-12:])


def test_without_c_tf_idf_the_words_share_a_tenth() -> None:
    model = fitted()
    model.c_tf_idf_ = None

    start = starting_topics(model)

    assert start.shares.sum(axis=1) == pytest.approx(np.full(5, 0.1))
    shares = dict(zip(start.terms, start.shares.toarray()[2].tolist(), strict=True))
    words = [word for word, _ in model.get_topic(2)]
    assert sorted(words, key=shares.__getitem__, reverse=True) == words


def test_centroids_and_sizes_are_those_of_the_topics_without_the_outliers() -> None:
    model = fitted()

    start = starting_topics(model)

    assert start.ids.tolist() == [0, 1, 2, 3, 4]
    assert model.topic_embeddings_ is not None
    assert start.centroids == pytest.approx(model.topic_embeddings_[1:].astype(np.float32))
    assert start.sizes.tolist() == [model.get_topic_freq(topic) for topic in range(5)]


def test_names_that_people_gave_come_along_and_default_labels_do_not() -> None:
    model = fitted()
    model.set_topic_labels({1: "Sport", 3: "Law"})

    assert starting_topics(model).names == {1: "Sport", 3: "Law"}


def test_the_answer_of_a_language_model_is_a_name_and_a_single_term_is_none() -> None:
    model = fitted()
    words = model.topic_representations_
    assert words is not None
    words[0] = [("Space exploration", 1.0), *[("", 0.0)] * 9]
    words[1] = [("goal", 1.0), *[("", 0.0)] * 9]

    assert starting_topics(model).names == {0: "Space exploration"}


def test_the_next_topic_gets_an_id_that_no_topic_ever_had() -> None:
    model = fitted()
    model.merge_topics(TEXTS, [0, 1])

    assert sorted(model.get_topics()) == [-1, 0, 1, 2, 3]
    assert starting_topics(model).next_id == 5


def test_together_topics_weigh_no_more_than_a_half_life_and_none_less_than_ten() -> None:
    start = starting_topics(fitted())

    assert start.weights(1e6).tolist() == np.maximum(start.sizes, 10.0).tolist()
    assert start.weights(20.0).tolist() == [10.0] * 5


def test_the_digest_tells_models_apart() -> None:
    one, same, other = fitted(), fitted(), fitted()
    other.set_topic_labels({1: "Sport"})

    digests = [starting_topics(model).digest() for model in (one, same, other)]
    assert digests[0] == digests[1] != digests[2]


def test_a_model_without_topic_embeddings_starts_nothing() -> None:
    model = fitted()
    model.topic_embeddings_ = None

    with pytest.raises(StartError, match="no topic embeddings"):
        starting_topics(model)


def test_a_model_of_outliers_alone_starts_nothing() -> None:
    model = by_hand(np.full(60, -1))

    with pytest.raises(StartError, match="no topics but the outliers"):
        starting_topics(model)


def test_arrays_are_not_written_to() -> None:
    model = fitted()
    assert model.c_tf_idf_ is not None
    before = model.c_tf_idf_.toarray()

    starting_topics(model)

    assert np.array_equal(model.c_tf_idf_.toarray(), before)
