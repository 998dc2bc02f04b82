"""The words of topics, told again once the topics or the settings have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic


def tell_again(topic_model: BERTopic, documents: pd.DataFrame) -> None:
    """Set c-TF-IDF, words and aspects from the documents; topic embeddings stay as they are.

    Parameters
    ----------
    topic_model
        The model that is changed.
    documents
        The working frame, with the topics that are to be described.

    """
    weights, words = topic_model._c_tf_idf(documents)  # noqa: SLF001  # a hook
    topic_model.c_tf_idf_ = weights
    topic_model.topic_representations_ = topic_model._extract_words_per_topic(  # noqa: SLF001  # a hook
        words, documents, weights
    )
