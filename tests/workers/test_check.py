"""`topicstream check`: what it says of good and bad states, and that it changes none of them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis

from topicstream.stream.kafka import KafkaLog, KafkaOptions
from topicstream.stream.records import TopicSpec
from topicstream.workers import service
from topicstream.workers.commands.check import check
from topicstream.workers.settings import load
from topicstream.workers.simulation import simulate

Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the state of a run that has ended."""
    folder = tmp_path_factory.mktemp("finished")
    feed = folder / "feed.jsonl"
    feed.write_text("".join(json.dumps(document) + "\n" for document in simulate(100)))
    flags = {"input": str(feed), "output": folder / "out", **given(folder / "state")}
    service.run(load(flags, environment=False))
    return folder / "state"


@pytest.fixture
def state(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of that state."""
    return Path(shutil.copytree(finished, tmp_path / "state"))


def given(state: Path, **flags: Any) -> dict[str, Any]:
    return {"state": str(state), "model": {"n_topics": 4}, "batch": {"size": 50}, **flags}


def looked(
    capfd: pytest.CaptureFixture[str], flags: dict[str, Any], config: Path | None = None
) -> tuple[int, Lines]:
    code = check(flags, config, as_json=True)
    return code, [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def said(lines: Lines, part: str) -> list[tuple[str, str]]:
    return [(line["level"], line["text"]) for line in lines if line["part"] == part]


def levels(lines: Lines) -> dict[str, str]:
    return {line["part"]: line["level"] for line in lines}


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }


def test_a_good_state_is_ok_in_every_part_and_stays_as_it_is(
    state: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (state / "snapshots" / "tmp-abcdefgh").mkdir()  # what a store would sweep away
    before = tree(state)

    code, lines = looked(capfd, given(state))

    assert (code, {*levels(lines).values()}) == (0, {"ok"})
    assert said(lines, "log") == [("ok", "100 documents taken, 100 answered")]
    assert said(lines, "snapshots")[0][1].startswith("the newest sound one holds batch 2")
    assert tree(state) == before


def test_a_state_that_is_not_there_is_not_made(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, lines = looked(capfd, given(tmp_path / "new"))

    assert (code, {*levels(lines).values()}) == (0, {"ok"})
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_is_a_file_is_wrong(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").write_text("")

    code, lines = looked(capfd, given(tmp_path / "state"))

    assert (code, levels(lines)["state"]) == (1, "wrong")


def test_other_settings_than_those_of_the_state_are_wrong(
    state: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, lines = looked(capfd, given(state, model={"n_topics": 5}))
    ((level, text),) = said(lines, "continue")

    assert (code, level, "n_topics was 4 and is now 5" in text) == (78, "wrong", True)


def test_another_embedder_than_that_of_the_state_is_wrong(
    state: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, lines = looked(capfd, given(state, embedder="precomputed"))
    ((level, text),) = said(lines, "continue")

    assert (code, level, "made with the embedder 'static'" in text) == (78, "wrong", True)


@pytest.mark.parametrize("content", ["[batch]\nsize = 0\n[kafka]\nclient = 'x'\n", "not TOML"])
def test_a_wrong_settings_file_is_a_line_of_the_check(
    content: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "a.toml"
    config.write_text(content)

    code, lines = looked(capfd, {}, config)

    assert (code, levels(lines)) == (78, {"settings": "wrong", "others": "warning"})


def test_a_file_that_a_setting_names_and_that_is_not_there_is_wrong(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = {"security_protocol": "SSL", "ssl_cafile": str(tmp_path / "ca.pem")}

    code, lines = looked(capfd, given(tmp_path, kafka=settings))
    ((level, text),) = said(lines, "settings")

    assert (code, level, text.startswith("kafka.ssl_cafile is ")) == (78, "wrong", True)


@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is not None, reason="the extra is installed"
)
def test_a_missing_extra_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, lines = looked(capfd, given(tmp_path, embedder="all-MiniLM-L6-v2"))
    ((level, text),) = said(lines, "embedder")

    assert (code, level) == (78, "wrong")
    assert "pip install 'topicstream[sentence-transformers]'" in text


def test_a_damaged_snapshot_is_a_warning_and_the_one_before_is_used(
    state: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    newest = max((state / "snapshots").iterdir())
    older = newest.with_name(newest.name.replace("2-", "1-", 1))
    shutil.copytree(newest, older)
    (newest / "meta.json").write_bytes(b"{}")

    code, lines = looked(capfd, given(state))
    (sound, damaged) = said(lines, "snapshots")

    assert (code, sound[0], damaged[0]) == (0, "ok", "warning")
    assert f"{newest.name} is damaged: meta.json: it has 2 bytes" in damaged[1]


@pytest.mark.parametrize("kind", ["text", "foreign", "cut"])
def test_a_log_that_cannot_be_used_is_wrong(
    kind: str, state: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = state / "log.db"
    content = path.read_bytes()
    path.unlink()
    if kind == "foreign":
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE a (b)")
        connection.close()
    else:
        path.write_bytes(b"text" * 1_000 if kind == "text" else content[: len(content) // 2])

    code, lines = looked(capfd, given(state))

    assert (code, levels(lines)["log"]) == (1, "wrong")


@pytest.fixture
def silent() -> Iterator[list[int]]:
    """Return two ports that take connections and never answer."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        yield [server.getsockname()[1] for server in servers]


def test_servers_that_never_answer_are_given_up(silent: list[int], tmp_path: Path) -> None:
    places = [
        "--kafka",
        f"127.0.0.1:{silent[0]}",
        "--redis",
        f"redis://u:hunter2@127.0.0.1:{silent[1]}",
    ]
    command = [sys.executable, "-m", "topicstream.workers", "check", "--json", *places]
    began = time.monotonic()

    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]

    assert (done.returncode, done.stderr) == (1, "")
    assert (levels(lines)["broker"], levels(lines)["redis"]) == ("wrong", "wrong")
    assert "hunter2" not in done.stdout
    # Eight seconds, and as much again for the imports on a machine that is busy.
    assert time.monotonic() - began < 25
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["redis://u:hunter2@127.0.0.1:1/0", "redis://u:hunter2@127.0.0.1:x/0", "hunter2"]
)
def test_a_password_is_never_shown(
    url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, lines = looked(capfd, given(tmp_path, redis={"url": url}))

    assert (code, levels(lines)["redis"], "hunter2" in str(lines)) == (1, "wrong", False)


def test_redis_is_written_and_keeps_nothing_of_it(
    redis_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, lines = looked(capfd, given(tmp_path, redis={"url": redis_url}))
    with redis.Redis.from_url(redis_url) as client:
        left = client.keys("*")

    assert (code, said(lines, "redis"), left) == (
        0,
        [("ok", "it answers and may be written; it serves nothing yet")],
        [],
    )


def test_a_redis_that_evicts_is_a_warning_that_says_it_is_harmless(
    redis_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        before: Any = client.config_get("maxmemory*")
        changed = {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}
        try:
            for name, value in changed.items():
                client.config_set(name, value)
            code, lines = looked(capfd, given(tmp_path, redis={"url": redis_url}))
        finally:
            for name in changed:
                client.config_set(name, before[name])

    assert (code, levels(lines)["redis"]) == (0, "warning")
    assert "maxmemory-policy is allkeys-lru" in said(lines, "redis")[1][1]
    assert "nothing is lost" in said(lines, "redis")[1][1]


def test_topics_that_kafka_lacks_are_named_and_not_made(
    kafka_bootstrap: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kafka = {"bootstrap_servers": kafka_bootstrap}
    with KafkaLog(KafkaOptions(kafka_bootstrap)) as log:
        log.create_topics([TopicSpec("check1.topics", cleanup="compact")])

    first = looked(capfd, given(tmp_path, prefix="check1.", kafka=kafka))
    again = looked(capfd, given(tmp_path, prefix="check1.", kafka=kafka))

    assert (first[0], levels(first[1])["broker"]) == (0, "ok")
    assert said(first[1], "topics")[0][1].startswith("1 topics are there")
    assert "makes check1.documents, " in said(first[1], "topics")[0][1]
    assert again == first


def test_a_topic_of_kafka_with_the_wrong_policy_is_wrong(
    kafka_bootstrap: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with KafkaLog(KafkaOptions(kafka_bootstrap)) as log:
        log.create_topics([TopicSpec("check2.journal", cleanup="compact")])
    flags = given(tmp_path, prefix="check2.", kafka={"bootstrap_servers": kafka_bootstrap})

    code, lines = looked(capfd, flags)
    wrong = [text for level, text in said(lines, "topics") if level == "wrong"]

    assert code == 1
    assert [text.partition(",")[0] for text in wrong] == [
        "topic 'check2.journal' has cleanup.policy=compact"
    ]
