"""How the ids of topics changed, from the clusterer's labels to today's topics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic


class TopicMapper:
    """Keeps, for each label of the clusterer, the chain of ids that it had.

    Parameters
    ----------
    topics
        Labels as the clusterer gave them, repeated or not.

    Attributes
    ----------
    mappings_ : list of list of int
        One row per label, ascending: the label, then its id after each change.

    Examples
    --------
    >>> mapper = TopicMapper([3, 5, -1, 3])
    >>> mapper.get_mappings()
    {-1: -1, 3: 3, 5: 5}
    >>> mapper.mappings_
    [[-1, -1], [3, 3], [5, 5]]

    """

    def __init__(self, topics: Iterable[int]) -> None:
        labels = sorted({int(topic) for topic in topics})
        self.mappings_: list[list[int | None]] = [[label, label] for label in labels]
        self._before: int | None = None
        self._sizes: dict[int, int] = {}

    def begin_change(self, topic_model: BERTopic) -> None:
        """Remember the present ids: what is appended from now on is one change.

        Call it before a merge, a deletion or a reduction, while the sizes are still the old ones.

        Parameters
        ----------
        topic_model
            The model that this mapper belongs to.

        """
        self._before = self._width() - 1
        self._sizes = {int(topic): int(n) for topic, n in (topic_model.topic_sizes_ or {}).items()}

    def get_mappings(self, original_topics: object = True) -> dict[int, int]:  # noqa: FBT002
        """Return where each id went.

        Parameters
        ----------
        original_topics
            True (default) starts at the clusterer's labels; False at the ids before the latest
            change.

        Returns
        -------
        dict
            From old id to present id.

        """
        column = 0 if original_topics else self._column_before()
        ends = [(row[column], row[-1]) for row in self.mappings_]
        return {int(old): -1 if new is None else int(new) for old, new in ends if old is not None}

    def add_mappings(self, mappings: Mapping[int, int], topic_model: BERTopic) -> None:
        """Append a change of ids; an id that is no key becomes -1.

        Parameters
        ----------
        mappings
            From present id to new id.
        topic_model
            The model, whose names of zero-shot topics follow.

        """
        new_ids = {int(old): int(new) for old, new in mappings.items()}
        for row in self.mappings_:
            row.append(-1 if row[-1] is None else new_ids.get(int(row[-1]), -1))
        if topic_model._topic_id_to_zeroshot_topic_idx:  # noqa: SLF001  # a hook of the model
            from topicstream.model.zeroshot import follow_names

            follow_names(topic_model, new_ids, self._sizes)

    def add_new_topics(self, mappings: Mapping[int, int]) -> None:
        """Append labels that were not there before.

        Parameters
        ----------
        mappings
            From label to id.

        """
        blanks: list[int | None] = [None] * (self._width() - 2)
        self.mappings_.extend([int(label), *blanks, int(new)] for label, new in mappings.items())

    def _column_before(self) -> int:
        # Loaded models do not say where their latest change began; it had two columns, as a rule.
        before = self.__dict__.get("_before")
        return max(0, self._width() - 3) if before is None else int(before)

    def _width(self) -> int:
        return len(self.mappings_[0]) if self.mappings_ else 2
