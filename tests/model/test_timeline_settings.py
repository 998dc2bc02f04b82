"""Settings of the timeline that cannot be are refused with what can."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from topicstream.model.timeline_settings import WIDTHS_S, TimelineSettings, TimelineSettingsError


def test_each_width_divides_the_next() -> None:
    assert all(wide % narrow == 0 for narrow, wide in pairwise(WIDTHS_S))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("n_bins", 7, "between 8 and"),
        ("n_words", 0, "between 1 and"),
        ("lateness", -1.0, "between 0.0 and"),
        ("bin_width", 7, "one of 1, 5, 15"),
        ("bin_width", 2 * 86_400, "one of 1, 5, 15"),
    ],
)
def test_a_setting_out_of_its_range_is_named(name: str, value: Any, words: str) -> None:
    with pytest.raises(TimelineSettingsError, match=f"timeline.{name} is .* {words}"):
        TimelineSettings(**{name: value})
