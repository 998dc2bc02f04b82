import numpy as np

from topicstream.model.discriminant import discriminate, spread_within


def test_a_long_topic_reaches_farther_than_a_plain_distance_does() -> None:
    rng = np.random.default_rng(2)
    shape = np.array([6.0, 0.2])  # both topics are long in the first direction
    means = np.array([[0.0, 0.0], [3.0, 2.0]])
    groups = rng.integers(0, 2, 400)
    vectors = means[groups] + rng.normal(size=(400, 2)) * shape
    spread = spread_within(vectors, groups, means)
    assert spread is not None
    nearest = ((vectors[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    found = discriminate(vectors, means, spread)
    assert (found == groups).mean() > (nearest == groups).mean() + 0.03


def test_outliers_have_no_part_in_the_spread() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [50.0, 9.0]])
    means = np.array([[50.0, 9.0], [1.0, 0.0]])
    spread = spread_within(vectors, np.array([0, 0, -1]), means)
    assert spread is not None
    assert (spread == 0.0).all()
    assert discriminate(vectors[:2], means[1:], spread).tolist() == [0, 0]


def test_outliers_alone_have_no_spread() -> None:
    assert spread_within(np.ones((2, 2)), np.array([-1, -1]), np.ones((1, 2))) is None
