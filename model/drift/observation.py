"""One batch as the drift monitor sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
