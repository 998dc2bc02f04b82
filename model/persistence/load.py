"""A model from a folder, ours or bertopic's, from the hub, or from a pickle that is trusted."""

from __future__ import annotations

import inspect
import logging
from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, diags

from topicstream.model.backend import BaseEmbedder, select_backend
from topicstream.model.cluster import BaseCluster
from topicstream.model.dimensionality import BaseDimensionalityReduction
from topicstream.model.errors import MissingExtraError, SnapshotFormatError
from topicstream.model.mapper import TopicMapper
from topicstream.model.persistence.files import (
    CONFIG,
    CTFIDF,
    CTFIDF_CONFIG,
    EMBEDDINGS,
    IMAGES,
    SUB_MODELS,
    TOPICS,
    Tensors,
    read_json,
    read_tensors,
)
from topicstream.model.persistence.save import OWN
from topicstream.model.persistence.sub_models import read_sub_models

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

logger = logging.getLogger(__name__)

_NEEDED = ("topic_representations", "topics", "topic_sizes", "topic_mapper")


def load(
    cls: type[BERTopic],
    path: str | Path,
    embedding_model: object | None = None,
    *,
    allow_pickle: bool = False,
    revision: str | None = None,
    token: str | None = None,
) -> BERTopic:
    """Return the model that was saved at `path`.

    Parameters
    ----------
    cls
        The class to make.
    path
        A folder, the file of a pickle, or a name on the Hugging Face hub such as ``"me/topics"``.
    embedding_model
        The embedder; None takes the one whose name was saved, when it is first needed.
    allow_pickle
        Whether a pickle may be opened, which runs whatever is in it.
    revision
        Branch, tag or commit on the hub.
    token
        Password for the hub.

    Raises
    ------
    ValueError
        There is no model at `path`, it is damaged, or it is a pickle that may not be opened.

    """
    place = Path(path)
    if place.is_file():
        return _from_pickle(place, embedding_model, allow_pickle=allow_pickle)
    if place.is_dir():
        return _from_folder(cls, place, embedding_model)
    if isinstance(path, str) and path.count("/") == 1 and not path.startswith((".", "/", "~")):
        return _from_folder(cls, _fetched(path, revision, token), embedding_model)
    message = (
        f"path is {str(path)!r}, where there is nothing; give a folder that save has written, the "
        "file of a pickle, or a name on the Hugging Face hub, such as 'me/topics'"
    )
    raise ValueError(message)


def _from_pickle(path: Path, embedding_model: object | None, *, allow_pickle: bool) -> BERTopic:
    if not allow_pickle:
        message = (
            f"{path} is a file, so a pickle, which runs whatever is in it; where you trust it, "
            "load with allow_pickle=True and save it again as safetensors"
        )
        raise ValueError(message)
    import joblib  # type: ignore[import-untyped]  # it has no types

    topic_model: BERTopic = joblib.load(path)
    if embedding_model is not None:
        topic_model.embedding_model = select_backend(embedding_model)
    return topic_model


def _fetched(name: str, revision: str | None, token: str | None) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        message = (
            f"there is no folder {name!r} here, and the hub needs a package: pip install "
            "huggingface_hub"
        )
        raise MissingExtraError(message) from error
    stems = (EMBEDDINGS, CTFIDF, SUB_MODELS)
    wanted = [*(f"{stem}.*" for stem in stems), TOPICS, CONFIG, CTFIDF_CONFIG, f"{IMAGES}/*"]
    try:
        fetched = snapshot_download(name, revision=revision, token=token, allow_patterns=wanted)
    except (OSError, ValueError) as error:
        message = (
            f"path is {name!r}, which is no folder here, and the Hugging Face hub did not give it "
            f"either ({error})"
        )
        raise SnapshotFormatError(message) from error
    return Path(fetched)


def _from_folder(cls: type[BERTopic], folder: Path, embedding_model: object | None) -> BERTopic:
    topics, config = read_json(folder / TOPICS), read_json(folder / CONFIG)
    missing = [name for name in _NEEDED if name not in topics]
    if missing:
        raise SnapshotFormatError(f"{TOPICS} in {folder} lacks {missing}; save the model again")
    topic_model = _unfitted(cls, topics, config, embedding_model)
    _set_topics(topic_model, topics)
    tensors = read_tensors(folder, EMBEDDINGS)
    if tensors is None:
        logger.warning("there are no topic embeddings in %s: the model cannot predict", folder)
    else:
        topic_model.topic_embeddings_ = tensors[EMBEDDINGS]
    _set_images(topic_model, folder / IMAGES)
    _set_ctfidf(topic_model, folder)
    _set_sub_models(topic_model, folder)
    return topic_model


def _unfitted(
    cls: type[BERTopic],
    topics: Mapping[str, Any],
    config: Mapping[str, Any],
    embedding_model: object | None,
) -> BERTopic:
    known = inspect.signature(cls).parameters
    params = {name: value for name, value in config.items() if name in known}
    if len(params) < len(config):
        logger.warning(
            "%s: these are not known here: %s", CONFIG, sorted(set(config) - set(params))
        )
    pointer = params.pop("embedding_model", None) or topics.get(OWN, {}).get("embedding_model")
    # The name alone: its weights are loaded when they are first needed (D-37).
    wanted = embedding_model if embedding_model is not None else pointer
    embedder = BaseEmbedder() if wanted is None else select_backend(wanted)
    params["n_gram_range"] = tuple(params.get("n_gram_range", (1, 1)))
    topic_model = cls(
        embedding_model=embedder,
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
        **params,
    )
    # With an embedder the constructor drops the language, which cleans the texts (D-37).
    topic_model.language = params.get("language")
    return topic_model


def _set_topics(topic_model: BERTopic, topics: Mapping[str, Any]) -> None:
    topic_model.topics_ = [int(topic) for topic in topics["topics"]]
    sizes = {int(topic): int(size) for topic, size in topics["topic_sizes"].items()}
    topic_model.topic_sizes_ = Counter(sizes)
    topic_model.topic_representations_ = _by_topic(topics["topic_representations"])
    aspects = topics.get("topic_aspects") or {}
    topic_model.topic_aspects_ = {
        name: _by_topic(values) for name, values in aspects.items() if isinstance(values, dict)
    }
    topic_model.custom_labels_ = topics.get("custom_labels")
    topic_model.topic_mapper_ = TopicMapper([])
    topic_model.topic_mapper_.mappings_ = [list(row) for row in topics["topic_mapper"]]
    topic_model._topic_id_to_zeroshot_topic_idx = _zeroshot_topics(topic_model, topics)  # noqa: SLF001  # a hook


def _by_topic(values: Mapping[str, Any]) -> dict[int, Any]:
    return {int(topic): _pairs(values[topic]) for topic in sorted(values, key=int)}


def _pairs(value: Any) -> Any:  # noqa: ANN401  # an aspect may hold anything
    if not isinstance(value, list):
        return value
    return [tuple(entry) if isinstance(entry, list) else entry for entry in value]


def _zeroshot_topics(topic_model: BERTopic, topics: Mapping[str, Any]) -> dict[int, int]:
    own = topics.get(OWN, {}).get("zeroshot_topics")
    if own is not None:
        return {int(topic): int(name) for topic, name in own.items()}
    # bertopic writes the names as labels and then forgets them (D-25).
    names = {name: place for place, name in enumerate(topic_model.zeroshot_topic_list or [])}
    labels = (topics.get("topic_labels") or {}).items()
    return {int(topic): names[label] for topic, label in labels if label in names}


def _set_images(topic_model: BERTopic, folder: Path) -> None:
    paths = sorted(folder.glob("*.jpg"), key=lambda path: int(path.stem)) if folder.is_dir() else []
    if not paths:
        return
    try:
        opened = import_module("PIL.Image").open
    except ImportError:
        logger.warning("the pictures of topics are left out: pip install Pillow")
        return
    images = {}
    for path in paths:
        with opened(path) as image:
            images[int(path.stem)] = image.copy()
    topic_model.topic_aspects_["Visual_Aspect"] = images


def _set_ctfidf(topic_model: BERTopic, folder: Path) -> None:
    try:
        tensors = read_tensors(folder, CTFIDF)
        if tensors is None or not (folder / CTFIDF_CONFIG).is_file():
            return
        config = read_json(folder / CTFIDF_CONFIG)
        parts = _weights(tensors), _vectorizer(config), _weigher(config, tensors)
    except (KeyError, TypeError, ValueError) as error:
        logger.warning("c-TF-IDF in %s is damaged and left out: %s", folder, error)
        return
    topic_model.c_tf_idf_, topic_model.vectorizer_model, topic_model.ctfidf_model = parts


def _set_sub_models(topic_model: BERTopic, folder: Path) -> None:
    try:
        parts = read_sub_models(folder)
    except ValueError as error:
        logger.warning(
            "reducer and clusterer in %s are left out, and the nearest topic embedding decides: %s",
            folder,
            error,
        )
        return
    if parts is not None:
        topic_model.umap_model, topic_model.hdbscan_model = parts


def _weights(tensors: Tensors) -> csr_matrix:
    n_topics, n_words = tensors["shape"].tolist()
    parts = (tensors["data"], tensors["indices"], tensors["indptr"])
    return csr_matrix(parts, shape=(n_topics, n_words))


def _vectorizer(config: Mapping[str, Any]) -> Any:  # noqa: ANN401  # scikit-learn has no types
    from sklearn.feature_extraction.text import CountVectorizer

    saved = config["vectorizer_model"]
    known = CountVectorizer().get_params()
    params = {name: value for name, value in saved["params"].items() if name in known}
    params["ngram_range"] = tuple(params.get("ngram_range", (1, 1)))
    vectorizer = CountVectorizer(**params)
    vectorizer.vocabulary_ = {word: int(column) for word, column in saved["vocab"].items()}
    return vectorizer


def _weigher(config: Mapping[str, Any], tensors: Tensors) -> Any:  # noqa: ANN401  # like above
    from topicstream.model.vectorizers import ClassTfidfTransformer

    known = ClassTfidfTransformer().get_params()
    params = {name: value for name, value in config["ctfidf_model"].items() if name in known}
    weigher = ClassTfidfTransformer(**params)
    idf = np.asarray(tensors["diag"], dtype=np.float64)
    weigher._idf_diag = csr_matrix(diags(idf, format="csr", dtype=np.float64))  # noqa: SLF001  # bertopic's hook
    weigher.n_features_in_ = len(idf)
    return weigher
