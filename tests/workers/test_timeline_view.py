"""What is shown of a timeline has equal bins, and leaves out nothing without a word."""

from __future__ import annotations

import pytest

from tests.workers.timelines import DAY_S, LABELS, timeline_of, two_topics
from topicstream.workers.timeline_view import span, view_of


def test_the_largest_topic_comes_first_and_outliers_last() -> None:
    view = view_of(two_topics(40), LABELS)

    assert [topic.id for topic in view.topics] == [0, 1, -1]
    assert [topic.n_documents for topic in view.topics] == [40, 29, 1]


def test_bins_without_documents_are_shown_empty() -> None:
    view = view_of(timeline_of([(0, 0, "rain"), (3, 0, "rain")]), LABELS, bin_width=DAY_S)

    assert view.topics[0].counts == (1, 0, 0, 1)
    assert view.topics[0].words == (("rain",), (), (), ("rain",))
    assert (view.first, view.last) == (0.0, 4 * DAY_S)


def test_the_peak_is_the_largest_bin_with_the_words_of_its_time() -> None:
    view = view_of(two_topics(), LABELS, bin_width=DAY_S)
    goal = next(topic for topic in view.topics if topic.id == 1)

    assert (goal.peak, goal.counts[goal.peak]) == (17, 10)
    assert goal.words[goal.peak][0] == "penalty"


@pytest.mark.parametrize("n_bins", [5, 20, 100])
def test_there_are_no_more_bins_than_wanted_but_one(n_bins: int) -> None:
    assert view_of(two_topics(300), LABELS, n_bins=n_bins).n_bins <= n_bins + 1


def test_documents_far_off_are_left_out_with_a_note() -> None:
    days = [(day, 0, "rain") for day in range(2_000)]
    timeline = timeline_of([*days, (65_000, 0, "rain")])

    view = view_of(timeline, LABELS)
    whole = view_of(timeline, LABELS, until=1e11)

    assert view.topics[0].n_documents == 2_000
    assert "1 document lies far from all others, as far as 19 Dec 2147" in view.notes[0]
    assert (whole.topics[0].n_documents, whole.notes) == (2_001, ())


def test_bins_that_are_not_kept_so_fine_are_widened_with_a_note() -> None:
    timeline = timeline_of([(day, 0, "rain") for day in range(400)], n_bins=16)

    view = view_of(timeline, LABELS, bin_width=3_600.0)

    assert view.width > 3_600
    assert "is kept no finer" in view.notes[0]
    assert view.topics[0].n_documents == 400


def test_a_part_of_the_topics_and_of_the_time_can_be_shown() -> None:
    view = view_of(two_topics(), LABELS, topics=[1], since=15 * DAY_S, until=16 * DAY_S)

    assert [(topic.id, topic.n_documents) for topic in view.topics] == [(1, 1)]


def test_a_topic_that_is_not_there_is_said_to_have_no_documents() -> None:
    view = view_of(two_topics(), LABELS, topics=[77])

    assert (view.topics, view.notes) == ((), ("There are no documents of these topics.",))


def test_nothing_at_all_is_said_to_be_nothing() -> None:
    view = view_of(timeline_of([]), {})

    assert (view.topics, view.notes) == ((), ("There are no documents.",))


@pytest.mark.parametrize(
    ("since", "until", "text"),
    [
        (0, DAY_S, "1 Jan 1970"),
        (0, 2 * DAY_S, "1 Jan 1970 to 2 Jan 1970"),
        (0, 60, "1 Jan 1970 00:00 to 00:01"),
        (DAY_S / 2, 1.5 * DAY_S, "1 Jan 1970 12:00 to 2 Jan 1970 12:00"),
        (0, 5, "1 Jan 1970 00:00 to 00:00:05"),
    ],
)
def test_a_stretch_of_time_is_written_shortly(since: float, until: float, text: str) -> None:
    assert span(since, until) == text
