"""Snapshots of the model, each with its place in the journal."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import msgspec

from topicstream.model import snapshot as codec
from topicstream.model.errors import ModelError
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings
from topicstream.stream.errors import FencedError, SnapshotError, UnavailableError
from topicstream.stream.snapshots.redis import RedisStore
from topicstream.stream.snapshots.store import Snapshot, SnapshotId, SnapshotStore

logger = logging.getLogger(__name__)


class JournalPlace(msgspec.Struct, frozen=True):
    """Where in the journal the entry lies whose state a snapshot holds, and its hash."""

    offset: int
    hash: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A snapshot that was read: the model, its id, and its place in the journal."""

    id: SnapshotId
    model: OnlineTopicModel
    place: JournalPlace


class Checkpoints:
    """Saves and loads the model; a snapshot is a cache, so that no failure here is fatal.

    Parameters
    ----------
    store
        Where snapshots are kept.
    redis
        Where the model is served from; None for nowhere.
    embedder
        Name of the embedder, for those who read a snapshot elsewhere; None when it is not known.

    """

    def __init__(
        self, store: SnapshotStore, redis: RedisStore | None, embedder: str | None = None
    ) -> None:
        self._store = store
        self._redis = redis
        self._embedder = embedder
        self.n_failed_snapshots = 0
        self.n_failed_publications = 0
        self.n_fallbacks = 0

    def save(self, model: OnlineTopicModel, which: SnapshotId, place: JournalPlace) -> bool:
        """Save and publish the model; False when the snapshot could not be kept."""
        files = codec.encode(model, self._extra(place))
        snapshot = Snapshot(which, files)
        try:
            self._store.save(snapshot)
        except SnapshotError as error:
            self.n_failed_snapshots += 1
            logger.warning("no snapshot of batch %s; going on: %s", which.sequence, error)
            self._publish(snapshot)
            return False
        self._publish(snapshot)
        return True

    def publish(self, model: OnlineTopicModel, which: SnapshotId, place: JournalPlace) -> None:
        """Publish the model to Redis only; this also heals one that was emptied."""
        if self._redis is not None:
            files = codec.encode(model, self._extra(place))
            self._publish(Snapshot(which, files))

    def names(self) -> list[str]:
        """Return the names of the snapshots, newest first; none when they cannot be read."""
        try:
            return self._store.list()
        except SnapshotError as error:
            logger.warning("no snapshot can be read; replaying from the start: %s", error)
            return []

    def load(self, name: str, settings: ModelSettings) -> Checkpoint | None:
        """Return one snapshot, or None when it is damaged or not ours."""
        try:
            snapshot = self._store.load(name)
            model, extra = codec.decode(snapshot.files)
            place = msgspec.convert(extra.get("journal"), JournalPlace)
        except (SnapshotError, ModelError, msgspec.ValidationError) as error:
            self.fall_back(name, str(error))
            return None
        if model.state_hash() != snapshot.id.state_hash or model.settings != settings:
            self.fall_back(name, "it holds another state than its id says")
            return None
        return Checkpoint(snapshot.id, model, place)

    def fall_back(self, name: str, why: str) -> None:
        """Note that a snapshot is passed over."""
        self.n_fallbacks += 1
        logger.warning("snapshot %s is passed over: %s", name, why)

    def _extra(self, place: JournalPlace) -> dict[str, object]:
        return {"journal": msgspec.to_builtins(place), "embedder": self._embedder}

    def _publish(self, snapshot: Snapshot) -> None:
        if self._redis is None:
            return
        try:
            if not self._redis.publish(snapshot):
                logger.warning("Redis has a later state than batch %s", snapshot.id.sequence)
        except (UnavailableError, SnapshotError, FencedError) as error:
            self.n_failed_publications += 1
            logger.warning("Redis does not have batch %s: %s", snapshot.id.sequence, error)
