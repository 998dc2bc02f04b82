"""Diversity: how many of the topics' words belong to one topic only."""

from __future__ import annotations

import numpy as np

from topicstream.model.evaluation.scores import Scores
from topicstream.model.evaluation.topic_words import Topics, word_table


def diversity(topics: Topics, *, top_n: int = 10) -> Scores:
    """Return the diversity of topics: 1 if they share no word, near 0 if they are all the same.

    The figure for all topics is the number of different words over the number of words. That of a
    topic is the mean of one over the number of topics that have the word.

    Parameters
    ----------
    topics
        Words of each topic, foremost first: a list for each topic, or a dict by topic id; of a
        model ``words(model)``. Of a repeated word the first counts.
    top_n
        So many words of each topic; 10 by default, 25 in the paper.

    Returns
    -------
    Scores
        Per topic, NaN for one without words; `mean` weighs topics by their words, which makes it
        the figure of the paper, and is NaN where no topic has a word.

    Raises
    ------
    ValueError
        There is no topic, or `top_n` is below 1.
    TypeError
        `topics` are of the wrong kind.

    References
    ----------
    .. [1] A. Dieng, F. Ruiz, D. Blei, "Topic modeling in embedding spaces", TACL 8, 2020.
    .. [2] F. Nan, R. Ding, R. Nallapati, B. Xiang, "Topic modeling with Wasserstein autoencoders",
       ACL 2019; the figure per topic.

    Examples
    --------
    >>> found = diversity([["cat", "dog"], ["sun", "dog"]])
    >>> found.mean, found.per_topic
    (0.75, array([0.75, 0.75]))

    """
    table = word_table(topics, top_n)
    present, n_words = table.columns >= 0, table.n_words
    n_topics = np.bincount(table.columns[present], minlength=1)
    shares = np.where(present, 1.0 / np.maximum(n_topics[table.columns], 1), 0.0).sum(1)
    values = np.divide(shares, n_words, out=np.full(len(shares), np.nan), where=n_words > 0)
    total = int(n_words.sum())
    mean = len(table.terms) / total if total else float("nan")
    return Scores(table.topics, values, n_words, mean)
