"""Sizes of topics, and ids in the order of sizes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic


def update_topic_size(topic_model: BERTopic, documents: pd.DataFrame) -> None:
    """Set `topics_` and `topic_sizes_` from the column Topic.

    Parameters
    ----------
    topic_model
        The model that is changed.
    documents
        A frame with the column Topic, in the order of the documents.

    """
    topic_model.topics_ = [int(topic) for topic in documents["Topic"]]
    topic_model.topic_sizes_ = Counter(topic_model.topics_)


def mapping_by_frequency(topics: list[int]) -> dict[int, int]:
    """Return new ids in the order of sizes; what is equal stays in the order of appearance.

    Parameters
    ----------
    topics
        The topic of each document.

    Returns
    -------
    dict
        From old id to new id, -1 to itself.

    Examples
    --------
    >>> mapping_by_frequency([4, 2, 2, -1, 7])
    {-1: -1, 2: 0, 4: 1, 7: 2}

    """
    sizes = Counter(topic for topic in topics if topic != -1)
    ranks = {topic: rank for rank, (topic, _) in enumerate(sizes.most_common())}
    return {-1: -1, **ranks}


def sort_mappings_by_frequency(topic_model: BERTopic, documents: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with ids in the order of sizes; mapper and sizes follow.

    Parameters
    ----------
    topic_model
        The model whose mapper, `topics_` and `topic_sizes_` are changed.
    documents
        A frame with the column Topic.

    Returns
    -------
    DataFrame
        A new frame.

    """
    topics = [int(topic) for topic in documents["Topic"]]
    mapping = mapping_by_frequency(topics)
    if topic_model.topic_mapper_ is not None:
        topic_model.topic_mapper_.add_mappings(mapping, topic_model)
    ranked = documents.assign(Topic=[mapping[topic] for topic in topics])
    update_topic_size(topic_model, ranked)
    return ranked
