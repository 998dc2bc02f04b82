"""Vectors to clusters: the reducer, the clusterer, and the probabilities of HDBSCAN."""

from __future__ import annotations

import inspect
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.documents import is_sparse
from topicstream.model.frequency import update_topic_size
from topicstream.model.mapper import TopicMapper
from topicstream.model.progress import announce

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from topicstream.model.bertopic import BERTopic


def call_with_y(function: Callable[..., Any], X: object, y: object) -> Any:  # noqa: ANN401  # of any sub-model
    """Call `function` with `y` where it takes one, else without.

    Parameters
    ----------
    function
        `fit`, `fit_transform` or `partial_fit` of a sub-model.
    X
        Its input.
    y
        Labels, or None.

    Returns
    -------
    object
        What it returns.

    Examples
    --------
    >>> call_with_y(lambda X: X + 1, 1, y=[0])
    2

    """
    return function(X, y=y) if _takes_y(function) else function(X)


def _takes_y(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # compiled, without a signature
        return False
    return any(p.name == "y" or p.kind is p.VAR_KEYWORD for p in parameters)


def reduce_dimensionality(
    topic_model: BERTopic,
    embeddings: Any,  # noqa: ANN401  # dense, sparse, or None in manual mode
    y: Sequence[int] | NDArray[Any] | None = None,
    *,
    partial_fit: bool = False,
) -> Any:  # noqa: ANN401  # whatever the reducer returns
    """Fit the reducer on embeddings, and return them reduced.

    Parameters
    ----------
    topic_model
        The model whose `umap_model` is fitted.
    embeddings
        Shape (n, d).
    y
        Labels that guide the reducer, -1 where unknown; None by default.
    partial_fit
        Whether this is one batch of many: a reducer without `partial_fit` is fitted on the first
        batch only. False by default.

    Returns
    -------
    ndarray of shape (n, n_components)
        NaN replaced by 0.

    """
    announce(topic_model, "Dimensionality", "reducing embeddings")
    reducer = topic_model.umap_model
    _check_reducible(reducer, embeddings)
    target = None if y is None else np.asarray(y)
    if partial_fit:
        reduced = _reduced_batch(topic_model, embeddings)
    elif hasattr(reducer, "fit_transform"):
        # scikit-learn's TransformerMixin takes any y, and hands it on to a fit that may not.
        known = target if _takes_y(getattr(reducer, "fit", reducer.fit_transform)) else None
        reduced = call_with_y(reducer.fit_transform, embeddings, known)
    else:
        call_with_y(reducer.fit, embeddings, target)
        reduced = reducer.transform(embeddings)
    announce(topic_model, "Dimensionality", "completed")
    return finite(reduced)


def _check_reducible(reducer: object, embeddings: Any) -> None:  # noqa: ANN401  # see above
    name = type(reducer).__name__
    if embeddings is None:
        if name != "BaseDimensionalityReduction":
            message = (
                f"there are no embeddings for umap_model {name}: pass embeddings or an "
                "embedding_model, or BaseDimensionalityReduction() and labels y"
            )
            raise ValueError(message)
        return
    n_components = getattr(reducer, "n_components", None)
    # UMAP's first layout needs two documents more than it has dimensions.
    fewest = 2 if name == "UMAP" else 0
    fewest += int(n_components) if isinstance(n_components, Integral) else 0
    if embeddings.shape[0] < fewest:
        message = (
            f"umap_model {name} needs {fewest} documents for {n_components} dimensions, and there "
            f"are {embeddings.shape[0]}: pass more documents, or a umap_model with fewer dimensions"
        )
        raise ValueError(message)


def _reduced_batch(topic_model: BERTopic, embeddings: object) -> Any:  # noqa: ANN401  # like above
    reducer = topic_model.umap_model
    if hasattr(reducer, "partial_fit"):
        reducer.partial_fit(embeddings)
    elif topic_model.topic_representations_ is None:
        reducer.fit(embeddings)
    return reducer.transform(embeddings)


def finite(values: Any) -> Any:  # noqa: ANN401  # dense, sparse or None
    """Return values with NaN replaced by 0; sparse matrices and None as they are.

    Parameters
    ----------
    values
        An array, a sparse matrix or None.

    Returns
    -------
    ndarray, csr_matrix or None
        A new array.

    """
    return values if values is None or is_sparse(values) else np.nan_to_num(np.asarray(values))


def cluster_embeddings(
    topic_model: BERTopic,
    reduced: Any,  # noqa: ANN401  # whatever the reducer returned
    documents: pd.DataFrame,
    *,
    partial_fit: bool = False,
    y: Sequence[int] | NDArray[Any] | None = None,
) -> tuple[pd.DataFrame, NDArray[Any] | None]:
    """Fit the clusterer, and return each document's cluster.

    Parameters
    ----------
    topic_model
        The model whose `hdbscan_model` is fitted; mapper, topics and sizes are set.
    reduced
        Shape (n, n_components).
    documents
        The working frame.
    partial_fit
        Whether this is one batch of many, False by default.
    y
        Labels, for a classifier or as a hint; None by default.

    Returns
    -------
    documents
        A new frame with the clusterer's labels as Topic.
    probabilities
        Shape (n,), or (n, n_topics) with `calculate_probabilities`; None without.

    Raises
    ------
    ValueError
        The clusterer has no labels for these documents.

    """
    announce(topic_model, "Cluster", "clustering the reduced embeddings")
    labels = fit_labels(topic_model.hdbscan_model, reduced, y, partial_fit=partial_fit)
    check_labels(topic_model.hdbscan_model, labels, len(documents))
    clustered = documents.assign(Topic=labels)
    if not partial_fit:
        update_topic_size(topic_model, clustered)
        topic_model.topic_mapper_ = TopicMapper(labels)
    probabilities = cluster_probabilities(topic_model)
    announce(topic_model, "Cluster", "completed")
    return clustered, probabilities


def fit_labels(
    clusterer: Any,  # noqa: ANN401  # any sub-model
    reduced: Any,  # noqa: ANN401  # whatever the reducer returned
    y: Sequence[int] | NDArray[Any] | None,
    *,
    partial_fit: bool = False,
) -> list[int]:
    """Fit a clusterer or a classifier, and return its labels.

    Parameters
    ----------
    clusterer
        The sub-model.
    reduced
        Shape (n, n_components).
    y
        Labels, or None.
    partial_fit
        Whether `partial_fit` is called instead of `fit`, False by default.

    Returns
    -------
    list of int
        None counts as -1.

    Raises
    ------
    ValueError
        There are none: a classifier without `y`, or a bare BaseCluster without `y`.

    """
    try:
        if partial_fit:
            clusterer.partial_fit(reduced)
        else:
            call_with_y(clusterer.fit, reduced, None if y is None else np.asarray(y))
    except ValueError as error:
        n_documents = 0 if reduced is None else len(reduced)
        message = (
            f"hdbscan_model {clusterer} cannot cluster {n_documents} documents: {error}; pass more "
            "documents, or a hdbscan_model that looks for fewer or smaller clusters"
        )
        raise ValueError(message) from error
    labels = getattr(clusterer, "labels_", y)
    if labels is None:
        message = (
            f"hdbscan_model {type(clusterer).__name__} finds no clusters by itself: pass y, one "
            "label per document, or give BERTopic a clusterer (a model that was loaded from a "
            "folder has none: set its umap_model and hdbscan_model before you fit it again)"
        )
        raise ValueError(message)
    return [-1 if label is None else int(label) for label in labels]


def check_labels(clusterer: object, labels: list[int], n_documents: int) -> None:
    """Raise where the clusterer did not label each document.

    Parameters
    ----------
    clusterer
        The sub-model, for the message.
    labels
        What it returned.
    n_documents
        How many there must be.

    Raises
    ------
    ValueError
        The numbers differ.

    """
    if len(labels) != n_documents:
        message = (
            f"hdbscan_model {type(clusterer).__name__} gave {len(labels)} labels for {n_documents} "
            "documents: its labels_ (or y) must hold one for each document of this call"
        )
        raise ValueError(message)


def cluster_probabilities(topic_model: BERTopic) -> NDArray[Any] | None:
    """Return what the fitted clusterer says about certainty.

    Parameters
    ----------
    topic_model
        The model.

    Returns
    -------
    ndarray or None
        Shape (n,), or (n, n_topics) from HDBSCAN with `calculate_probabilities`.

    """
    clusterer = topic_model.hdbscan_model
    if not hasattr(clusterer, "probabilities_"):
        return None
    if topic_model.calculate_probabilities and is_supported_hdbscan(clusterer):
        matrix: NDArray[Any] = hdbscan_delegator(clusterer, "all_points_membership_vectors")
        return matrix.reshape(len(matrix), -1)  # one topic comes as a vector
    return np.array(clusterer.probabilities_)


def is_supported_hdbscan(model: object) -> bool:
    """Return whether the model predicts as HDBSCAN does, on the CPU or on a GPU.

    Parameters
    ----------
    model
        A clusterer.

    Returns
    -------
    bool
        True for hdbscan's and for cuML's.

    """
    # Asked by name: to import hdbscan takes a second.
    homes = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    names = {kind.__name__ for kind in type(model).__mro__}
    return "HDBSCAN" in names and bool(homes & {"hdbscan", "cuml"})


def hdbscan_delegator(model: Any, func: str, embeddings: object = None) -> Any:  # noqa: ANN401  # hdbscan's or cuML's
    """Call one of HDBSCAN's functions for prediction, on the CPU or on a GPU.

    Parameters
    ----------
    model
        A fitted HDBSCAN.
    func
        ``"approximate_predict"``, ``"all_points_membership_vectors"`` or ``"membership_vector"``.
    embeddings
        Reduced vectors of new documents; None where the function takes none.

    Returns
    -------
    tuple or ndarray
        Labels and strengths, or memberships.

    Raises
    ------
    ValueError
        The function is another, or the model is no HDBSCAN.

    """
    allowed = ("approximate_predict", "all_points_membership_vectors", "membership_vector")
    if func not in allowed or not is_supported_hdbscan(model):
        message = (
            f"{func!r} cannot be asked of {type(model).__name__}; allowed are {', '.join(allowed)} "
            "of hdbscan.HDBSCAN and cuml's"
        )
        raise ValueError(message)
    function = getattr(_predictions_of(model), func)
    return (
        function(model) if func == "all_points_membership_vectors" else function(model, embeddings)
    )


def _predictions_of(model: object) -> Any:  # noqa: ANN401  # a module
    if any(kind.__module__.startswith("hdbscan") for kind in type(model).__mro__):
        import hdbscan

        return hdbscan
    from importlib import import_module

    return import_module("cuml.cluster.hdbscan")


def map_probabilities(
    topic_model: BERTopic,
    probabilities: NDArray[Any] | None,
    *,
    original_topics: bool = False,
) -> NDArray[Any] | None:
    """Return probabilities with their columns in the order of today's topics.

    Parameters
    ----------
    topic_model
        The model whose mapper knows where each topic went.
    probabilities
        Shape (n, n_old_topics); a vector or None passes.
    original_topics
        Whether columns are the clusterer's labels; False (default) means the topics before the
        latest change.

    Returns
    -------
    ndarray or None
        Shape (n, n_topics), outliers excluded.

    """
    if probabilities is None or probabilities.ndim == 1 or topic_model.topic_mapper_ is None:
        return probabilities
    mapping = topic_model.topic_mapper_.get_mappings(original_topics)
    moves = [
        (old, new)
        for old, new in mapping.items()
        if min(old, new) >= 0 and old < probabilities.shape[1]
    ]
    mapped = np.zeros((len(probabilities), max((new for _, new in moves), default=-1) + 1))
    for old, new in moves:
        mapped[:, new] += probabilities[:, old]
    return mapped
