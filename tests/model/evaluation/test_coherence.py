"""Coherence against gensim, against figures worked out by hand, and at its edges."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.model.evaluation.gensim_figures import FIGURES, TOPICS, corpus
from topicstream.model.evaluation import Scores, c_v, npmi

MEASURES: dict[str, Callable[..., Scores]] = {"c_npmi": npmi, "c_v": c_v}
BOTH = pytest.mark.parametrize("measure", [npmi, c_v])


def figures_of_gensim(
    topics: list[list[str]], texts: list[list[str]], name: str, window: int | None
) -> tuple[list[float], float]:
    corpora = pytest.importorskip("gensim.corpora")
    models = pytest.importorskip("gensim.models")
    model = models.CoherenceModel(
        topics=topics,
        texts=texts,
        dictionary=corpora.Dictionary(texts),
        coherence=name,
        window_size=window,
        processes=1,
    )
    per_topic = model.get_coherence_per_topic()
    return per_topic, model.aggregate_measures(per_topic)


@pytest.mark.parametrize(("name", "window"), FIGURES)
def test_figures_are_those_that_gensim_gave(name: str, window: int) -> None:
    found = MEASURES[name](TOPICS, corpus(), window=window)

    np.testing.assert_allclose(found.per_topic, FIGURES[name, window], atol=1e-6)
    assert found.mean == pytest.approx(np.mean(FIGURES[name, window]), abs=1e-6)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_gensim_at_its_own_windows(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(40)]
    texts = [rng.choice(words, n).tolist() for n in rng.integers(0, 300, 40)]
    topics = [rng.choice(words, 8, replace=False).tolist() for _ in range(6)]

    per_topic, mean = figures_of_gensim(topics, texts, name, None)
    found = MEASURES[name](topics, texts)

    np.testing.assert_allclose(found.per_topic, per_topic, atol=1e-6)
    assert found.mean == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("name", MEASURES)
def test_words_that_never_occur_are_left_out_as_gensim_does(name: str) -> None:
    topics = [["moon", "absent", "oven", "court"], ["flour", "oven"]]

    per_topic, _ = figures_of_gensim(topics, corpus(), name, 10)
    found = MEASURES[name](topics, corpus(), window=10)

    np.testing.assert_allclose(found.per_topic, per_topic, atol=1e-6)
    assert found.n_words.tolist() == [3, 2]


def test_npmi_of_two_words_is_that_of_the_formula() -> None:
    # 4 windows: a in three of them, b in two, both in one
    found = npmi([["a", "b"]], [["a", "b"], ["a"], ["a"], ["b"]])

    assert found.mean == pytest.approx(math.log(1 / 4 / (3 / 4 * 2 / 4)) / -math.log(1 / 4))


def test_c_v_of_words_that_only_come_together_is_one() -> None:
    assert c_v([["a", "b"]], [["a", "b"], ["c"]]).mean == pytest.approx(1)


@BOTH
def test_a_word_twice_in_a_window_counts_as_one_only_by_the_exact_way(
    measure: Callable[..., Scores],
) -> None:
    # a stands in all three windows of the first document; gensim loses it after the first
    documents = [["a", "a", "b", "c"], ["d", "d"], ["b", "d"]]
    topics = [["a", "b"]]

    exact = measure(topics, documents, window=2, counting="exact").mean
    by_gensim = measure(topics, documents, window=2).mean

    assert exact > by_gensim


@BOTH
def test_topics_of_no_word_or_one_have_no_score_and_are_not_in_the_mean(
    measure: Callable[..., Scores],
) -> None:
    topics = {4: ["a"], 7: ["a", "b"], 9: [], 2: ["a", "absent"]}
    found = measure(topics, [["a", "b"], ["c"]])

    assert found.topics.tolist() == [4, 7, 9, 2]
    assert np.isnan(found.per_topic).tolist() == [True, False, True, True]
    assert found.n_words.tolist() == [1, 2, 0, 1]
    assert found.mean == found.per_topic[1]


@BOTH
def test_where_no_topic_has_a_word_there_is_no_mean(measure: Callable[..., Scores]) -> None:
    assert math.isnan(measure([[], []], ["a text"]).mean)


@BOTH
def test_only_the_first_of_a_repeated_word_counts(measure: Callable[..., Scores]) -> None:
    texts = corpus()
    repeated = measure([["moon", "oven", "moon", "the", "oven"]], texts)

    assert repeated.mean == pytest.approx(measure([["moon", "oven", "the"]], texts).mean)
    assert repeated.n_words.tolist() == [3]


@BOTH
def test_words_beyond_the_first_do_not_count(measure: Callable[..., Scores]) -> None:
    texts = corpus()

    cut = [measure([words[:3]], texts).mean for words in TOPICS]
    np.testing.assert_allclose(measure(TOPICS, texts, top_n=3).per_topic, cut)


@BOTH
def test_texts_and_their_tokens_score_the_same(measure: Callable[..., Scores]) -> None:
    texts = ["The Moon, and the OVEN.", "", "An oven!", "Moon"]
    tokens = [["the", "moon", "and", "the", "oven"], [], ["an", "oven"], ["moon"]]
    topics = [["moon", "oven"]]

    assert measure(topics, iter(texts)).mean == measure(topics, tokens).mean


def test_texts_are_cleaned_as_the_fit_cleans_them_where_asked_for() -> None:
    texts = ["don't panic", "dont", "panic"]

    assert (
        npmi([["dont", "panic"]], texts).mean
        < npmi([["dont", "panic"]], texts, language="english").mean
    )


@BOTH
@pytest.mark.parametrize(
    ("topics", "documents", "options", "error", "words"),
    [
        ([], ["a b"], {}, ValueError, "topics is empty"),
        ([["a"]], [], {}, ValueError, "documents is empty"),
        ([["Moon", "Oven"]], ["moon oven"], {}, ValueError, "none of the 2 words .* 'Moon'"),
        ([["a", "b"]], [[], []], {}, ValueError, "none of the 2 words"),
        ([["a", "b"]], "a text", {}, TypeError, "one text"),
        ("ab", ["a text"], {}, TypeError, "one text"),
        (["ab"], ["a text"], {}, TypeError, "topic 0 of topics is 'ab'"),
        ({3: [1, 2]}, ["a text"], {}, TypeError, "topic 3 of topics"),
        ([["a", "b"]], [["a"], "b"], {}, TypeError, "mixed"),
        ([["a", "b"]], [["a", 3]], {}, TypeError, "lists of tokens"),
        ([["a", "b"]], [["a", None]], {}, TypeError, "None is among"),
        ([["a", "b"]], [None], {}, TypeError, "lists of tokens"),
        ([["a", "b"]], ["a b"], {"window": 0}, ValueError, "window=0"),
        ([["a", "b"]], ["a b"], {"top_n": 0}, ValueError, "top_n=0"),
        ([["a", "b"]], ["a b"], {"counting": "best"}, ValueError, "counting='best'"),
    ],
)
def test_what_cannot_be_scored_is_an_error_that_says_why(
    measure: Callable[..., Scores],
    topics: Any,
    documents: Any,
    options: dict[str, Any],
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        measure(topics, documents, **options)
