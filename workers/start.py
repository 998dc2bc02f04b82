"""What a service begins with: nothing, or the topics of a model that was fitted elsewhere.

Such a model is read once, when the state is new. What it led to is kept in the state folder, so
that a replay from the first batch on begins with the same, wherever the model is by then.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from topicstream.model import snapshot as codec
from topicstream.model.errors import ModelError
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings
from topicstream.stream.errors import ReplayError, SnapshotError
from topicstream.stream.journal import Genesis
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.stream.snapshots.store import Snapshot, SnapshotId

if TYPE_CHECKING:
    from topicstream.workers.given_model import GivenModel  # it takes pandas along

logger = logging.getLogger(__name__)


class Start:
    """What the model of a service is before its first batch.

    Parameters
    ----------
    folder
        Where it is kept, in the state folder, made when there is something to keep; None keeps
        nothing.
    given
        The model to start from; None for none.

    """

    def __init__(self, folder: Path | None = None, given: GivenModel | None = None) -> None:
        self._folder, self.given = folder, given

    @property
    def digest(self) -> str | None:
        """SHA-256 of the topics to start from, None for none."""
        return None if self.given is None else self.given.digest

    def new_model(self, settings: ModelSettings) -> OnlineTopicModel:
        """Return the model of a new state, kept on disk where it begins with topics.

        Raises
        ------
        SnapshotError
            It cannot be kept.

        """
        model = OnlineTopicModel(settings)
        if self.given is not None:
            model.begin(self.given.topics)
            self._keep(model)
        return model

    def first_model(self, genesis: Genesis, settings: ModelSettings) -> OnlineTopicModel:
        """Return the model that a state began with.

        Parameters
        ----------
        genesis
            The first entry of its journal.
        settings
            How the model learns.

        Raises
        ------
        ReplayError
            It is gone, or another one.

        """
        model = self._kept(genesis) if genesis.start is not None else OnlineTopicModel(settings)
        if model is None and self.digest == genesis.start and self.given is not None:
            model = OnlineTopicModel(settings)
            model.begin(self.given.topics)
        if model is None:
            raise ReplayError(
                f"this state started from a model that is not in {self._folder} any more; restore "
                "that folder, or name the model again with --start-from MODEL"
            )
        if model.state_hash() != genesis.state_hash:
            raise ReplayError(
                "a new model differs from the one this state began with; use the version of "
                "topicstream that made it, or start with another state"
            )
        return model

    def _keep(self, model: OnlineTopicModel) -> None:
        if self._folder is not None:
            which = SnapshotId(0, 0, model.state_hash())
            DirectoryStore(self._folder, keep=1).save(Snapshot(which, codec.encode(model)))

    def _kept(self, genesis: Genesis) -> OnlineTopicModel | None:
        if self._folder is None or not self._folder.is_dir():
            return None
        try:
            store = DirectoryStore(self._folder, keep=1)
            model, _ = codec.decode(store.load(SnapshotId(0, 0, genesis.state_hash).name).files)
        except (SnapshotError, ModelError) as error:
            logger.warning("the model that this state started from cannot be read: %s", error)
            return None
        return model
