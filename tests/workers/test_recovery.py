"""Whatever place the process dies at: nothing lost, nothing twice, and the same state."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from tests.workers.crash_lab import NAMES, SETTINGS, HashEmbedder, model_worker, serve
from topicstream.model.settings import ModelSettings
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.errors import FencedError, JournalError, ReplayError, RetentionError
from topicstream.stream.journal import Batch, Chain, decode, encode, entry_hash
from topicstream.stream.memory import MemoryLog
from topicstream.stream.records import Output, Record, TopicPartition
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.stream.snapshots.store import Snapshot
from topicstream.workers.errors import OtherSettingsError
from topicstream.workers.model_worker import ModelWorker

KILLED = -9
N_DOCUMENTS = 210
WORDS = ("hockey", "space", "gun", "engine", "doctor")


def document(number: int) -> bytes:
    if number % 50 == 17:
        return b"\xff not a document"
    word = WORDS[number % len(WORDS)]
    text = f"{word} {word}s number {number} of {number % 7}"
    return json.dumps(
        {"id": f"d{number}", "text": text, "timestamp": 1_700_000_000 + number}
    ).encode()


def preload(folder: Path, n_partitions: int) -> None:
    with EmbeddedLog(folder / "log.db") as log:
        log.create_topics(NAMES.specs(n_partitions))
        outputs = [
            Output(NAMES.documents, document(number), partition=number % n_partitions)
            for number in range(N_DOCUMENTS)
        ]
        writer = log.writer("feed")
        writer.commit(outputs, {}, group="feed")
        writer.close()


@dataclass
class Lab:
    """Children that run the service, and what an undisturbed run ends in."""

    process: subprocess.Popen[str]

    def run(self, folder: Path, failpoint: str = "", order: str = "interleaved") -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = {"folder": str(folder), "failpoint": failpoint, "order": order}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    # One thread: a child forked beside others might wait for a lock for ever.
    root = Path(__file__).parent.parent.parent
    env = dict(
        os.environ,
        OPENBLAS_NUM_THREADS="1",
        OMP_NUM_THREADS="1",
        PYTHONPATH=str(root),
    )
    script = Path(__file__).with_name("crash_lab.py")
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    ) as process:
        yield Lab(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


@pytest.fixture(scope="module")
def undisturbed(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """Final state hash for each number of partitions."""
    hashes = {}
    for n_partitions, order in ((1, "interleaved"), (2, "embed first")):
        folder = tmp_path_factory.mktemp("undisturbed")
        preload(folder, n_partitions)
        assert lab.run(folder, order=order) == 0
        hashes[n_partitions] = check(folder, n_partitions)
    return hashes


def check(folder: Path, n_partitions: int = 1) -> str:
    """Hold the outcome against the oracle, and return the final state hash."""
    with EmbeddedLog(folder / "log.db") as log:
        answered = check_answers(log, n_partitions)
        final = check_journal(log)
        check_replay(log, folder)
    check_files(folder, answered)
    return final


def read_all(log: EmbeddedLog, topic: str) -> list[Record]:
    parts = log.partitions(topic)
    reader = log.reader(log.beginning_offsets(parts))
    records: list[Record] = []
    while reader.positions() != log.end_offsets(parts):
        records += reader.poll(10_000, 0.0)
    reader.close()
    return records


def check_answers(log: EmbeddedLog, n_partitions: int) -> list[str]:
    """O1: exactly one answer or dead letter for each document."""
    answered = [json.loads(r.value or b"")["id"] for r in read_all(log, NAMES.assignments)]
    dead = [json.loads(r.value or b"")["source"] for r in read_all(log, NAMES.deadletter)]
    good = [n for n in range(N_DOCUMENTS) if n % 50 != 17]
    bad = [n for n in range(N_DOCUMENTS) if n % 50 == 17]
    assert sorted(answered) == sorted(f"d{n}" for n in good)
    places = [f"documents/{n % n_partitions}/{n // n_partitions}" for n in bad]
    assert sorted(dead) == sorted(places)
    return answered


def check_journal(log: EmbeddedLog) -> str:
    """O2: no gap, an unbroken chain, and the committed offsets are those of the last batch."""
    chain = Chain()
    entries = [chain.feed(record) for record in read_all(log, NAMES.journal)]
    batches = [entry for entry in entries if isinstance(entry, Batch)]
    assert [entry.sequence for entry in batches] == list(range(1, len(batches) + 1))
    marks = log.committed(NAMES.model_group, log.partitions(NAMES.embeddings))
    last = batches[-1]
    assert {(p.topic, p.partition): p.offset for p in last.positions} == {
        tuple(part): mark.offset for part, mark in marks.items()
    }
    assert [entry.n for entry in batches[:-1]] == [25] * (len(batches) - 1)
    return last.state_hash


def check_replay(log: EmbeddedLog, folder: Path) -> None:
    """O3: from the genesis, without any snapshot, every state is reached again."""
    replayed: list[int] = []
    worker = ModelWorker(log, NAMES, DirectoryStore(folder / "none"), settings=SETTINGS)
    worker.recover(lambda done, _: replayed.append(done))
    assert replayed == list(range(1, worker.model.sequence + 1))
    assert replayed


def check_files(folder: Path, answered: list[str]) -> None:
    lines = (folder / "out" / "assignments.jsonl").read_bytes().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == sorted(answered)


PLACES = [
    "before_poll:kill@seq=5",
    "after_decode:kill@seq=5",
    "after_update:kill@seq=5",
    "after_commit_bookkeeping:kill@seq=5",
    *(
        f"{place}:kill@hit={hit}"
        for place in (
            "after_begin",
            "half_sends",
            "after_flush",
            "after_offsets",
            "in_commit",
            "after_commit",
        )
        # Embed worker and model worker take turns, so that both are met; 1 and 2 found a state.
        for hit in (1, 2, 5, 6)
    ),
    "after_term:kill",
    "snapshot_mid_write:kill@seq=4",
    "snapshot_after_manifest:kill@seq=4",
    "snapshot_before_rename:kill@seq=4",
    "snapshot_after_rename:kill@seq=4",
]


@pytest.mark.parametrize("failpoint", PLACES)
def test_killed_at_any_place_the_outcome_is_that_of_an_undisturbed_run(
    failpoint: str, lab: Lab, undisturbed: dict[int, str], tmp_path: Path
) -> None:
    preload(tmp_path, 1)
    assert lab.run(tmp_path, failpoint) == KILLED
    assert lab.run(tmp_path) == 0
    assert check(tmp_path) == undisturbed[1]


def test_killed_three_times_within_a_replay_it_comes_through(
    lab: Lab, undisturbed: dict[int, str], tmp_path: Path
) -> None:
    preload(tmp_path, 1)
    assert lab.run(tmp_path, "after_update:kill@seq=6") == KILLED
    for name in DirectoryStore(tmp_path / "snapshots").list():
        (tmp_path / "snapshots" / name / "meta.json").write_bytes(b"{}")
    for _ in range(3):
        assert lab.run(tmp_path, "replay:kill@seq=4") == KILLED
    assert lab.run(tmp_path) == 0
    assert check(tmp_path) == undisturbed[1]


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_with_two_partitions_the_outcome_is_the_same(
    seed: int, lab: Lab, undisturbed: dict[int, str], tmp_path: Path
) -> None:
    preload(tmp_path, 2)
    chance = random.Random(seed)
    n_kills = 0
    for _ in range(20):
        place = chance.choice(["half_sends", "in_commit", "after_commit", "after_update"])
        hit = chance.randint(1, 6)
        n_kills += lab.run(tmp_path, f"{place}:kill@hit={hit}", "embed first") == KILLED
    assert lab.run(tmp_path, order="embed first") == 0
    assert n_kills >= 5
    assert check(tmp_path, 2) == undisturbed[2]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A service that has answered everything and ended."""
    preload(tmp_path, 1)
    serve(tmp_path, embed_first=True)
    return tmp_path


def damage_by_truncating(folder: Path) -> None:
    path = folder / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


def damage_by_flipping(folder: Path) -> None:
    path = folder / "state.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def damage_by_deleting(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize("damage", [damage_by_truncating, damage_by_flipping, damage_by_deleting])
def test_a_damaged_snapshot_is_passed_over_for_an_older_one(
    damage: Callable[[Path], None], state: Path
) -> None:
    newest = DirectoryStore(state / "snapshots").list()[0]
    damage(state / "snapshots" / newest)
    replayed: list[tuple[int, int]] = []
    with EmbeddedLog(state / "log.db") as log:
        worker = model_worker(log, state)
        worker.recover(lambda done, total: replayed.append((done, total)))
        assert worker.last is not None
        assert worker.model.state_hash() == worker.last.state_hash
    assert 0 < len(replayed) < worker.model.sequence
    assert replayed[-1] == (len(replayed), len(replayed))


def test_other_settings_are_refused_by_name(state: Path) -> None:
    with EmbeddedLog(state / "log.db") as log:
        worker = ModelWorker(
            log, NAMES, DirectoryStore(state / "snapshots"), settings=ModelSettings(n_topics=7)
        )
        with pytest.raises(OtherSettingsError, match=r"n_topics was 4 and is now 7"):
            worker.recover()


def test_another_embedder_is_refused_by_name() -> None:
    log = MemoryLog()
    log.create_topics(NAMES.specs())
    folder = NoStore()
    ModelWorker(log, NAMES, folder, embedder="static").recover()
    with pytest.raises(OtherSettingsError, match="made with the embedder 'static'"):
        ModelWorker(log, NAMES, folder, embedder="other").recover()


class NoStore:
    """A snapshot store that keeps nothing."""

    def save(self, snapshot: object) -> None:
        pass

    def list(self) -> list[str]:
        return []

    def load(self, name: str) -> Snapshot:
        raise AssertionError(name)


def test_offsets_moved_from_outside_are_refused(state: Path) -> None:
    with EmbeddedLog(state / "log.db") as log:
        part = TopicPartition(NAMES.embeddings, 0)
        log.writer("meddler").commit([], {part: 3}, group=NAMES.model_group)
        with pytest.raises(JournalError, match="embeddings/0: 3"):
            model_worker(log, state).recover()


def test_a_journal_that_is_gone_beside_offsets_is_refused(state: Path, tmp_path: Path) -> None:
    with EmbeddedLog(state / "log.db") as log:
        part = TopicPartition(NAMES.journal, 0)
        log.delete_before(log.end_offsets([part]))
        with pytest.raises(JournalError, match="changed from outside"):
            model_worker(log, state).recover()


def test_records_that_a_replay_needs_and_are_gone_stop_it(state: Path) -> None:
    with EmbeddedLog(state / "log.db") as log:
        log.delete_before({TopicPartition(NAMES.embeddings, 0): 30})
        with pytest.raises(RetentionError, match="embeddings"):
            model_worker(log, state / "elsewhere").recover()


def test_a_journal_whose_first_entries_are_gone_is_refused(state: Path) -> None:
    with EmbeddedLog(state / "log.db") as log:
        log.delete_before({TopicPartition(NAMES.journal, 0): 2})
        with pytest.raises(RetentionError, match="must keep records for ever"):
            model_worker(log, state).recover()


def test_a_second_worker_shuts_out_the_first_which_writes_nothing_more(state: Path) -> None:
    with EmbeddedLog(state / "log.db") as log:
        first, second = model_worker(log, state), model_worker(log, state)
        first.recover()
        second.recover()
        assert second.term > first.term
        before = len(read_all(log, NAMES.journal))
        feed(log)
        with pytest.raises(FencedError):
            first.step(0.0, drain=True)
        assert len(read_all(log, NAMES.journal)) == before
        with pytest.raises(Exception, match="end it and start again"):
            first.step(0.0, drain=True)
        first.close()
        assert second.step(0.0, drain=True) is not None


def feed(log: EmbeddedLog) -> None:
    """Put three more documents on the embeddings topic, through an embed worker."""
    from topicstream.workers.embed_worker import EmbedWorker

    outputs = [Output(NAMES.documents, document(n)) for n in (1000, 1001, 1002)]
    log.writer("feed").commit(outputs, {}, group="feed")
    embed = EmbedWorker(log, HashEmbedder(), NAMES, member="one")
    assert embed.step(0.0) == 3
    embed.close()


def test_a_replay_that_ends_elsewhere_is_refused(state: Path) -> None:
    with (
        EmbeddedLog(state / "log.db") as log,
        falsified(log, state_hash="0" * 64) as false,
        pytest.raises(ReplayError, match="and not, as it did before, in 000000000000"),
    ):
        model_worker(false, state / "elsewhere").recover()


def test_a_replay_of_other_records_is_refused(state: Path) -> None:
    with (
        EmbeddedLog(state / "log.db") as log,
        falsified(log, input_digest="0" * 64) as false,
        pytest.raises(ReplayError, match="are not those it was made from"),
    ):
        model_worker(false, state / "elsewhere").recover()


def falsified(log: EmbeddedLog, **changes: str) -> MemoryLog:
    """Copy a log, with changes to the first batch of its journal and a chain that fits."""
    copy = MemoryLog()
    copy.create_topics(NAMES.specs())
    outputs = [Output(NAMES.embeddings, r.value) for r in read_all(log, NAMES.embeddings)]
    before = ""
    for record in read_all(log, NAMES.journal):
        entry = decode(record)
        changed = changes if isinstance(entry, Batch) and entry.sequence == 1 else {}
        value = encode(msgspec.structs.replace(entry, prev_hash=before, **changed))
        before = entry_hash(value)
        outputs.append(Output(NAMES.journal, value))
    offsets = log.committed(NAMES.model_group, log.partitions(NAMES.embeddings))
    copy.writer("forger").commit(outputs, offsets, group=NAMES.model_group)
    return copy
