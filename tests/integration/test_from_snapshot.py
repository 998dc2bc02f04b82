"""A model that a service publishes, opened as a BERTopic from where Redis is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model.streams import IDS, documents, streamed
from topicstream.model.bertopic import BERTopic
from topicstream.model.snapshot import encode
from topicstream.stream.errors import UnavailableError
from topicstream.stream.snapshots.redis import RedisStore
from topicstream.stream.snapshots.store import Snapshot, SnapshotId
from topicstream.workers.live import published

pytestmark = pytest.mark.integration


def test_a_published_model_answers_as_the_stream(redis_url: str) -> None:
    online = streamed()
    _, vectors = documents()
    store = RedisStore(redis_url, "live-topics")
    which = SnapshotId(online.sequence, 1, online.state_hash())
    store.publish(Snapshot(which, encode(online, {"embedder": "precomputed:8"})))
    store.close()

    model = BERTopic.from_snapshot(redis_url, prefix="live-topics")

    assert [topic for topic in model.get_topics() if topic >= 0] == IDS
    assert model.transform(None, vectors)[0] == online.transform(vectors)[0].tolist()


def test_where_nothing_is_published_the_prefix_is_named(redis_url: str) -> None:
    with pytest.raises(UnavailableError, match="no model under the prefix 'nobody'"):
        published(redis_url, prefix="nobody")


def test_urls_of_redis_are_read_by_the_workers() -> None:
    import tomllib

    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    reader = "topicstream.workers.live:published"

    assert project["entry-points"]["topicstream.snapshots"] == dict.fromkeys(
        ("redis", "rediss", "unix"), reader
    )
