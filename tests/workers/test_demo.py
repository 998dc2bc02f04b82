"""The demo runs the real service and shows what it found."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.console import Console

from topicstream.workers.commands.demo import MARK, DemoError, demo
from topicstream.workers.demo_report import read_report
from topicstream.workers.simulation import schedule

N = 12_000


class Run(NamedTuple):
    folder: Path
    page: Path
    shown: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("demo") / "out"
    console = Console(file=io.StringIO(), width=200)
    page = demo(folder, n_documents=N, console=console)
    assert isinstance(console.file, io.StringIO)
    return Run(folder, page, console.file.getvalue())


def test_every_document_of_the_feed_has_its_answer(run: Run) -> None:
    with (run.folder / "assignments.jsonl").open("rb") as lines:
        answered = [json.loads(line)["id"] for line in lines]
    with (run.folder / "feed.jsonl").open("rb") as lines:
        fed = [json.loads(line)["id"] for line in lines]

    assert len(fed) == N
    assert sorted(answered) == sorted(fed)


def test_the_table_of_topics_has_every_topic_with_its_words(run: Run) -> None:
    topics = json.loads((run.folder / "topics.json").read_text())

    assert len(topics) >= 16
    for topic in topics:
        assert ", ".join(word for word, _ in topic["words"][:6]) in run.shown


def test_the_table_of_changes_says_of_each_whether_it_was_found(run: Run) -> None:
    findings = read_report(run.folder, schedule(N)).findings

    assert any(finding.event is not None for finding in findings)
    for finding in findings:
        kind = finding.change.kind.replace("_", " ")
        (line,) = [x for x in run.shown.splitlines() if f"{finding.change.subject}: {kind}" in x]
        assert ("missed" in line) == (finding.event is None)
    found = sum(finding.event is not None for finding in findings)
    assert f"{found} of 5 scheduled changes found" in run.shown


def test_progress_is_shown_while_the_feed_is_written_and_while_it_is_read(run: Run) -> None:
    assert f"{N}/{N} documents  written to the feed" in run.shown
    n_topics = len(json.loads((run.folder / "topics.json").read_text()))
    assert f"{N}/{N} documents  {n_topics} topics" in run.shown


def test_the_page_is_written_and_named_last(run: Run) -> None:
    assert run.page == run.folder / "topics.html"
    assert f"{N:,} documents" in run.page.read_text(encoding="utf-8")
    assert run.shown.splitlines()[-1].endswith(str(run.page))


def test_a_second_demo_replaces_the_first_one(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    demo(folder, n_documents=30, console=Console(file=io.StringIO()))
    left = folder / "state" / "left-behind"
    left.touch()

    demo(folder, n_documents=20, console=Console(file=io.StringIO()))

    assert not left.exists()
    assert len((folder / "assignments.jsonl").read_bytes().splitlines()) == 20


@pytest.mark.parametrize("name", ["letter.txt", "feed.jsonl"])
def test_a_folder_that_no_demo_made_is_refused_and_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")

    with pytest.raises(DemoError, match="is not empty and no demo made it; choose another folder"):
        demo(tmp_path, n_documents=10, console=Console(file=io.StringIO()))

    assert (tmp_path / name).read_text() == "mine"
    assert not (tmp_path / MARK).exists()


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    page = demo(tmp_path, n_documents=20, console=Console(file=io.StringIO()))

    assert page.exists()
