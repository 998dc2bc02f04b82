"""The serving copy in a real Redis: whole or the one before, fenced, and it heals."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
import redis

from tests.services import RedisServer, ServiceError
from topicstream.stream.errors import SnapshotError, UnavailableError
from topicstream.stream.snapshots.redis import GRACE_TTL_S, UPLOAD_TTL_S, RedisStore
from topicstream.stream.snapshots.store import Snapshot, SnapshotId

CUR = "ts:{test}:cur"
CODE = """
import sys
from topicstream.stream import failpoints
from topicstream.stream.snapshots.redis import RedisStore
from topicstream.stream.snapshots.store import Snapshot, SnapshotId
store = RedisStore(sys.argv[1], "test", chunk_bytes=1_000)
files = {"state.safetensors": bytes([2]) * 5_000, "meta.json": b"{}"}
failpoints.configure(sys.argv[2])
store.publish(Snapshot(SnapshotId(2, 1, f"{2:064x}"), files))
"""


def make(sequence: int, term: int = 1, size: int = 5_000) -> Snapshot:
    files = {"state.safetensors": bytes([sequence]) * size, "meta.json": b"{}"}
    return Snapshot(SnapshotId(sequence, term, f"{sequence:064x}"), files)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def store(redis_url: str) -> Iterator[RedisStore]:
    store = RedisStore(redis_url, "test", chunk_bytes=1_000)
    yield store
    store.close()


def chunks(client: redis.Redis) -> list[bytes]:
    return sorted(client.scan_iter("ts:{test}:v:*"))


def test_what_is_published_is_read(store: RedisStore) -> None:
    assert store.read() is None
    assert store.current() is None
    assert store.publish(make(1))
    assert store.read() == make(1)
    pointer = store.current()
    assert pointer is not None
    assert pointer.id == make(1).id
    assert pointer.n_chunks == -(-pointer.size // 1_000) > 5


def test_the_served_version_stays_and_the_one_before_goes(
    store: RedisStore, client: redis.Redis
) -> None:
    store.publish(make(1))
    before = chunks(client)
    assert {client.ttl(key) for key in before} == {-1}
    store.publish(make(2))
    assert all(0 < client.ttl(key) <= GRACE_TTL_S for key in before)
    assert {client.ttl(key) for key in chunks(client) if key not in before} == {-1}


def test_publishing_again_writes_nothing(store: RedisStore, client: redis.Redis) -> None:
    store.publish(make(1))
    before = chunks(client)
    assert store.publish(make(1))
    assert chunks(client) == before


def test_an_older_state_of_the_same_term_is_refused(store: RedisStore, client: redis.Redis) -> None:
    store.publish(make(2))
    before = chunks(client)
    assert store.publish(make(1)) is False
    assert store.read() == make(2)
    assert chunks(client) == before


def test_an_older_term_is_fenced_and_a_newer_one_may_go_back(store: RedisStore) -> None:
    store.publish(make(2, term=5))
    assert store.publish(make(9, term=4)) is False
    assert store.read() == make(2, term=5)
    assert store.publish(make(1, term=6))
    assert store.read() == make(1, term=6)


def test_the_channel_hints_at_a_new_version(store: RedisStore, client: redis.Redis) -> None:
    with redis.client.PubSub(client.connection_pool, ignore_subscribe_messages=True) as listener:
        listener.subscribe("ts:{test}:new")
        assert listener.get_message(timeout=5.0) is None
        store.publish(make(3))
        message = listener.get_message(timeout=5.0)
        assert message is not None
        assert message["data"] == b"3"


@pytest.mark.parametrize(
    ("place", "served"),
    [("redis_mid_upload", 1), ("redis_before_flip", 1), ("redis_after_flip", 2)],
)
def test_killed_at_any_place_a_whole_version_is_served(
    store: RedisStore, client: redis.Redis, redis_url: str, place: str, served: int
) -> None:
    store.publish(make(1))
    command = [sys.executable, "-c", CODE, redis_url, f"{place}:kill@seq=2"]
    killed = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert store.read() == make(served)
    pointer = store.current()
    assert pointer is not None
    for key in chunks(client):
        if f":{pointer.version}:" not in key.decode():
            assert 0 < client.ttl(key) <= UPLOAD_TTL_S
    assert store.publish(make(2))
    assert store.read() == make(2)


def test_an_emptied_redis_heals(store: RedisStore, client: redis.Redis) -> None:
    store.publish(make(1))
    client.flushall()
    assert store.read() is None
    assert store.publish(make(1))
    assert store.read() == make(1)


def test_a_lost_chunk_is_told_and_heals(store: RedisStore, client: redis.Redis) -> None:
    store.publish(make(1))
    client.delete(chunks(client)[2])
    with pytest.raises(SnapshotError, match="incomplete or damaged"):
        store.read()
    assert store.publish(make(1))
    assert store.read() == make(1)


def test_a_changed_chunk_is_told_and_heals(store: RedisStore, client: redis.Redis) -> None:
    store.publish(make(1))
    client.setrange(chunks(client)[2], 17, b"!")
    with pytest.raises(SnapshotError, match="incomplete or damaged"):
        store.read()
    assert store.publish(make(1))
    assert store.read() == make(1)


def test_a_wrong_type_at_the_pointer_is_told_and_heals(
    store: RedisStore, client: redis.Redis
) -> None:
    client.lpush(CUR, "x")
    with pytest.raises(UnavailableError, match="WRONGTYPE"):
        store.read()
    assert store.publish(make(1))
    assert store.read() == make(1)


def test_a_wrong_type_at_a_chunk_is_told_and_heals(store: RedisStore, client: redis.Redis) -> None:
    store.publish(make(1))
    key = chunks(client)[0]
    client.delete(key)
    client.lpush(key, "x")
    with pytest.raises(UnavailableError, match="WRONGTYPE"):
        store.read()
    assert store.publish(make(1))
    assert store.read() == make(1)


@pytest.mark.parametrize(
    "fields", [{"term": "x"}, {"term": "1"}, {"version": "1", "n_chunks": "y"}]
)
def test_a_broken_pointer_is_told_and_heals(
    store: RedisStore, client: redis.Redis, fields: dict[str, str]
) -> None:
    for name, value in fields.items():
        client.hset(CUR, name, value)
    with pytest.raises(SnapshotError, match=r"cur in Redis .* is damaged"):
        store.read()
    assert store.publish(make(1))
    assert store.read() == make(1)


def test_names_keep_applications_apart(store: RedisStore, redis_url: str) -> None:
    other = RedisStore(redis_url, "other")
    store.publish(make(1))
    assert other.read() is None
    other.close()


@pytest.fixture
def small(redis_url: str) -> Iterator[RedisServer]:
    # redis_url first: without a Redis this test is skipped, or fails, like the others.
    try:
        server = RedisServer(("--maxmemory", "3mb", "--maxmemory-policy", "noeviction"))
    except ServiceError as error:
        pytest.skip(str(error))
    with server:
        yield server


def test_a_full_redis_keeps_what_it_serves(small: RedisServer) -> None:
    store = RedisStore(small.url, "test", chunk_bytes=100_000)
    store.publish(make(1))
    with pytest.raises(UnavailableError, match="memory"):
        store.publish(make(2, size=4_000_000))
    assert store.read() == make(1)
    assert store.publish(make(3))
    assert store.read() == make(3)
    store.close()


def test_a_redis_that_is_gone_is_told_and_comes_back(small: RedisServer) -> None:
    store = RedisStore(small.url, "test")
    store.publish(make(1))
    small.kill()
    for use in (lambda: store.publish(make(2)), store.read, store.current):
        with pytest.raises(UnavailableError, match=f"127.0.0.1:{small.port}"):
            use()
    small.start()
    assert store.read() is None
    assert store.publish(make(2))
    assert store.read() == make(2)
    store.close()


def test_a_redis_that_hangs_is_given_up(small: RedisServer) -> None:
    store = RedisStore(small.url, "test", socket_timeout=0.2)
    store.publish(make(1))
    small.pause()
    with pytest.raises(UnavailableError, match="Timeout"):
        store.publish(make(2))
    small.resume()
    assert store.publish(make(2))
    assert store.read() == make(2)
    store.close()


def test_a_wrong_password_is_not_shown(redis_url: str) -> None:
    store = RedisStore(redis_url.replace("://", "://user:hunter2@"), "test")
    with pytest.raises(UnavailableError) as caught:
        store.publish(make(1))
    assert "hunter2" not in str(caught.value) + repr(caught.value.__cause__)
    store.close()
