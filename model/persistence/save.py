"""A model to a folder that bertopic 0.17.4 loads as well, or to a pickle."""

from __future__ import annotations

import copy
import logging
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

from topicstream.model.alignment import learnt
from topicstream.model.backend.static import StaticEmbedder
from topicstream.model.persistence.files import (
    CONFIG,
    CTFIDF,
    CTFIDF_CONFIG,
    EMBEDDINGS,
    ENDINGS,
    IMAGES,
    SUB_MODELS,
    TOPICS,
    Tensors,
    write_json,
    write_tensors,
)
from topicstream.model.persistence.sub_models import write_sub_models

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

logger = logging.getLogger(__name__)

OWN = "topicstream"
"""The key of topics.json with what bertopic does not know, and passes over."""

# What cannot be JSON: a loaded vectorizer has scikit-learn's own.
_CODE = {"tokenizer", "preprocessor", "dtype"}


def save(
    topic_model: BERTopic,
    path: str | Path,
    serialization: str = "safetensors",
    *,
    save_embedding_model: bool | str = True,
    save_ctfidf: bool = False,
    save_sub_models: bool = False,
) -> None:
    """Write the model to a folder, or to one file as a pickle.

    Everything is written aside first, and moved into place when it is whole (D-35).

    Parameters
    ----------
    topic_model
        The model; it is not changed.
    path
        Folder, made with its parents; or the file of a pickle.
    serialization
        ``"safetensors"``, ``"pytorch"`` or ``"pickle"``, which runs whatever is in it on loading.
    save_embedding_model
        The embedder's name on the hub, True to find it out, False to leave it out.
    save_ctfidf
        Whether c-TF-IDF and vocabulary come along, which all that reads documents needs.
    save_sub_models
        Whether reducer and clusterer come along, as plain arrays, so that the loaded model
        predicts by them (D-36). With UMAP or HDBSCAN they hold a vector of each document.

    Raises
    ------
    ValueError
        The serialization is unknown, or the model is not fitted.
    MissingExtraError
        ``"pytorch"`` without torch.

    """
    target = Path(path)
    if serialization == "pickle":
        _save_pickle(topic_model, target, save_embedding_model=bool(save_embedding_model))
        return
    if serialization not in ENDINGS:
        message = f"serialization is {serialization!r}; choose 'safetensors', 'pytorch' or 'pickle'"
        raise ValueError(message)
    learnt(topic_model.topics_)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as aside:
        folder = Path(aside)
        _write_topics(topic_model, folder, serialization)
        write_json(folder / CONFIG, _config(topic_model, save_embedding_model))
        if save_ctfidf:
            _write_ctfidf(topic_model, folder, serialization)
        if save_sub_models:
            write_sub_models(topic_model, folder)
        _move(folder, target)


def _write_topics(topic_model: BERTopic, folder: Path, serialization: str) -> None:
    embeddings = topic_model.topic_embeddings_
    if embeddings is None:
        logger.warning("topic_embeddings_ is None: the saved model cannot predict")
    else:
        tensors = {EMBEDDINGS: np.asarray(embeddings, dtype=np.float32)}
        write_tensors(folder, EMBEDDINGS, tensors, serialization)
    write_json(folder / TOPICS, _topics(topic_model))
    images = _images(topic_model)
    if images:
        (folder / IMAGES).mkdir()
        for topic, image in images.items():
            image.convert("RGB").save(folder / IMAGES / f"{topic}.jpg", "JPEG")


def _topics(topic_model: BERTopic) -> dict[str, Any]:
    aspects = topic_model.topic_aspects_.items()
    shown = {name: values for name, values in aspects if not _is_visual(values)}
    visual = {"Visual_Aspect": True} if len(shown) < len(aspects) else {}
    return {
        "topic_representations": topic_model.topic_representations_,
        "topics": topic_model.topics_,
        "topic_sizes": topic_model.topic_sizes_,
        # A topic that was not there yet has no id; bertopic reads integers only.
        "topic_mapper": [
            [-1 if topic is None else int(topic) for topic in row]
            for row in learnt(topic_model.topic_mapper_).mappings_
        ],
        "topic_labels": topic_model.topic_labels_,
        "custom_labels": topic_model.custom_labels_,
        "_outliers": topic_model._outliers,  # noqa: SLF001  # a hook
        "topic_aspects": {**shown, **visual},
        OWN: {
            "zeroshot_topics": topic_model._topic_id_to_zeroshot_topic_idx,  # noqa: SLF001  # a hook
            "embedding_model": _static_name(topic_model),
        },
    }


def _is_visual(values: Mapping[int, Any]) -> bool:
    return any(hasattr(value, "convert") and hasattr(value, "save") for value in values.values())


def _images(topic_model: BERTopic) -> dict[int, Any]:
    visual = [values for values in topic_model.topic_aspects_.values() if _is_visual(values)]
    images: Mapping[int, Any] = visual[0] if visual else {}
    return {topic: image for topic, image in images.items() if hasattr(image, "convert")}


def _config(topic_model: BERTopic, save_embedding_model: bool | str) -> dict[str, Any]:  # noqa: FBT001  # a name, or whether
    # bertopic hands every key to its constructor, so there must be no other.
    params = topic_model.get_params().items()
    config = {name: value for name, value in params if "model" not in name}
    pointer = _pointer(topic_model, save_embedding_model)
    return {**config, "embedding_model": pointer} if pointer else config


def _pointer(topic_model: BERTopic, wanted: bool | str) -> str | None:  # noqa: FBT001  # like above
    if isinstance(wanted, str) and wanted:
        return wanted
    model = topic_model.embedding_model
    found = model if isinstance(model, str) else getattr(model, "_hf_model", None)
    if wanted and isinstance(found, str):
        return found
    if _static_name(topic_model) is None:
        logger.warning(
            "the embedder is not saved: give load an embedding_model, or save its name on the hub "
            "with save_embedding_model='...'"
        )
    return None


def _static_name(topic_model: BERTopic) -> str | None:
    inner = getattr(topic_model.embedding_model, "embedding_model", None)
    return "static" if isinstance(inner, StaticEmbedder) else None


def _write_ctfidf(topic_model: BERTopic, folder: Path, serialization: str) -> None:
    if topic_model.c_tf_idf_ is None:
        logger.warning("c_tf_idf_ is None: there is no c-TF-IDF to save")
        return
    weights = csr_matrix(topic_model.c_tf_idf_)
    tensors: Tensors = {
        "indptr": weights.indptr.astype(np.int32),
        "indices": weights.indices.astype(np.int32),
        "data": weights.data.astype(np.float64),
        "shape": np.array(weights.shape, dtype=np.int64),
        "diag": np.asarray(topic_model.ctfidf_model._idf_diag.diagonal(), dtype=np.float64),  # noqa: SLF001  # a hook
    }
    write_tensors(folder, CTFIDF, tensors, serialization)
    weigher, vectorizer = topic_model.ctfidf_model, topic_model.vectorizer_model
    words = vectorizer.get_feature_names_out()
    config = {
        "ctfidf_model": weigher.get_params(),
        "vectorizer_model": {
            "params": _vectorizer_params(vectorizer),
            "vocab": {str(word): column for column, word in enumerate(words)},
        },
    }
    write_json(folder / CTFIDF_CONFIG, config)


def _vectorizer_params(vectorizer: object) -> dict[str, Any]:
    from sklearn.feature_extraction.text import CountVectorizer

    # An OnlineCountVectorizer tells only its own parameters, and comes back as a CountVectorizer.
    params = {
        name: getattr(vectorizer, name, default)
        for name, default in CountVectorizer().get_params().items()
        if name not in _CODE
    }
    if not isinstance(params["analyzer"], str):
        del params["analyzer"]
    return params


def _move(folder: Path, target: Path) -> None:
    """Put whole files in place of those of an earlier save; what else is there stays there."""
    target.mkdir(exist_ok=True)
    for stem in (EMBEDDINGS, CTFIDF):
        for ending in ENDINGS.values():
            (target / f"{stem}{ending}").unlink(missing_ok=True)
    for name in (CTFIDF_CONFIG, f"{SUB_MODELS}.json", f"{SUB_MODELS}.safetensors"):
        (target / name).unlink(missing_ok=True)
    shutil.rmtree(target / IMAGES, ignore_errors=True)
    for path in sorted(folder.iterdir()):
        path.replace(target / path.name)


def _save_pickle(topic_model: BERTopic, target: Path, *, save_embedding_model: bool) -> None:
    import joblib  # type: ignore[import-untyped]  # it has no types

    logger.warning(
        "a pickle runs whatever is in it when it is loaded, and needs the same versions of all "
        "packages; serialization='safetensors' has neither fault"
    )
    saved = copy.copy(topic_model)
    if not save_embedding_model:
        saved.embedding_model = None
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as aside:
        path = Path(aside) / target.name
        joblib.dump(saved, path)
        path.replace(target)
