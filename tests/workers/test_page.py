"""The page shows what the files say, and whatever they say stays text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from topicstream.workers.page import count_over_time, write_page

EVIL = "</script><script>alert(1)</script><b>&\"'"


def write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def folder_of_a_run(folder: Path, *, label: str = "0_rain_wind", n_topics: int = 2) -> Path:
    write_lines(
        folder / "assignments.jsonl",
        [
            {
                "id": str(i),
                "topic": i % n_topics,
                "label": f"{i % n_topics}_label" if i % n_topics else label,
                "timestamp": f"2026-01-{1 + i // 10:02d}T00:00:00Z",
            }
            for i in range(100)
        ],
    )
    topics = [{"id": 0, "label": label, "words": [[label, 0.5]], "size": 50}]
    (folder / "topics.json").write_text(json.dumps(topics))
    event = {
        "kind": "share_shift",
        "topic": 0,
        "severity": "high",
        "model_sequence": 12,
        "evidence": {"words_before": [label], "share_before": 0.1, "share_after": 0.4},
    }
    write_lines(folder / "drift.jsonl", [event])
    return folder


class Reader(HTMLParser):
    """Collects tags, cell texts and the scripts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.cells: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "script":
            self.scripts.append(data)
        elif self.tags and self.tags[-1] == "td":
            self.cells[-1] += data


def read(page: Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader


def figure(page: Path) -> dict[str, Any]:
    found = re.search(r"const figure = (\{.*\});\n", page.read_text(encoding="utf-8"))
    assert found is not None
    content: dict[str, Any] = json.loads(found[1])
    return content


def test_the_page_stands_alone(tmp_path: Path) -> None:
    page = write_page(folder_of_a_run(tmp_path))

    assert page == tmp_path / "topics.html"
    assert read(page).links == []
    assert "Plotly.newPlot" in page.read_text(encoding="utf-8")
    assert page.stat().st_size > 1_000_000


def test_topics_and_events_have_their_rows(tmp_path: Path) -> None:
    cells = read(write_page(folder_of_a_run(tmp_path))).cells

    assert "0_rain_wind" in cells
    assert "share shift" in cells
    assert "10.0% → 40.0%" in cells


def test_every_document_is_in_the_chart_once(tmp_path: Path) -> None:
    bands = figure(write_page(folder_of_a_run(tmp_path)))["data"]

    assert [band["name"] for band in bands] == ["0_rain_wind", "1_label"]
    assert [sum(band["y"]) for band in bands] == [50, 50]


def test_many_topics_share_a_last_band_and_none_is_lost(tmp_path: Path) -> None:
    bands = figure(write_page(folder_of_a_run(tmp_path, n_topics=33)))["data"]

    assert bands[-1]["name"] == "13 smaller topics"
    assert sum(sum(band["y"]) for band in bands) == 100


def test_markup_in_a_document_stays_text(tmp_path: Path) -> None:
    plain, evil = tmp_path / "plain", tmp_path / "evil"
    plain.mkdir()
    evil.mkdir()
    expected = read(write_page(folder_of_a_run(plain)))

    page = write_page(folder_of_a_run(evil, label=EVIL), title=EVIL)

    assert read(page).tags == expected.tags
    assert EVIL in read(page).cells
    assert EVIL not in page.read_text(encoding="utf-8")
    assert "<" not in figure(page)["data"][0]["name"]


def test_a_run_without_topics_or_events_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "assignments.jsonl").write_text("")

    assert figure(write_page(tmp_path))["data"] == []


@pytest.mark.parametrize("times", [[5.0], [5.0, 5.0], [1.0, 2.0, 9.0]])
def test_every_document_falls_into_a_bin(times: list[float]) -> None:
    timeline = count_over_time([(3, time) for time in times], n_bins=4)

    assert sum(timeline.counts[3]) == len(times)
    assert len(timeline.times) == 4
