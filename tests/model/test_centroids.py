"""Centroids are weighted means, in whatever order documents come."""

from __future__ import annotations

import numpy as np
import pytest

from topicstream.model.centroids import Centroids

ROWS = np.array([[1, 0], [0, 1], [3, 0], [0, 9]], dtype=np.float32)
LABELS = np.array([0, 1, 0, -1])
CLOSE = np.array([1.0, 1.0, 0.5, 1.0], dtype=np.float32)


def filled(*parts: slice) -> Centroids:
    centroids = Centroids(2)
    centroids.reset(2)
    for part in parts:
        weights = np.array([1.0, 1.0, 3.0, 1.0])
        centroids.add(ROWS[part], LABELS[part], CLOSE[part], weights[part])
    return centroids


def test_a_centroid_is_the_weighted_mean_of_its_documents_and_outliers_are_in_none() -> None:
    assert filled(slice(4)).means().tolist() == [[2.5, 0.0], [0.0, 1.0]]


def test_it_does_not_matter_where_batches_are_cut() -> None:
    assert np.array_equal(filled(slice(2), slice(2, 4)).sums, filled(slice(4)).sums)


def test_usual_similarity_is_the_mean() -> None:
    mean = filled(slice(4)).usual_similarity()

    assert mean[0] == pytest.approx((1.0 + 3 * 0.5) / 4)


def test_a_topic_that_lost_all_its_documents_stays_where_it_was() -> None:
    centroids = filled(slice(4))
    before = centroids.directions()
    centroids.sums[0], centroids.weights[0] = 1e-9, -1e-12

    centroids.hold(before, 1.0)

    assert centroids.directions() == pytest.approx(before)
    assert centroids.weights[0] == 1.0


def test_rescaling_by_a_power_of_two_moves_nothing() -> None:
    centroids = filled(slice(4))
    before = centroids.means()
    centroids.rescale(2.0**-64)

    assert np.array_equal(centroids.means(), before)


def test_a_topic_without_documents_lies_at_zero() -> None:
    centroids = Centroids(2)
    centroids.reset(1)

    assert centroids.directions().tolist() == [[0.0, 0.0]]
