"""The workers on a real Kafka, killed at every place: the oracle holds after each.

Numbers in brackets are rows of the table of faults in the delivery document.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.integration.crash_lab_kafka import FENCED, Place
from tests.integration.oracle import (
    KILLED,
    Lab,
    check,
    hanging,
    is_stopped,
    open_lab,
    preload,
    read_all,
    until,
)
from tests.integration.proxy import Proxy
from tests.services import KafkaBroker, ServiceError
from topicstream.stream.journal import Batch, decode
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.stream.snapshots.redis import Pointer

pytestmark = pytest.mark.integration


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
    """The final state hash of a run on the embedded log that nothing disturbs."""
    place = Place(str(tmp_path_factory.mktemp("undisturbed")))
    preload(place)
    assert lab.run(place) == 0
    return check(lab, place)


@pytest.fixture
def fed(kafka_bootstrap: str, tmp_path: Path) -> Place:
    """A service of its own on the shared broker, with its documents already there."""
    place = Place(str(tmp_path), f"w-{uuid.uuid4().hex[:8]}.", kafka_bootstrap)
    preload(place)
    return place


@pytest.fixture
def embedded(kafka_bootstrap: str, tmp_path: Path) -> Place:
    """A service of its own on the shared broker, with nothing left but the model's work."""
    place = Place(str(tmp_path), f"w-{uuid.uuid4().hex[:8]}.", kafka_bootstrap)
    preload(place, embedded=True)
    return place


def test_undisturbed_it_ends_in_the_state_of_the_embedded_log(
    lab: Lab, fed: Place, undisturbed: str
) -> None:
    assert lab.run(fed) == 0
    assert check(lab, fed) == undisturbed


def assert_killed(lab: Lab, place: Place, failpoint: str, roles: str) -> None:
    """Run until the failpoint kills; one that is timed may come when all is done."""
    code = lab.run(place, failpoint, roles)
    assert code == KILLED or (code == 0 and "kill_in" in failpoint), (failpoint, code)


PLACES = (
    "before_poll",
    "after_decode",
    "after_update",
    "after_begin",
    "half_sends",
    "after_flush",
    "after_offsets",
    "in_commit",
    "after_commit",
    "after_commit_bookkeeping",
)


@pytest.mark.parametrize("name", PLACES)
def test_the_model_worker_is_killed_at_any_place(
    name: str, lab: Lab, embedded: Place, undisturbed: str
) -> None:
    """[1]"""
    assert lab.run(embedded, f"{name}:kill@seq=4", "model") == KILLED
    assert lab.run(embedded, roles="model") == 0
    assert check(lab, embedded) == undisturbed


def test_the_model_worker_is_killed_within_each_commit(
    lab: Lab, embedded: Place, undisturbed: str
) -> None:
    """[1] The commit race: 0 to 50 ms after the commit was asked for, once for each batch."""
    delays = random.Random(3)
    for sequence in range(1, 6):
        failpoint = f"in_commit:kill_in={delays.uniform(0.0, 0.05):.4f}@seq={sequence}"
        assert_killed(lab, embedded, failpoint, "model")
    assert lab.run(embedded, roles="model") == 0
    assert check(lab, embedded) == undisturbed


def test_the_embed_worker_is_killed_at_every_place_of_its_transaction(
    lab: Lab, fed: Place, undisturbed: str
) -> None:
    """[1] One after the other; each is met again by the transaction that the last one broke."""
    places = ("after_begin", "half_sends", "after_flush", "after_offsets", "in_commit")
    for failpoint in [
        *(f"{place}:kill" for place in places),
        "in_commit:kill_in=0.005",
        "after_commit:kill",
        "in_commit:kill_in=0.01",
    ]:
        assert_killed(lab, fed, failpoint, "embed")
    assert lab.run(fed) == 0
    assert check(lab, fed) == undisturbed


def test_killed_three_times_within_a_replay_it_comes_through(
    lab: Lab, embedded: Place, undisturbed: str
) -> None:
    """[4]"""
    assert lab.run(embedded, "after_flush:kill@seq=5", "model") == KILLED
    shutil.rmtree(embedded.snapshots)
    for _ in range(3):
        assert lab.run(embedded, "replay:kill@seq=4", "model") == KILLED
    assert lab.run(embedded, roles="model") == 0
    assert check(lab, embedded) == undisturbed


def test_killed_while_it_becomes_the_writer_its_token_still_rises(
    lab: Lab, embedded: Place, undisturbed: str
) -> None:
    """[5] Within init_transactions, after it, and around the commit of the TERM entry."""
    assert lab.run(embedded, "after_commit:kill@seq=3", "model") == KILLED
    for failpoint in [
        "in_init:kill",
        "in_init:kill_in=0.003",
        "in_init:kill_in=0.01",
        "after_init:kill",
        "half_sends:kill",
        "in_commit:kill",
        "in_commit:kill_in=0.005",
        "after_commit:kill",
        "after_term:kill",
    ]:
        assert_killed(lab, embedded, failpoint, "model")
    assert lab.run(embedded, roles="model") == 0
    assert check(lab, embedded) == undisturbed


def wait_for_abort(place: Place) -> None:
    """Wait until the broker has ended the open transaction, and nothing of it can be read."""
    with place.open() as log:
        (part,) = log.partitions(place.names.assignments)
        end = log.end_offsets([part])[part]
        until(lambda: log.end_offsets([part])[part] > end, "the broker to abort")


def served(place: Place) -> Pointer | None:
    store = place.serving_copy()
    assert store is not None
    pointer = store.current()
    store.close()
    return pointer


def snapshots(place: Place) -> list[str]:
    return DirectoryStore(place.snapshots).list()


@pytest.mark.parametrize("name", ["after_update", "after_flush", "in_commit"])
def test_a_zombie_writes_nothing_and_ends_with_75(
    name: str, lab: Lab, embedded: Place, redis_url: str, undisturbed: str
) -> None:
    """[8] A is stopped for longer than its transaction may last, and B has gone on."""
    place = msgspec.structs.replace(embedded, redis=redis_url, transaction_ms=3_000)
    zombie = lab.start_until_stopped(place, f"{name}:stop@seq=3", "model")
    if name != "after_update":  # where no transaction is open yet
        wait_for_abort(place)
    assert lab.run(place, roles="model") == 0
    before = served(place), snapshots(place)
    assert before[0] is not None
    assert lab.resume(zombie) == FENCED
    assert (served(place), snapshots(place)) == before
    assert check(lab, place) == undisturbed


def test_a_zombie_that_wakes_while_it_publishes_is_refused(
    lab: Lab, embedded: Place, redis_url: str, undisturbed: str
) -> None:
    """[8] What A was about to serve is older than what B serves."""
    place = msgspec.structs.replace(embedded, redis=redis_url)
    zombie = lab.start_until_stopped(place, "redis_before_flip:stop@seq=2", "model")
    assert lab.run(place, roles="model") == 0
    before = served(place)
    assert before is not None
    assert lab.resume(zombie) == FENCED
    assert served(place) == before
    assert check(lab, place) == undisturbed


def test_a_worker_that_slept_too_long_ends_though_nobody_took_its_place(
    lab: Lab, embedded: Place, undisturbed: str
) -> None:
    """[9] It must not take its commit for done; the next start answers once."""
    place = msgspec.structs.replace(embedded, transaction_ms=3_000)
    sleeper = lab.start_until_stopped(place, "after_flush:stop@seq=3", "model")
    wait_for_abort(place)
    assert lab.resume(sleeper) == FENCED
    assert lab.run(place, roles="model") == 0
    assert check(lab, place) == undisturbed


def test_of_two_workers_started_together_one_goes_on(
    lab: Lab, embedded: Place, undisturbed: str
) -> None:
    """[10] Each is started again when it is shut out, as a supervisor does."""
    deadline = time.monotonic() + 60.0
    n_fenced, statuses = 0, [FENCED, FENCED]
    while 0 not in statuses:
        assert time.monotonic() < deadline, "they shut each other out for ever"
        pids = [lab.start(embedded, roles="model"), lab.start(embedded, roles="model")]
        statuses = [lab.wait(pid) for pid in pids]
        assert set(statuses) <= {0, FENCED}
        n_fenced += statuses.count(FENCED)
    assert n_fenced
    assert check(lab, embedded) == undisturbed


@pytest.mark.parametrize("name", ["before_poll", "in_commit"])
def test_the_broker_is_killed_and_comes_back(
    name: str, lab: Lab, own_broker: KafkaBroker, tmp_path: Path, undisturbed: str
) -> None:
    """[12] The worker goes on or ends; started again, everything is answered once."""
    place = Place(str(tmp_path), f"{name}.", own_broker.bootstrap)
    preload(place, embedded=True)
    pid = lab.start_until_stopped(place, f"{name}:stop@seq=3", "model")
    own_broker.kill()
    os.kill(pid, signal.SIGCONT)
    own_broker.start()
    go_on(lab, place, lab.wait(pid))
    assert check(lab, place) == undisturbed


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with Proxy() as started:
        yield started


@pytest.fixture(scope="module")
def own_broker(kafka_bootstrap: str, proxy: Proxy) -> Iterator[KafkaBroker]:
    """A broker that may be killed, whose clients are sent through the proxy."""
    # kafka_bootstrap first: without a Kafka these are skipped, or fail, like the others.
    if os.environ.get("TOPICSTREAM_TEST_KAFKA"):
        pytest.skip("cannot kill a broker that was given in TOPICSTREAM_TEST_KAFKA")
    address = f"PLAINTEXT://127.0.0.1:{proxy.port}"
    with contextlib.ExitStack() as stack:
        try:
            broker = KafkaBroker({"advertised.listeners": address})
            proxy.target = broker.port
            stack.enter_context(broker)
        except ServiceError as error:
            pytest.skip(str(error))
        yield broker


def go_on(lab: Lab, place: Place, status: int) -> None:
    """Start the worker again, as a supervisor does, until it has answered everything."""
    for _ in range(10):
        if status == 0:
            return
        assert status in {70, FENCED}
        status = lab.run(place, roles="model")
    pytest.fail("the worker never came through")


def test_a_commit_whose_answer_is_lost_is_told_by_the_log(
    lab: Lab, own_broker: KafkaBroker, proxy: Proxy, tmp_path: Path, undisturbed: str
) -> None:
    """[14] The connection closes after the broker was asked to commit, before it answers."""
    place = Place(str(tmp_path), "lost.", own_broker.bootstrap)
    preload(place, embedded=True)
    pid = lab.start_until_stopped(place, "in_commit:stop@seq=3", "model")
    proxy.lose_next_answer()
    status = lab.resume(pid)
    assert proxy.struck.is_set()
    go_on(lab, place, status)
    assert check(lab, place) == undisturbed


def test_a_commit_that_arrives_late_does_not_end_the_next_transaction(
    lab: Lab, own_broker: KafkaBroker, proxy: Proxy, tmp_path: Path, undisturbed: str
) -> None:
    """[15] The first request is held up, and the broker gets it in the middle of the next batch.

    Had the worker gone on under its epoch, half of that batch would be there for all to read.
    """
    place = Place(str(tmp_path), "late.", own_broker.bootstrap)
    preload(place, embedded=True)
    pid = lab.start_until_stopped(place, "in_commit:stop@seq=3", "model")
    proxy.hold_next_request()
    assert lab.resume(pid) == 70
    assert proxy.struck.is_set()
    pid = lab.start_until_stopped(place, "after_flush:stop@seq=4", "model")
    proxy.release()
    go_on(lab, place, lab.resume(pid))
    assert check(lab, place) == undisturbed


def worker_command(place: Place, failpoint: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "TOPICSTREAM_PREFIX": place.prefix,
        "TOPICSTREAM_BATCH__SIZE": "25",
        "TOPICSTREAM_BATCH__MAX_AGE_S": "3600",
        "TOPICSTREAM_FAILPOINT": failpoint,
    }
    start = [sys.executable, "-m", "topicstream.workers", "worker", "model"]
    return subprocess.Popen(
        [*start, "--kafka", str(place.kafka), "--state", place.folder],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def batches(place: Place) -> list[int]:
    with place.open() as log:
        entries = [decode(record) for record in read_all(log, place.names.journal)]
    return [entry.sequence for entry in entries if isinstance(entry, Batch)]


def stop_with_sigterm(
    place: Place, failpoint: str, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Ask for the end while the worker stands at `failpoint`; it ends well, and soon."""
    process = worker_command(place, failpoint)
    until(lambda: process.poll() is not None or is_stopped(process.pid), failpoint)
    meanwhile()
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    process.send_signal(signal.SIGCONT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr
    assert time.monotonic() - began < 10.0


def test_sigterm_lets_the_batch_end_and_loses_no_work(embedded: Place) -> None:
    """[29] During a batch, and during the replay after that."""
    stop_with_sigterm(embedded, "after_begin:stop@seq=2")
    assert batches(embedded) == [1, 2]
    (snapshot,) = snapshots(embedded)
    assert snapshot.startswith(f"{2:020d}-")
    shutil.rmtree(embedded.snapshots)
    stop_with_sigterm(embedded, "replay:stop@seq=2")
    assert batches(embedded) == [1, 2]
    stop_with_sigterm(embedded, "after_flush:stop@seq=4")
    assert batches(embedded) == [1, 2, 3, 4]


def test_sigterm_is_obeyed_while_the_broker_is_silent(
    own_broker: KafkaBroker, tmp_path: Path
) -> None:
    """[29]"""
    place = Place(str(tmp_path), "outage.", own_broker.bootstrap)
    preload(place, embedded=True)
    stop_with_sigterm(place, "after_commit_bookkeeping:stop@seq=2", own_broker.pause)
    own_broker.resume()
    assert batches(place) == [1, 2]


def test_no_transaction_is_left_hanging(kafka_bootstrap: str) -> None:
    """O6, over what the tests before this one have left."""
    until(lambda: hanging(kafka_bootstrap) == [], "every transaction to end")
