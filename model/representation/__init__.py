"""Models that rewrite the words of topics."""

from __future__ import annotations

from topicstream.model.representation.base import BaseRepresentation
from topicstream.model.representation.keybert import KeyBERTInspired
from topicstream.model.representation.mmr import MaximalMarginalRelevance

__all__ = ["BaseRepresentation", "KeyBERTInspired", "MaximalMarginalRelevance"]
