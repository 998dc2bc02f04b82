"""Topics for outliers: the best of the others, where it is good enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.alignment import learnt
from topicstream.model.bag_of_words import document_counts
from topicstream.model.documents import check_documents_type, check_embeddings_shape, in_one_form

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic


@dataclass(frozen=True, slots=True)
class _Given:
    """What the caller gave to place outliers by."""

    images: Sequence[Any] | None
    probabilities: NDArray[Any] | None
    threshold: float
    embeddings: Any
    distributions_params: Mapping[str, Any]


def reduce_outliers(
    topic_model: BERTopic,
    documents: Sequence[str] | NDArray[Any] | pd.Series[str],
    topics: Sequence[int] | NDArray[Any],
    *,
    images: Sequence[Any] | None = None,
    strategy: str = "distributions",
    probabilities: NDArray[Any] | None = None,
    threshold: float = 0,
    embeddings: Any | None = None,  # noqa: ANN401  # dense or any sparse container
    distributions_params: Mapping[str, Any] | None = None,
) -> list[int]:
    """Return the topics with outliers moved to the topic most like them; the model stays as it is.

    Parameters
    ----------
    topic_model
        A fitted model with an outlier topic.
    documents
        The documents of `topics`.
    topics
        The topic of each; only entries of -1 can change.
    images
        Images of the documents; where given, the strategy is ``"embeddings"``.
    strategy
        ``"distributions"``, ``"probabilities"``, ``"c-tf-idf"`` or ``"embeddings"``, in any case.
    probabilities
        Shape (n, n_topics), one column for each topic but -1; for the strategy of that name.
    threshold
        What the best topic must reach; 0 takes any. ``"distributions"`` uses it as
        `min_similarity`, unless `distributions_params` holds one.
    embeddings
        Shape (n, d), one row for each document, outlier or not; None computes the outliers'.
    distributions_params
        More arguments of `approximate_distribution`; not written to.

    Returns
    -------
    list of int
        Plain integers (D-33).

    Raises
    ------
    ValueError
        The strategy is unknown or lacks what it needs, lengths differ, or the model has no
        outlier topic.

    """
    place = _strategy("embeddings" if images is not None else strategy)
    _check_outlier_topic(topic_model)
    texts, assigned = _checked(documents, topics)
    check_embeddings_shape(embeddings, texts)
    positions = np.flatnonzero(assigned == -1)
    if len(positions) and len(_ids(topic_model)):
        given = _Given(images, probabilities, threshold, embeddings, distributions_params or {})
        outliers = [texts[position] for position in positions.tolist()]
        assigned[positions] = place(topic_model, outliers, positions, given)
    placed: list[int] = assigned.tolist()
    return placed


def _strategy(name: str) -> _Place:
    place = _PLACES.get(name.lower()) if isinstance(name, str) else None
    if place is None:
        raise ValueError(f"strategy is {name!r}; choose one of {sorted(_PLACES)}")
    return place


def _check_outlier_topic(topic_model: BERTopic) -> None:
    if -1 not in learnt(topic_model.topic_sizes_):
        message = "this model has no outlier topic -1, so there are no outliers to reduce"
        raise ValueError(message)


def _checked(
    documents: Sequence[str] | NDArray[Any] | pd.Series[str], topics: Sequence[int] | NDArray[Any]
) -> tuple[list[str], NDArray[np.int64]]:
    check_documents_type(documents)
    assigned = np.array(topics, dtype=np.int64)
    if len(assigned) == len(documents):
        return list(documents), assigned
    message = (
        f"topics has {len(assigned)} items, documents has {len(documents)}; give the topic of each "
        "document, in the same order"
    )
    raise ValueError(message)


def _by_probabilities(
    topic_model: BERTopic, outliers: list[str], positions: NDArray[np.int64], given: _Given
) -> NDArray[np.int64]:
    del outliers
    ids = _ids(topic_model)
    shape = () if given.probabilities is None else given.probabilities.shape
    if len(shape) != 2 or shape[0] <= positions[-1] or shape[1] - len(ids) not in {0, 1}:
        message = (
            f"probabilities has shape {shape}; strategy 'probabilities' needs one row for each "
            f"document and one column for each of {len(ids)} topics: fit with "
            "calculate_probabilities=True and give probabilities_"
        )
        raise ValueError(message)
    # Similarities of zero-shot models may come with a column of outliers before the others.
    rows = np.asarray(given.probabilities)[positions][:, shape[1] - len(ids) :]
    return _best(rows, ids, rows.max(axis=1, initial=-np.inf) >= given.threshold)


def _by_distributions(
    topic_model: BERTopic, outliers: list[str], positions: NDArray[np.int64], given: _Given
) -> NDArray[np.int64]:
    del positions
    params = {"min_similarity": given.threshold, **given.distributions_params}
    rows, _ = topic_model.approximate_distribution(outliers, **params)
    return _best(rows, _ids(topic_model), rows.sum(axis=1) > 0)


def _by_c_tf_idf(
    topic_model: BERTopic, outliers: list[str], positions: NDArray[np.int64], given: _Given
) -> NDArray[np.int64]:
    del positions
    if topic_model.c_tf_idf_ is None:
        message = (
            "c_tf_idf_ is None; strategy 'c-tf-idf' needs a model saved with save_ctfidf=True, or "
            "update_topics with the documents first"
        )
        raise ValueError(message)
    weights = topic_model.ctfidf_model.transform(document_counts(topic_model, outliers))
    return _most_similar(topic_model, weights, topic_model.c_tf_idf_, given.threshold)


def _by_embeddings(
    topic_model: BERTopic, outliers: list[str], positions: NDArray[np.int64], given: _Given
) -> NDArray[np.int64]:
    if topic_model.topic_embeddings_ is None:
        message = (
            "topic_embeddings_ is None; strategy 'embeddings' needs a model fitted with an "
            "embedding model or embeddings, use 'c-tf-idf' or 'distributions'"
        )
        raise ValueError(message)
    rows = _embeddings(topic_model, outliers, positions, given)
    return _most_similar(topic_model, rows, topic_model.topic_embeddings_, given.threshold)


def _embeddings(
    topic_model: BERTopic, outliers: list[str], positions: NDArray[np.int64], given: _Given
) -> Any:  # noqa: ANN401  # dense or sparse
    if given.embeddings is not None:
        return in_one_form(given.embeddings)[positions]
    if topic_model.embedding_model is None:
        message = (
            "strategy 'embeddings' has neither embeddings nor an embedding model; give "
            "embeddings, one row for each document"
        )
        raise ValueError(message)
    images = None if given.images is None else [given.images[i] for i in positions.tolist()]
    return topic_model._extract_embeddings(outliers, images=images, method="document")  # noqa: SLF001  # a hook


def _most_similar(
    topic_model: BERTopic,
    rows: Any,  # noqa: ANN401  # dense or sparse
    topics: Any,  # noqa: ANN401  # dense or sparse
    threshold: float,
) -> NDArray[np.int64]:
    from sklearn.metrics.pairwise import cosine_similarity

    ids = _ids(topic_model)
    similar = cosine_similarity(rows, topics[topics.shape[0] - len(ids) :])
    similar[similar < threshold] = 0.0
    return _best(similar, ids, similar.sum(axis=1) > 0)


def _ids(topic_model: BERTopic) -> NDArray[np.int64]:
    return np.array(sorted(t for t in learnt(topic_model.topic_sizes_) if t != -1), dtype=np.int64)


def _best(
    rows: NDArray[Any], ids: NDArray[np.int64], good_enough: NDArray[np.bool_]
) -> NDArray[np.int64]:
    return np.where(good_enough, ids[rows.argmax(axis=1)], -1)


_Place = Callable[["BERTopic", list[str], NDArray[np.int64], _Given], NDArray[np.int64]]
_PLACES: Mapping[str, _Place] = {
    "probabilities": _by_probabilities,
    "distributions": _by_distributions,
    "c-tf-idf": _by_c_tf_idf,
    "embeddings": _by_embeddings,
}
