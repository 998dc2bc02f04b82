"""Reducers that BERTopic can be given in place of UMAP."""

from __future__ import annotations

from topicstream.model.dimensionality.base import BaseDimensionalityReduction
from topicstream.model.dimensionality.neighbours import NeighbourPlaces

__all__ = ["BaseDimensionalityReduction", "NeighbourPlaces"]
