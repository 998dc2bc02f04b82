"""What the model tells the world about its stream."""

from __future__ import annotations

from dataclasses import dataclass

TOPIC_KINDS = ("topic_born", "topic_split", "topics_merged", "topic_retired")
"""Events that tell what became of the topics themselves."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reader needs in order to believe an event, or not.

    Parameters
    ----------
    words_before
        The topic's foremost words before the change; for a word shift and an outlier shift, the
        words lost, most first.
    words_after
        The same after it; for a word shift and an outlier shift, the words gained, most first.
    share_before
        Share of the feed before, 0 to 1.
    share_after
        Share of the feed in the window that gave the event, 0 to 1.
    examples
        Ids of up to three documents of the window.

    """

    words_before: tuple[str, ...] = ()
    words_after: tuple[str, ...] = ()
    share_before: float = 0.0
    share_after: float = 0.0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftEvent:
    """One change of the stream, told once.

    Parameters
    ----------
    kind
        "share_shift", "distance_shift", "outlier_shift" or "word_shift"; "topic_born",
        "topic_split", "topics_merged" or "topic_retired".
    topic
        Topic it is about; -1 is the whole feed.
    severity
        "low", "medium" or "high", after how far the score lies above the threshold.
    score
        What the detector had summed up, in standard deviations beyond its allowance.
    threshold
        The score from which on a change is an event.
    window
        First and last clock of the window that gave the event, in seconds since 1970.
    sequence
        Batch that closed the window.
    evidence
        Words, shares and example documents.
    parents, children
        Topics that this one came from, and that came from it; for changes of the topics alone.

    Examples
    --------
    >>> event = DriftEvent("share_shift", 3, "high", 17.5, 5.0, (0.0, 60.0), 12, Evidence())
    >>> event.kind, event.topic
    ('share_shift', 3)

    """

    kind: str
    topic: int
    severity: str
    score: float
    threshold: float
    window: tuple[float, float]
    sequence: int
    evidence: Evidence
    parents: tuple[int, ...] = ()
    children: tuple[int, ...] = ()
