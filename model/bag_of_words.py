"""Bag of words: the terms of topics, and what each weighs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix

from topicstream.model.document_terms import CountedDocuments, cleaned, seen_by
from topicstream.model.vectorizers import OnlineCountVectorizer

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

BLANK = "emptydoc"
SEED_TOPIC_FACTOR = 1.2
_LOGGER = logging.getLogger(__name__)
# Weak: what was counted goes with the vectorizer that it belongs to, and is in no saved model.
_COUNTED = CountedDocuments()


def preprocess_text(topic_model: BERTopic, documents: Iterable[Any]) -> list[str]:
    """Return the documents as the vectorizer sees them, blank ones as ``emptydoc``.

    Parameters
    ----------
    topic_model
        Its language decides what goes.
    documents
        Texts.

    """
    texts = cleaned(documents, topic_model.language).to_list()
    return [text if text.strip() else BLANK for text in texts]


def c_tf_idf(
    topic_model: BERTopic,
    documents_per_topic: pd.DataFrame,
    fit: bool = True,  # noqa: FBT001, FBT002  # bertopic's signature
    partial_fit: bool = False,  # noqa: FBT001, FBT002
) -> tuple[csr_matrix, NDArray[Any]]:
    """Return the c-TF-IDF weights of topics, and the words of the columns.

    Terms are counted per document and summed per topic (D-29): no n-gram reaches over two
    documents, and `min_df` and `max_df` of the vectorizer count documents. With
    ``topic_model.counts_documents = False`` the texts of a topic are joined first, as bertopic
    0.17.4 does.

    Parameters
    ----------
    topic_model
        Holds the vectorizer and the c-TF-IDF transformer, which are fitted.
    documents_per_topic
        Columns ``Document`` and ``Topic``; any number of rows per topic. Without ``Topic``, each
        row is a topic.
    fit
        Whether both are fitted; False only transforms. True by default.
    partial_fit
        Whether the vectorizer learns this batch in addition to what it knows; False by default.

    Returns
    -------
    tuple
        The weights, (n_topics, n_terms) float64, topics in ascending order; and the terms.

    Raises
    ------
    ValueError
        The vectorizer leaves no term.

    """
    texts, rows = _by_topic(topic_model, documents_per_topic)
    if partial_fit:
        counts = _accumulated(topic_model, texts, rows)
    elif fit:
        counts = summed_by_row(_fitted(topic_model, texts, rows), rows)
    else:
        counts = summed_by_row(document_counts(topic_model, texts), rows)
    words = np.asarray(topic_model.vectorizer_model.get_feature_names_out())
    if fit or partial_fit:
        _fit_weights(topic_model, counts, words)
    return csr_matrix(topic_model.ctfidf_model.transform(counts)), words


def document_counts(topic_model: BERTopic, documents: Sequence[Any]) -> csr_matrix:
    """Return the term counts of documents, (n_documents, n_terms), cleaned as in the fit (D-30).

    Documents of the last fit are not counted again.

    Parameters
    ----------
    topic_model
        Fitted.
    documents
        Raw texts.

    """
    return _COUNTED.counts(topic_model.vectorizer_model, documents, topic_model.language)


def summed_by_row(counts: csr_matrix, rows: NDArray[np.int64]) -> csr_matrix:
    """Return the counts of documents summed over those with the same row.

    Parameters
    ----------
    counts
        Term counts, (n_documents, n_terms).
    rows
        The row of each document, from 0 without gaps, (n_documents,).

    Examples
    --------
    >>> summed_by_row(csr_matrix([[1, 0], [2, 1], [0, 4]]), np.array([0, 1, 0])).toarray()
    array([[1, 4],
           [2, 1]])

    """
    shape = (int(rows.max(initial=-1)) + 1, len(rows))
    ones = np.ones(len(rows), dtype=counts.dtype)
    member = csr_array((ones, (rows, np.arange(len(rows)))), shape=shape)
    summed = csr_matrix(member @ counts)
    summed.sort_indices()
    return summed


def _by_topic(
    topic_model: BERTopic, documents: pd.DataFrame
) -> tuple[list[Any], NDArray[np.int64]]:
    texts = documents["Document"].tolist()
    if "Topic" not in documents:
        return texts, np.arange(len(texts))
    topics = documents["Topic"].to_numpy().astype(np.int64)
    rows = np.unique(topics, return_inverse=True)[1].astype(np.int64)
    if topic_model.counts_documents or len(texts) == rows.max(initial=-1) + 1:
        return texts, rows
    return _joined(texts, rows)


def _joined(texts: Sequence[Any], rows: NDArray[np.int64]) -> tuple[list[Any], NDArray[np.int64]]:
    parts: list[list[str]] = [[] for _ in range(int(rows.max(initial=-1)) + 1)]
    for text, row in zip(texts, rows.tolist(), strict=True):
        parts[row].append(text if isinstance(text, str) else "")
    return [" ".join(part) for part in parts], np.arange(len(parts))


def _fitted(topic_model: BERTopic, texts: list[Any], rows: NDArray[np.int64]) -> csr_matrix:
    vectorizer, language = topic_model.vectorizer_model, topic_model.language
    known = _COUNTED.fitted(vectorizer, texts, language)
    if known is not None and not len(_blank_topics(known[1], rows)):
        return known[0]
    seen, is_blank = seen_by(vectorizer, texts, language)
    named = _blank_topics(is_blank, rows)
    if not len(named):
        return _COUNTED.fit(vectorizer, texts, seen, language, is_blank)
    if is_blank.all():
        _LOGGER.warning("none of the %d documents has a character that counts as text", len(texts))
    is_named = np.zeros(len(texts), dtype=bool)
    is_named[named] = True
    seen = cleaned(texts, language).set(pl.Series(is_named), BLANK)
    return _COUNTED.fit(vectorizer, texts, seen, language)


def _blank_topics(is_blank: NDArray[np.bool_], rows: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return one document of each topic of blank documents only, to be named ``emptydoc``."""
    if not is_blank.any():
        return np.empty(0, dtype=np.intp)
    first = np.unique(rows, return_index=True)[1]
    return first[~np.isin(rows[first], rows[~is_blank])]


def _accumulated(topic_model: BERTopic, texts: list[Any], rows: NDArray[np.int64]) -> csr_matrix:
    vectorizer = topic_model.vectorizer_model
    seen = cleaned(texts, topic_model.language).to_list()
    if isinstance(vectorizer, OnlineCountVectorizer):
        return vectorizer.partial_fit(seen).update_bow(seen, rows=rows)
    joined, _ = _joined(seen, rows)
    return csr_matrix(vectorizer.partial_fit(joined).update_bow(joined))


def _fit_weights(topic_model: BERTopic, counts: csr_matrix, words: NDArray[Any]) -> None:
    factors = _seed_factors(topic_model, words)
    if factors is None:
        topic_model.ctfidf_model = topic_model.ctfidf_model.fit(counts)
    else:
        topic_model.ctfidf_model = topic_model.ctfidf_model.fit(counts, multiplier=factors)


def _seed_factors(topic_model: BERTopic, words: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return what the idf of each word is multiplied by; words of seed topics come last and win."""
    seed_words = getattr(topic_model.ctfidf_model, "seed_words", None)
    seed_topics = topic_model.seed_topic_list
    if not seed_words and not seed_topics:
        return None
    factors = np.ones(len(words))
    if seed_words:
        factors[np.isin(words, list(seed_words))] = topic_model.ctfidf_model.seed_multiplier
    for seeds in seed_topics or []:
        factors[np.isin(words, list(seeds))] = SEED_TOPIC_FACTOR
    return factors
