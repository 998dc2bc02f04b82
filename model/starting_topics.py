"""Topics that a stream begins with: those of a fitted BERTopic, as arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from topicstream.model.alignment import learnt
from topicstream.model.centroids import Embeddings
from topicstream.model.errors import StartError
from topicstream.model.labels import default_label, zeroshot_name
from topicstream.model.topic_info import real_words
from topicstream.model.vocabulary import Vocabulary

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

LEAST_WEIGHT = 10.0
SHARE_OF_WORDS = 0.1  # of a topic's terms that its foremost ten are


@dataclass(frozen=True, slots=True)
class StartingTopics:
    """Topics for a stream to begin with, by ascending id.

    Parameters
    ----------
    ids
        Their numbers, int64, (n_topics,).
    next_id
        The number of the first topic that is born; no topic has had it or a larger one.
    centroids
        float32, (n_topics, n_dimensions); only their directions count.
    sizes
        Documents that each was made from, float64, (n_topics,).
    shares
        Part of each topic's terms that a term is, (n_topics, n_terms); a row sums to 1 or less.
    terms
        The term of each column, as `Vocabulary` writes them.
    names
        Names that people or language models gave, by id.

    """

    ids: NDArray[np.int64]
    next_id: int
    centroids: Embeddings
    sizes: NDArray[np.float64]
    shares: csr_array
    terms: tuple[str, ...]
    names: Mapping[int, str]

    @property
    def n_dimensions(self) -> int:
        """Width of an embedding."""
        return int(self.centroids.shape[1])

    def weights(self, half_life: float) -> NDArray[np.float64]:
        """Return what each topic weighs in a stream, in documents.

        Its size; together no more than one half-life, and each no less than ten, lest small topics
        of a large model rest before the stream has had a chance to show them.

        """
        scale = min(1.0, half_life / max(float(self.sizes.sum()), 1.0))
        return np.maximum(self.sizes * scale, LEAST_WEIGHT)

    def digest(self) -> str:
        """Return the SHA-256 of all of it, as 64 hex digits."""
        rest = [self.next_id, self.terms, sorted(self.names.items())]
        digest = hashlib.sha256(json.dumps(rest).encode())
        shares = (self.shares.data, *map(_wide, (self.shares.indices, self.shares.indptr)))
        for array in (self.ids, self.centroids, self.sizes, *shares):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def starting_topics(topic_model: BERTopic, n_terms: int = 50_000) -> StartingTopics:
    """Return the topics of a fitted or loaded model, for a stream to begin with.

    Where the model has c-TF-IDF, a term's share of a topic is its weight over its idf, which is
    exact; else the foremost words share a tenth of the topic by their scores. Terms that a stream
    does not count, such as stop words and runs of words, are left out.

    Parameters
    ----------
    topic_model
        A fitted model.
    n_terms
        Terms kept, those with the largest shares, 50,000 by default.

    Raises
    ------
    StartError
        It has no topic but the outliers, or no topic embeddings.
    ValueError
        It is not fitted.

    """
    sizes = learnt(topic_model.topic_sizes_)
    ids = sorted(int(topic) for topic in learnt(topic_model.topic_representations_) if topic >= 0)
    embeddings = topic_model.topic_embeddings_
    if not ids or embeddings is None:
        lack = "topic embeddings" if ids else "topics but the outliers"
        raise StartError(
            f"the model has no {lack}, so that no stream can start from it; fit it with an "
            "embedding_model or with embeddings"
        )
    shares, terms = _shares(topic_model, ids, n_terms)
    return StartingTopics(
        np.array(ids, dtype=np.int64),
        _next_id(topic_model, ids),
        np.ascontiguousarray(embeddings[-len(ids) :], dtype=np.float32),
        np.array([float(sizes.get(topic, 0)) for topic in ids]),
        shares,
        tuple(terms),
        _names(topic_model, ids),
    )


def _wide(array: NDArray[Any]) -> NDArray[np.int64]:
    return array.astype(np.int64)


def _next_id(topic_model: BERTopic, ids: Sequence[int]) -> int:
    mapper = topic_model.topic_mapper_
    rows = [] if mapper is None else mapper.mappings_
    return 1 + max([*ids, *(int(topic) for row in rows for topic in row if topic is not None)])


def _shares(topic_model: BERTopic, ids: Sequence[int], n_terms: int) -> tuple[csr_array, list[str]]:
    if topic_model.c_tf_idf_ is None or not hasattr(topic_model.vectorizer_model, "vocabulary_"):
        words, matrix = _foremost(topic_model, ids)
    else:
        words = [str(word) for word in topic_model.vectorizer_model.get_feature_names_out()]
        matrix = _unweighted(topic_model)[-len(ids) :]
    return _as_counted(matrix, words, n_terms)


def _unweighted(topic_model: BERTopic) -> csr_array:
    """Return what c-TF-IDF weighed: each term's share of its topic."""
    weights = csr_array(learnt(topic_model.c_tf_idf_)).astype(np.float64)
    idf = np.asarray(topic_model.ctfidf_model.idf_)
    shares = weights.data / np.maximum(idf, 1e-12)[weights.indices]
    if topic_model.ctfidf_model.reduce_frequent_words:
        shares = shares**2
    shares[idf[weights.indices] <= 0.0] = 0.0
    return csr_array((shares, weights.indices, weights.indptr), shape=weights.shape)


def _foremost(topic_model: BERTopic, ids: Sequence[int]) -> tuple[list[str], csr_array]:
    """Return the words that describe the topics, as if they made up a tenth of their terms."""
    described = learnt(topic_model.topic_representations_)
    pairs = [
        (row, str(word), max(float(score), 0.0))
        for row, topic in enumerate(ids)
        for word, score in described[topic]
        if word
    ]
    words = list(dict.fromkeys(word for _, word, _ in pairs))
    place = {word: column for column, word in enumerate(words)}
    scores = np.zeros((len(ids), len(words)))
    for row, word, score in pairs:
        scores[row, place[word]] += score
    sums = np.maximum(scores.sum(axis=1, keepdims=True), 1e-300)
    return words, csr_array(scores / sums * SHARE_OF_WORDS)


def _as_counted(
    matrix: csr_array, words: Sequence[str], n_terms: int
) -> tuple[csr_array, list[str]]:
    """Return the shares of the terms that a stream would count in these words."""
    vocabulary = Vocabulary()
    found = vocabulary.locate(words)
    alone = np.bincount(found.documents, minlength=len(words))[found.documents] == 1
    entries = (np.ones(int(alone.sum())), (found.documents[alone], found.columns[alone]))
    to_terms = csr_array(entries, shape=(len(words), len(vocabulary)))
    shares = csr_array(matrix @ to_terms)
    heaviest = np.argsort(-np.asarray(shares.sum(axis=0)).ravel(), kind="stable")
    kept = np.sort(heaviest[:n_terms])
    counted = csr_array(shares[:, kept])
    counted.sort_indices()
    return counted, [vocabulary.terms[column] for column in kept.tolist()]


def _names(topic_model: BERTopic, ids: Sequence[int]) -> dict[int, str]:
    words = learnt(topic_model.topic_representations_)
    custom, topics = topic_model.custom_labels_ or [], sorted(learnt(topic_model.topic_sizes_))
    given = dict(zip(topics, custom, strict=True)) if len(custom) == len(topics) else {}
    plain = {topic for topic in ids if given.get(topic) == default_label(topic, words[topic])}
    texts = {t: _own_name(topic_model, t) if t in plain else given.get(t) for t in ids}
    found = {topic: text or _own_name(topic_model, topic) for topic, text in texts.items()}
    return {topic: name for topic, name in found.items() if name}


def _own_name(topic_model: BERTopic, topic: int) -> str | None:
    """Return what a zero-shot topic was asked for by, or what a language model called it."""
    words = real_words(learnt(topic_model.topic_representations_)[topic])
    told = words[0] if len(words) == 1 and not _is_term(words[0]) else None
    return zeroshot_name(topic_model, topic) or told


def _is_term(word: str) -> bool:
    vocabulary = Vocabulary()
    vocabulary.locate([word])
    return vocabulary.terms == [word]
