"""Names of topics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic


def topic_labels(topic_model: BERTopic) -> dict[int, str]:
    """Return the default name of each topic.

    Parameters
    ----------
    topic_model
        A fitted model.

    Returns
    -------
    dict
        From id to ``"0_space_orbit_moon_nasa"``, or to the name of a zero-shot topic.

    """
    representations = topic_model.topic_representations_ or {}
    return {
        topic: zeroshot_name(topic_model, topic) or default_label(topic, pairs)
        for topic, pairs in representations.items()
    }


def zeroshot_name(topic_model: BERTopic, topic: int) -> str | None:
    """Return the name that a zero-shot topic was asked for by, or None for any other topic.

    Parameters
    ----------
    topic_model
        A fitted model.
    topic
        Its id.

    Returns
    -------
    str or None
        One of `zeroshot_topic_list`.

    """
    index = topic_model._topic_id_to_zeroshot_topic_idx.get(topic)  # noqa: SLF001  # a hook
    names = topic_model.zeroshot_topic_list or []
    return None if index is None else names[index]


def default_label(topic: int, pairs: Sequence[Sequence[Any]]) -> str:
    """Return the id and the first four words that are not blank.

    Parameters
    ----------
    topic
        Its id.
    pairs
        Words and scores, the best first.

    Returns
    -------
    str
        Joined with underscores.

    Examples
    --------
    >>> default_label(0, [("space", 0.2), ("orbit", 0.1), ("", 1e-05)])
    '0_space_orbit'

    """
    words = [str(word) for word, _ in pairs[:4] if word]
    return "_".join([str(topic), *words])
