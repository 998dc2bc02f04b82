"""Timelines for tests, made of a few documents."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from topicstream.model.terms import TermCounts
from topicstream.model.timeline import Timeline
from topicstream.model.timeline_settings import TimelineSettings

DAY_S = 86_400.0
LABELS = {-1: "-1_outliers", 0: "0_rain_wind", 1: "1_goal_match"}


def timeline_of(documents: Sequence[tuple[float, int, str]], n_bins: int = 256) -> Timeline:
    """Return the timeline of documents given by day, topic and text."""
    counts, timeline = TermCounts(1_000), Timeline(TimelineSettings(n_bins=n_bins))
    found = counts.locate([text for _, _, text in documents])
    topics = np.array([topic for _, topic, _ in documents], dtype=np.int64)
    times = np.array([day * DAY_S for day, _, _ in documents], dtype=np.float64)
    embeddings = np.ones((len(topics), 2), dtype=np.float32)
    timeline.add(topics, times, found, counts.terms, embeddings)
    return timeline


def two_topics(days: int = 20) -> Timeline:
    """Return a topic that is always there, and one that comes later and has a peak."""
    rain = [(day, 0, "rain wind") for day in range(days)]
    goal = [(day, 1, "goal match") for day in range(days // 2, days)]
    peak = [(days - 3, 1, "penalty")] * 9
    return timeline_of([*rain, *goal, *peak, (1, -1, "")])
