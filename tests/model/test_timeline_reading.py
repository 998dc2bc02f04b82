"""What is read from a timeline has the bins that the reader asked for, as far as they were kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from topicstream.model.terms import TermCounts
from topicstream.model.timeline import Timeline
from topicstream.model.timeline_reading import idf_of
from topicstream.model.timeline_settings import DAY_S, TimelineSettings
from topicstream.model.vocabulary import Occurrences

MONDAY_S = 4 * DAY_S


def timeline_of(documents: Sequence[tuple[float, int, str]], n_bins: int = 256) -> Timeline:
    """Return the timeline of documents given by time, topic and text."""
    counts, timeline = TermCounts(1_000), Timeline(TimelineSettings(n_bins=n_bins))
    found = counts.locate([text for _, _, text in documents])
    topics = np.array([topic for _, topic, _ in documents])
    times = np.array([time for time, _, _ in documents], dtype=np.float64)
    timeline.add(topics, times, found, counts.terms, np.ones((len(topics), 2), dtype=np.float32))
    return timeline


def test_bins_have_the_width_that_is_wanted() -> None:
    timeline = timeline_of([(hour * 3_600.0, hour % 2, "rain") for hour in range(48)])

    sizes = timeline.sizes(bin_width=DAY_S)

    assert sizes.since.tolist() == [0, DAY_S]
    assert sizes.until.tolist() == [DAY_S, 2 * DAY_S]
    assert sizes.counts.tolist() == [[12, 12], [12, 12]]


def test_weeks_begin_on_monday() -> None:
    sizes = timeline_of([(MONDAY_S - 1, 0, "rain"), (MONDAY_S, 0, "rain")]).sizes(7 * DAY_S)

    assert sizes.since.tolist() == [MONDAY_S - 7 * DAY_S, MONDAY_S]


def test_a_bin_that_was_widened_is_not_cut_again() -> None:
    timeline = timeline_of([(day * DAY_S, 0, "rain") for day in range(400)], n_bins=16)
    kept = timeline.sizes()

    asked = timeline.sizes(bin_width=3_600.0)

    assert asked.counts.sum() == 400
    wide = asked.until - asked.since > 3_600
    assert wide.sum() == (kept.until - kept.since > 3_600).sum()


@pytest.mark.parametrize("days", [1, 3, 7, 30])
def test_bins_that_are_asked_for_do_not_overlap(days: int) -> None:
    timeline = timeline_of([(day * DAY_S, 0, "rain") for day in range(400)], n_bins=16)

    sizes = timeline.sizes(bin_width=days * DAY_S)

    assert (sizes.since[1:] >= sizes.until[:-1]).all()
    assert (sizes.until > sizes.since).all()
    assert sizes.counts.sum() == 400


def test_a_part_of_the_time_can_be_read() -> None:
    timeline = timeline_of([(hour * 3_600.0, 0, "rain") for hour in range(48)])

    sizes = timeline.sizes(since=DAY_S, until=DAY_S + 3_600)

    assert (sizes.since.tolist(), sizes.counts.tolist()) == ([DAY_S], [[1]])


def test_words_are_those_of_their_own_time() -> None:
    timeline = timeline_of([(0.0, 0, "rain rain sun"), (DAY_S, 0, "ember smoke ember")])

    first, second = timeline.slices(n_words=1)

    assert (first.words, second.words) == ((("rain", 2),), (("ember", 2),))


def test_a_word_that_all_topics_have_is_not_heavy() -> None:
    texts = ["said said said rain", "said said said goal", "said said said judge"]
    counts = TermCounts(100)
    counts.add(counts.matrix(counts.locate(texts), np.arange(3), 3), 1.0)
    timeline = timeline_of([(0.0, topic, text) for topic, text in enumerate(texts)])

    plain = timeline.slices(n_words=1, idf=dict.fromkeys(counts.terms, 1.0))
    weighed = timeline.slices([0], n_words=4, idf={**idf_of(counts), "said": 0.1})

    assert {one.words[0][0] for one in plain} == {"said"}
    assert weighed[0].words[0] == ("rain", 1)


def test_a_term_that_the_model_has_forgotten_counts_as_a_rare_one() -> None:
    timeline = timeline_of([(0.0, 0, "rain sun")])

    (found,) = timeline.slices(idf={"sun": 2.0})

    assert sorted(found.words) == [("rain", 1), ("sun", 1)]


def test_the_frame_is_that_of_topics_over_time_with_the_ends_of_bins() -> None:
    timeline = timeline_of([(DAY_S, 1, "ember smoke"), (0.0, 0, "rain"), (0.0, -1, "")])

    frame = timeline.frame(bin_width=DAY_S)

    assert frame["Topic"].tolist() == [-1, 0, 1]
    assert frame["Words"].tolist() == ["", "rain", "ember, smoke"]
    assert frame["Frequency"].tolist() == [1, 1, 1]
    assert frame["Timestamp"].tolist()[-1] == pd.Timestamp("1970-01-02")
    assert frame["Until"].tolist()[-1] == pd.Timestamp("1970-01-03")


def test_far_years_have_a_timestamp() -> None:
    assert timeline_of([(1e10, 0, "rain")]).frame()["Timestamp"][0].year == 2286


def test_documents_without_words_are_counted() -> None:
    timeline = Timeline()
    nothing = np.zeros(0, dtype=np.int64)
    embeddings = np.ones((2, 2), dtype=np.float32)
    timeline.add(np.array([0, 0]), np.zeros(2), Occurrences(nothing, nothing), [], embeddings)

    assert timeline.slices()[0].n_documents == 2
