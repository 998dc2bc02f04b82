"""Coherence: how often the words of a topic stand near each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topicstream.model.evaluation.co_occurrence import CoOccurrence, Counting, co_occurrence
from topicstream.model.evaluation.scores import Scores, mean_of_known
from topicstream.model.evaluation.token_places import Documents, places
from topicstream.model.evaluation.topic_words import Topics, WordTable, word_table

NPMI_WINDOW = 10
C_V_WINDOW = 110
TOP_N = 10
EPSILON = 1e-12  # keeps the logarithm of words that never meet finite; gensim's


def npmi(
    topics: Topics,
    documents: Documents,
    *,
    window: int = NPMI_WINDOW,
    top_n: int = TOP_N,
    language: str | None = None,
    counting: Counting = "gensim",
) -> Scores:
    """Return the NPMI coherence of topics, from -1 (words that never meet) to 1 (always).

    The score of a topic is the mean normalised pointwise mutual information of all pairs of its
    words, from the windows that hold them. Equal to gensim's "c_npmi".

    Parameters
    ----------
    topics
        Words of each topic, foremost first: a list for each topic, or a dict by topic id; of a
        model ``words(model)``. Of a repeated word the first counts.
    documents
        Texts, or the tokens of each document; read once, so an iterator will do. Texts are split
        into words of two characters or more, in lower case; tokens are taken as they are.
    window
        Tokens of the window that slides over each document; 10 by default.
    top_n
        So many words of each topic; 10 by default. Figures of different numbers of words cannot
        be compared.
    language
        "english" cleans texts as ``BERTopic(language="english")`` does; None (default) does not.
    counting
        "gensim" (default) loses sight of a repeated word as gensim does, so that figures can be
        compared; "exact" counts every window that holds the word.

    Returns
    -------
    Scores
        Per topic and the mean. A word that never occurs is left out, and `n_words` says how many
        were left; a topic with fewer than two is NaN, and the mean is that of the others.

    Raises
    ------
    ValueError
        There is no topic, no document, or no word of the topics in any document; or `window` or
        `top_n` is below 1.
    TypeError
        `topics` or `documents` are of the wrong kind.

    References
    ----------
    .. [1] G. Bouma, "Normalized (pointwise) mutual information in collocation extraction", GSCL
       2009.
    .. [2] N. Aletras, M. Stevenson, "Evaluating topic coherence using distributional semantics",
       IWCS 2013.

    Examples
    --------
    >>> documents = ["cat and dog", "dog and cat", "sun and moon", "moon, sun", "sun or dog"]
    >>> npmi([["cat", "dog"], ["cat", "moon"]], documents).per_topic.round(2)
    array([ 0.56, -0.93])

    """
    table = word_table(topics, top_n)
    counts = _counted(table, documents, window, language, counting)
    present, values = _pair_values(table, counts)
    others = ~np.eye(table.columns.shape[1], dtype=bool)
    pairs = present[:, :, None] & present[:, None, :] & others
    return _scores(table, present, np.where(pairs, values, 0.0).sum((1, 2)), pairs.sum((1, 2)))


def c_v(
    topics: Topics,
    documents: Documents,
    *,
    window: int = C_V_WINDOW,
    top_n: int = TOP_N,
    language: str | None = None,
    counting: Counting = "gensim",
) -> Scores:
    """Return the C_v coherence of topics, from 0 to 1 in practice; higher is better.

    Each word is a vector of its NPMI with all words of the topic; the score of a topic is the mean
    cosine of these vectors and their sum. Equal to gensim's "c_v".

    Parameters
    ----------
    topics, documents, top_n, language, counting
        As for `npmi`.
    window
        Tokens of the window that slides over each document; 110 by default.

    Returns
    -------
    Scores
        As for `npmi`; a topic of one word, whose cosine with itself would be 1, is NaN too.

    Raises
    ------
    ValueError, TypeError
        As for `npmi`.

    References
    ----------
    .. [1] M. Röder, A. Both, A. Hinneburg, "Exploring the space of topic coherence measures", WSDM
       2015.

    Examples
    --------
    >>> documents = ["cat and dog", "dog and cat", "sun and moon", "moon, sun", "sun or dog"]
    >>> c_v([["cat", "dog"], ["cat", "moon"]], documents).per_topic.round(2)
    array([0.96, 0.03])

    """
    table = word_table(topics, top_n)
    counts = _counted(table, documents, window, language, counting)
    present, values = _pair_values(table, counts)
    pairs = present[:, :, None] & present[:, None, :]
    vectors = np.where(pairs, values, 0.0)
    whole = vectors.sum(1)
    lengths = np.linalg.norm(vectors, axis=2) * np.linalg.norm(whole, axis=1)[:, None]
    dots = np.einsum("twv,tv->tw", vectors, whole)
    cosines = np.divide(dots, lengths, out=np.zeros_like(dots), where=lengths > 0)
    return _scores(table, present, cosines.sum(1), present.sum(1))


def _counted(
    table: WordTable, documents: Documents, window: int, language: str | None, counting: Counting
) -> CoOccurrence:
    if window < 1:
        raise ValueError(f"window={window}: give the tokens of a window, at least one")
    if counting not in {"gensim", "exact"}:
        raise ValueError(f"counting={counting!r}: give 'gensim' or 'exact'")
    found = places(documents, table.terms, language)
    counts = co_occurrence(found, table.columns, window=window, counting=counting)
    _check_found(table, counts)
    return counts


def _check_found(table: WordTable, counts: CoOccurrence) -> None:
    if not counts.n_windows:
        raise ValueError("documents is empty: give the texts or tokens that topics are judged by")
    if table.terms and not counts.alone().any():
        raise ValueError(
            f"none of the {len(table.terms)} words of the topics (the first: {table.terms[0]!r}) "
            "stands in any document: are both in lower case, and split the same way?"
        )


def _pair_values(
    table: WordTable, counts: CoOccurrence
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which words occur, (n_topics, top_n), and the NPMI of each two of a topic."""
    alone = np.append(counts.alone(), 0.0)[table.columns]  # the last for what is padding
    together = counts.pairs(table.columns[:, :, None], table.columns[:, None, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (together + EPSILON) / (alone[:, :, None] * alone[:, None, :])
        return alone > 0, np.log(ratio) / -np.log(together + EPSILON)


def _scores(
    table: WordTable,
    present: NDArray[np.bool_],
    sums: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> Scores:
    n_words = np.count_nonzero(present, axis=1).astype(np.int64)
    values = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=n_words > 1)
    return Scores(table.topics, values, n_words, mean_of_known(values))
