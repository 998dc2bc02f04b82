"""Zero-shot modelling: documents that fit a name go there, the rest is clustered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.embedding import extract_embeddings, has_embedder, require_embedder
from topicstream.model.progress import announce
from topicstream.model.similarity import cosines
from topicstream.model.topic_vectors import weighted_mean

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

# SLF001: the map from topic to name is one of the hooks that other packages call by this name.


def is_zeroshot(topic_model: BERTopic) -> bool:
    """Return whether the model matches documents with names first.

    Parameters
    ----------
    topic_model
        Any model.

    Returns
    -------
    bool
        Whether it has `zeroshot_topic_list` and an embedder.

    """
    return bool(topic_model.zeroshot_topic_list) and has_embedder(topic_model)


def match(topic_model: BERTopic, embeddings: Any) -> NDArray[np.int64]:  # noqa: ANN401  # dense or sparse
    """Return the name that each document fits.

    Parameters
    ----------
    topic_model
        A model with `zeroshot_topic_list`.
    embeddings
        Shape (n, d).

    Returns
    -------
    ndarray of shape (n,)
        Index into `zeroshot_topic_list`, or -1 where none is similar enough.

    Raises
    ------
    ValueError
        There is no embedder, or `nr_topics` leaves no room for the names.

    """
    require_embedder(topic_model, "zeroshot_topic_list")
    announce(topic_model, "Zeroshot Step 1", "finding documents that fit a given topic")
    names = extract_embeddings(topic_model, list(topic_model.zeroshot_topic_list or []))
    similarities = cosines(embeddings, names)
    best = similarities.argmax(axis=1)
    similar = similarities.max(axis=1) >= topic_model.zeroshot_min_similarity
    matched: NDArray[np.int64] = np.where(similar, best, -1)
    _check_room(topic_model, len(np.unique(matched[similar])))
    announce(topic_model, "Zeroshot Step 1", "completed")
    return matched


def _check_room(topic_model: BERTopic, n_matched: int) -> None:
    nr_topics = topic_model.nr_topics
    if isinstance(nr_topics, Integral) and n_matched and int(nr_topics) <= n_matched:
        message = (
            f"nr_topics is {nr_topics}, but documents fit {n_matched} names of "
            f"zeroshot_topic_list: it must be more than {n_matched}"
        )
        raise ValueError(message)


def combine(
    topic_model: BERTopic, matched: NDArray[np.int64], labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return topics with the matched names first and the clusters after them.

    Parameters
    ----------
    topic_model
        The model, whose map from topic to name is set.
    matched
        Index of the name, -1 where none; shape (n,).
    labels
        The clusters of those that fit no name, in their order.

    Returns
    -------
    ndarray of shape (n,)
        Names without a document get no topic.

    """
    names = np.unique(matched[matched >= 0])
    topic_model._topic_id_to_zeroshot_topic_idx = {  # noqa: SLF001
        topic: int(name) for topic, name in enumerate(names)
    }
    topics = np.searchsorted(names, matched)
    topics[matched < 0] = np.where(labels >= 0, labels + len(names), -1)
    return topics


def follow_names(
    topic_model: BERTopic, new_ids: Mapping[int, int], sizes: Mapping[int, int]
) -> None:
    """Bring the map from topic to name in line with a change of ids.

    A topic that takes in others keeps a name if it is similar enough to what it has become (D-09).

    Parameters
    ----------
    topic_model
        The model, its `topic_embeddings_` still those of the old ids.
    new_ids
        From old id to new id.
    sizes
        Documents of each old topic; where empty, those of `topic_sizes_`.

    """
    names = topic_model._topic_id_to_zeroshot_topic_idx  # noqa: SLF001
    members: dict[int, list[int]] = defaultdict(list)
    for old, new in new_ids.items():
        if new != -1:
            members[new].append(old)
    kept = {new: _name(topic_model, olds, sizes) for new, olds in members.items()}
    if names:
        topic_model._topic_id_to_zeroshot_topic_idx = {  # noqa: SLF001
            new: name for new, name in sorted(kept.items()) if name is not None
        }


def _name(topic_model: BERTopic, olds: list[int], sizes: Mapping[int, int]) -> int | None:
    known = topic_model._topic_id_to_zeroshot_topic_idx  # noqa: SLF001
    names = [known[old] for old in olds if old in known]
    if len(olds) == 1 or not names:
        return names[0] if names else None
    vectors = topic_model.topic_embeddings_
    if vectors is None or not has_embedder(topic_model):
        return None
    weights = sizes or topic_model.topic_sizes_ or Counter[int]()
    offset = int(-1 in weights)
    rows = [old + offset for old in olds]
    merged = weighted_mean(vectors[rows], [weights.get(old, 0) for old in olds])
    texts = [(topic_model.zeroshot_topic_list or [])[name] for name in names]
    similar = cosines(merged[None, :], extract_embeddings(topic_model, texts, verbose=False))[0]
    best = int(similar.argmax())
    return names[best] if similar[best] >= topic_model.zeroshot_min_similarity else None
