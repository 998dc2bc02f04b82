"""URLs and options of Redis, without a Redis: secrets stay secret, TLS goes through."""

from __future__ import annotations

import pytest
import redis

from topicstream.stream.errors import UnavailableError
from topicstream.stream.snapshots.redis import RedisStore


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter2/3@host:6379/0",
        "redis://user:hunter2#x@host:6379/0",
        "redis://user:hunter2?x@host:6379/0",
        "http://user:hunter2@host:6379/0",
        "redis://user:pass@host:hunter2/0",
        "redis://[hunter2",
    ],
)
def test_a_url_that_cannot_be_read_is_not_shown(url: str) -> None:
    with pytest.raises(UnavailableError, match="cannot be read") as caught:
        RedisStore(url)
    # What is neither the cause nor an open context is in no traceback.
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_redis_that_is_not_there_is_named_without_its_password() -> None:
    store = RedisStore("redis://user:hunter2@127.0.0.1:1/0")
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1") as caught:
        store.read()
    assert "hunter2" not in str(caught.value)


def test_options_of_tls_reach_the_client() -> None:
    store = RedisStore("rediss://host:6380/2", ssl_ca_certs="ca.pem", ssl_check_hostname=False)
    pool = store._redis.connection_pool
    assert pool.connection_class is redis.SSLConnection
    assert pool.connection_kwargs["ssl_ca_certs"] == "ca.pem"
    assert pool.connection_kwargs["ssl_check_hostname"] is False
    assert pool.connection_kwargs["db"] == 2


def test_a_client_that_decodes_is_refused() -> None:
    with pytest.raises(ValueError, match="decode_responses=False"):
        RedisStore(redis.Redis(decode_responses=True))


def test_a_prefix_cannot_hold_braces() -> None:
    with pytest.raises(ValueError, match="braces"):
        RedisStore("redis://host", "a{b}")
