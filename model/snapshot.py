"""A model as bytes and back: safetensors for arrays, JSON for the rest, never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save
from scipy.sparse import csr_array

from topicstream.model.arrays import part_of, sparse_of, sparse_parts
from topicstream.model.drift.settings import DriftSettings
from topicstream.model.errors import SnapshotFormatError
from topicstream.model.lifecycle.settings import LifecycleSettings
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings
from topicstream.model.terms import TermCounts
from topicstream.model.timeline_settings import TimelineSettings

FORMAT = "topicstream.model"
VERSION = 2
ARRAYS, META = "state.safetensors", "meta.json"


def encode(model: OnlineTopicModel, extra: Mapping[str, object] | None = None) -> dict[str, bytes]:
    """Return the files of a snapshot of `model`, by name.

    Parameters
    ----------
    model
        The model; it is not changed.
    extra
        What the caller wants back from `decode`, ready for JSON.

    Raises
    ------
    SnapshotFormatError
        The arrays do not read back as they were written.

    """
    arrays = dict(model.arrays())
    counts = csr_array(model.counts.dense())
    arrays.update({f"counts.{name}": part for name, part in sparse_parts(counts).items()})
    # safetensors 0.8.0 writes arrays that are not C-contiguous in memory order: silent garbage.
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    written = save(arrays)
    for name, array in load(written).items():
        if array.tobytes() != arrays[name].tobytes():
            raise SnapshotFormatError(f"array {name!r} does not read back as it was written")
    meta = {
        "format": FORMAT,
        "version": VERSION,
        "scalars": model.scalars(),
        "terms": model.counts.terms,
        "counts_digest": model.counts.digest.hex(),
        "extra": dict(extra or {}),
    }
    return {ARRAYS: written, META: json.dumps(meta, sort_keys=True, ensure_ascii=False).encode()}


def decode(files: Mapping[str, bytes]) -> tuple[OnlineTopicModel, dict[str, object]]:
    """Return the model that `encode` turned into `files`, and its extra.

    Raises
    ------
    SnapshotFormatError
        The files are missing, damaged, or of another program or version.

    """
    try:
        meta = json.loads(files[META])
        arrays = load(files[ARRAYS])
    except KeyError as error:
        raise SnapshotFormatError(f"the snapshot lacks the file {error}") from error
    except (ValueError, SafetensorError) as error:
        raise SnapshotFormatError(f"the snapshot cannot be read: {error}") from error
    if (meta.get("format"), meta.get("version")) != (FORMAT, VERSION):
        raise SnapshotFormatError(
            f"the snapshot says format {meta.get('format')!r}, version {meta.get('version')!r}; "
            f"this program reads {FORMAT!r}, version {VERSION}"
        )
    model = OnlineTopicModel(settings_from(meta["scalars"]["settings"]))
    counts = TermCounts(model.settings.n_terms)
    counts.restore(
        meta["terms"], sparse_of(part_of(arrays, "counts")), bytes.fromhex(meta["counts_digest"])
    )
    model.restore(meta["scalars"], arrays, counts)
    return model, meta["extra"]


def settings_from(values: Mapping[str, object]) -> ModelSettings:
    """Return the settings that ``dataclasses.asdict`` turned into `values`."""
    known = {field.name for field in fields(ModelSettings)}
    if set(values) != known:
        raise SnapshotFormatError(
            f"the snapshot's settings are {sorted(values)}, not {sorted(known)}"
        )
    tables = {
        "drift": DriftSettings,
        "lifecycle": LifecycleSettings,
        "timeline": TimelineSettings,
    }
    read = {name: kind(**_table(values, name)) for name, kind in tables.items()}
    return ModelSettings(**{**values, **read})


def _table(values: Mapping[str, object], name: str) -> dict[str, Any]:
    table = values[name]
    if not isinstance(table, Mapping):
        raise SnapshotFormatError(f"the snapshot's {name} settings are {table!r}, not a table")
    return dict(table)
