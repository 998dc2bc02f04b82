from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import normalize

from topicstream.model.bertopic import BERTopic
from topicstream.model.representation import BaseRepresentation


@pytest.fixture
def model(fitted: Any) -> Any:
    return fitted("outliers")


@pytest.fixture
def times(documents: list[str]) -> list[int]:
    return [place % 4 for place in range(len(documents))]


def expected_weights(
    model: Any, documents: list[str], times: list[int], *, evolution: bool, overall: bool
) -> dict[tuple[int, int], np.ndarray]:
    """Follow the definition document by document, in dense arithmetic."""
    counts = model.vectorizer_model.transform(documents).toarray().astype(float)
    whole = normalize(model.c_tf_idf_.toarray(), norm="l1")
    idf = model.ctfidf_model._idf_diag.diagonal()
    final: dict[tuple[int, int], np.ndarray] = {}
    for time in sorted(set(times)):
        for topic in sorted(set(model.topics_)):
            inside = [i for i, t in enumerate(times) if t == time and model.topics_[i] == topic]
            if not inside:
                continue
            summed = counts[inside].sum(axis=0)
            weights = summed / summed.sum() * idf
            if evolution or overall:
                weights = weights / weights.sum()
            if evolution and (time - 1, topic) in final:
                weights = (weights + final[time - 1, topic]) / 2
            if overall:
                weights = (weights + whole[topic + model._outliers]) / 2
            final[time, topic] = weights
    return final


@pytest.mark.parametrize("evolution", [False, True])
@pytest.mark.parametrize("overall", [False, True])
def test_words_are_the_heaviest_by_definition(
    model: Any, documents: list[str], times: list[int], evolution: bool, overall: bool
) -> None:
    found = model.topics_over_time(
        documents, times, evolution_tuning=evolution, global_tuning=overall
    )
    expected = expected_weights(model, documents, times, evolution=evolution, overall=overall)
    assert len(found) == len(expected)
    columns = model.vectorizer_model.vocabulary_
    for row in found.itertuples():
        weights = expected[row.Timestamp, row.Topic]
        shown = [weights[columns[word]] for word in row.Words.split(", ")]
        np.testing.assert_allclose(shown, np.sort(weights)[::-1][: len(shown)], rtol=1e-9)


def test_rows_come_by_time_then_by_topic_and_count_every_document(
    model: Any, documents: list[str], times: list[int]
) -> None:
    found = model.topics_over_time(documents, times)
    assert list(found.columns) == ["Topic", "Words", "Frequency", "Timestamp"]
    assert found.index.tolist() == list(range(len(found)))
    keys = list(zip(found.Timestamp, found.Topic, strict=True))
    assert keys == sorted(keys)
    assert dict(zip(keys, found.Frequency, strict=True)) == Counter(
        zip(times, model.topics_, strict=True)
    )


def test_evolution_tuning_changes_the_words(
    model: Any, documents: list[str], times: list[int]
) -> None:
    """D-01: the reference averages into a copy that it throws away."""
    off = model.topics_over_time(documents, times, evolution_tuning=False, global_tuning=False)
    on = model.topics_over_time(documents, times, evolution_tuning=True, global_tuning=False)
    first = off.Timestamp == 0
    assert (off.Words[first] == on.Words[first]).all()
    assert (off.Words[~first] != on.Words[~first]).any()


def test_the_models_weights_stay_as_they_are(
    model: Any, documents: list[str], times: list[int]
) -> None:
    """D-02: the reference normalises them in place."""
    before = model.c_tf_idf_.copy()
    model.topics_over_time(documents, times)
    assert (model.c_tf_idf_ != before).nnz == 0


def test_a_part_of_the_topics_is_averaged_with_its_own_weights(
    model: Any, documents: list[str], times: list[int]
) -> None:
    """D-03: the reference takes global rows by position, and refuses arrays."""
    topics = np.array(model.topics_)
    kept = np.flatnonzero(topics >= 3)
    whole = model.topics_over_time(documents, times, evolution_tuning=False)
    part = model.topics_over_time(
        [documents[i] for i in kept],
        [times[i] for i in kept],
        topics=topics[kept],
        evolution_tuning=False,
    )
    pd.testing.assert_frame_equal(part, whole[whole.Topic >= 3].reset_index(drop=True))


def test_strings_are_read_as_times(model: Any, documents: list[str]) -> None:
    """D-04: the reference passes pandas an argument that is gone."""
    days = [f"{1 + place % 3:02d}.02.2024" for place in range(len(documents))]
    found = model.topics_over_time(documents, days, datetime_format="%d.%m.%Y")
    assert sorted(set(found.Timestamp)) == list(pd.date_range("2024-02-01", periods=3))
    guessed = model.topics_over_time(documents, [day[6:] + "-01-01" for day in days])
    assert set(guessed.Timestamp) == {pd.Timestamp("2024-01-01")}


def test_bins_carry_their_left_edge(model: Any, documents: list[str]) -> None:
    found = model.topics_over_time(documents, range(len(documents)), nr_bins=np.int64(4))
    np.testing.assert_allclose(sorted(set(found.Timestamp)), [-0.209, 52.25, 104.5, 156.75])
    assert found.Frequency.sum() == len(documents)


def test_bins_of_datetimes_are_datetimes(model: Any, documents: list[str]) -> None:
    days = pd.date_range("2024-01-01", periods=len(documents))
    found = model.topics_over_time(documents, days, nr_bins=2)
    assert found.Timestamp.nunique() == 2
    assert pd.api.types.is_datetime64_any_dtype(found.Timestamp)


def test_the_representation_model_runs_only_when_asked(
    model: Any, documents: list[str], times: list[int]
) -> None:
    """D-05: a paid model would be asked once a topic and time."""
    calls = []

    class Shouting(BaseRepresentation):
        def extract_topics(
            self, topic_model: Any, documents: Any, c_tf_idf: Any, topics: Any
        ) -> dict[int, Any]:
            calls.append(len(documents))
            return {
                topic: [(word.upper(), score) for word, score in words]
                for topic, words in topics.items()
            }

    model.representation_model = Shouting()
    plain = model.topics_over_time(documents, times)
    assert not calls
    assert not plain.Words.str.isupper().any()
    found = model.topics_over_time(documents, times, fine_tune_representation=True)
    assert calls == [times.count(time) for time in range(4)]
    assert found.Words.str.isupper().all()
    assert (found.Words.str.lower() == plain.Words).all()


def test_lengths_that_differ_are_named(model: Any, documents: list[str], times: list[int]) -> None:
    """D-42."""
    with pytest.raises(ValueError, match="docs has 209 items, but the model's topics_ has 210"):
        model.topics_over_time(documents[1:], times[1:])
    with pytest.raises(ValueError, match="timestamps has 209 items for 210 documents"):
        model.topics_over_time(documents, times[1:])
    with pytest.raises(ValueError, match="topics has 1 items for 210 documents"):
        model.topics_over_time(documents, times, topics=[0])


def test_unknown_topics_are_refused(model: Any, documents: list[str], times: list[int]) -> None:
    with pytest.raises(ValueError, match=r"topics holds \[77\], which the model has not"):
        model.topics_over_time(documents, times, topics=[77] * len(documents))


def test_a_missing_time_is_refused(model: Any, documents: list[str]) -> None:
    days = [pd.Timestamp("2024-01-01")] * len(documents)
    with pytest.raises(ValueError, match=r"timestamps\[1\] is missing"):
        model.topics_over_time(documents, [days[0], pd.NaT, *days[2:]])


def test_many_times_are_warned_about(
    model: Any, documents: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        model.topics_over_time(documents, range(len(documents)))
    assert "210 distinct timestamps" in caplog.text


def test_an_unfitted_model_says_so(documents: list[str]) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        BERTopic().topics_over_time(documents, range(len(documents)))


def test_a_model_without_weights_says_what_to_do(
    model: Any, documents: list[str], times: list[int]
) -> None:
    model.c_tf_idf_ = None
    with pytest.raises(ValueError, match=r"no c-TF-IDF.*update_topics"):
        model.topics_over_time(documents, times)
