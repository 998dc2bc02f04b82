"""The part of a refit that takes long, in a process of its own: ``python -m ... FOLDER``.

UMAP and HDBSCAN are imported nowhere else, compile for a minute where nobody did before, and keep
a core busy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import msgspec
import numpy as np

from topicstream.model.centroids import Embeddings, Labels
from topicstream.model.refit.fit import fit
from topicstream.model.refit.settings import RefitSettings
from topicstream.workers.refits import RefitError

NICENESS = 15  # of whoever calls this: the service on the same machine answers first
_EMBEDDINGS, _ANCHORS, _SETTINGS = "embeddings.npy", "anchors.npy", "settings.json"
_LABELS = "labels.npy"
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def fit_apart(embeddings: Embeddings, anchors: Labels, settings: RefitSettings) -> Labels:
    """Return what `topicstream.model.refit.fit.fit` does, from another process.

    Raises
    ------
    RefitError
        The process failed; what it wrote on standard error says why.

    """
    with tempfile.TemporaryDirectory(prefix="topicstream-refit-") as name:
        folder = Path(name)
        np.save(folder / _EMBEDDINGS, embeddings)
        np.save(folder / _ANCHORS, anchors)
        (folder / _SETTINGS).write_bytes(msgspec.json.encode(asdict(settings)))
        command = [sys.executable, "-m", "topicstream.workers.refit_fit", name]
        environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
        done = subprocess.run(command, env=environment, check=False)  # noqa: S603 - our own
        if done.returncode:
            raise RefitError(
                f"UMAP and HDBSCAN ended with status {done.returncode}; what they wrote above says "
                "why. With too little memory, take a smaller window"
            )
        labels: Labels = np.load(folder / _LABELS)
        return labels


def main(folder: Path) -> None:
    """Read embeddings, anchors and settings from a folder, and put the labels beside them."""
    settings = msgspec.json.decode((folder / _SETTINGS).read_bytes(), type=RefitSettings)
    embeddings, anchors = np.load(folder / _EMBEDDINGS), np.load(folder / _ANCHORS)
    np.save(folder / _LABELS, fit(embeddings, anchors, settings))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
