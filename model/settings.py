"""How a model learns."""

from __future__ import annotations

from dataclasses import dataclass, field

from topicstream.model.drift.settings import DriftSettings
from topicstream.model.lifecycle.settings import LifecycleSettings
from topicstream.model.timeline_settings import TimelineSettings


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How an `OnlineTopicModel` learns.

    Parameters
    ----------
    n_topics
        Topics that are found at first; fewer while fewer documents are known.
    n_components
        Components of the projection in which the nearest topic is looked for.
    warm_up
        Distinct documents from which the topics are found before they only follow the stream.
    half_life
        Documents after which a document weighs half.
    n_terms
        Terms that the vocabulary is cut back to.
    top_n_words
        Words that describe a topic.
    outlier_share
        Part of each topic's documents that are outliers: those that lie farthest from it.
    seed
        Seed of every random choice.
    drift
        When a change becomes an event.
    lifecycle
        When topics are born, merge, split and rest.
    timeline
        How finely the topics' past is remembered.

    Examples
    --------
    >>> ModelSettings(n_topics=20).half_life
    50000.0

    """

    n_topics: int = 50
    n_components: int = 100
    warm_up: int = 2_000
    half_life: float = 50_000.0
    n_terms: int = 50_000
    top_n_words: int = 10
    outlier_share: float = 0.003
    seed: int = 42
    drift: DriftSettings = field(default_factory=DriftSettings)
    lifecycle: LifecycleSettings = field(default_factory=LifecycleSettings)
    timeline: TimelineSettings = field(default_factory=TimelineSettings)
