"""Maximal marginal relevance: words that fit a topic and say different things."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import cosine_similarity

from topicstream.model.embedding import has_embedder
from topicstream.model.representation.base import BaseRepresentation
from topicstream.model.words import padded

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

    from topicstream.model.bertopic import BERTopic
    from topicstream.model.words import Words

_LOGGER = logging.getLogger(__name__)


class MaximalMarginalRelevance(BaseRepresentation):
    """Drop words that repeat what better words say.

    Parameters
    ----------
    diversity
        From 0, the closest words, to 1, the most different; 0.1 by default.
    top_n_words
        Words kept per topic, 10 by default.

    References
    ----------
    J. Carbonell, J. Goldstein. The Use of MMR, Diversity-Based Reranking for Reordering Documents
    and Producing Summaries (1998), SIGIR, 335-336.

    Examples
    --------
    >>> MaximalMarginalRelevance(diversity=0.3).get_params()
    {'diversity': 0.3, 'top_n_words': 10}

    """

    def __init__(self, diversity: float = 0.1, top_n_words: int = 10) -> None:
        self.diversity = diversity
        self.top_n_words = top_n_words

    def extract_topics(
        self,
        topic_model: BERTopic,
        documents: pd.DataFrame,  # noqa: ARG002  # part of the promise
        c_tf_idf: csr_matrix,  # noqa: ARG002
        topics: Mapping[int, Words],
    ) -> dict[int, Words]:
        """Return the chosen words of each topic, in the order and with the scores they had.

        Parameters
        ----------
        topic_model
            Embeds the words; without an embedder the topics stay as they are.
        documents
            Not used.
        c_tf_idf
            Not used.
        topics
            Candidate words of each topic.

        """
        if not has_embedder(topic_model):
            _LOGGER.warning("MaximalMarginalRelevance needs an embedding_model: words stay as is")
            return dict(topics)
        named = {topic: [pair for pair in pairs if pair[0]] for topic, pairs in topics.items()}
        vectors = _vectors_of(topic_model, named)
        return {topic: self._chosen(pairs, vectors) for topic, pairs in named.items()}

    def _chosen(self, pairs: Words, vectors: Mapping[str, NDArray[Any]]) -> Words:
        if not pairs:
            return padded([], self.top_n_words)
        words = [word for word, _ in pairs]
        matrix = np.vstack([vectors[word] for word in words])
        whole = vectors[" ".join(words)]
        kept = set(mmr(whole, matrix, words, diversity=self.diversity, top_n=self.top_n_words))
        return padded([pair for pair in pairs if pair[0] in kept], self.top_n_words)


def mmr(
    doc_embedding: NDArray[Any],
    word_embeddings: NDArray[Any],
    words: Sequence[str],
    diversity: float = 0.1,
    top_n: int = 10,
) -> list[str]:
    """Return the words that are close to a document and far from each other, in order of choice.

    Parameters
    ----------
    doc_embedding
        The document's vector, (n_dimensions,) or (1, n_dimensions).
    word_embeddings
        Vectors of the words, (n_words, n_dimensions).
    words
        The words.
    diversity
        Weight of being different, from 0 to 1; 0.1 by default.
    top_n
        Words wanted, 10 by default; fewer where there are fewer (D-53).

    Examples
    --------
    >>> vectors = np.array([[1.0, 0.0], [0.99, 0.1], [0.5, 0.8]])
    >>> mmr(np.array([1.0, 0.3]), vectors, ["car", "cars", "road"], diversity=0.7, top_n=2)
    ['cars', 'road']

    """
    to_document = cosine_similarity(word_embeddings, np.atleast_2d(doc_embedding)).ravel()
    order = mmr_order(to_document, cosine_similarity(word_embeddings), diversity, top_n)
    return [words[place] for place in order]


def mmr_order(
    relevance: NDArray[Any], similarity: NDArray[Any], diversity: float, top_n: int
) -> list[int]:
    """Return the places that maximal marginal relevance chooses, in order of choice.

    Parameters
    ----------
    relevance
        How close each item is to what is wanted, (n,).
    similarity
        How close items are to each other, (n, n).
    diversity
        Weight of being different, from 0 to 1.
    top_n
        Items wanted; fewer where there are fewer.

    Examples
    --------
    >>> mmr_order(np.array([0.9, 0.8, 0.1]), np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]]), 0.5, 2)
    [0, 2]

    """
    n = min(top_n, len(relevance))
    if n <= 0:
        return []
    chosen = [int(np.argmax(relevance))]
    closest = similarity[:, chosen[0]].astype(np.float64)
    while len(chosen) < n:
        gain = (1.0 - diversity) * relevance - diversity * closest
        gain[chosen] = -np.inf
        chosen.append(int(np.argmax(gain)))
        closest = np.maximum(closest, similarity[:, chosen[-1]])
    return chosen


def _vectors_of(topic_model: BERTopic, named: Mapping[int, Words]) -> dict[str, NDArray[Any]]:
    """Embed every word, and every topic's words in one text, in a single call."""
    texts = [[*words, " ".join(words)] for words in _words_of(named)]
    unique = list(dict.fromkeys(text for some in texts for text in some))
    if not unique:
        return {}
    vectors = topic_model._extract_embeddings(unique, method="word", verbose=False)  # noqa: SLF001
    return dict(zip(unique, _dense(vectors), strict=True))


def _words_of(named: Mapping[int, Words]) -> list[list[str]]:
    return [[word for word, _ in pairs] for pairs in named.values() if pairs]


def _dense(vectors: Any) -> NDArray[Any]:  # noqa: ANN401  # dense or sparse
    return np.asarray(vectors.toarray() if hasattr(vectors, "toarray") else vectors)
