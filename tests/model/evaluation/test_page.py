"""The examples of the reference page."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "evaluation.md"


def test_examples_of_the_page_are_true() -> None:
    failed, attempted = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")

    assert attempted > 5
    assert failed == 0
