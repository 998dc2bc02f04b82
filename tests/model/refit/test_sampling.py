"""A sample in which older documents are rarer."""

from __future__ import annotations

import numpy as np

from topicstream.model.refit.sampling import time_biased


def test_all_are_taken_while_there_are_no_more_than_wanted() -> None:
    assert time_biased(7, 10, 5.0, 0).tolist() == list(range(7))


def test_none_is_taken_twice_and_the_order_is_that_of_the_stream() -> None:
    taken = time_biased(5_000, 1_000, 800.0, 3)

    assert len(taken) == 1_000
    assert (np.diff(taken) > 0).all()
    assert taken[-1] < 5_000


def test_a_half_life_halves_the_chance() -> None:
    counts = np.zeros(4_000)
    for seed in range(300):
        counts[time_biased(4_000, 200, 1_000.0, seed)] += 1
    by_age = counts.reshape(4, 1_000).sum(axis=1)[::-1]

    # Without replacement the newest are used up a little: a ratio just below two.
    ratios = by_age[:-1] / by_age[1:]
    assert ((ratios > 1.7) & (ratios < 2.2)).all()


def test_the_seed_decides() -> None:
    one, same, other = (time_biased(900, 90, 100.0, seed) for seed in (1, 1, 2))

    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_ages_beyond_any_power_of_two_do_no_harm() -> None:
    assert len(time_biased(100_000, 50_000, 1.0, 0)) == 50_000
