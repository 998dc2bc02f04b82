"""``topicstream simulate``: the demo feed as a file, with its ground truth beside it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from topicstream.workers import simulation


def write(out: Path, n_documents: int, seed: int) -> None:
    """Write `out`, and the schedule to ``<out without .jsonl>.truth.json``."""
    with out.open("wb") as file:
        for document in simulation.simulate(n_documents, seed):
            file.write(msgspec.json.encode(document) + b"\n")
    truth = out.with_suffix("").with_suffix(".truth.json")
    truth.write_bytes(msgspec.json.encode(simulation.schedule(n_documents)))
