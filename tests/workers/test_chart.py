"""The chart keeps its proportions and its labels apart."""

from __future__ import annotations

import re

import pytest

from topicstream.workers.chart import Band, Frame, Mark, draw, spark, ticks

DAY = 86_400.0
FRAME = Frame(800, 400, 0.0, 60 * DAY)


def drawn(bands: list[Band], marks: list[Mark] | None = None) -> str:
    return draw(FRAME, bands, marks or [], per="day", css_class="c", summary="s")


def heights(svg: str) -> list[float]:
    """Return how high each band stands in its second bin."""
    found = []
    for points in re.findall(r'<polygon [^>]*points="([^"]*)"', svg):
        ys = [float(point.split(",")[1]) for point in points.split()]
        found.append(ys[-2] - ys[1])
    return found


def test_bands_are_as_high_as_their_counts() -> None:
    bands = [Band("a", "", "#111111", (10, 10, 10)), Band("b", "", "#222222", (30, 30, 30))]

    low, high = heights(drawn(bands))

    assert high == pytest.approx(3 * low, abs=0.3)


def test_numbers_of_close_events_do_not_overlap() -> None:
    marks = [Mark(30 * DAY + hour * 3_600, hour + 1, "x") for hour in range(3)]

    svg = drawn([Band("a", "", "#111111", (1, 1))], marks)

    spots = re.findall(r'<circle [^>]*cx="([0-9.]+)" cy="([0-9.]+)" r="8"', svg)
    assert len(spots) == 3
    assert len({y for _, y in spots}) == 3


def test_events_without_room_for_their_number_still_have_their_line() -> None:
    marks = [Mark(30 * DAY, number, "x") for number in range(1, 11)]

    svg = drawn([Band("a", "", "#111111", (1, 1))], marks)

    assert svg.count('<path class="event"') == 10
    assert svg.count("<circle") == 3


def test_a_mark_is_written_only_where_there_is_room_for_it() -> None:
    thick, thin = Band("a", "7", "#88ccee", (100,) * 20), Band("b", "8", "#cc6677", (1,) * 20)

    svg = drawn([thick, thin])

    assert ">7</text>" in svg
    assert ">8</text>" not in svg


def test_an_event_outside_the_span_stays_inside_the_frame() -> None:
    svg = drawn([Band("a", "", "#111111", (1, 1))], [Mark(99 * DAY, 1, "x")])

    assert f'cx="{FRAME.width - FRAME.right}' in svg


@pytest.mark.parametrize("span_s", [30.0, 3_000.0, DAY, 40 * DAY, 400 * DAY, 5_000 * DAY])
def test_ticks_lie_inside_the_span_and_are_few(span_s: float) -> None:
    found = ticks(1e9, 1e9 + span_s, 8)

    assert all(1e9 <= moment <= 1e9 + span_s for moment, _ in found)
    assert len(found) <= 10
    assert span_s < DAY or len(found) >= 3


def test_a_spark_of_nothing_lies_flat() -> None:
    assert 'points="1,21.0 60,21.0 119,21.0"' in spark((0, 0, 0), (5, 0, 5))
