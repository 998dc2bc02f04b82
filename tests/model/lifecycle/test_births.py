"""New kinds of documents are found, old ones are not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from topicstream.model.lifecycle.births import Group, Places, new_groups
from topicstream.model.lifecycle.recent import Recent, Rows
from topicstream.model.lifecycle.reference import Reference
from topicstream.model.lifecycle.settings import LifecycleSettings

N_DIMENSIONS = 32
SETTINGS = LifecycleSettings(recent=1_000, reference=2_000)
OLD = np.eye(N_DIMENSIONS)[:8]


def documents(places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    vectors = places + rng.normal(0, 0.15, (len(places), N_DIMENSIONS))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def groups(n_new: int, n_new_before: int, seed: int) -> tuple[list[Group], np.ndarray]:
    """A stream of eight subjects, with so many documents of a ninth among recent and past ones."""
    rng = np.random.default_rng(seed)
    ninth = np.eye(N_DIMENSIONS)[8] + 0.6 * OLD[0]

    def some(n: int, n_ninth: int) -> np.ndarray:
        places = OLD[rng.integers(0, 8, n)]
        places[:n_ninth] = ninth
        return documents(rng.permutation(places), rng)

    recent, reference = Recent(1_000, N_DIMENSIONS), Reference(2_000, 1e4, N_DIMENSIONS)
    vectors = some(1_000, n_new)
    nearest = (vectors @ OLD.T).argmax(axis=1)
    closeness = (vectors @ OLD.T).max(axis=1)
    rank = closeness.argsort().argsort() / len(vectors)
    rows = Rows(vectors.astype("f2"), nearest, nearest, rank, np.ones(1_000))
    recent.add(rows, csr_array((1_000, 0)))
    reference.add(some(2_000, n_new_before).astype("f2"), rng)
    old = np.ones(8, bool)
    found = new_groups(recent, reference, Places(OLD.astype("f4"), old), 250, SETTINGS)
    return found, vectors @ ninth / np.linalg.norm(ninth) > 0.6


@pytest.mark.parametrize("seed", range(5))
def test_a_subject_that_was_not_there_is_a_group(seed: int) -> None:
    found, is_ninth = groups(60, 0, seed)
    assert len(found) == 1
    assert np.mean(is_ninth[found[0].members]) > 0.9
    assert found[0].p_value < 1e-4


@pytest.mark.parametrize("seed", range(20))
def test_a_stream_that_does_not_change_has_none(seed: int) -> None:
    assert groups(0, 0, seed)[0] == []


@pytest.mark.parametrize("seed", range(5))
def test_a_small_subject_that_was_always_there_is_none(seed: int) -> None:
    assert groups(60, 120, seed)[0] == []


def test_nothing_is_looked_for_before_the_window_is_full() -> None:
    recent = Recent(1_000, N_DIMENSIONS)
    reference = Reference(2_000, 1e4, N_DIMENSIONS)
    assert (
        new_groups(recent, reference, Places(OLD.astype("f4"), np.ones(8, bool)), 9, SETTINGS) == []
    )
