"""A service that starts from a model: for a new state, and the same after any crash."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.workers.crash_lab import NAMES, SETTINGS, HashEmbedder, given_to, model_worker, serve
from tests.workers.test_recovery import (
    KILLED,
    N_DOCUMENTS,
    WORDS,
    Lab,
    document,
    lab,
    preload,
    read_all,
)
from topicstream.model.backend import BaseEmbedder
from topicstream.model.bertopic import BERTopic
from topicstream.model.cluster import BaseCluster
from topicstream.model.dimensionality import BaseDimensionalityReduction
from topicstream.model.online import OnlineTopicModel
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.errors import ReplayError
from topicstream.stream.journal import Batch, Chain, Genesis
from topicstream.stream.memory import MemoryLog
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.workers.cli import app
from topicstream.workers.errors import OtherSettingsError, SettingsError
from topicstream.workers.given_model import GivenModel, given_model
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.start import Start

__all__ = ["lab"]


def save_model(folder: Path, embedder: HashEmbedder | None = None) -> Path:
    """Save a BERTopic of the documents' five subjects; the first topic has a name."""
    texts = [json.loads(document(n))["text"] for n in range(100) if n % 50 != 17]
    vectors = (embedder or HashEmbedder()).embed(texts)
    model = BERTopic(
        embedding_model=BaseEmbedder(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
    )
    model.fit(texts, vectors, y=[WORDS.index(text.split()[0]) for text in texts])
    model.set_topic_labels({0: "On ice"})
    model.save(folder, save_ctfidf=True, save_embedding_model=False)
    return folder


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save_model(tmp_path / "given")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """State hash that a run without a crash ends in."""
    folder = tmp_path_factory.mktemp("undisturbed")
    save_model(folder / "given")
    preload(folder, 1)
    serve(folder, embed_first=True)
    return final_state(folder)


def entries(folder: Path) -> list[object]:
    chain = Chain()
    with EmbeddedLog(folder / "log.db") as log:
        return [chain.feed(record) for record in read_all(log, NAMES.journal)]


def final_state(folder: Path) -> str:
    return [entry for entry in entries(folder) if isinstance(entry, Batch)][-1].state_hash


def replayed(folder: Path, start: Start) -> OnlineTopicModel:
    """Return the model that a replay without snapshots ends in."""
    shutil.rmtree(folder / "none", ignore_errors=True)
    with EmbeddedLog(folder / "log.db") as log:
        store = DirectoryStore(folder / "none")
        worker = ModelWorker(log, NAMES, store, settings=SETTINGS, start=start)
        worker.recover()
        worker.close()
        return worker.model


def test_a_service_begins_with_the_topics_of_the_model(saved: Path, tmp_path: Path) -> None:
    preload(tmp_path, 1)

    serve(tmp_path, embed_first=True)

    first = entries(tmp_path)[0]
    assert isinstance(first, Genesis)
    assert first.start == given_model(str(saved), 50_000).digest
    lines = (tmp_path / "out" / "assignments.jsonl").read_text().splitlines()
    answers = [json.loads(line) for line in lines]
    fitted = BERTopic.load(saved)
    named = {topic: fitted.get_topic(topic)[0][0] for topic in range(5)}
    for answer in answers[:40]:
        number = int(answer["id"][1:])
        assert named[answer["topic"]].startswith(WORDS[number % 5])
    assert {answer["label"] for answer in answers if answer["topic"] == 0} == {"On ice"}
    assert {answer["topic"] for answer in answers} - {-1} == {0, 1, 2, 3, 4}


PLACES = [
    "after_begin:kill@hit=1",
    "in_commit:kill@hit=1",
    "after_commit:kill@hit=1",
    "after_term:kill",
    "snapshot_mid_write:kill@seq=0",
    "snapshot_after_rename:kill@seq=0",
    "before_poll:kill@seq=1",
    "in_commit:kill@hit=5",
    "after_update:kill@seq=2",
    "after_update:kill@seq=6",
    "snapshot_before_rename:kill@seq=4",
]


@pytest.mark.parametrize("failpoint", PLACES)
def test_killed_at_any_place_the_outcome_is_that_of_an_undisturbed_run(
    failpoint: str, lab: Lab, saved: Path, undisturbed: str, tmp_path: Path
) -> None:
    preload(tmp_path, 1)
    assert lab.run(tmp_path, failpoint, "embed first") == KILLED
    assert lab.run(tmp_path, order="embed first") == 0

    assert final_state(tmp_path) == undisturbed
    answered = (tmp_path / "out" / "assignments.jsonl").read_text().splitlines()
    assert len(answered) == len({json.loads(line)["id"] for line in answered}) == N_DOCUMENTS - 4
    assert replayed(tmp_path, Start(tmp_path / "start")).state_hash() == undisturbed
    del saved


@pytest.fixture
def state(saved: Path, tmp_path: Path) -> Path:
    """A service that started from the model, has answered everything and ended."""
    del saved
    preload(tmp_path, 1)
    serve(tmp_path, embed_first=True)
    return tmp_path


def test_without_snapshots_and_without_the_model_a_replay_begins_with_the_copy(
    state: Path, undisturbed: str
) -> None:
    shutil.rmtree(state / "given")
    shutil.rmtree(state / "snapshots")

    assert replayed(state, Start(state / "start")).state_hash() == undisturbed


def test_without_the_copy_the_model_can_be_named_again(state: Path, undisturbed: str) -> None:
    given = given_model(str(state / "given"), SETTINGS.n_terms)
    shutil.rmtree(state / "start")

    assert replayed(state, Start(state / "start", given)).state_hash() == undisturbed
    with pytest.raises(ReplayError, match="name the model again with --start-from"):
        replayed(state, Start(state / "start"))


def test_a_damaged_copy_is_no_start(state: Path) -> None:
    for path in (state / "start").rglob("state.safetensors"):
        path.write_bytes(b"")

    with pytest.raises(ReplayError, match=r"is not in .*start any more"):
        replayed(state, Start(state / "start"))


def test_the_same_model_may_be_named_again_and_no_other_one(state: Path) -> None:
    same = given_model(str(state / "given"), SETTINGS.n_terms)
    other = replace(same, topics=replace(same.topics, names={}))

    assert replayed(state, Start(state / "start", same)).n_documents > 0
    with pytest.raises(OtherSettingsError, match="began from another model"):
        replayed(state, Start(state / "start", other))


def test_a_state_that_began_with_nothing_cannot_start_from_a_model(tmp_path: Path) -> None:
    preload(tmp_path, 1)
    serve(tmp_path, embed_first=True)
    given = given_model(str(save_model(tmp_path / "later")), SETTINGS.n_terms)

    with pytest.raises(OtherSettingsError, match="began with no topics"):
        replayed(tmp_path, Start(tmp_path / "start", given))


def test_a_start_that_was_never_committed_does_not_count(saved: Path, tmp_path: Path) -> None:
    given = given_model(str(saved), SETTINGS.n_terms)
    Start(tmp_path / "start", given).new_model(SETTINGS)
    shutil.rmtree(saved)

    log = MemoryLog()
    log.create_topics(NAMES.specs(1))
    worker = model_worker(log, tmp_path)
    worker.recover()

    assert worker.model.topics() == []


def test_a_snapshot_of_a_service_starts_another_one(state: Path) -> None:
    online = replayed(state, Start(state / "start"))

    for path in (state, state / "snapshots"):
        topics = given_model(str(path), SETTINGS.n_terms).topics
        assert topics.ids.tolist() == online.lineage.ids.tolist()
        assert dict(topics.names) == {0: "On ice"}
        assert topics.next_id == online.lineage.next_id


def test_an_embedder_of_another_width_is_refused_by_name(saved: Path) -> None:
    given = replace(given_model(str(saved), 100), embedder="all-MiniLM-L6-v2")

    given.check_embedder("hash", 16)
    given.check_embedder("precomputed", None)
    with pytest.raises(
        SettingsError,
        match=r"topics are 16 wide, but the embedder 'static' makes vectors 256 wide; .*"
        "--embedder all-MiniLM-L6-v2",
    ):
        given.check_embedder("static", 256)


def test_another_embedder_of_the_same_width_is_a_warning(
    saved: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = replace(given_model(str(saved), 100), embedder="sentence-transformers/all-MiniLM-L6-v2")

    given.check_embedder("all-MiniLM-L6-v2", 16)
    assert not caplog.records
    given.check_embedder("all-MiniLM-L12-v2", 16)
    assert "their vectors may not mix" in caplog.text


@pytest.mark.parametrize("path", ["nowhere", "owner/name", "file"])
def test_what_is_no_folder_is_neither_fetched_nor_unpickled(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"a pickle")

    with pytest.raises(SettingsError, match="which is no folder"):
        given_model(path, 100)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"--start-from is .* cannot be read"):
        given_model(str(tmp_path), 100)


def feed(path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = []
    for number in range(300):
        item = json.loads(document(number if number % 50 != 17 else 0))
        noise = 0.01 * rng.normal(size=16)
        item["embedding"] = (HashEmbedder().embed([item["text"]])[0] + noise).tolist()
        item["id"] = f"n{number}"
        lines.append(json.dumps(item))
    path.write_text("\n".join(lines))
    return path


def arguments(tmp_path: Path, saved: Path, embedder: str) -> list[str]:
    words = f"run --input {feed(tmp_path / 'feed.jsonl')} --output {tmp_path / 'out'} --state "
    words += f"{tmp_path / 'state'} --start-from {saved} --embedder {embedder} --batch-size 50"
    return words.split()


def test_the_command_starts_from_a_model_and_goes_on_with_the_same_command(
    saved: Path, tmp_path: Path
) -> None:
    command = arguments(tmp_path, saved, "precomputed:16")

    first = CliRunner().invoke(app, command)
    again = CliRunner().invoke(app, command)
    without = CliRunner().invoke(
        app, [word for word in command if word not in {"--start-from", str(saved)}]
    )

    assert (first.exit_code, again.exit_code, without.exit_code) == (0, 0, 0)
    model = BERTopic.from_snapshot(tmp_path / "state")
    assert [topic for topic in model.get_topics() if topic >= 0] == [0, 1, 2, 3, 4]
    assert model.custom_labels_ is not None
    assert "On ice" in model.custom_labels_
    assert type(model.embedding_model) is BaseEmbedder


def test_the_command_refuses_another_width_before_anything_is_kept(
    saved: Path, tmp_path: Path
) -> None:
    command = arguments(tmp_path, saved, "static")

    refused = CliRunner().invoke(app, command)
    after = CliRunner().invoke(app, arguments(tmp_path, saved, "precomputed:16"))

    assert isinstance(refused.exception, SettingsError)
    assert "16 wide" in str(refused.exception)
    assert after.exit_code == 0


def test_a_start_tells_its_digest(saved: Path) -> None:
    given = given_model(str(saved), 100)

    assert isinstance(given, GivenModel)
    assert Start().digest is None
    assert Start(given=given).digest == given.digest
    assert given_to(saved.parent) is not None
