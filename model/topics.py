"""A topic as readers see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

OUTLIERS = -1
OUTLIER_LABEL = "-1_outliers"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic at one moment.

    Parameters
    ----------
    id
        Number of the topic; never given to another one.
    label
        The id and the three heaviest words, such as ``3_gun_law_weapons``.
    words
        Terms and their c-TF-IDF weights, heaviest first.
    size
        Documents assigned since the stream began.
    share
        Part of the stream now, 0 to 1, older documents weighing less by half-life.
    first_seen, last_seen
        Event time of the first and the last document, in seconds since 1970.
    parents
        Topics that it came from; none for one that was there from the beginning.

    """

    id: int
    label: str
    words: tuple[tuple[str, float], ...]
    size: int
    share: float
    first_seen: float
    last_seen: float
    parents: tuple[int, ...] = ()


def label_of(topic: int, words: Sequence[str]) -> str:
    """Return the label of a topic with these words, heaviest first.

    Examples
    --------
    >>> label_of(3, ["gun", "law", "weapons", "police"])
    '3_gun_law_weapons'

    """
    return "_".join([str(topic), *words[:3]])
