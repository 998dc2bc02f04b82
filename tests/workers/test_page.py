"""The page shows what the files say, and whatever they say stays text."""

from __future__ import annotations

import json
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
        "window": ["2026-01-04T00:00:00Z", "2026-01-05T06:30:00Z"],
        "topic": 0,
        "severity": "high",
        "model_sequence": 12,
        "evidence": {"words_before": [label], "share_before": 0.1, "share_after": 0.4},
    }
    write_lines(folder / "drift.jsonl", [event])
    return folder


class Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.cells: list[str] = []
        self.bands: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "wbr"):
            self.open.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if "td" in self.open:
            self.cells[-1] += data
        if self.open[-2:] == ["polygon", "title"]:
            self.bands.append(data)


def read(page: Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    reader.close()
    assert reader.open == []
    return reader


def bands(page: Path) -> list[str]:
    """Return what the bands of one drawing are called: the page holds two, of which one shows."""
    found = read(page).bands
    half = len(found) // 2
    assert found[:half] == found[half:]
    return found[:half]


def test_the_page_stands_alone_and_is_small(tmp_path: Path) -> None:
    page = write_page(folder_of_a_run(tmp_path))
    found = read(page)

    assert page == tmp_path / "topics.html"
    assert all(link.startswith("#") for link in found.links)
    assert "script" not in found.tags
    assert "http" not in page.read_text(encoding="utf-8")
    assert page.stat().st_size < 300_000


def test_topics_and_events_have_their_rows(tmp_path: Path) -> None:
    cells = read(write_page(folder_of_a_run(tmp_path))).cells

    assert "0_rain_wind" in cells
    assert "share shift" in cells
    assert "10.0% → 40.0%" in cells
    assert "2026-01-05 06:30" in cells


def test_an_event_on_the_time_axis_leads_to_its_row(tmp_path: Path) -> None:
    found = read(write_page(folder_of_a_run(tmp_path)))

    assert found.links == ["#event-1", "#event-1"]
    assert "event-1" in found.ids
    assert ("a", "aria-label", "event 1: share shift, 0_rain_wind, high") in found.attributes


def test_axes_have_titles_with_units(tmp_path: Path) -> None:
    texts = read(write_page(folder_of_a_run(tmp_path))).texts

    assert "documents per 3.6 hours" in texts
    assert "time (UTC), 2026" in texts


def test_the_page_can_be_read_aloud(tmp_path: Path) -> None:
    found = read(write_page(folder_of_a_run(tmp_path)))
    headers = [value for tag, name, value in found.attributes if (tag, name) == ("th", "scope")]

    assert ("html", "lang", "en") in found.attributes
    assert found.tags.count("h1") == 1
    assert set(headers) == {"col"}
    assert len(headers) == found.tags.count("th") == 16
    summaries = [v for t, name, v in found.attributes if (t, name) == ("svg", "aria-label")]
    assert (summaries[0] or "").startswith("Stacked areas: documents per 3.6 hours of 2 groups")


def test_every_document_is_in_the_chart_once(tmp_path: Path) -> None:
    page = write_page(folder_of_a_run(tmp_path))

    assert bands(page) == ["0_rain_wind: 50 documents", "1_label: 50 documents"]


def test_many_topics_share_a_last_band_and_none_is_lost(tmp_path: Path) -> None:
    found = bands(write_page(folder_of_a_run(tmp_path, n_topics=33)))

    assert found[-1].startswith("24 smaller topics: ")
    assert sum(int(band.rsplit(": ", 1)[1].split()[0]) for band in found) == 100


def test_outliers_have_the_last_band(tmp_path: Path) -> None:
    folder_of_a_run(tmp_path)
    with (tmp_path / "assignments.jsonl").open("a") as file:
        file.write('{"id": "x", "topic": -1, "timestamp": "2026-01-02T00:00:00Z"}\n')

    assert bands(write_page(tmp_path))[-1] == "fits no topic: 1 documents"


def test_markup_in_a_document_stays_text(tmp_path: Path) -> None:
    plain, evil = tmp_path / "plain", tmp_path / "evil"
    plain.mkdir()
    evil.mkdir()
    expected = read(write_page(folder_of_a_run(plain)))

    page = write_page(folder_of_a_run(evil, label=EVIL), title=EVIL)

    assert [t for t in read(page).tags if t != "wbr"] == [t for t in expected.tags if t != "wbr"]
    assert EVIL in read(page).cells
    assert EVIL not in page.read_text(encoding="utf-8")


def test_a_run_without_topics_or_events_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "assignments.jsonl").write_text("")

    assert "No documents." in read(write_page(tmp_path)).texts


@pytest.mark.parametrize("times", [[5.0], [5.0, 5.0], [1.0, 2.0, 9.0]])
def test_every_document_falls_into_a_bin(times: list[float]) -> None:
    timeline = count_over_time([(3, time) for time in times], n_bins=4)

    assert sum(timeline.counts[3]) == len(times)
    assert len(timeline.counts[3]) == 4
