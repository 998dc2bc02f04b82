"""The topics nearest to a search term, or to an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from topicstream.model.documents import check_is_fitted
from topicstream.model.embedding import extract_embeddings, require_embedder
from topicstream.model.similarity import cosines

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic


def find_topics(
    topic_model: BERTopic,
    search_term: str | None = None,
    image: object | None = None,
    top_n: int = 5,
) -> tuple[list[int], list[float]]:
    """Return the topics nearest to a search term, or to an image.

    Parameters
    ----------
    topic_model
        A fitted model with an embedder.
    search_term
        Words to look for; where given, the image is left aside.
    image
        A path or a PIL image, for an embedder that takes images; None by default.
    top_n
        How many topics, 5 by default; all where there are fewer.

    Returns
    -------
    topics
        Ids, the nearest first; the outlier topic is one of them.
    similarities
        Their cosines.

    Raises
    ------
    ValueError
        There is nothing to look for, no embedder, or no topic embeddings.

    """
    check_is_fitted(topic_model)
    if search_term is None and image is None:
        raise ValueError("search_term and image are both None; give one of them")
    require_embedder(topic_model, "a search")
    if topic_model.topic_embeddings_ is None:
        raise ValueError("the model has no topic embeddings to search in; fit it with an embedder")
    query = _query(topic_model, search_term, image)
    similarities = cosines(query, topic_model.topic_embeddings_)[0]
    topics = sorted(topic_model.topic_representations_ or {})
    nearest = np.argsort(-similarities, kind="stable")[: max(0, top_n)]
    return [int(topics[row]) for row in nearest], similarities[nearest].astype(float).tolist()


def _query(topic_model: BERTopic, search_term: str | None, image: object | None) -> Any:  # noqa: ANN401
    """Return the embedding of what is looked for, (1, n_dimensions)."""
    if search_term is not None:
        return extract_embeddings(topic_model, search_term, method="word", verbose=False)
    if not hasattr(topic_model.embedding_model, "embed_images"):
        raise ValueError(
            f"embedding_model is a {type(topic_model.embedding_model).__name__}, which embeds no "
            "images; give a search_term, or use an embedder of texts and images"
        )
    return np.atleast_2d(extract_embeddings(topic_model, None, images=[image], verbose=False))
