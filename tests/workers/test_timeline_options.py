"""Times and lengths on the command line are read as people write them."""

from __future__ import annotations

import pytest
import typer

from topicstream.workers.timeline_options import length, moment


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-01T00:30", 1_800), ("1970-01-02T01:00:00+01:00", 86_400), ("1969-12-31", -86_400)],
)
def test_a_time_without_a_zone_is_utc(text: str, seconds: float) -> None:
    assert moment(text) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("15m", 900), ("1h", 3_600), ("2w", 1_209_600)])
def test_a_length_has_its_unit(text: str, seconds: float) -> None:
    assert length(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "-1h", "1.5h", "1y", "1 month"])
def test_what_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="such as 6h"):
        length(text)


@pytest.mark.parametrize("text", ["", "yesterday", "31.1.2026", "2026-13-01"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write it like 2026-01-31"):
        moment(text)
