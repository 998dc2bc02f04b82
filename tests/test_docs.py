"""The reference pages name what the code has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from topicstream.workers.messages import Assignment, DeadLetter, DriftRecord, Reason, TopicRecord
from topicstream.workers.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def part(name: str, heading: str) -> str:
    """Return what stands under one heading of a page."""
    pattern = rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)"
    found = re.search(pattern, page(name), re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


@pytest.mark.parametrize("table", ["kafka", "redis", "model", "refit", "batch"])
def test_every_setting_of_a_table_is_described(table: str) -> None:
    kind = Settings.model_fields[table].annotation
    assert isinstance(kind, type)
    assert issubclass(kind, BaseModel)
    text = part("reference/settings.md", f"`[{table}]`")

    assert [name for name in kind.model_fields if f"`{name}`" not in text] == []


def test_every_general_setting_is_described() -> None:
    text = part("reference/settings.md", "General")
    tables = {"kafka", "redis", "model", "refit", "batch"}
    missing = [n for n in Settings.model_fields if n not in tables and f"`{n}`" not in text]

    assert missing == []


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("Assignment", Assignment), ("Topic", TopicRecord), ("Dead letter", DeadLetter)],
)
def test_every_field_of_a_record_is_described(heading: str, kind: type) -> None:
    text = part("reference/records.md", heading)
    fields = [name.rstrip("_") for name in kind.__annotations__]

    assert [name for name in fields if f"`{name}`" not in text] == []


def test_every_reason_of_a_dead_letter_and_every_field_of_an_event_is_described() -> None:
    records, events = page("reference/records.md"), page("reference/events.md")

    assert [reason for reason in get_args(Reason) if f"| `{reason}` |" not in records] == []
    assert [name for name in DriftRecord.__annotations__ if f"`{name}`" not in events] == []


def test_every_failpoint_is_named() -> None:
    sources = [*(ROOT / "stream").rglob("*.py"), *(ROOT / "workers").rglob("*.py")]
    found = {
        name for file in sources for name in re.findall(r'\bhit\("([a-z_]+)"', file.read_text())
    }
    text = page("explanation/delivery.md")

    assert found
    assert sorted(name for name in found if f"`{name}`" not in text) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
    inside = [link for link in links if not link.startswith("http")]

    assert [link for link in inside if not (path.parent / link).exists()] == []
