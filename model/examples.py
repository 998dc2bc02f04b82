"""Which documents of a batch are shown as examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from topicstream.model.centroids import Labels

N_EXAMPLES = 3


def by_topic(labels: Labels, ids: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """Return the ids of the first few documents of each topic; none where there are no ids.

    Examples
    --------
    >>> by_topic(np.array([4, -1, 4, 4, 4]), ["a", "b", "c", "d", "e"])
    {-1: ('b',), 4: ('a', 'c', 'd')}

    """
    if not ids:
        return {}
    order = np.argsort(labels, kind="stable")
    topics, starts = np.unique(labels[order], return_index=True)
    stops = np.append(starts[1:], len(order))
    return {
        int(topic): tuple(ids[row] for row in order[start : min(stop, start + N_EXAMPLES)])
        for topic, start, stop in zip(topics, starts, stops, strict=True)
    }


def of_members(members: Sequence[int], ids: Sequence[str], n_earlier: int) -> tuple[str, ...]:
    """Return the ids of the first few members that came with this batch.

    Parameters
    ----------
    members
        Rows of the recent documents.
    ids
        Ids of this batch's documents, the last of the recent ones; empty for none.
    n_earlier
        Recent documents before this batch.

    Examples
    --------
    >>> of_members([7, 11, 12], ["a", "b", "c"], n_earlier=10)
    ('b', 'c')

    """
    rows = [row - n_earlier for row in members if row >= n_earlier]
    return tuple(ids[row] for row in rows[:N_EXAMPLES]) if ids else ()
