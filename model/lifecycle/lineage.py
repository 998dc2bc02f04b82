"""Which ids topics have, where they came from and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_RESTING = 1_000  # topics that are gone and still known by name


@dataclass(frozen=True, slots=True)
class Resting:
    """A topic that is no more.

    Parameters
    ----------
    id
        Its number, which no other topic gets.
    label
        Its last label.
    size
        Documents it was given.
    sequence
        Batch after which it was gone.
    into
        Topics that it went into; none when it faded.

    """

    id: int
    label: str
    size: int
    sequence: int
    into: tuple[int, ...] = ()


class Lineage:
    """Ids of the living topics, in ascending order, their parents, and the topics that rest.

    Examples
    --------
    >>> lineage = Lineage()
    >>> lineage.begin(2)
    >>> lineage.new(500, parents=[1])
    2
    >>> lineage.rest(Resting(1, "1_moon", 40, 9))
    >>> lineage.ids.tolist(), lineage.parents, lineage.new(600)
    ([0, 2], {2: (1,)}, 3)

    """

    def __init__(self) -> None:
        self.ids: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.next_id = 0
        self.n_given = 0  # topics that another model found
        self.parents: dict[int, tuple[int, ...]] = {}
        self.born: dict[int, int] = {}  # documents before a topic; those of the warm-up have none
        self.resting: list[Resting] = []

    def begin(self, n_topics: int) -> None:
        """Make room for the topics of the warm-up, 0 to ``n_topics - 1``."""
        self.ids = np.arange(n_topics, dtype=np.int64)
        self.next_id = n_topics

    def take_over(self, ids: NDArray[np.int64], next_id: int) -> None:
        """Make room for topics that another model found, which keep their ids."""
        self.ids, self.next_id, self.n_given = ids.copy(), next_id, len(ids)

    def new(self, n_documents: int, parents: Sequence[int] = ()) -> int:
        """Return the id of a topic born after `n_documents`, never used before."""
        topic = self.next_id
        self.born[topic] = n_documents
        self.ids = np.append(self.ids, topic)
        self.next_id += 1
        if parents:
            self.parents[topic] = tuple(parents)
        return topic

    def rest(self, topic: Resting) -> None:
        """Let a topic rest; the newest thousand of them are remembered."""
        self.ids = self.ids[self.ids != topic.id]
        self.resting = [*self.resting, topic][-N_RESTING:]
        known = {*self.ids.tolist(), *(rested.id for rested in self.resting)}
        self.parents = {child: p for child, p in self.parents.items() if child in known}
        self.born = {child: n for child, n in self.born.items() if child in known}

    def births(self) -> NDArray[np.float64]:
        """Return after how many documents each living topic was born; -inf in the warm-up."""
        return np.array([self.born.get(topic, -np.inf) for topic in self.ids.tolist()])

    def row_of(self, topic: int) -> int:
        """Return the row of a living topic."""
        return int(np.searchsorted(self.ids, topic))

    def rows_of(self, topics: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of each topic, -1 for one that does not live."""
        if not len(self.ids):
            return np.full(len(topics), -1, dtype=np.int64)
        rows = np.minimum(np.searchsorted(self.ids, topics), len(self.ids) - 1)
        return np.where(self.ids[rows] == topics, rows, -1).astype(np.int64)

    def ids_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the id of each row, -1 for -1."""
        if not len(self.ids):
            return np.full(len(rows), -1, dtype=np.int64)
        return np.where(rows >= 0, self.ids[rows], -1).astype(np.int64)

    def scalars(self) -> dict[str, Any]:
        """Return the state, ready for JSON."""
        return {
            "ids": self.ids.tolist(),
            "next_id": self.next_id,
            "n_given": self.n_given,
            "parents": {str(child): list(parents) for child, parents in self.parents.items()},
            "born": {str(topic): n for topic, n in self.born.items()},
            "resting": [asdict(topic) for topic in self.resting],
        }

    def restore(self, scalars: dict[str, Any]) -> None:
        """Become what `scalars` said when a snapshot was taken."""
        self.ids = np.array(scalars["ids"], dtype=np.int64)
        self.next_id, self.n_given = scalars["next_id"], scalars["n_given"]
        self.parents = {int(child): tuple(p) for child, p in scalars["parents"].items()}
        self.born = {int(topic): n for topic, n in scalars["born"].items()}
        self.resting = [
            Resting(**{**topic, "into": tuple(topic["into"])}) for topic in scalars["resting"]
        ]
