"""The projection bears batches of any size, forgets, and comes back from a snapshot."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from topicstream.model.projection import Projection


def embeddings(n: int, *, width: int = 12, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    spread = np.linspace(3.0, 0.1, width)
    return (rng.normal(0, 1, (n, width)) * spread).astype(np.float32)


def test_before_the_first_fit_embeddings_pass_unchanged() -> None:
    rows = embeddings(3)

    projection = Projection(4, memory=1000)
    projection.update(rows)

    assert np.array_equal(projection.transform(rows), rows)


@pytest.mark.parametrize("n", [2, 3, 50])
def test_components_are_as_many_as_documents_and_dimensions_allow(n: int) -> None:
    projection = Projection(8, memory=1000)
    projection.fit(embeddings(n))

    assert projection.transform(embeddings(5)).shape == (5, min(8, n))


def test_the_largest_directions_are_kept() -> None:
    rows = embeddings(2000)
    projection = Projection(4, memory=1e9)
    projection.fit(rows)

    kept = projection.transform(rows).var(axis=0).sum() / rows.var(axis=0).sum()

    widths = np.linspace(3.0, 0.1, 12) ** 2
    assert kept == pytest.approx(widths[:4].sum() / widths.sum(), abs=0.02)


def test_it_follows_a_stream_that_turns_elsewhere() -> None:
    projection = Projection(2, memory=500)
    projection.fit(embeddings(500))
    turned = embeddings(5000, seed=1)[:, ::-1]

    for start in range(0, 5000, 100):
        projection.update(np.ascontiguousarray(turned[start : start + 100]))

    kept = projection.transform(turned).var(axis=0).sum() / turned.var(axis=0).sum()
    widths = np.linspace(3.0, 0.1, 12) ** 2
    assert kept > 0.9 * widths[:2].sum() / widths.sum()


@pytest.mark.parametrize("n_before", [0, 1, 90, 300])
def test_a_restored_projection_goes_on_bit_for_bit(n_before: int) -> None:
    straight = Projection(4, memory=400)
    straight.fit(embeddings(200))
    straight.update(embeddings(n_before, seed=2))
    restored = Projection(4, memory=400)
    restored.restore(straight.arrays())

    for seed in range(3, 8):
        for projection in (straight, restored):
            projection.update(embeddings(70, seed=seed))

    rows = embeddings(10, seed=9)
    assert np.array_equal(straight.transform(rows), restored.transform(rows))
