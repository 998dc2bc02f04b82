"""A refit swapped in between two batches: the old topics or the new ones, never a mixture."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.workers import test_recovery as recovery
from tests.workers.crash_lab import NAMES, SETTINGS, model_worker
from tests.workers.test_recovery import KILLED, Lab, preload, read_all
from topicstream.model import snapshot as codec
from topicstream.model.centroids import Embeddings, Labels
from topicstream.model.online import OnlineTopicModel
from topicstream.model.refit.candidate import Candidate, decode, encode
from topicstream.model.refit.settings import RefitSettings
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.errors import ReplayError
from topicstream.stream.journal import Batch, Chain, Swap
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.workers import refit
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.refits import RefitError, Refits

lab = recovery.lab
RULES = RefitSettings(window=100, min_topic_size=5)
KILLED_AT, SWAP = 5, 6


def by_words(embeddings: Embeddings, anchors: Labels, settings: RefitSettings) -> Labels:
    """Two of the four topics become one, as UMAP and HDBSCAN might have it."""
    del embeddings, settings
    return np.where(anchors == 1, 0, anchors)


@pytest.fixture(scope="module")
def waiting(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service that was killed in the middle of its feed, and a refit that waits for it."""
    folder = tmp_path_factory.mktemp("waiting")
    preload(folder, 1)
    assert lab.run(folder, f"after_commit_bookkeeping:kill@seq={KILLED_AT}") == KILLED
    made = make(folder)
    # To make two subjects one is no improvement, and would be refused for its words.
    made = replace(made, candidate=replace(made.candidate, coherence=None))
    refit.post(made, Refits(folder / "refits"))
    return folder


def make(folder: Path) -> refit.Made:
    with EmbeddedLog(folder / "log.db") as log:
        return refit.make(refit.Source(log, NAMES), newest(folder), RULES, by_words)


def newest(folder: Path) -> OnlineTopicModel:
    store = DirectoryStore(folder / "snapshots")
    return codec.decode(store.load(store.list()[0]).files)[0]


@pytest.fixture(scope="module")
def undisturbed(lab: Lab, waiting: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    shutil.copytree(waiting, folder)
    assert lab.run(folder) == 0
    return check(folder)


@pytest.fixture
def folder(waiting: Path, tmp_path: Path) -> Path:
    shutil.copytree(waiting, tmp_path / "run")
    return tmp_path / "run"


def check(folder: Path) -> str:
    """Hold the outcome against the oracle, and return the final state hash."""
    with EmbeddedLog(folder / "log.db") as log:
        answered = recovery.check_answers(log, 1)
        chain = Chain()
        steps = [
            entry
            for entry in map(chain.feed, read_all(log, NAMES.journal))
            if isinstance(entry, Batch | Swap)
        ]
        assert [entry.sequence for entry in steps] == list(range(1, len(steps) + 1))
        assert [entry.sequence for entry in steps if isinstance(entry, Swap)] == [SWAP]
        check_one_generation(log)
        check_replay(log, folder)
    recovery.check_files(folder, answered)
    assert Refits(folder / "refits").waiting() is None
    return steps[-1].state_hash


def check_one_generation(log: EmbeddedLog) -> None:
    """The topic that went into another one answers before the swap alone, and is told of once."""
    events = [json.loads(record.value or b"") for record in read_all(log, NAMES.drift)]
    kinds = [event["kind"] for event in events if event["model_sequence"] == SWAP]
    assert kinds == ["model_refitted", "topics_merged"]
    answers = [json.loads(record.value or b"") for record in read_all(log, NAMES.assignments)]
    before = {a["topic"] for a in answers if a["model_sequence"] < SWAP}
    after = {a["topic"] for a in answers if a["model_sequence"] > SWAP}
    assert not {a["id"] for a in answers if a["model_sequence"] == SWAP}
    described = {r.key for r in read_all(log, NAMES.topics) if r.value is None}
    gone = {int(key or b"") for key in described}
    assert len(gone) == 1
    assert gone <= before
    assert not gone & after


def check_replay(log: EmbeddedLog, folder: Path) -> None:
    store, refits = DirectoryStore(folder / "none"), Refits(folder / "refits")
    replayed: list[int] = []
    worker = ModelWorker(log, NAMES, store, settings=SETTINGS, refits=refits)
    worker.recover(lambda done, _: replayed.append(done))
    assert replayed == list(range(1, worker.model.sequence + 1))


PLACES = [
    f"before_refit:kill@seq={SWAP}",
    f"before_swap:kill@seq={SWAP}",
    *(
        f"{place}:kill@seq={SWAP}"
        for place in (
            "after_begin",
            "half_sends",
            "after_flush",
            "after_offsets",
            "in_commit",
            "after_commit",
        )
    ),
    f"after_swap:kill@seq={SWAP}",
    f"snapshot_mid_write:kill@seq={SWAP}",
    f"snapshot_after_manifest:kill@seq={SWAP}",
    f"snapshot_before_rename:kill@seq={SWAP}",
    f"snapshot_after_rename:kill@seq={SWAP}",
]


@pytest.mark.parametrize("failpoint", PLACES)
def test_killed_around_the_swap_the_outcome_is_that_of_an_undisturbed_run(
    failpoint: str, lab: Lab, folder: Path, undisturbed: str
) -> None:
    assert lab.run(folder, failpoint) == KILLED
    assert lab.run(folder) == 0
    assert check(folder) == undisturbed


def test_killed_three_times_in_a_row_around_the_swap_it_comes_through(
    lab: Lab, folder: Path, undisturbed: str
) -> None:
    for failpoint in (f"before_swap:kill@seq={SWAP}", f"after_swap:kill@seq={SWAP}"):
        assert lab.run(folder, failpoint) == KILLED
    assert lab.run(folder, f"replay:kill@seq={SWAP}") == KILLED
    assert lab.run(folder) == 0
    assert check(folder) == undisturbed


@pytest.mark.parametrize("place", ["refit_before_file", "refit_after_file"])
def test_killed_while_it_is_posted_a_refit_is_whole_or_not_there(
    place: str, waiting: Path, tmp_path: Path
) -> None:
    from topicstream.stream import failpoints

    content = encode(make(waiting).candidate)
    refits = Refits(tmp_path)
    failpoints.configure(f"{place}:raise")
    try:
        with pytest.raises(failpoints.FailpointError):
            refits.post(content)
    finally:
        failpoints.configure(None)
    assert refits.waiting() is None
    name = refits.post(content)
    assert (refits.waiting(), refits.load(name)) == (name, content)
    assert not [*tmp_path.glob("tmp-*")]


@pytest.fixture
def log(folder: Path) -> Iterator[EmbeddedLog]:
    with EmbeddedLog(folder / "log.db") as log:
        yield log


def test_a_replay_without_the_refit_says_which_is_missing(
    lab: Lab, folder: Path, log: EmbeddedLog
) -> None:
    assert lab.run(folder) == 0
    (artifact,) = (folder / "refits").glob("*.safetensors")
    artifact.unlink()
    shutil.rmtree(folder / "snapshots")

    with pytest.raises(ReplayError, match=rf"swap 6 cannot be repeated.*{artifact.name}"):
        model_worker(log, folder).recover()


def test_a_replay_with_a_damaged_refit_is_refused(lab: Lab, folder: Path, log: EmbeddedLog) -> None:
    assert lab.run(folder) == 0
    (artifact,) = (folder / "refits").glob("*.safetensors")
    artifact.write_bytes(artifact.read_bytes()[:-1] + b"?")
    shutil.rmtree(folder / "snapshots")

    with pytest.raises(ReplayError, match="its SHA-256 is not its name"):
        model_worker(log, folder).recover()


def test_a_snapshot_after_the_swap_needs_the_refit_no_more(
    lab: Lab, folder: Path, log: EmbeddedLog
) -> None:
    assert lab.run(folder) == 0
    shutil.rmtree(folder / "refits")

    worker = model_worker(log, folder)
    worker.recover()

    assert worker.last is not None
    assert worker.model.state_hash() == worker.last.state_hash


def test_a_refit_that_does_not_fit_is_refused_with_the_reason_and_changes_nothing(
    folder: Path, log: EmbeddedLog
) -> None:
    refits = Refits(folder / "refits")
    name = refits.waiting()
    assert name is not None
    candidate: Candidate = replace(decode(refits.load(name)), sequence=99)
    worse = refits.post(encode(candidate))
    worker = model_worker(log, folder)
    worker.recover()

    step = worker.step(0.0, drain=True)

    assert step is not None
    assert (len(step.topics), step.events) == (25, ())
    assert refits.waiting() is None
    assert "has seen 5; make it from this state" in str(refits.why_refused(worse))
    assert [path.name for path in (folder / "refits").glob("*.refused")] == [f"{worse}.refused"]


def test_a_file_that_is_no_refit_is_refused(folder: Path, log: EmbeddedLog) -> None:
    refits = Refits(folder / "refits")
    name = refits.post(b"not a refit")
    worker = model_worker(log, folder)
    worker.recover()

    worker.step(0.0)

    assert refits.waiting() is None
    assert "cannot be read" in str(refits.why_refused(name))


def test_a_refit_is_not_taken_twice(folder: Path, log: EmbeddedLog) -> None:
    refits = Refits(folder / "refits")
    name = refits.waiting()
    assert name is not None
    worker = model_worker(log, folder)
    worker.recover()
    step = worker.step(0.0)
    assert step is not None
    assert step.events[0].kind == "model_refitted"
    refits.post(refits.load(name))

    step = worker.step(0.0, drain=True)

    assert step is not None
    assert len(step.topics) == 25
    assert refits.waiting() is None


def test_a_refit_whose_words_are_worse_is_not_even_posted(waiting: Path, tmp_path: Path) -> None:
    refits = Refits(tmp_path)

    with pytest.raises(RefitError, match="it would be refused: the refit's words have an NPMI"):
        refit.post(make(waiting), refits)
    assert refits.waiting() is None


def test_too_few_documents_are_no_window(tmp_path: Path, waiting: Path) -> None:
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.create_topics(NAMES.specs())
        with pytest.raises(RefitError, match="holds 0 documents that the model has answered"):
            refit.make(refit.Source(log, NAMES), newest(waiting), RULES, by_words)
