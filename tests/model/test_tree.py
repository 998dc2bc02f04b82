from __future__ import annotations

import pandas as pd
import pytest

from topicstream.model.bertopic import BERTopic

MERGES = pd.DataFrame(
    {
        "Parent_ID": ["8", "7", "6", "5"],
        "Parent_Name": ["root", "b_x", "c_y", "d_z"],
        "Topics": [[0, 1, 2, 3, 4], [0, 1, 2], [3, 4], [0, 1]],
        "Child_Left_ID": ["7", "5", "3", "0"],
        "Child_Left_Name": ["b_x", "d_z", "t3", "t0"],
        "Child_Right_ID": ["6", "2", "4", "1"],
        "Child_Right_Name": ["c_y", "t2", "t4", "t1"],
        "Distance": [1.0, 0.8, 0.7, 0.5],
    }
)
# What bertopic 0.17.4 draws of these merges.
WHOLE = """.
├─b_x
│    ├─d_z
│    │    ├─■──t0 ── Topic: 0
│    │    └─■──t1 ── Topic: 1
│    └─■──t2 ── Topic: 2
└─c_y
     ├─■──t3 ── Topic: 3
     └─■──t4 ── Topic: 4
"""
CUT_AND_TIGHT = """.
├─b_x
│ ├─d_z
│ │ ├─■──t0 ── Topic: 0
│ │ └─■──t1 ── Topic: 1
│ └─O_
└─c_y
  ├─■──t3 ── Topic: 3
  └─■──t4 ── Topic: 4
""".replace("O_", "O ")


def test_the_tree_is_drawn_as_in_bertopic() -> None:
    assert BERTopic.get_topic_tree(MERGES) == WHOLE


def test_far_leaves_and_a_tight_layout_are_drawn_as_in_bertopic() -> None:
    found = BERTopic.get_topic_tree(MERGES, max_distance=0.8, tight_layout=True)
    assert found == CUT_AND_TIGHT


@pytest.mark.parametrize("order", [[3, 2, 1, 0], [1, 3, 0, 2]])
def test_the_order_and_index_of_rows_do_not_matter(order: list[int]) -> None:
    assert BERTopic.get_topic_tree(MERGES.iloc[order]) == WHOLE


def test_long_names_are_cut() -> None:
    named = MERGES.assign(Child_Left_Name="x" * 300)
    assert max(len(line) for line in BERTopic.get_topic_tree(named).splitlines()) < 140


def test_a_chain_deeper_than_pythons_stack_is_drawn() -> None:
    n = 3_000
    chain = pd.DataFrame(
        {
            "Parent_ID": [str(n + i) for i in range(n - 1)],
            "Parent_Name": "p",
            "Child_Left_ID": [str(i + 1) for i in range(n - 1)],
            "Child_Left_Name": "t",
            "Child_Right_ID": ["0", *(str(n + i) for i in range(n - 2))],
            "Child_Right_Name": "p",
            "Distance": [float(i) for i in range(n - 1)],
        }
    )
    lines = BERTopic.get_topic_tree(chain, tight_layout=True).splitlines()
    assert len(lines) == 1 + 2 * (n - 1)
    assert sum("Topic: " in line for line in lines) == n


def test_no_merges_are_a_dot() -> None:
    assert BERTopic.get_topic_tree(MERGES.iloc[:0]) == ".\n"
