"""Whether Redis can be reached and written, and whether it may drop the model."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing, suppress

import redis

from topicstream.stream.errors import SnapshotError
from topicstream.stream.snapshots.redis import RedisStore
from topicstream.workers import wiring
from topicstream.workers.commands.finding import Finding
from topicstream.workers.settings import Settings

_HURRIED = {"socket_timeout": 2.0, "socket_connect_timeout": 2.0}
_HARMLESS = "nothing is lost by it: the log has everything, and each snapshot is published anew"


def check_redis(settings: Settings) -> Iterator[Finding]:
    """Yield whether the model could be published; one key is written and deleted again."""
    store = wiring.redis_store(settings)
    if store is None:
        yield Finding("redis", "ok", "none is named; nothing is published")
        return
    with closing(store):
        # The very connection that a service would use.
        client = store._redis  # noqa: SLF001
        client.connection_pool.connection_kwargs.update(_HURRIED)
        served = _served(store)
        refused = _refused(client, settings.redis.prefix)
        if refused:
            yield Finding("redis", "wrong", refused)
        else:
            yield Finding("redis", "ok", f"it answers and may be written; {served}")
            yield from _policy(client)


def _served(store: RedisStore) -> str:
    try:
        pointer = store.current()
    except SnapshotError:
        return "what it serves is damaged, and heals with the next snapshot"
    return "it serves nothing yet" if pointer is None else f"it serves batch {pointer.id.sequence}"


def _refused(client: redis.Redis, prefix: str) -> str:
    key = f"ts:{{{prefix}}}:check:{secrets.token_hex(8)}"
    try:
        client.set(key, b"topicstream check", px=5_000)
        client.delete(key)
    except redis.exceptions.OutOfMemoryError:
        return f"it is full; raise its maxmemory. A service goes on without it, and {_HARMLESS}"
    except redis.ReadOnlyError:
        return "it is a replica that may not be written; name the primary in --redis"
    except redis.exceptions.NoPermissionError:
        return (
            f"this user may not write {key!r}; allow it SET, GET, DEL, EVAL, PUBLISH and so on "
            f"for the keys ts:{{{prefix}}}:*"
        )
    except redis.RedisError as error:
        return f"it refuses to be written ({type(error).__name__}: {error}); see its log"
    return ""


def _policy(client: redis.Redis) -> Iterator[Finding]:
    told: dict[str, str] = {}
    with suppress(redis.ResponseError):  # a hosted Redis may keep it to itself
        told = client.config_get("maxmemory*")  # type: ignore[assignment]  # it is not async
    policy, limit = told.get("maxmemory-policy", "noeviction"), told.get("maxmemory", "0")
    if policy == "noeviction" or limit == "0":
        return
    yield Finding(
        "redis",
        "warning",
        f"maxmemory-policy is {policy} at maxmemory {limit}, so that readers may find no model "
        f"for a while; {_HARMLESS}. Set it to noeviction",
    )
