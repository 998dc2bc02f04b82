"""`topicstream run`, killed at random and poisoned, on both durable transports."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

WORDS = {
    "space": "rocket orbit nasa launch satellite moon engine mission",
    "food": "bread cheese recipe oven butter flour kitchen dinner",
    "sport": "goal match league coach striker stadium referee cup",
    "money": "bank rate bond credit market shares inflation profit",
}
N_DOCUMENTS = 1_500


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = random.Random(5)
    path = tmp_path_factory.mktemp("feed") / "feed.jsonl"
    with path.open("w") as file:
        for number in range(N_DOCUMENTS):
            words = rng.choice(list(WORDS.values())).split()
            document = {
                "id": f"d{number}",
                "text": " ".join(rng.choices(words, k=8)),
                "timestamp": 1_700_000_000 + number,
            }
            file.write(json.dumps(document) + "\n")
    return path


def command(feed: Path, folder: Path, *options: str) -> list[str]:
    start = [sys.executable, "-m", "topicstream.workers", "run", "--input", str(feed)]
    places = ["--output", str(folder / "out"), "--state", str(folder / "state")]
    return [*start, *places, "--batch-size", "100", "--topics", "8", *options]


def run(
    feed: Path, folder: Path, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(feed, folder, *options),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def ids(folder: Path) -> list[str]:
    with (folder / "out" / "assignments.jsonl").open() as lines:
        return [json.loads(line)["id"] for line in lines]


def final_hash(folder: Path) -> str:
    newest = max((folder / "state" / "snapshots").glob("[0-9]*"))
    return str(json.loads((newest / "MANIFEST.json").read_text())["state_hash"])


@pytest.fixture(scope="module")
def control(feed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("control")
    done = run(feed, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_document_is_answered_once_and_again_nothing(feed: Path, control: Path) -> None:
    again = run(feed, control)

    assert again.returncode == 0, again.stderr
    assert ids(control) == [f"d{n}" for n in range(N_DOCUMENTS)]
    topics = json.loads((control / "out" / "topics.json").read_text())
    assert topics


@pytest.mark.parametrize("transport", ["embedded", "kafka"])
def test_twenty_kills_at_random_change_neither_the_answers_nor_the_state(
    transport: str, feed: Path, control: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    options: list[str] = []
    environment = dict(os.environ)
    if transport == "kafka":
        options = ["--kafka", request.getfixturevalue("kafka_bootstrap")]
        environment["TOPICSTREAM_PREFIX"] = f"kills-{uuid.uuid4().hex[:8]}."
    n_kills = 20 if transport == "embedded" else 5
    rng = random.Random(11)
    n_killed = 0
    while n_killed < n_kills:
        process = subprocess.Popen(
            command(feed, tmp_path, *options),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(timeout=rng.uniform(0.8, 3.0 if transport == "embedded" else 8.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        n_killed += 1

    last = subprocess.run(
        command(feed, tmp_path, *options),
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert last.returncode == 0, last.stderr
    assert sorted(ids(tmp_path)) == sorted(f"d{n}" for n in range(N_DOCUMENTS))
    assert final_hash(tmp_path) == final_hash(control)


def test_sigterm_in_the_middle_loses_nothing(feed: Path, control: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(feed, tmp_path),
        env={**os.environ, "TOPICSTREAM_FAILPOINT": "after_update:sleep=1@seq=3"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        process.wait(timeout=3.0)
    except subprocess.TimeoutExpired:
        process.terminate()
    _, stderr = process.communicate(timeout=30)

    assert "Traceback" not in stderr
    last = run(feed, tmp_path)
    assert last.returncode == 0, last.stderr
    assert ids(tmp_path) == [f"d{n}" for n in range(N_DOCUMENTS)]
    assert final_hash(tmp_path) == final_hash(control)


POISON = [
    (b'{"text": "\xff\xfe broken"}', "invalid_utf8"),
    (b'{"text": ', "invalid_json"),
    (b"[1, 2]", "not_an_object"),
    (b'{"id": "no-text"}', "missing_text"),
    (b'{"text": "   "}', "empty_text"),
    (b'{"text": "nan", "embedding": [NaN, 1]}', "invalid_json"),
    (b'{"text": "short", "embedding": [1.0, 2.0]}', "wrong_dimensions"),
    (b"[" * 100_000, "invalid_json"),
    (b'{"text": "' + b"x" * 5_000_000 + b'"}', "too_large"),
]


@pytest.mark.parametrize("transport", ["embedded", "kafka"])
def test_poison_goes_to_the_dead_letters_once_and_its_neighbours_are_answered(
    transport: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lines = []
    for number, (value, _) in enumerate(POISON):
        lines += [json.dumps({"id": f"good{number}", "text": "rocket moon"}).encode(), value]
    feed = tmp_path / "feed.jsonl"
    feed.write_bytes(b"\n".join(lines) + b"\n")
    options, environment = [], {}
    if transport == "kafka":
        options = ["--kafka", request.getfixturevalue("kafka_bootstrap")]
        environment["TOPICSTREAM_PREFIX"] = f"poison-{uuid.uuid4().hex[:8]}."

    done = run(feed, tmp_path, *options, **environment)

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert ids(tmp_path) == [f"good{n}" for n in range(len(POISON))]
    letters = [
        json.loads(line)
        for line in (tmp_path / "out" / "deadletter.jsonl").read_text().splitlines()
    ]
    assert sorted(letter["reason"] for letter in letters) == sorted(reason for _, reason in POISON)
