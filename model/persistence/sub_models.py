"""Reducer and clusterer beside a saved model, as numbers and arrays: nothing in them can run.

scikit-learn's own come back as they were. HDBSCAN is fitted again on the vectors it was fitted on,
which gives the same clusters; UMAP, whose index is code as much as data, gives way to the places
of a document's nearest neighbours.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.cluster import BaseCluster, NearestDocuments
from topicstream.model.errors import SnapshotFormatError
from topicstream.model.persistence.files import (
    SUB_MODELS,
    Tensors,
    plain,
    read_json,
    read_tensors,
    write_json,
    write_tensors,
)

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

logger = logging.getLogger(__name__)

# A file can name these and no other class.
_HOMES = {
    "PCA": "sklearn.decomposition",
    "IncrementalPCA": "sklearn.decomposition",
    "TruncatedSVD": "sklearn.decomposition",
    "KMeans": "sklearn.cluster",
    "MiniBatchKMeans": "sklearn.cluster",
    "LogisticRegression": "sklearn.linear_model",
    "BaseDimensionalityReduction": "topicstream.model.dimensionality",
    "NeighbourPlaces": "topicstream.model.dimensionality",
    "NearestDocuments": "topicstream.model.cluster",
}
_NEIGHBOUR_METRICS = ("cosine", "euclidean")


@dataclass(frozen=True, slots=True)
class _State:
    """One sub-model: its kind, what its constructor takes, what it learnt."""

    kind: str
    params: Mapping[str, Any]
    learnt: Mapping[str, Any]


def write_sub_models(topic_model: BERTopic, folder: Path) -> None:
    """Write reducer and clusterer to a folder; where one cannot be, neither is, with a warning.

    Parameters
    ----------
    topic_model
        A fitted model. One that predicts by its topic embeddings has nothing to write.
    folder
        Where.

    """
    if type(topic_model.hdbscan_model) is BaseCluster:
        return
    parts = {"reducer": topic_model.umap_model, "clusterer": topic_model.hdbscan_model}
    states = {name: _state(part) for name, part in parts.items()}
    tensors: Tensors = {}
    told: dict[str, Any] = {"format": 1, "scikit-learn": version("scikit-learn")}
    for name, state in states.items():
        if state is None:
            logger.warning(
                "%s %s cannot be saved: the loaded model will predict by the nearest topic "
                "embedding, unless you set its umap_model and hdbscan_model",
                name,
                type(parts[name]).__name__,
            )
            return
        told[name], arrays = _told(state)
        tensors |= {f"{name}.{key}": array for key, array in arrays.items()}
    write_json(folder / f"{SUB_MODELS}.json", told)
    write_tensors(folder, SUB_MODELS, tensors, "safetensors")


def read_sub_models(folder: Path) -> tuple[Any, Any] | None:
    """Return the reducer and the clusterer that are in a folder, or None where there are none.

    Parameters
    ----------
    folder
        Where `write_sub_models` wrote.

    Raises
    ------
    SnapshotFormatError
        A file is damaged, or names a class that is none of ours; a ValueError.

    """
    if not (folder / f"{SUB_MODELS}.json").is_file():
        return None
    told, tensors = read_json(folder / f"{SUB_MODELS}.json"), read_tensors(folder, SUB_MODELS)
    try:
        states = [_read(told[name], name, tensors or {}) for name in ("reducer", "clusterer")]
        reducer, clusterer = (_made(state) for state in states)
    except (KeyError, TypeError, AttributeError) as error:
        raise SnapshotFormatError(f"{SUB_MODELS}.json in {folder} is damaged: {error}") from error
    return reducer, clusterer


def _told(state: _State) -> tuple[dict[str, Any], Tensors]:
    arrays = {name: value for name, value in state.learnt.items() if isinstance(value, np.ndarray)}
    others = {name: value for name, value in state.learnt.items() if name not in arrays}
    return {"kind": state.kind, "params": dict(state.params), "learnt": others}, arrays


def _read(told: Mapping[str, Any], name: str, tensors: Tensors) -> _State:
    prefix = f"{name}."
    arrays = {
        key.removeprefix(prefix): array for key, array in tensors.items() if key.startswith(prefix)
    }
    return _State(told["kind"], dict(told["params"]), {**told["learnt"], **arrays})


def _state(part: Any) -> _State | None:  # noqa: ANN401  # any sub-model
    kind, home = type(part).__name__, type(part).__module__.partition(".")[0]
    if kind == "UMAP" and home == "umap":
        return _state_of_umap(part)
    if kind == "HDBSCAN" and home == "hdbscan":
        return _state_of_hdbscan(part)
    if kind not in _HOMES or home != _HOMES[kind].partition(".")[0]:
        return None
    params = part.get_params() if hasattr(part, "get_params") else {}
    learnt = {name: value for name, value in vars(part).items() if name not in params}
    return _State(kind, _plain_only(params), _storable(learnt))


def _state_of_hdbscan(clusterer: Any) -> _State | None:  # noqa: ANN401  # hdbscan has no types
    vectors = getattr(clusterer, "_raw_data", None)
    if not isinstance(vectors, np.ndarray):
        return None
    learnt = {"vectors": vectors, "labels_": np.asarray(clusterer.labels_, dtype=np.int64)}
    return _State("HDBSCAN", _plain_only(clusterer.get_params()), learnt)


def _state_of_umap(reducer: Any) -> _State | None:  # noqa: ANN401  # UMAP has no types
    vectors = getattr(reducer, "_raw_data", None)
    if not isinstance(vectors, np.ndarray) or reducer.metric not in _NEIGHBOUR_METRICS:
        return None
    learnt = {
        "metric": reducer.metric,
        "n_neighbors": int(reducer.n_neighbors),
        "vectors": vectors.astype(np.float32),
        "places": np.asarray(reducer.embedding_, dtype=np.float32),
    }
    return _State("NeighbourPlaces", {}, learnt)


def _plain_only(params: Mapping[str, Any]) -> dict[str, Any]:
    # What is no number, string or list of them only steers fitting: a cache, a generator.
    return {name: plain(value) for name, value in params.items() if _is_json(plain(value))}


def _storable(learnt: Mapping[str, Any]) -> dict[str, Any]:
    numeric = {
        name: value
        for name, value in learnt.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" and value.ndim
    }
    others = {name: value for name, value in learnt.items() if not isinstance(value, np.ndarray)}
    return {**_plain_only(others), **numeric}


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _made(state: _State) -> Any:  # noqa: ANN401  # any sub-model
    if state.kind == "HDBSCAN":
        return _clustered_again(state)
    if state.kind not in _HOMES:
        message = f"{SUB_MODELS}.json names {state.kind!r}; allowed are {sorted(_HOMES)}"
        raise SnapshotFormatError(message)
    kind = getattr(import_module(_HOMES[state.kind]), state.kind)
    part = kind(**state.params)
    for name, value in state.learnt.items():
        if hasattr(kind, name) or name.startswith("__"):
            raise SnapshotFormatError(f"{SUB_MODELS}.json sets {name!r} of {state.kind}")
        setattr(part, name, value)
    if state.kind == "MiniBatchKMeans":
        # A generator is no plain value; without one it could not learn another batch.
        part._random_state = np.random.RandomState(state.params.get("random_state"))  # noqa: SLF001  # scikit-learn's
    return part


def _clustered_again(state: _State) -> Any:  # noqa: ANN401  # HDBSCAN, or what stands in for it
    vectors, labels = state.learnt["vectors"], state.learnt["labels_"]
    again = _fitted_hdbscan(state.params, vectors)
    if again is not None and np.array_equal(again.labels_, labels):
        return again
    logger.warning(
        "hdbscan is missing, or clusters otherwise in this version: a document gets the topic of "
        "its nearest neighbours"
    )
    return NearestDocuments().fit(vectors, labels)


def _fitted_hdbscan(params: Mapping[str, Any], vectors: NDArray[Any]) -> Any:  # noqa: ANN401  # like above
    try:
        kind = import_module("hdbscan").HDBSCAN
    except ImportError:
        return None
    known = set(kind().get_params())
    return kind(**{name: value for name, value in params.items() if name in known}).fit(vectors)
