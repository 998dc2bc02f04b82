"""The clusterer that clusters nothing."""

from __future__ import annotations

from topicstream.model.cluster import BaseCluster


def test_labels_are_what_was_given() -> None:
    assert BaseCluster().fit([[0.1], [0.9]], y=[3, -1]).labels_ == [3, -1]
    assert BaseCluster().fit([[0.1]]).labels_ is None


def test_there_is_no_predict_and_transform_changes_nothing() -> None:
    assert not hasattr(BaseCluster(), "predict")
    assert BaseCluster().transform([[0.1]]) == [[0.1]]
