"""The reducer, clusterer, vectorizer and weighting that a model takes when it is given none."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic


class DefaultModel:
    """An attribute that makes its default when it is first read, since UMAP takes long to import.

    Parameters
    ----------
    make
        From the model that the attribute belongs to, to the default.

    """

    def __init__(self, make: Callable[[BERTopic], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, model: BERTopic | None, owner: type) -> Any:  # noqa: ANN401  # any sub-model
        if model is None:
            return self
        if model.__dict__.get(self._name) is None:
            model.__dict__[self._name] = self._make(model)
        return model.__dict__[self._name]

    def __set__(self, model: BERTopic, value: object) -> None:
        model.__dict__[self._name] = value


def default_reducer(model: BERTopic) -> Any:  # noqa: ANN401  # UMAP or PCA
    """Return UMAP to five dimensions, or PCA to five where umap-learn is not installed."""
    if importlib.util.find_spec("umap") is None:
        from sklearn.decomposition import PCA

        return PCA(n_components=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # tensorflow is not missed
        from umap import UMAP
    return UMAP(
        n_neighbors=15,
        n_components=5,
        min_dist=0.0,
        metric="cosine",
        low_memory=model.low_memory,
    )


def default_clusterer(model: BERTopic) -> Any:  # noqa: ANN401  # one of two HDBSCANs
    """Return HDBSCAN, or scikit-learn's where hdbscan is not installed."""
    options = {
        "min_cluster_size": model.min_topic_size,
        "metric": "euclidean",
        "cluster_selection_method": "eom",
    }
    if importlib.util.find_spec("hdbscan") is None:
        from sklearn.cluster import HDBSCAN

        return HDBSCAN(n_jobs=-1, copy=True, **options)
    import hdbscan

    return hdbscan.HDBSCAN(prediction_data=True, **options)


def default_vectorizer(model: BERTopic) -> Any:  # noqa: ANN401  # scikit-learn has no types
    """Return a CountVectorizer for the model's `n_gram_range`."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(ngram_range=tuple(model.n_gram_range))


def default_weighting(model: BERTopic) -> Any:  # noqa: ANN401, ARG001  # like the others
    """Return a ClassTfidfTransformer."""
    from topicstream.model.vectorizers import ClassTfidfTransformer

    return ClassTfidfTransformer()
