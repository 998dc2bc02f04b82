"""Topics cut into slices, by time or by class: their counts, weights and first words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, csr_matrix
from sklearn.preprocessing import normalize

from topicstream.model.bag_of_words import document_counts, summed_by_row
from topicstream.model.ctfidf import top_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from topicstream.model.bertopic import BERTopic

SHOWN = 5  # words


@dataclass(frozen=True, slots=True)
class Slices:
    """Documents in groups of one slice and one topic, ordered by slice, then by topic.

    Parameters
    ----------
    group
        Group of each document, (n,).
    number, topic, size
        Slice number, topic and documents of each group, (n_groups,).

    """

    group: NDArray[np.int64]
    number: NDArray[np.int64]
    topic: NDArray[np.int64]
    size: NDArray[np.int64]

    @classmethod
    def of(cls, slice_: NDArray[np.int64], topic: NDArray[np.int64]) -> Slices:
        """Group documents by their slice and their topic, both (n,)."""
        width = int(topic.max(initial=0)) + 2  # the outlier topic is -1
        keys, group, size = np.unique(
            slice_ * width + topic + 1, return_inverse=True, return_counts=True
        )
        return cls(group.astype(np.int64), keys // width, keys % width - 1, size.astype(np.int64))

    def rows(self, number: int) -> slice:
        """Return which groups are in slice `number`."""
        start, stop = np.searchsorted(self.number, [number, number + 1])
        return slice(int(start), int(stop))


def check_has_c_tf_idf(topic_model: BERTopic) -> None:
    """Raise ValueError where the model came without c-TF-IDF, as one saved without it does."""
    if topic_model.c_tf_idf_ is None or not hasattr(topic_model.vectorizer_model, "vocabulary_"):
        raise ValueError(
            "the model has no c-TF-IDF: it was saved without it, or merged from others; "
            "`update_topics(docs)` makes it again, and `save(..., save_ctfidf=True)` keeps it"
        )


def slice_weights(topic_model: BERTopic, documents: Sequence[str], slices: Slices) -> csr_array:
    """Return the c-TF-IDF weights of each group, with the idf that the model was fitted with."""
    counts = summed_by_row(document_counts(topic_model, documents), slices.group)
    return csr_array(topic_model.ctfidf_model.transform(counts))


def unit_rows(weights: Any) -> csr_array:  # noqa: ANN401  # csr_matrix or csr_array
    """Return a copy whose rows sum to 1: the model's own matrix must stay as it is (D-02)."""
    return csr_array(normalize(weights, norm="l1", copy=True))


def first_words(weights: csr_array, terms: Sequence[str]) -> list[list[str]]:
    """Return the heaviest five words of each row; fewer where fewer weigh anything."""
    return [[word for word, _ in words] for words in top_terms(weights, terms, SHOWN)]


def represented_words(
    topic_model: BERTopic, documents: pd.DataFrame, weights: csr_array, terms: Sequence[str]
) -> list[list[str]]:
    """Return five words a topic that the representation model chooses, by ascending topic.

    Parameters
    ----------
    topic_model
        A fitted model.
    documents
        Columns Document, ID, Topic, Image; the documents of these topics.
    weights
        c-TF-IDF weights of these topics, by ascending topic.
    terms
        The term of each column.

    """
    from topicstream.model.words import extract_words_per_topic

    found = extract_words_per_topic(
        topic_model,
        terms,
        documents,
        c_tf_idf=csr_matrix(weights),
        fine_tune_representation=True,
        calculate_aspects=False,
    )
    return [[word for word, _ in found[topic][:SHOWN] if word] for topic in sorted(found)]


def slice_frame(slices: Slices, words: list[list[str]], name: str, values: Any) -> pd.DataFrame:  # noqa: ANN401
    """Return one row a group.

    Parameters
    ----------
    slices
        The groups.
    words
        Words of each group.
    name
        Name of the last column.
    values
        What stands there for each slice: an Index of times or classes.

    """
    return pd.DataFrame(
        {
            "Topic": slices.topic,
            "Words": [", ".join(some) for some in words],
            "Frequency": slices.size,
            name: values.take(slices.number),
        }
    )
