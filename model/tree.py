"""The hierarchy of topics drawn as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

LONGEST_NAME = 100  # characters


class _Node(NamedTuple):
    id: int
    name: str
    distance: float  # at which it merges with its sister


def get_topic_tree(
    hier_topics: pd.DataFrame, max_distance: float | None = None, *, tight_layout: bool = False
) -> str:
    """Return the hierarchy of topics drawn as text.

    Parameters
    ----------
    hier_topics
        What `hierarchical_topics` returned.
    max_distance
        Topics that merge at this distance or later are drawn as ``O``; None draws all in full.
    tight_layout
        Whether the indent is 1 instead of 4, False by default.

    Returns
    -------
    str
        A dot, and a line for each topic and each merge below the root.

    Examples
    --------
    >>> import pandas as pd
    >>> merges = {
    ...     "Parent_ID": ["4", "3"],
    ...     "Parent_Name": ["cat_moon", "cat_dog"],
    ...     "Child_Left_ID": ["2", "0"],
    ...     "Child_Left_Name": ["moon", "cat"],
    ...     "Child_Right_ID": ["3", "1"],
    ...     "Child_Right_Name": ["cat_dog", "dog"],
    ...     "Distance": [0.9, 0.4],
    ... }
    >>> print(get_topic_tree(pd.DataFrame(merges)), end="")
    .
    ├─■──moon ── Topic: 2
    └─cat_dog
         ├─■──cat ── Topic: 0
         └─■──dog ── Topic: 1

    """
    children = _children(hier_topics)
    too_far = float("inf") if max_distance is None else max_distance
    return "\n".join([".", *_lines(children, too_far, 1 if tight_layout else 4)]) + "\n"


def _children(hier_topics: pd.DataFrame) -> dict[int, tuple[_Node, _Node]]:
    """Return the two children of each merge, by its id."""
    sides = [
        zip(
            hier_topics[f"Child_{side}_ID"].astype(int),
            hier_topics[f"Child_{side}_Name"].astype(str),
            hier_topics["Distance"].astype(float),
            strict=True,
        )
        for side in ("Left", "Right")
    ]
    pairs = ((_Node(*left), _Node(*right)) for left, right in zip(*sides, strict=True))
    return dict(zip(hier_topics["Parent_ID"].astype(int), pairs, strict=True))


def _lines(children: dict[int, tuple[_Node, _Node]], too_far: float, width: int) -> Iterator[str]:
    if not children:
        return
    left, right = children[max(children)]
    # A list of what is still to be drawn, because a chain of merges may be deeper than Python's
    # stack.
    waiting = [(right, "", "└─"), (left, "", "├─")]
    while waiting:
        node, indent, corner = waiting.pop()
        name = node.name[:LONGEST_NAME]
        if node.id in children:
            yield f"{indent}{corner}{name}"
            left, right = children[node.id]
            under = indent + ("│" + " " * width if corner == "├─" else " " * (width + 1))
            waiting += [(right, under, "└─"), (left, under, "├─")]
        elif node.distance >= too_far:
            yield f"{indent}{corner}O "
        else:
            yield f"{indent}{corner}■──{name} ── Topic: {node.id}"
