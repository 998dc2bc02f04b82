"""Refits on their way into the model: tried on a copy of it, taken or refused."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from topicstream.model import snapshot as codec
from topicstream.model.centroids import Embeddings
from topicstream.model.errors import ModelError
from topicstream.model.online import OnlineTopicModel, Step
from topicstream.model.refit.candidate import Candidate, decode
from topicstream.model.refit.check import reason_against, reason_in_shadow
from topicstream.stream import failpoints
from topicstream.workers.batches import Documents
from topicstream.workers.refits import RefitError, Refits

logger = logging.getLogger(__name__)

NO_DOCUMENTS = Documents([], [], np.zeros((0, 0), dtype=np.float32), [])


@dataclass(frozen=True, slots=True)
class Swap:
    """A refit that fits.

    Parameters
    ----------
    artifact
        Name of the refit.
    model
        A copy of the model that has adopted it.
    step
        What became of which topic, as a step without documents.

    """

    artifact: str
    model: OnlineTopicModel
    step: Step


class Swaps:
    """Looks for a refit between two batches, and tries it before the model gets it.

    Parameters
    ----------
    refits
        Where they are; None for nowhere.
    embedder
        Name of the embedder; None when it is not known.

    """

    def __init__(self, refits: Refits | None, embedder: str | None) -> None:
        self._refits, self._embedder = refits, embedder
        self._last: Embeddings | None = None
        self._done: set[str] = set()

    def note(self, embeddings: Embeddings) -> None:
        """Remember the last batch, by which a refit is tried."""
        self._last = embeddings

    def look(self, model: OnlineTopicModel) -> Swap | None:
        """Return the refit that waits, if it fits; one that does not is refused."""
        refits = self._refits
        name = None if refits is None else refits.waiting()
        if refits is None or name is None:
            return None
        if name in self._done:
            refits.settle(name)
            return None
        failpoints.hit("before_refit", model.sequence + 1)
        try:
            found = self._tried(name, decode(refits.load(name)), model)
        except (RefitError, ModelError) as error:
            found = str(error)
        if isinstance(found, Swap):
            return found
        self._refuse(refits, name, found)
        return None

    def settle(self, artifact: str) -> None:
        """Note that a refit has been taken; it is not looked at again."""
        self._done.add(artifact)
        if self._refits is not None:
            try:
                self._refits.settle(artifact)
            except OSError as error:
                logger.warning("the refit %s still waits: %s", artifact[:12], error)

    def again(self, artifact: str) -> Candidate:
        """Return the refit that a replay comes across.

        Raises
        ------
        RefitError
            It is missing or damaged.

        """
        if self._refits is None:
            raise RefitError(
                f"the journal tells of the refit {artifact[:12]}, and no folder of refits is "
                "given; name the state folder that holds it"
            )
        candidate = decode(self._refits.load(artifact))
        self.settle(artifact)
        return candidate

    def _tried(self, name: str, candidate: Candidate, model: OnlineTopicModel) -> Swap | str:
        reason = reason_against(candidate, model, self._embedder)
        if reason is not None:
            return reason
        # On a copy: one that turns out wrong half way has touched nothing.
        copy, _ = codec.decode(codec.encode(model))
        events = copy.adopt(candidate)
        if self._last is not None and len(self._last):
            before, after = (_outliers(each, self._last) for each in (model, copy))
            reason = reason_in_shadow(before, after)
        if reason is not None:
            return reason
        none = np.zeros(0, dtype=np.int64)
        return Swap(name, copy, Step(copy.sequence, none, np.zeros(0), none, events))

    def _refuse(self, refits: Refits, name: str, why: str) -> None:
        self._done.add(name)
        logger.warning("the refit %s is refused: %s", name[:12], why)
        try:
            refits.refuse(name, why)
        except OSError as error:
            logger.warning("the refused refit %s stays where it is: %s", name[:12], error)


def _outliers(model: OnlineTopicModel, embeddings: Embeddings) -> float:
    topics, _ = model.transform(embeddings)
    return float((topics < 0).mean())
