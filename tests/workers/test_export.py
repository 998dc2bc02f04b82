from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from topicstream.model.online import OnlineTopicModel
from topicstream.stream.memory import MemoryLog
from topicstream.stream.records import Output
from topicstream.workers.export import Exporter, ExportError
from topicstream.workers.names import TopicNames

NAMES = TopicNames()


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog()
    log.create_topics(NAMES.specs(2))
    put(log, 0, 5)
    return log


def put(log: MemoryLog, start: int, end: int) -> None:
    outputs = [Output(NAMES.assignments, b"%d" % n, partition=n % 2) for n in range(start, end)]
    log.writer("w").commit([*outputs, Output(NAMES.drift, b"{}")], {}, group="g")


def lines(folder: Path, name: str = "assignments") -> list[int]:
    return sorted(json.loads(line) for line in (folder / f"{name}.jsonl").read_bytes().split())


def export(log: MemoryLog, folder: Path) -> int:
    exporter = Exporter(log, NAMES, folder)
    n_lines = exporter.step()
    exporter.close()
    return n_lines


def test_each_record_is_one_line(log: MemoryLog, tmp_path: Path) -> None:
    assert export(log, tmp_path / "out") == 6
    assert lines(tmp_path / "out") == [0, 1, 2, 3, 4]
    assert (tmp_path / "out" / "drift.jsonl").read_bytes() == b"{}\n"
    assert (tmp_path / "out" / "deadletter.jsonl").read_bytes() == b""


def test_started_again_it_goes_on_where_it_was(log: MemoryLog, tmp_path: Path) -> None:
    export(log, tmp_path)
    put(log, 5, 8)
    assert export(log, tmp_path) == 4
    assert lines(tmp_path) == list(range(8))


def test_lines_beyond_the_sidecars_word_are_cut_off(log: MemoryLog, tmp_path: Path) -> None:
    export(log, tmp_path)
    sidecar = (tmp_path / ".export.json").read_bytes()
    put(log, 5, 8)
    export(log, tmp_path)
    # As after a crash between the lines and the sidecar, with half a line more.
    (tmp_path / ".export.json").write_bytes(sidecar)
    with (tmp_path / "assignments.jsonl").open("ab") as file:
        file.write(b'{"v"')
    assert export(log, tmp_path) == 4
    assert lines(tmp_path) == list(range(8))


def test_another_folder_gets_everything_again(log: MemoryLog, tmp_path: Path) -> None:
    export(log, tmp_path / "one")
    export(log, tmp_path / "two")
    assert lines(tmp_path / "one") == lines(tmp_path / "two")


def test_a_file_that_lost_lines_is_written_anew(log: MemoryLog, tmp_path: Path) -> None:
    export(log, tmp_path)
    (tmp_path / "assignments.jsonl").write_bytes(b"0\n")
    export(log, tmp_path)
    assert lines(tmp_path) == list(range(5))


def test_a_file_that_is_not_ours_is_left_alone(log: MemoryLog, tmp_path: Path) -> None:
    (tmp_path / "drift.jsonl").write_bytes(b"mine")
    with pytest.raises(ExportError, match="did not write it"):
        Exporter(log, NAMES, tmp_path)
    assert (tmp_path / "drift.jsonl").read_bytes() == b"mine"


def test_a_folder_of_another_state_is_refused(log: MemoryLog, tmp_path: Path) -> None:
    export(log, tmp_path)
    empty = MemoryLog()
    empty.create_topics(NAMES.specs(2))
    with pytest.raises(ExportError, match="written from another state"):
        Exporter(empty, NAMES, tmp_path)


def test_a_sidecar_that_cannot_be_read_is_refused(log: MemoryLog, tmp_path: Path) -> None:
    export(log, tmp_path)
    (tmp_path / ".export.json").write_bytes(b"{")
    with pytest.raises(ExportError, match="cannot be read"):
        Exporter(log, NAMES, tmp_path)


def test_topics_of_a_new_model_are_an_empty_list(log: MemoryLog, tmp_path: Path) -> None:
    exporter = Exporter(log, NAMES, tmp_path)
    exporter.write_topics(OnlineTopicModel())
    exporter.close()
    assert json.loads((tmp_path / "topics.json").read_bytes()) == []


def test_it_catches_up_with_all_that_is_committed(log: MemoryLog, tmp_path: Path) -> None:
    exporter = Exporter(log, NAMES, tmp_path)
    put(log, 5, 25_000)
    assert exporter.catch_up(patience_s=60.0)
    exporter.close()
    assert lines(tmp_path) == list(range(25_000))
    assert exporter.n_lines == {"assignments": 25_000, "drift": 2, "deadletter": 0}


def test_a_disk_without_room_is_told_and_what_was_half_written_is_written_later(
    log: MemoryLog, tmp_path: Path
) -> None:
    export(log, tmp_path)
    put(log, 5, 2_000)
    exporter = Exporter(log, NAMES, tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, before[1]))
    try:
        with pytest.raises(ExportError, match=r"assignments.jsonl cannot be written \(File too"):
            exporter.step()
        exporter.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert export(log, tmp_path) == 1_995 + 1
    assert lines(tmp_path) == list(range(2_000))


def test_a_folder_that_is_a_file_is_told(log: MemoryLog, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(ExportError, match=r"File exists.*another --output"):
        Exporter(log, NAMES, tmp_path / "out")
