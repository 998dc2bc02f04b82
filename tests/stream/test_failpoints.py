"""Failpoints break what they name, when they are told, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from topicstream.stream import failpoints
from topicstream.stream.failpoints import FailpointError


@pytest.fixture(autouse=True)
def all_off() -> Iterator[None]:
    yield
    failpoints.configure(None)


def run(specification: str) -> subprocess.CompletedProcess[bytes]:
    code = (
        "import sys; from topicstream.stream import failpoints\n"
        "failpoints.configure(sys.argv[1]); failpoints.hit('here'); sys.exit(3)"
    )
    return subprocess.run([sys.executable, "-c", code, specification], check=False)


def test_nothing_happens_where_nothing_was_configured() -> None:
    failpoints.configure("elsewhere:raise")
    failpoints.hit("here")


def test_a_sequence_picks_the_pass() -> None:
    failpoints.configure("here:raise@seq=2")
    failpoints.hit("here", sequence=1)
    failpoints.hit("here")
    with pytest.raises(FailpointError, match="here"):
        failpoints.hit("here", sequence=2)


def test_a_count_picks_the_pass() -> None:
    failpoints.configure("here:raise@hit=3")
    failpoints.hit("here")
    failpoints.hit("here")
    with pytest.raises(FailpointError):
        failpoints.hit("here")


def test_it_happens_once() -> None:
    failpoints.configure("here:raise")
    with pytest.raises(FailpointError):
        failpoints.hit("here")
    failpoints.hit("here")


def test_several_places_can_be_named() -> None:
    failpoints.configure("here:raise, there:sleep=0.05")
    start = time.monotonic()
    failpoints.hit("there")
    assert time.monotonic() - start >= 0.05
    with pytest.raises(FailpointError):
        failpoints.hit("here")


def test_kill_and_exit_end_the_process_at_once() -> None:
    assert run("here:kill").returncode == -signal.SIGKILL
    assert run("here:exit").returncode == 70
    assert run("there:kill").returncode == 3


@pytest.mark.parametrize("wrong", ["here", "here:explode", ":kill", "here:kill@day=3"])
def test_what_cannot_be_read_is_an_error(wrong: str) -> None:
    with pytest.raises(ValueError, match="after_flush:kill@seq=17"):
        failpoints.configure(wrong)
