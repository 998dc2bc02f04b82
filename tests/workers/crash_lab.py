"""Runs the workers in child processes that may be killed; run by `test_recovery.py`, not pytest.

Reads one request a line, forks, and answers with the child's exit status: what is heavy to import
is imported once. Each child opens its own files.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from topicstream.model.backend.base import unit_rows
from topicstream.model.settings import ModelSettings
from topicstream.stream import failpoints
from topicstream.stream.embedded import EmbeddedLog
from topicstream.stream.protocols import Transport
from topicstream.stream.snapshots.directory import DirectoryStore
from topicstream.workers.embed_worker import EmbedWorker
from topicstream.workers.export import Exporter
from topicstream.workers.given_model import GivenModel, given_model
from topicstream.workers.model_worker import ModelWorker
from topicstream.workers.names import TopicNames
from topicstream.workers.refits import Refits
from topicstream.workers.start import Start

NAMES = TopicNames()
SETTINGS = ModelSettings(n_topics=4, n_components=4, warm_up=40, half_life=500.0)
BATCH_SIZE = 25


@dataclass(frozen=True)
class HashEmbedder:
    """Texts with the same first word lie close together; quick, and the same in each process."""

    n_dimensions: int = 16
    name: str = "hash"
    fingerprint: str = "hash"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [_direction(text.split()[0]) + 0.3 * _direction(text) for text in texts]
        return unit_rows(np.array(rows, dtype=np.float32).reshape(len(rows), self.n_dimensions))


def _direction(text: str) -> NDArray[np.float64]:
    digest = hashlib.sha256(text.encode()).digest()
    return np.frombuffer(digest[:16], dtype=np.uint8).astype(np.float64) - 127.5


def model_worker(transport: Transport, folder: Path) -> ModelWorker:
    return ModelWorker(
        transport,
        NAMES,
        DirectoryStore(folder / "snapshots"),
        settings=SETTINGS,
        batch_size=BATCH_SIZE,
        snapshot_every=2,
        refits=Refits(folder / "refits"),
        start=Start(folder / "start", given_to(folder)),
    )


def given_to(folder: Path) -> GivenModel | None:
    """Return the model in the folder "given", from which the service is to start."""
    path = folder / "given"
    return given_model(str(path), SETTINGS.n_terms) if path.is_dir() else None


def serve(folder: Path, *, embed_first: bool) -> None:
    """Play every role until all documents are answered."""
    with EmbeddedLog(folder / "log.db") as log:
        embed = EmbedWorker(log, HashEmbedder(), NAMES, member="one", batch_size=40)
        model = model_worker(log, folder)
        model.recover()
        exporter = Exporter(log, NAMES, folder / "out")
        while embed.step(0.0):
            if not embed_first:
                model.step(0.0)
                exporter.step()
        while model.step(0.0, drain=True):
            exporter.step()
        exporter.step()
        exporter.write_topics(model.model)
        for part in (exporter, model, embed):
            part.close()


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _run_child(request)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run_child(request: dict[str, str]) -> None:
    try:
        failpoints.configure(request["failpoint"])
        serve(Path(request["folder"]), embed_first=request["order"] == "embed first")
    except BaseException:  # noqa: BLE001  # the child must never come back into the loop
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
