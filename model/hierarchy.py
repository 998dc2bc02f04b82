"""The hierarchy of topics: which merge with which, and the words of each merge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.cluster import hierarchy as scipy_hierarchy
from scipy.sparse import csr_array, vstack
from sklearn.metrics.pairwise import cosine_similarity
from tqdm.auto import tqdm

from topicstream.model.bag_of_words import document_counts, summed_by_row
from topicstream.model.distances import (
    get_unique_distances,
    select_topic_representation,
    validate_distance_matrix,
)
from topicstream.model.documents import (
    check_documents_type,
    check_is_fitted,
    check_length,
    working_frame,
)
from topicstream.model.slices import (
    SHOWN,
    check_has_c_tf_idf,
    first_words,
    represented_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from topicstream.model.bertopic import BERTopic, Documents

__all__ = [
    "get_unique_distances",
    "hierarchical_topics",
    "select_topic_representation",
    "validate_distance_matrix",
]

AT_ONCE = 64  # merges weighed together: a long chain of them has as many terms as all topics
COLUMNS = (
    "Parent_ID",
    "Parent_Name",
    "Topics",
    "Child_Left_ID",
    "Child_Left_Name",
    "Child_Right_ID",
    "Child_Right_Name",
    "Distance",
)


class _Merge(NamedTuple):
    left: int
    right: int
    topics: list[int]
    distance: float


def hierarchical_topics(
    topic_model: BERTopic,
    docs: Documents = None,
    *,
    use_ctfidf: bool = True,
    linkage_function: Callable[[Any], NDArray[Any]] | None = None,
    distance_function: Callable[[Any], Any] | None = None,
    fine_tune_representation: bool = False,
) -> pd.DataFrame:
    """Return which topics merge with which, from the root down, and the words of each merge.

    Parameters
    ----------
    topic_model
        A fitted model.
    docs
        The documents that the model was fitted on, in their order; None for a live model, which
        has the counts of their terms.
    use_ctfidf
        Whether distances are between c-TF-IDF rows (default) or between topic embeddings.
    linkage_function
        From condensed distances to a linkage; None (default) is Ward's.
    distance_function
        From rows to distances, square or condensed; None (default) is 1 - cosine.
    fine_tune_representation
        Whether the representation model runs for each merge, False by default.

    Returns
    -------
    DataFrame
        One row per merge, the root first; none where there are fewer than two topics.

    Raises
    ------
    ValueError
        The model is not fitted, lengths differ, or distances are none.
    TypeError
        The documents are no collection of strings.

    """
    check_is_fitted(topic_model)
    _check_documents(topic_model, docs, fine_tune_representation=fine_tune_representation)
    check_has_c_tf_idf(topic_model)
    topics = sorted(topic for topic in topic_model.get_topics() if topic >= 0)
    if len(topics) < 2:
        return pd.DataFrame(columns=list(COLUMNS))
    vectors, _ = select_topic_representation(
        topic_model.c_tf_idf_, topic_model.topic_embeddings_, use_ctfidf=use_ctfidf
    )
    offset = topic_model._outliers  # noqa: SLF001  # a hook that others call too
    distances = (distance_function or cosine_distances)(vectors[offset:])
    condensed = validate_distance_matrix(distances, len(topics))
    merges = _merges((linkage_function or _ward)(condensed), topics)
    counts = _topic_counts(topic_model, docs, topics)
    if fine_tune_representation:
        words = _represented(topic_model, list(docs), merges, counts)
    else:
        words = _plain(topic_model, merges, counts)
    names = _leaf_names(topic_model, topics) + ["_".join(some) for some in words]
    return _frame(merges, names, topics)


def _check_documents(
    topic_model: BERTopic, docs: Documents, *, fine_tune_representation: bool
) -> None:
    if docs is None and topic_model._live is not None:  # noqa: SLF001  # what only a live model has
        if fine_tune_representation:
            message = (
                "docs is None, but representation models look at documents: give docs, or leave "
                "fine_tune_representation out"
            )
            raise ValueError(message)
        return
    check_documents_type(docs)
    check_length("docs", docs, topic_model)


def cosine_distances(vectors: Any) -> NDArray[np.float64]:  # noqa: ANN401  # sparse or dense
    """Return 1 - cosine between all rows, not below zero where rounding would have it so."""
    distances: NDArray[np.float64] = np.clip(1.0 - cosine_similarity(vectors), 0.0, None)
    return distances


def _ward(condensed: NDArray[np.float64]) -> NDArray[np.float64]:
    return scipy_hierarchy.linkage(condensed, "ward", optimal_ordering=True)


def _merges(linkage: NDArray[np.float64], topics: list[int]) -> list[_Merge]:
    """Return the merges, each with the topics below it, which are those of its two children."""
    below: list[list[int]] = [[topic] for topic in topics]
    merges = []
    distances = get_unique_distances(linkage[:, 2])
    for (left, right), distance in zip(linkage[:, :2].astype(int), distances, strict=True):
        below.append(sorted(below[left] + below[right]))
        merges.append(_Merge(int(left), int(right), below[-1], float(distance)))
    return merges


def _topic_counts(topic_model: BERTopic, docs: Documents, topics: list[int]) -> csr_array:
    """Return the term counts of each topic, one row a topic."""
    live = topic_model._live  # noqa: SLF001  # what only a live model has
    if docs is None and live is not None:
        from topicstream.model.live import topic_counts

        return topic_counts(topic_model, live, topics)
    rows = np.asarray(topic_model.topics_, dtype=np.int64) + 1
    counts = summed_by_row(document_counts(topic_model, list(docs)), rows)
    wanted = np.array(topics) + 1
    # A topic that has lost its documents has a row in the model all the same.
    missing = max(0, int(wanted.max()) + 1 - counts.shape[0])
    bounds = np.pad(counts.indptr, (0, missing), mode="edge")
    shape = (counts.shape[0] + missing, counts.shape[1])
    return csr_array((counts.data, counts.indices, bounds), shape=shape)[wanted]


def _merged_counts(merges: list[_Merge], counts: csr_array) -> Iterator[csr_array]:
    """Return the term counts of each merge: the sum of its children's."""
    of: dict[int, csr_array] = {row: counts[[row]] for row in range(len(merges) + 1)}
    for number, merge in enumerate(merges, start=len(merges) + 1):
        of[number] = of.pop(merge.left) + of.pop(merge.right)
        yield of[number]


def _weights(topic_model: BERTopic, merges: list[_Merge], counts: csr_array) -> Iterator[csr_array]:
    """Return the c-TF-IDF weights of the merges, some at a time."""
    waiting: list[csr_array] = []
    for summed in tqdm(
        _merged_counts(merges, counts), total=len(merges), disable=not topic_model.verbose
    ):
        waiting.append(summed)
        if len(waiting) == AT_ONCE:
            yield csr_array(topic_model.ctfidf_model.transform(vstack(waiting, format="csr")))
            waiting = []
    if waiting:
        yield csr_array(topic_model.ctfidf_model.transform(vstack(waiting, format="csr")))


def _plain(topic_model: BERTopic, merges: list[_Merge], counts: csr_array) -> list[list[str]]:
    terms = topic_model.vectorizer_model.get_feature_names_out()
    return [
        words
        for weights in _weights(topic_model, merges, counts)
        for words in first_words(weights, terms)
    ]


def _represented(
    topic_model: BERTopic, docs: Sequence[str], merges: list[_Merge], counts: csr_array
) -> list[list[str]]:
    terms = topic_model.vectorizer_model.get_feature_names_out()
    assigned = np.asarray(topic_model.topics_)
    rows = (
        block[[i]] for block in _weights(topic_model, merges, counts) for i in range(block.shape[0])
    )
    words = []
    for merge, row in zip(merges, rows, strict=True):
        inside = np.flatnonzero(np.isin(assigned, merge.topics))
        frame = working_frame([docs[i] for i in inside.tolist()], [0] * len(inside))
        words += represented_words(topic_model, frame, row, terms)
    return words


def _leaf_names(topic_model: BERTopic, topics: list[int]) -> list[str]:
    words = topic_model.get_topics()
    return ["_".join(word for word, _ in words[topic][:SHOWN] if word) for topic in topics]


def _frame(merges: list[_Merge], names: list[str], topics: list[int]) -> pd.DataFrame:
    first = len(topics)
    # Merges are numbered from where topics end, which may have gaps among them.
    ids = [*topics, *range(topics[-1] + 1, topics[-1] + 1 + len(merges))]
    rows = [
        (
            str(ids[number]),
            names[number],
            merge.topics,
            str(ids[merge.left]),
            names[merge.left],
            str(ids[merge.right]),
            names[merge.right],
            merge.distance,
        )
        for number, merge in enumerate(merges, start=first)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).iloc[::-1]
