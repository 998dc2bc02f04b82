"""Clusterers that BERTopic can be given in place of HDBSCAN."""

from __future__ import annotations

from topicstream.model.cluster.base import BaseCluster
from topicstream.model.cluster.nearest import NearestDocuments
from topicstream.model.cluster.one_by_one import OneByOneClusterer

__all__ = ["BaseCluster", "NearestDocuments", "OneByOneClusterer"]
