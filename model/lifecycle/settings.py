"""How topics come and go."""

from __future__ import annotations

from dataclasses import dataclass, fields

from topicstream.model.errors import ModelError


class LifecycleSettingsError(ModelError, ValueError):
    """A setting of the topics' lives is out of its range."""


# name: (smallest, largest) value allowed, both included
_LIMITS = {
    "check_every": (0, 1_000_000),
    "min_topics": (1, 10_000),
    "max_topics": (0, 10_000),
    "recent": (100, 1_000_000),
    "reference": (100, 1_000_000),
    "far": (0.01, 1.0),
    "neighbours": (5, 1_000),
    "novelty": (1e-9, 0.5),
    "group_size": (3, 10_000),
    "false_births": (1e-12, 0.5),
    "lift": (1.0, 1e6),
    "one_gap": (0.0, 1.0),
    "retire_after": (1.0, 1e12),
    "retire_below": (0.0, 1e6),
}


@dataclass(frozen=True, slots=True)
class LifecycleSettings:
    """When a topic is born, when two become one and one two, and when one rests.

    Parameters
    ----------
    check_every
        Documents between two looks at the topics (default 500); 0 keeps the topics as they are.
    min_topics
        Topics that are never fallen below by retiring one (default 2).
    max_topics
        Topics at most (default 0: twice as many as `ModelSettings.n_topics`).
    recent
        Documents among which births are looked for (default 4,000).
    reference
        Documents of the time before that they are compared with (default 8,000).
    far
        A document may belong to a new topic when its strength is below this (default 0.5).
    neighbours
        Nearest documents that tell whether a document is of a new kind (default 15).
    novelty
        Chance that a document of an old kind passes for one of a new kind (default 0.02).
    group_size
        Documents of a new kind that make a topic, at least (default 10).
    false_births
        Chance that a group of an old kind passes for a new topic (default 3e-3).
    lift
        How many times as frequent as before a group's kind must have become (default 2).
    one_gap
        Two topics become one when the gap between them has halved and is below this part of their
        documents' usual distance (default 0.25).
    retire_after
        Documents after which a topic that got none of them rests (default 50,000).
    retire_below
        Documents, older ones weighing less by half-life, below which a topic rests (default 3).

    Raises
    ------
    LifecycleSettingsError
        A value is out of its range.

    """

    check_every: int = 500
    min_topics: int = 2
    max_topics: int = 0
    recent: int = 4_000
    reference: int = 8_000
    far: float = 0.5
    neighbours: int = 15
    novelty: float = 0.02
    group_size: int = 10
    false_births: float = 3e-3
    lift: float = 2.0
    one_gap: float = 0.25
    retire_after: float = 50_000.0
    retire_below: float = 3.0

    def __post_init__(self) -> None:
        for field in fields(self):
            low, high = _LIMITS[field.name]
            value = getattr(self, field.name)
            if not low <= value <= high:
                raise LifecycleSettingsError(
                    f"lifecycle.{field.name} is {value}; it must lie between {low} and {high}: "
                    "correct it, or leave it out for the default"
                )
