"""Events are credited to the change that they tell of, and to no other."""

from __future__ import annotations

from topicstream.workers.demo_report import Answers, Event, match
from topicstream.workers.simulation import Change

JUMP = Change("share_jump", "football", 1_000, "2026-01-01T00:00:00Z", 0.1, 0.4)
GONE = Change("topic_vanished", "trains", 1_000, "2026-01-01T00:00:00Z", 0.5, 0.0)


def answers() -> Answers:
    """Thirty batches of 200: topic 0 is football, 1 is trains until batch 5, 2 is music."""
    rows = []
    for sequence in range(1, 31):
        subjects = {0: "football", 1: "trains" if sequence <= 5 else "music", 2: "music"}
        rows += [(sequence, i % 3, subjects[i % 3]) for i in range(200)]
    return Answers(rows)


def test_the_first_event_of_the_right_kind_and_topic_counts_with_its_delay() -> None:
    events = [Event("share_shift", 0, 7), Event("share_shift", 0, 9)]

    (finding,) = match([JUMP], events, answers()).findings

    assert finding.event == events[0]
    assert finding.delay == 400
    assert finding.n_events == 2


def test_an_event_before_the_change_or_long_after_it_does_not_count() -> None:
    report = match([JUMP], [Event("share_shift", 0, 4), Event("share_shift", 0, 26)], answers())

    assert report.findings[0].event is None
    assert len(report.unexplained) == 2


def test_a_late_event_finds_nothing_but_has_its_explanation() -> None:
    report = match([JUMP], [Event("share_shift", 0, 18)], answers())

    assert report.findings[0].event is None
    assert report.unexplained == ()


def test_an_event_of_another_topic_or_kind_does_not_count() -> None:
    report = match([JUMP], [Event("share_shift", 2, 7), Event("word_shift", 0, 7)], answers())

    assert report.findings[0].event is None
    assert len(report.unexplained) == 2


def test_a_topic_that_vanished_is_known_by_what_it_held_before() -> None:
    report = match([GONE], [Event("share_shift", 1, 9)], answers())

    assert report.findings[0].delay == 800
    assert report.unexplained == ()
