"""The words that topics are described by, looked at now and then."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from topicstream.model.ctfidf import c_tf_idf, top_terms
from topicstream.model.given_names import GivenNames
from topicstream.model.terms import TermCounts
from topicstream.model.topics import OUTLIER_LABEL, OUTLIERS

EVERY = 5_000  # documents between two looks, for each looks at every count

Words = list[tuple[str, float]]
Ids = NDArray[np.int64]


class Descriptions:
    """Words and labels of the topics as they were when their counts were last looked at.

    Parameters
    ----------
    top_n_words
        Words that describe a topic.

    """

    def __init__(self, top_n_words: int) -> None:
        self.top_n_words = top_n_words
        self.names = GivenNames()
        self.words: list[Words] = []
        self._looked_at = 0

    def is_due(self, n_documents: int) -> bool:
        """Say whether the words are older than 5,000 documents."""
        return n_documents - self._looked_at >= EVERY

    def look(self, ids: Ids, counts: TermCounts, n_documents: int, *, settled: bool) -> None:
        """Weigh the words anew.

        Parameters
        ----------
        ids
            The living topics.
        counts
            Their term counts.
        n_documents
            Documents of the stream so far.
        settled
            Whether the warm-up is over: until then names given elsewhere are not doubted.

        """
        self._looked_at = n_documents
        self.words = self.fresh(counts)
        if settled:
            self.names.look(self.foremost(ids))

    def fresh(self, counts: TermCounts) -> list[Words]:
        """Return the words of each topic as they are now."""
        weights = c_tf_idf(csr_array(counts.dense()))
        return top_terms(weights, counts.terms, self.top_n_words)

    def foremost(self, ids: Ids) -> dict[int, tuple[str, ...]]:
        """Return the words of each topic without their weights."""
        words = (tuple(word for word, _ in words) for words in self.words)
        return dict(zip(ids.tolist(), words, strict=True))

    def labels(self, ids: Ids) -> dict[int, str]:
        """Return the label of each topic, and of the outliers."""
        found = {
            topic: self.names.label(topic, words) for topic, words in self.foremost(ids).items()
        }
        return {OUTLIERS: OUTLIER_LABEL, **found}

    def scalars(self) -> dict[str, Any]:
        """Return the state, ready for JSON."""
        return {
            "words": self.words,
            "looked_at": self._looked_at,
            "names": self.names.scalars(),
        }

    def restore(self, scalars: dict[str, Any]) -> None:
        """Become what `scalars` said when a snapshot was taken."""
        self.words, self._looked_at = scalars["words"], scalars["looked_at"]
        self.names.restore(scalars["names"])
