"""What turns texts into counts, and counts into the weights of c-TF-IDF."""

from __future__ import annotations

from topicstream.model.vectorizers.ctfidf import ClassTfidfTransformer
from topicstream.model.vectorizers.online_count import OnlineCountVectorizer

__all__ = ["ClassTfidfTransformer", "OnlineCountVectorizer"]
