"""Ids are given once."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from topicstream.model.lifecycle.lineage import N_RESTING, Lineage, Resting


@given(st.lists(st.booleans(), max_size=60))
def test_no_id_is_given_twice_and_ids_ascend(births: list[bool]) -> None:
    lineage = Lineage()
    lineage.begin(3)
    given_out = [0, 1, 2]
    for number, is_birth in enumerate(births):
        if is_birth or not len(lineage.ids):
            given_out.append(lineage.new(number))
        else:
            lineage.rest(Resting(int(lineage.ids[0]), "", 1, number))
        assert (np.diff(lineage.ids) > 0).all()
    assert len(set(given_out)) == len(given_out)


def test_rows_and_ids_lead_to_each_other() -> None:
    lineage = Lineage()
    lineage.begin(4)
    lineage.rest(Resting(1, "", 0, 1))
    assert lineage.rows_of(np.array([0, 1, 3, 9, -1])).tolist() == [0, -1, 2, -1, -1]
    assert lineage.ids_of(np.array([2, -1, 0])).tolist() == [3, -1, 0]


def test_only_so_many_resting_topics_are_remembered() -> None:
    lineage = Lineage()
    for number in range(N_RESTING + 5):
        lineage.rest(Resting(lineage.new(number, parents=[0]), "", 1, number))
    assert len(lineage.resting) == N_RESTING
    assert set(lineage.parents) == {rested.id for rested in lineage.resting}


def test_it_survives_json() -> None:
    lineage = Lineage()
    lineage.begin(2)
    lineage.rest(Resting(0, "0_moon", 7, 3, into=(lineage.new(40, parents=[0, 1]),)))
    again = Lineage()
    again.restore(json.loads(json.dumps(lineage.scalars())))
    assert again.scalars() == lineage.scalars()
    assert again.new(50) == 3
