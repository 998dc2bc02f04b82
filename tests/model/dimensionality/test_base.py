"""The reducer that reduces nothing."""

from __future__ import annotations

from topicstream.model.dimensionality import BaseDimensionalityReduction


def test_it_fits_anything_and_changes_nothing() -> None:
    reducer = BaseDimensionalityReduction()

    assert reducer.fit(None, y=[1]) is reducer
    assert reducer.transform([[0.1]]) == [[0.1]]
    assert not hasattr(reducer, "fit_transform")
