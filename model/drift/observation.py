"""One batch as the drift monitor sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


@dataclass(frozen=True, slots=True)
class Observation:
    """What one batch says about the stream.

    Parameters
    ----------
    sequence
        Number of the batch.
    now
        The batch's clock, in seconds since 1970.
    n_documents
        Documents of the batch, outliers included.
    topic_ids : ndarray of shape (k,)
        Every live topic, ascending, without -1.
    counts : ndarray of shape (k,)
        Documents per topic.
    distances : ndarray of shape (k,)
        Mean cosine distance of a topic's documents to its centroid; NaN where there is none.
    n_outliers
        Documents without a topic.
    term_counts : csr_array of shape (k, n_terms)
        Words of the batch per topic.
    terms
        Word of each column.
    examples
        Ids of up to three documents per topic; -1 holds outliers.
    outlier_terms : csr_array of shape (1, n_terms), optional
        Words of the documents without a topic, for the evidence of an outlier shift.
    warm
        The model is still warming up (default False): every reference starts afresh after it.

    """

    sequence: int
    now: float
    n_documents: int
    topic_ids: NDArray[np.int64]
    counts: NDArray[np.int64]
    distances: NDArray[np.float64]
    n_outliers: int
    term_counts: csr_array
    terms: Sequence[str]
    examples: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    outlier_terms: csr_array | None = None
    warm: bool = False

    @classmethod
    def of(
        cls,
        rows: NDArray[np.int64],
        similarities: NDArray[np.float32],
        term_counts: csr_array,
        topic_ids: NDArray[np.int64],
        **what: Any,  # noqa: ANN401  # the fields that need no work
    ) -> Observation:
        """Return what a batch says, from each document's row among `topic_ids`, -1 for none."""
        kept, n_topics = rows >= 0, len(topic_ids)
        counts = np.bincount(rows[kept], minlength=n_topics)
        distances = 1.0 - similarities[kept].astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(rows[kept], weights=distances, minlength=n_topics) / counts
        return cls(
            n_documents=len(rows),
            topic_ids=topic_ids,
            counts=counts.astype(np.int64),
            distances=mean,
            n_outliers=int(np.count_nonzero(~kept)),
            term_counts=term_counts,
            **what,
        )
