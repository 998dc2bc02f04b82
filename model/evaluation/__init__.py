"""How good topics are: coherence, diversity, and stability between two models."""

from __future__ import annotations

from topicstream.model.evaluation.coherence import c_v, npmi
from topicstream.model.evaluation.matching import Match, Stability, stability
from topicstream.model.evaluation.scores import Scores
from topicstream.model.evaluation.topic_words import words
from topicstream.model.evaluation.unique_words import diversity

__all__ = ["Match", "Scores", "Stability", "c_v", "diversity", "npmi", "stability", "words"]
