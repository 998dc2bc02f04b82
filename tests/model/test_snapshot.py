"""A snapshot that is not ours is refused in words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from topicstream.model import snapshot
from topicstream.model.errors import SnapshotFormatError
from topicstream.model.online import OnlineTopicModel


@pytest.fixture
def files() -> dict[str, bytes]:
    model = OnlineTopicModel()
    model.partial_fit(["red apple"], np.eye(1, 4, dtype=np.float32), now=0.0)
    return snapshot.encode(model)


def test_a_missing_file_is_named(files: dict[str, bytes]) -> None:
    with pytest.raises(SnapshotFormatError, match=r"lacks the file 'state\.safetensors'"):
        snapshot.decode({"meta.json": files["meta.json"]})


def test_cut_arrays_are_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(SnapshotFormatError, match="cannot be read"):
        snapshot.decode({**files, "state.safetensors": files["state.safetensors"][:-9]})


def test_another_version_is_named(files: dict[str, bytes]) -> None:
    meta = {**json.loads(files["meta.json"]), "version": 99}

    with pytest.raises(SnapshotFormatError, match="version 99"):
        snapshot.decode({**files, "meta.json": json.dumps(meta).encode()})
