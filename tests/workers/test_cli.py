"""The command line: what it shows, what it leaves alone, and how it ends."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import typer.main

from topicstream.model.errors import EmbedderError, EmbeddingError, MissingExtraError
from topicstream.model.events import DriftEvent, Evidence
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.errors import FencedError, SnapshotError, UnavailableError
from topicstream.stream.records import Output
from topicstream.workers import cli, failures
from topicstream.workers.batches import drift_record
from topicstream.workers.commands.demo import demo
from topicstream.workers.errors import FeedError, OtherSettingsError, SettingsError
from topicstream.workers.settings import load
from topicstream.workers.simulation import simulate

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
COMMANDS: dict[str, Any] = dict(typer.main.get_command(cli.app).commands)  # type: ignore[attr-defined]
ANSWER = re.compile(r"\[default: ([^\]]+)\]")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run the command line in this process, as `topicstream` does."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("TOPICSTREAM_FAILPOINT", raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["topicstream", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsysbinary.readouterr()
        return int(ended.value.code or 0), out.decode(), err.decode()

    return run


def options(command: str) -> dict[str, Any]:
    """Return the options of a command by their long flag."""
    found = {
        max(parameter.opts, key=len): parameter
        for parameter in COMMANDS[command].params
        if parameter.param_type_name == "option"
    }
    return {flag: parameter for flag, parameter in found.items() if flag != "--help"}


def tree(folder: Path) -> dict[str, str]:
    """Return the hash of every file in a folder; folders have none."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else ""
        for path in sorted(folder.rglob("*"))
    }


def event(topic: int) -> Output:
    evidence = Evidence(("rain",), ("fire", "smoke"), 0.1, 0.4, ("d1",))
    found = DriftEvent("share_shift", topic, "high", 9.0, 5.0, (0.0, 60.0), 3, evidence)
    return Output("drift", drift_record(found, {topic: f"{topic}_fire"}))


def write_event(state: Path, topic: int) -> None:
    with EmbeddedLog(state / "log.db") as log:
        log.writer("test").commit([event(topic)], {}, group="test")


# The help and the reference


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_all_its_parameters_have_a_help(name: str) -> None:
    command = COMMANDS[name]
    silent = [p.name for p in command.params if p.name != "help" and not p.help]

    assert command.help
    assert silent == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_tells_the_flags_of_a_command_and_no_others(name: str) -> None:
    text = re.search(
        rf"^## `topicstream {name}.*?`$(.*?)(?=^## |\Z)", DOCS.read_text(), re.MULTILINE | re.DOTALL
    )
    assert text is not None, f"no part on {name}"
    told = re.findall(r"^\| `(--[a-z-]+)", text[1], re.MULTILINE)

    assert sorted(told) == sorted(options(name))


def test_the_reference_tells_every_command() -> None:
    told = re.findall(r"^## `topicstream ([a-z]+)", DOCS.read_text(), re.MULTILINE)

    assert sorted(told) == sorted(COMMANDS)


def test_the_help_tells_the_defaults_of_the_settings() -> None:
    settings = load(environment=False)
    defaults = {
        "--output": settings.output,
        "--state": settings.state,
        "--topics": settings.model.n_topics,
        "--batch-size": settings.batch.size,
        "--embedder": settings.embedder,
    }
    told = {flag: ANSWER.findall(options("run")[flag].help) for flag in defaults}

    assert told == {flag: [str(value)] for flag, value in defaults.items()}


def test_simulate_and_demo_have_the_defaults_of_what_they_call() -> None:
    asked = {name: options(name)["--documents"].default for name in ("simulate", "demo")}
    called = [
        signature(function).parameters["n_documents"].default for function in (simulate, demo)
    ]

    assert asked == dict(zip(("simulate", "demo"), called, strict=True))


def test_the_help_needs_none_of_the_heavy_packages() -> None:
    code = (
        "import sys; from topicstream.workers import cli; sys.argv = ['topicstream', '--help']\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'pydantic', 'kafka', 'redis', 'polars', 'rich'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "Usage: topicstream" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_is_shown(run: Run) -> None:
    code, out, _ = run("--version")

    assert (code, re.fullmatch(r"topicstream \d+\.\d+\.\d+\S*\n", out) is not None) == (0, True)


# How it ends


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("batch.size is 0"), 78),
        (OtherSettingsError("n_topics was 3"), 78),
        (EmbedderError("no such model"), 78),
        (MissingExtraError("pip install"), 78),
        (EmbeddingError("3 wide"), 78),
        (FencedError("another process"), 75),
        (UnavailableError("no broker"), 70),
        (FeedError("empty"), 65),
        (FileNotFoundError(2, "No such file or directory", "x"), 1),
        (ValueError("not empty"), 1),
        (KeyError("x"), 70),
    ],
)
def test_an_error_has_its_exit_code(error: Exception, code: int) -> None:
    assert failures.exit_code(error) == code


def test_an_error_that_nobody_expected_is_told_with_its_kind() -> None:
    assert failures.message(KeyError("x")).startswith("unexpected KeyError: 'x'")
    assert failures.message(SnapshotError("it is damaged")) == "it is damaged"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "--topics", "1"], 78, "model.n_topics is 1"),
        (["run", "--topics", "many"], 2, "--topics"),
        (["run", "--config", "none.toml"], 78, "--config is 'none.toml'"),
        (["worker", "boss"], 2, "'embed', 'model'"),
        (["simulate", "a.jsonl", "--documents", "0"], 2, "--documents"),
        (["simulate", "none/a.jsonl"], 1, "none/a.jsonl: No such file or directory"),
        (["topics", "--state", "a", "--kafka", "b:1"], 2, "--state and --kafka are both given"),
        (["topics", "--state", "none"], 70, "there is no state 'none'; name the folder"),
        (["events", "--state", "none"], 70, "--kafka HOST:PORT"),
        (["events", "--redis", "redis://x"], 2, "read them with --state DIR or --kafka"),
        (["inspect", "none"], 70, "none is no folder; give that of a snapshot"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_a_wrong_use_is_told_in_one_message(
    arguments: list[str], code: int, words: str, run: Run, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)

    ended, _, err = run(*arguments)

    assert (ended, words in err, "Traceback" in err) == (code, True, False), err
    assert list(tmp_path.iterdir()) == []


# Topics, events and snapshots


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the state of a run that has ended, with one drift event."""
    folder = tmp_path_factory.mktemp("finished")
    feed = folder / "feed.jsonl"
    documents = [json.dumps(document) for document in simulate(300)]
    feed.write_text("\n".join(documents) + "\n")
    arguments = ["run", "--input", str(feed), "--output", str(folder / "out"), "--topics", "6"]
    with pytest.MonkeyPatch.context() as patch:
        state = folder / "state"
        patch.setattr(
            sys, "argv", ["topicstream", *arguments, "--batch-size", "50", "--state", str(state)]
        )
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert not ended.value.code
    write_event(state, 3)
    return state


@pytest.fixture
def state(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of that state."""
    return Path(shutil.copytree(finished, tmp_path / "state"))


@pytest.fixture
def snapshot(state: Path) -> Path:
    return max((state / "snapshots").iterdir())


def test_topics_are_json_lines_in_a_pipe_the_largest_first(run: Run, state: Path) -> None:
    code, out, _ = run("topics", "--state", state)
    found = [json.loads(line) for line in out.splitlines()]
    sizes = [topic["size"] for topic in found]

    assert (code, len(found)) == (0, 6)
    assert sizes == sorted(sizes, reverse=True)


def test_topics_are_in_the_snapshot_where_the_log_is_in_kafka(run: Run, state: Path) -> None:
    _, from_log, _ = run("topics", "--state", state)
    for path in state.glob("log.db*"):
        path.unlink()

    code, from_snapshot, _ = run("topics", "--state", state)

    sizes = [[json.loads(x)["size"] for x in out.splitlines()] for out in (from_log, from_snapshot)]
    assert (code, sizes[0]) == (0, sizes[1])


def test_topics_are_in_redis_where_the_model_is_published(
    run: Run, redis_url: str, tmp_path: Path
) -> None:
    nothing = run("topics", "--redis", redis_url)
    feed = tmp_path / "feed.jsonl"
    feed.write_text("".join(json.dumps(document) + "\n" for document in simulate(100)))
    places = ("--input", feed, "--output", tmp_path / "out", "--state", tmp_path / "state")
    run("run", *places, "--topics", 4, "--redis", redis_url)

    code, out, _ = run("topics", "--redis", redis_url)

    assert (nothing[0], "Redis holds no model" in nothing[2]) == (70, True)
    assert (code, len(out.splitlines())) == (0, 4)


def test_events_are_json_lines_in_a_pipe(run: Run, state: Path) -> None:
    code, out, _ = run("events", "--state", state)

    assert (code, [json.loads(line)["topic"] for line in out.splitlines()]) == (0, [3])


@pytest.fixture
def following(state: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "topicstream.workers", "events", "--follow"]
    process = subprocess.Popen(
        [*command, "--state", str(state)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def test_follow_tells_each_event_as_it_comes_and_ends_quietly_on_an_interrupt(
    following: subprocess.Popen[str], state: Path
) -> None:
    assert following.stdout is not None
    assert following.stderr is not None
    before = json.loads(following.stdout.readline())
    write_event(state, 5)
    after = json.loads(following.stdout.readline())
    following.send_signal(signal.SIGINT)

    assert following.wait(20) in {0, 130}
    assert (before["topic"], after["topic"], following.stderr.read()) == (3, 5, "")


def test_inspect_tells_what_a_sound_snapshot_holds_and_changes_nothing(
    run: Run, snapshot: Path
) -> None:
    (snapshot.parent / "tmp-abcdefgh").mkdir()  # what a store would sweep away
    before = tree(snapshot.parent)

    code, out, _ = run("inspect", snapshot)

    assert code == 0
    assert re.search(r"^sound +yes$.*^batch +6$.*^documents +300$", out, re.MULTILINE | re.DOTALL)
    assert tree(snapshot.parent) == before


def test_inspect_takes_a_copy_under_another_name(run: Run, snapshot: Path, tmp_path: Path) -> None:
    copy = snapshot.rename(tmp_path / "backup")

    code, out, _ = run("inspect", copy)

    assert (code, f"it has to be called {snapshot.name}" in out) == (0, True)


def test_inspect_writes_the_meta_of_a_snapshot(run: Run, snapshot: Path) -> None:
    code, out, _ = run("inspect", snapshot, "--json")

    assert (code, out) == (0, (snapshot / "meta.json").read_text() + "\n")


def cut_short(snapshot: Path) -> str:
    path = snapshot / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    return "state.safetensors: it has"


def change_a_byte(snapshot: Path) -> str:
    content = bytearray((snapshot / "meta.json").read_bytes())
    content[50] ^= 1
    (snapshot / "meta.json").write_bytes(content)
    return "meta.json: its SHA-256 is not the one in MANIFEST.json"


def take_a_file_away(snapshot: Path) -> str:
    (snapshot / "state.safetensors").unlink()
    return "state.safetensors: it cannot be opened: No such file"


def spoil_the_manifest(snapshot: Path) -> str:
    (snapshot / "MANIFEST.json").write_bytes(b"{")
    return "MANIFEST.json cannot be read"


def name_a_file_outside(snapshot: Path) -> str:
    manifest = json.loads((snapshot / "MANIFEST.json").read_text())
    manifest["files"]["../../log.db"] = {"size": 1, "sha256": ""}
    (snapshot / "MANIFEST.json").write_text(json.dumps(manifest))
    return "../../log.db: its name is not one that a snapshot has"


DAMAGES = [cut_short, change_a_byte, take_a_file_away, spoil_the_manifest, name_a_file_outside]


@pytest.mark.parametrize("damage", DAMAGES)
def test_inspect_says_what_is_damaged(
    damage: Callable[[Path], str], run: Run, snapshot: Path
) -> None:
    words = damage(snapshot)

    code, out, err = run("inspect", snapshot)

    assert (code, words in err, "no, see below" in out) == (70, True, True), err


def test_inspect_names_a_snapshot_when_given_a_state(run: Run, snapshot: Path) -> None:
    code, _, err = run("inspect", snapshot.parents[1])

    assert (code, f"such as {snapshot}" in err) == (70, True)


# Simulate


def test_simulate_writes_the_feed_and_its_truth(run: Run, tmp_path: Path) -> None:
    code, _, err = run("simulate", tmp_path / "feed.v2.jsonl", "--documents", 50)
    truth = json.loads((tmp_path / "feed.v2.truth.json").read_text())

    assert (code, "50 documents" in err) == (0, True)
    assert len((tmp_path / "feed.v2.jsonl").read_text().splitlines()) == 50
    assert [change["document"] for change in truth] == [20, 26, 32, 38, 44]


def test_simulate_writes_the_same_bytes_for_the_same_seed(run: Run, tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        run("simulate", tmp_path / name, "--documents", 20, "--seed", 3)
    run("simulate", tmp_path / "c.jsonl", "--documents", 20, "--seed", 4)
    a, b, c = ((tmp_path / name).read_bytes() for name in ("a.jsonl.gz", "b.jsonl.gz", "c.jsonl"))

    assert a == b
    assert gzip.decompress(a) != c
