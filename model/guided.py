"""Guided modelling: lists of words draw documents together before anything is clustered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.documents import is_sparse
from topicstream.model.embedding import extract_embeddings
from topicstream.model.progress import announce
from topicstream.model.similarity import cosines

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

_SEED_SHARE = 0.25


def guide(topic_model: BERTopic, embeddings: Any) -> tuple[list[int], NDArray[Any]]:  # noqa: ANN401  # dense or sparse
    """Return which seed each document is nearest to, and the embeddings moved toward the seeds.

    Parameters
    ----------
    topic_model
        A model with `seed_topic_list` and an embedder.
    embeddings
        Shape (n, d); not written to (D-26).

    Returns
    -------
    labels
        Index into `seed_topic_list`, or -1 where the mean of all documents is nearer.
    embeddings
        A new array: three quarters the document, one quarter its seed.

    """
    announce(topic_model, "Guided", "finding the documents nearest to the seed words")
    texts = [" ".join(words) for words in topic_model.seed_topic_list or []]
    seeds = np.asarray(extract_embeddings(topic_model, texts, verbose=False))
    moved = embeddings.toarray() if is_sparse(embeddings) else np.array(embeddings)
    references = np.vstack([seeds, moved.mean(axis=0, keepdims=True)])
    nearest = cosines(moved, references).argmax(axis=1)
    labels = np.where(nearest == len(seeds), -1, nearest)
    near = labels >= 0
    moved[near] = (1 - _SEED_SHARE) * moved[near] + _SEED_SHARE * seeds[labels[near]]
    announce(topic_model, "Guided", "completed")
    return labels.tolist(), moved
