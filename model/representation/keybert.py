"""Words that lie closest to a topic's best documents, after KeyBERT."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import cosine_similarity

from topicstream.model.embedding import has_embedder
from topicstream.model.representation.base import BaseRepresentation
from topicstream.model.representative_docs import representative_rows
from topicstream.model.words import candidate_words, padded

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

    from topicstream.model.bertopic import BERTopic
    from topicstream.model.words import Words

_LOGGER = logging.getLogger(__name__)


class KeyBERTInspired(BaseRepresentation):
    """Rank candidate words by their similarity to a topic's representative documents.

    Parameters
    ----------
    top_n_words
        Words kept per topic, 10 by default.
    nr_repr_docs
        Documents that stand for a topic, 5 by default.
    nr_samples
        Documents of a topic that are looked at, 500 by default, drawn without repetition.
    nr_candidate_words
        Words of a topic that are ranked, 100 by default.
    random_state
        Seed of the draw, 42 by default.

    References
    ----------
    M. Grootendorst. KeyBERT: Minimal keyword extraction with BERT (2020),
    doi:10.5281/zenodo.4461265.

    Examples
    --------
    >>> KeyBERTInspired(top_n_words=5).get_params()["nr_candidate_words"]
    100

    """

    def __init__(
        self,
        top_n_words: int = 10,
        nr_repr_docs: int = 5,
        nr_samples: int = 500,
        nr_candidate_words: int = 100,
        random_state: int | None = 42,
    ) -> None:
        self.top_n_words = top_n_words
        self.nr_repr_docs = nr_repr_docs
        self.nr_samples = nr_samples
        self.nr_candidate_words = nr_candidate_words
        self.random_state = random_state

    def extract_topics(
        self,
        topic_model: BERTopic,
        documents: pd.DataFrame,
        c_tf_idf: csr_matrix,
        topics: Mapping[int, Words],
        embeddings: NDArray[Any] | None = None,
    ) -> dict[int, Words]:
        """Return the candidate words closest to each topic, with their cosine similarity.

        Parameters
        ----------
        topic_model
            Embeds the words; without an embedder the topics stay as they are.
        documents
            Columns ``Document`` and ``Topic``.
        c_tf_idf
            Weights, one row for each key of `topics`.
        topics
            Candidate words of each topic.
        embeddings
            Vectors of the documents, one for each row of `documents`; None (default) embeds those
            that are needed.

        """
        if not has_embedder(topic_model):
            _LOGGER.warning("KeyBERTInspired needs an embedding_model: words stay as they are")
            return dict(topics)
        found = representative_rows(
            topic_model,
            c_tf_idf,
            documents,
            list(topics),
            nr_samples=self.nr_samples,
            nr_repr_docs=self.nr_repr_docs,
            random_state=self.random_state,
        )
        names = topic_model.vectorizer_model.get_feature_names_out()
        ranked = candidate_words(c_tf_idf, names, sorted(topics), self.nr_candidate_words)
        words = {topic: [word for word, _ in pairs if word] for topic, pairs in ranked.items()}
        word_vectors = _word_vectors(topic_model, words)
        centres = _centres(topic_model, documents, found, embeddings, word_vectors)
        return {topic: self._best(words[topic], centres[topic], word_vectors) for topic in topics}

    def _best(
        self, words: Sequence[str], centre: NDArray[Any] | None, vectors: Mapping[str, NDArray[Any]]
    ) -> Words:
        if not words or centre is None:
            return padded([], self.top_n_words)
        matrix = np.vstack([vectors[word] for word in words])
        similarity = cosine_similarity(matrix, centre[None, :]).ravel()
        order = np.argsort(-similarity, kind="stable")[: self.top_n_words]
        best = [(words[place], float(similarity[place])) for place in order.tolist()]
        return padded(best, self.top_n_words)


def _word_vectors(
    topic_model: BERTopic, words: Mapping[int, Sequence[str]]
) -> dict[str, NDArray[Any]]:
    unique = list(dict.fromkeys(word for some in words.values() for word in some))
    if not unique:
        return {}
    return dict(zip(unique, _embedded(topic_model, unique), strict=True))


def _centres(
    topic_model: BERTopic,
    documents: pd.DataFrame,
    found: Mapping[int, Sequence[int]],
    embeddings: Any,  # noqa: ANN401  # dense, sparse or None
    word_vectors: Mapping[str, NDArray[Any]],
) -> dict[int, NDArray[Any] | None]:
    """Return the mean vector of each topic's representative documents (D-06: of just those)."""
    rows = [row for some in found.values() for row in some]
    width = len(next(iter(word_vectors.values()), ()))
    if embeddings is not None and embeddings.shape == (len(documents), width):
        vectors = _dense(embeddings[rows])
    else:
        vectors = _embedded(topic_model, documents["Document"].iloc[rows].tolist())
    ends = np.cumsum([len(some) for some in found.values()])
    parts = np.split(vectors, ends[:-1])
    return {
        topic: part.mean(axis=0) if len(part) else None
        for topic, part in zip(found, parts, strict=True)
    }


def _embedded(topic_model: BERTopic, texts: Sequence[str]) -> NDArray[Any]:
    vectors = topic_model._extract_embeddings(texts, method="document", verbose=False)  # noqa: SLF001
    return _dense(vectors)


def _dense(vectors: Any) -> NDArray[Any]:  # noqa: ANN401  # dense or sparse
    return np.asarray(vectors.toarray() if hasattr(vectors, "toarray") else vectors)
