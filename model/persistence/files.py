"""The files of a saved model: names, JSON and tensors, in either of two formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.errors import MissingExtraError, SnapshotFormatError

TOPICS, CONFIG, CTFIDF_CONFIG = "topics.json", "config.json", "ctfidf_config.json"
EMBEDDINGS, CTFIDF = "topic_embeddings", "ctfidf"
IMAGES = "images"
SUB_MODELS = "sub_models"
ENDINGS = {"safetensors": ".safetensors", "pytorch": ".bin"}

Tensors = dict[str, NDArray[Any]]


def plain(value: Any) -> Any:  # noqa: ANN401  # anything JSON may hold once it is plain
    """Return a value that `json` can write: NumPy's numbers and arrays, sets and keys made plain.

    Examples
    --------
    >>> plain({np.int64(3): (np.float32(0.5), {"b", "a"})})
    {'3': [0.5, ['a', 'b']]}

    """
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(each) for each in value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a mapping as JSON.

    Parameters
    ----------
    path
        The file.
    value
        Anything that `plain` can make plain.

    """
    path.write_text(json.dumps(plain(value), indent=2, ensure_ascii=False), encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Return the mapping in a JSON file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    SnapshotFormatError
        It is missing, or holds something else; a ValueError.

    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path.name} in {path.parent} cannot be read ({error}); save the model again"
        raise SnapshotFormatError(message) from error
    if isinstance(value, dict):
        return value
    raise SnapshotFormatError(f"{path.name} in {path.parent} holds no JSON object")


def write_tensors(folder: Path, name: str, tensors: Tensors, serialization: str) -> None:
    """Write arrays to one file.

    Parameters
    ----------
    folder
        Where.
    name
        The file's name without its ending.
    tensors
        Arrays by name.
    serialization
        ``"safetensors"`` or ``"pytorch"``.

    Raises
    ------
    MissingExtraError
        torch is wanted and not installed.

    """
    # safetensors 0.8.0 writes arrays that are not C-contiguous in memory order: silent garbage.
    whole = {key: np.ascontiguousarray(tensor) for key, tensor in tensors.items()}
    path = folder / f"{name}{ENDINGS[serialization]}"
    if serialization == "safetensors":
        from safetensors.numpy import save

        path.write_bytes(save(whole))
        return
    torch = _torch()
    torch.save({key: torch.from_numpy(tensor.copy()) for key, tensor in whole.items()}, path)


def read_tensors(folder: Path, name: str) -> Tensors | None:
    """Return the arrays of a file in either format, safetensors first; None where there is none.

    Parameters
    ----------
    folder
        Where.
    name
        The file's name without its ending.

    Raises
    ------
    SnapshotFormatError
        The file is damaged; a ValueError.
    MissingExtraError
        It was written by torch, which is not installed.

    """
    readers: dict[str, Callable[[Path], Tensors]] = {".safetensors": _safe, ".bin": _unpickled}
    for ending, read in readers.items():
        path = folder / f"{name}{ending}"
        if path.is_file():
            return read(path)
    return None


def _safe(path: Path) -> Tensors:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors: Tensors = load(path.read_bytes())
    except (SafetensorError, OSError) as error:
        raise SnapshotFormatError(f"{path} cannot be read: {error}") from error
    return tensors


def _unpickled(path: Path) -> Tensors:
    from pickle import UnpicklingError

    torch = _torch()
    try:
        # weights_only: a file that wants to run code is refused.
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, UnpicklingError, OSError) as error:
        raise SnapshotFormatError(f"{path} cannot be read: {error}") from error
    return {key: tensor.numpy() for key, tensor in tensors.items()}


def _torch() -> Any:  # noqa: ANN401  # a module
    try:
        import torch
    except ImportError as error:
        message = (
            "the format 'pytorch' needs torch, which is not installed: pip install torch, or save "
            "with serialization='safetensors', which bertopic reads as well"
        )
        raise MissingExtraError(message) from error
    return torch
