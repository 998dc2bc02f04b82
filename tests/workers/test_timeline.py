"""``topicstream timeline`` writes the same numbers in every format."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.workers.timelines import DAY_S, LABELS, two_topics
from topicstream.model.online import OnlineTopicModel
from topicstream.stream.errors import SnapshotError
from topicstream.workers import cli
from topicstream.workers.commands.timeline import Wanted, timeline_of, written
from topicstream.workers.simulation import simulate
from topicstream.workers.timeline_options import Form

Run = Callable[..., tuple[int, str, str]]
DAILY = Wanted(bin_width=DAY_S)
is_wired = hasattr(OnlineTopicModel(), "timeline")


def text(form: Form, wanted: Wanted = DAILY) -> str:
    return written(two_topics(), LABELS, {}, wanted, form=form, width=140)


def test_json_has_a_line_for_each_topic_and_bin_by_time() -> None:
    rows = [json.loads(line) for line in text(Form.json).splitlines()]

    assert rows[0] == {
        "topic": 0, "label": "0_rain_wind", "since": "1970-01-01T00:00:00Z",
        "until": "1970-01-02T00:00:00Z", "documents": 1, "words": ["rain", "wind"],
    }  # fmt: skip
    assert [row["since"] for row in rows] == sorted(row["since"] for row in rows)
    assert sum(row["documents"] for row in rows) == 40


def test_csv_says_what_json_says() -> None:
    rows = [json.loads(line) for line in text(Form.json).splitlines()]
    table = list(csv.DictReader(io.StringIO(text(Form.csv))))

    assert [int(row["documents"]) for row in table] == [row["documents"] for row in rows]
    assert [row["words"].split() for row in table] == [row["words"] for row in rows]


def test_a_table_has_one_sign_a_bin_as_high_as_the_topic_was() -> None:
    lines = text(Form.table).splitlines()
    goal = next(line for line in lines if line.startswith("│ 1 "))

    assert "20 Jan 1970 (UTC), one day a sign" in "".join(lines)
    assert "          ▁▁▁▁▁▁▁█▁▁" in goal
    assert "10, 18 Jan 1970" in goal


def test_a_page_is_html() -> None:
    assert text(Form.html).startswith("<!doctype html>")


def test_topics_and_times_can_be_chosen() -> None:
    wanted = Wanted((1,), 15 * DAY_S, 17 * DAY_S, DAY_S)

    rows = [json.loads(line) for line in text(Form.json, wanted).splitlines()]

    assert [(row["topic"], row["since"][:10]) for row in rows] == [
        (1, "1970-01-16"),
        (1, "1970-01-17"),
    ]


def test_a_model_without_a_timeline_is_told_from_one_with() -> None:
    timeline = two_topics()

    assert timeline_of(SimpleNamespace(timeline=timeline)) is timeline
    with pytest.raises(SnapshotError, match="ran with an older topicstream"):
        timeline_of(SimpleNamespace())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run the command line in this process, as `topicstream` does."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["topicstream", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsysbinary.readouterr()
        return int(ended.value.code or 0), out.decode(), err.decode()

    return run


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--state", "none"], 70, "'none' holds no snapshot; name the folder of your run"),
        (["--kafka", "a:1"], 2, "read it with --state DIR"),
        (["--bin", "soon"], 2, "such as 6h"),
        (["--from", "soon"], 2, "2026-01-31"),
        (["--format", "pdf"], 2, "'table', 'csv', 'json'"),
    ],
)
def test_a_wrong_use_is_told_in_one_message(
    arguments: list[str], code: int, words: str, run: Run, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)

    ended, _, err = run("timeline", *arguments)

    assert (ended, words in err, "Traceback" in err) == (code, True, False), err


@pytest.mark.skipif(not is_wired, reason="the online model keeps no timeline yet")
def test_the_timeline_of_a_run_counts_each_of_its_documents(run: Run, tmp_path: Path) -> None:
    feed, state = tmp_path / "feed.jsonl", tmp_path / "state"
    feed.write_text("".join(json.dumps(document) + "\n" for document in simulate(400)))
    places = ("--input", feed, "--output", tmp_path / "out", "--state", state)
    run("run", *places, "--topics", 4, "--batch-size", 100)

    code, out, _ = run("timeline", "--state", state)
    run("timeline", "--state", state, "--output", tmp_path / "page.html")

    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert sum(row["documents"] for row in rows) == 400
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
