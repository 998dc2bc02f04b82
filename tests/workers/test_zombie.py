"""A worker that was stopped while another took its place, on the embedded log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.crash_lab_kafka import FENCED, Place
from tests.integration.oracle import Lab, check, open_lab, preload
from topicstream.stream.snapshots.directory import DirectoryStore


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with open_lab() as opened:
        yield opened


@pytest.fixture(autouse=True)
def nobody_left(lab: Lab) -> Iterator[None]:
    yield
    lab.clean()


@pytest.fixture(scope="module")
def undisturbed(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    place = Place(str(tmp_path_factory.mktemp("undisturbed")))
    preload(place)
    assert lab.run(place) == 0
    return check(lab, place)


@pytest.mark.parametrize("name", ["before_poll", "after_decode", "after_update"])
def test_a_zombie_writes_nothing_and_ends_with_75(
    name: str, lab: Lab, undisturbed: str, tmp_path: Path
) -> None:
    """[8] A is stopped before its commit, B answers everything, A wakes."""
    place = Place(str(tmp_path))
    preload(place, embedded=True)
    zombie = lab.start_until_stopped(place, f"{name}:stop@seq=3", "model")
    assert lab.run(place, roles="model") == 0
    before = DirectoryStore(place.snapshots).list()
    assert lab.resume(zombie) == FENCED
    assert DirectoryStore(place.snapshots).list() == before
    assert check(lab, place) == undisturbed


def test_a_zombie_that_wakes_while_it_saves_is_shut_out_of_the_rest(
    lab: Lab, undisturbed: str, tmp_path: Path
) -> None:
    """[8, 11] Its snapshot is of a batch that it did commit; the batch after it is B's."""
    place = Place(str(tmp_path))
    preload(place, embedded=True)
    zombie = lab.start_until_stopped(place, "snapshot_before_rename:stop@seq=2", "model")
    assert lab.run(place, roles="model") == 0
    assert lab.resume(zombie) == FENCED
    assert check(lab, place) == undisturbed


def test_a_worker_stopped_within_its_commit_is_waited_for(
    lab: Lab, undisturbed: str, tmp_path: Path
) -> None:
    """[9] The file is locked then: B waits for A, and nothing is answered twice."""
    place = Place(str(tmp_path))
    preload(place, embedded=True)
    sleeper = lab.start_until_stopped(place, "in_commit:stop@seq=3", "model")
    successor = lab.start(place, roles="model")
    assert lab.resume(sleeper) in {0, FENCED}
    assert lab.wait(successor) in {0, FENCED}
    assert lab.run(place, roles="model") == 0
    assert check(lab, place) == undisturbed
