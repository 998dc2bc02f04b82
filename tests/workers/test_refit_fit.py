"""The real thing: UMAP and HDBSCAN in a process of their own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.model.refit.test_adoption import corpus
from topicstream.model.refit.settings import RefitSettings, RefitSettingsError
from topicstream.workers.refit_fit import fit_apart
from topicstream.workers.refits import RefitError


def test_four_subjects_are_four_clusters_and_the_seed_decides() -> None:
    _, vectors, subjects = corpus(240)
    anchors = np.where(np.arange(240) % 3 == 0, -1, subjects)

    labels = fit_apart(vectors, anchors, RefitSettings(min_topic_size=20))

    inside = labels >= 0
    assert inside.mean() > 0.9
    pairs = set(zip(labels[inside].tolist(), subjects[inside].tolist(), strict=True))
    assert len(pairs) == 4
    assert len({label for label, _ in pairs}) == 4


def test_a_process_that_fails_is_an_error_that_says_where_to_look(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(RefitError, match=r"status 1; what they wrote above"):
        fit_apart(np.zeros((3, 0), dtype=np.float32), np.zeros(3, np.int64), RefitSettings())
    assert "Error" in capfd.readouterr().err


def test_neither_umap_nor_hdbscan_is_imported_by_the_workers() -> None:
    code = (
        "import sys, topicstream.workers.refit, topicstream.workers.model_worker\n"
        "sys.exit(any(name in sys.modules for name in ('umap', 'hdbscan', 'numba')))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["window", "min_topic_size", "anchoring"])
def test_a_setting_out_of_its_range_is_told_by_name(name: str) -> None:
    with pytest.raises(RefitSettingsError, match=rf"refit\.{name} is -1; it must lie between"):
        RefitSettings(**{name: -1})
