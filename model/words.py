"""The words of topics: candidates by c-TF-IDF, refined by representation models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix

from topicstream.model.ctfidf import top_terms

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic

Words: TypeAlias = list[tuple[str, float]]
"""Words with their scores, best first."""

NO_WORD = ("", 0.00001)
"""What fills a topic that has fewer words than are wanted."""

N_CANDIDATES = 30


def extract_topics(  # noqa: PLR0917  # bertopic's signature
    topic_model: BERTopic,
    documents: pd.DataFrame,
    embeddings: NDArray[Any] | None = None,
    mappings: Mapping[int, Any] | None = None,
    verbose: bool = False,  # noqa: ARG001, FBT001, FBT002  # bertopic's signature
    fine_tune_representation: bool = True,  # noqa: FBT001, FBT002
) -> None:
    """Set the c-TF-IDF, words, aspects and embeddings of the topics of `documents`.

    Parameters
    ----------
    topic_model
        Its sub-models are fitted.
    documents
        Columns ``Document`` and ``Topic``.
    embeddings
        Vectors of the documents, row by row; None (default) where they are unknown.
    mappings
        How topics were merged; None (default) if they were not.
    verbose
        Not used; progress is shown by the representation models.
    fine_tune_representation
        Whether representation models and aspects run; True by default.

    """
    from topicstream.model.bag_of_words import c_tf_idf
    from topicstream.model.topic_vectors import create_topic_vectors

    topic_model.c_tf_idf_, words = c_tf_idf(topic_model, documents)
    topic_model.topic_representations_ = extract_words_per_topic(
        topic_model,
        words,
        documents,
        fine_tune_representation=fine_tune_representation,
        calculate_aspects=fine_tune_representation,
        embeddings=embeddings,
    )
    create_topic_vectors(topic_model, documents, embeddings=embeddings, mappings=mappings)


def extract_words_per_topic(  # noqa: PLR0917  # bertopic's signature
    topic_model: BERTopic,
    words: Sequence[str] | NDArray[Any],
    documents: pd.DataFrame,
    c_tf_idf: csr_matrix | None = None,
    fine_tune_representation: bool = True,  # noqa: FBT001, FBT002  # bertopic's signature
    calculate_aspects: bool = True,  # noqa: FBT001, FBT002
    embeddings: NDArray[Any] | None = None,
) -> dict[int, Words]:
    """Return the words of each topic in `documents`, topics in ascending order.

    Parameters
    ----------
    topic_model
        Its representation models are asked; aspects are stored in its ``topic_aspects_``.
    words
        Word of each column of the c-TF-IDF matrix.
    documents
        Columns ``Document`` and ``Topic``.
    c_tf_idf
        Weights, one row for each topic of `documents` in ascending order; None (default) takes
        the model's.
    fine_tune_representation
        Whether the main representation model runs; True by default.
    calculate_aspects
        Whether aspects are computed; True by default.
    embeddings
        Vectors of the documents, row by row; None (default) where they are unknown.

    """
    from topicstream.model.representation.dispatch import Seen, aspects, main_words

    weights = known_weights(topic_model) if c_tf_idf is None else c_tf_idf
    topics = np.unique(documents["Topic"].to_numpy().astype(np.int64)).tolist()
    candidates = candidate_words(weights, words, topics, max(topic_model.top_n_words, N_CANDIDATES))
    seen = Seen(topic_model, documents, weights, embeddings)
    plain = {topic: found[: topic_model.top_n_words] for topic, found in candidates.items()}
    chosen = main_words(seen, candidates) if fine_tune_representation else plain
    if calculate_aspects:
        topic_model.topic_aspects_ = aspects(seen, candidates)
    return chosen


def known_weights(topic_model: BERTopic) -> csr_matrix:
    """Return the model's c-TF-IDF weights.

    Parameters
    ----------
    topic_model
        A fitted model.

    Raises
    ------
    ValueError
        It has none: it was loaded without them, or made by `merge_models`.

    """
    if topic_model.c_tf_idf_ is None:
        message = (
            "c_tf_idf_ is None: this model was saved without save_ctfidf=True, or merged from "
            "others; call update_topics with its documents"
        )
        raise ValueError(message)
    return topic_model.c_tf_idf_


def candidate_words(
    c_tf_idf: csr_matrix,
    words: Sequence[str] | NDArray[Any],
    topics: Sequence[int],
    n: int,
) -> dict[int, Words]:
    """Return exactly `n` words with scores per topic, heaviest first, padded with `NO_WORD`.

    Parameters
    ----------
    c_tf_idf
        Weights, (n_topics, n_words).
    words
        Word of each column.
    topics
        Topic of each row.
    n
        Words wanted.

    Examples
    --------
    >>> candidate_words(csr_matrix([[0.2, 0.0, 0.5]]), ["gun", "law", "moon"], [4], 3)
    {4: [('moon', 0.5), ('gun', 0.2), ('', 1e-05)]}

    """
    weights = csr_array(c_tf_idf).sorted_indices()
    found = top_terms(weights, np.asarray(words).tolist(), n)
    return {topic: padded(pairs, n) for topic, pairs in zip(topics, found, strict=True)}


def padded(words: Words, n: int) -> Words:
    """Return the words followed by as many `NO_WORD` as are missing to `n`.

    Examples
    --------
    >>> padded([("moon", 0.5)], 2)
    [('moon', 0.5), ('', 1e-05)]

    """
    return [*words, *[NO_WORD] * (n - len(words))]


def top_n_idx_sparse(matrix: csr_matrix, n: int) -> NDArray[Any]:
    """Return the columns of the `n` largest stored entries of each row, the largest last.

    Parameters
    ----------
    matrix
        Weights, (n_rows, n_columns).
    n
        Columns wanted per row.

    Returns
    -------
    ndarray of object, (n_rows, n)
        None at the end of a row that stores fewer entries.

    Examples
    --------
    >>> top_n_idx_sparse(csr_matrix([[0.2, 0.0, 0.5], [0.0, 0.1, 0.0]]), 2)
    array([[0, 2],
           [1, None]], dtype=object)

    """
    places = np.full((matrix.shape[0], n), None, dtype=object)
    for row in range(matrix.shape[0]):
        stored = slice(matrix.indptr[row], matrix.indptr[row + 1])
        order = np.argsort(matrix.data[stored], kind="stable")[-n:]
        places[row, : len(order)] = matrix.indices[stored][order].tolist()
    return places


def top_n_values_sparse(matrix: csr_matrix, indices: NDArray[Any]) -> NDArray[np.float64]:
    """Return the entries at the columns that `top_n_idx_sparse` found.

    Parameters
    ----------
    matrix
        Weights, (n_rows, n_columns).
    indices
        Columns, (n_rows, n), None for no entry.

    Returns
    -------
    ndarray of float64, (n_rows, n)
        Zero where there is no column.

    Examples
    --------
    >>> matrix = csr_matrix([[0.2, 0.0, 0.5], [0.0, 0.1, 0.0]])
    >>> top_n_values_sparse(matrix, top_n_idx_sparse(matrix, 2))
    array([[0.2, 0.5],
           [0.1, 0. ]])

    """
    is_there = np.array([[column is not None for column in row] for row in indices], dtype=bool)
    values = np.zeros(indices.shape, dtype=np.float64)
    rows = np.nonzero(is_there)[0]
    if len(rows):
        columns = indices[is_there].astype(np.int64)
        values[is_there] = np.asarray(matrix[rows, columns]).ravel()
    return values
