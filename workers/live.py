"""Reads the live model that a service publishes, for `BERTopic.from_snapshot`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from topicstream.stream.errors import UnavailableError
from topicstream.stream.snapshots.redis import RedisStore


def published(url: str, *, prefix: str = "topicstream") -> Mapping[str, bytes]:
    """Return the files of the snapshot that Redis serves, by name.

    Parameters
    ----------
    url
        Where Redis is, such as ``redis://localhost:6379/0``.
    prefix
        Name under which the service publishes, its setting ``redis.prefix``.

    Raises
    ------
    UnavailableError
        Redis cannot be reached, or holds no model.

    """
    with closing(RedisStore(url, prefix)) as store:
        snapshot = store.read()
    if snapshot is None:
        raise UnavailableError(
            f"Redis holds no model under the prefix {prefix!r}; start a service with --redis, or "
            "give the prefix that it publishes under"
        )
    return snapshot.files
