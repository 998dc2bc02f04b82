"""BERTopic's own way to follow a stream: a model per batch, and `merge_models`.

python -m benchmarks.drift_bertopic FOLDER BATCH     run in bertopic's environment
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]


def births(
    python: Path, texts: list[str], vectors: np.ndarray, batch: int
) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Return batch and number of each topic that the merged model did not have, and the answers.

    The first batch has nothing to be compared with, so its topics are no births. The answer of a
    document is the merged model's number of the topic that its batch's model gave it.

    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        np.save(folder / "vectors.npy", vectors)
        words = [str(python), "-W", "ignore", str(Path(__file__)), name, str(batch)]
        done = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"bertopic's way failed: {done.stderr[-500:]}")
        found = json.loads((folder / "births.json").read_text(encoding="utf-8"))
        return [(int(b), int(t)) for b, t in found], np.load(folder / "answers.npy")


def main() -> None:
    """Fit and merge, batch by batch."""
    from bertopic import BERTopic

    folder, batch = Path(sys.argv[1]), int(sys.argv[2])
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    vectors = np.load(folder / "vectors.npy")
    merged, found, answers = None, [], []
    for number, start in enumerate(range(0, len(texts), batch)):
        span = slice(start, start + batch)
        model = BERTopic(min_topic_size=10).fit(texts[span], vectors[span])
        if merged is None:
            merged, known = model, len(model.get_topic_freq())
            answers.append(np.array(model.topics_))
            continue
        merged = BERTopic.merge_models([merged, model], min_similarity=0.7)
        # The merged model's last answers are those of the newest batch.
        newest = np.array(merged.topics_[-len(texts[span]) :])
        new = sorted(set(newest[newest >= known - 1].tolist()))
        known = max(known, int(newest.max()) + 2)
        found += [(number, topic) for topic in new]
        answers.append(newest)
    (folder / "births.json").write_text(json.dumps(found), encoding="utf-8")
    np.save(folder / "answers.npy", np.concatenate(answers))


if __name__ == "__main__":
    main()
