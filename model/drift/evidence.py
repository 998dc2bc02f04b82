"""Names the words that an event rests on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from topicstream.model.drift.words import Comparison
from topicstream.model.events import Evidence

Dense = NDArray[np.float64]


class Witness:
    """Makes the evidence for one window's events.

    Parameters
    ----------
    words
        Words of the window and of the reference; row 0 is the outliers, row i + 1 topic i.
    terms
        Word of each column.
    n_words
        Words to name, at most.

    """

    def __init__(self, words: Comparison, terms: tuple[str, ...], n_words: int) -> None:
        self._words = words
        self._terms = terms
        self._n_words = n_words
        spread = _columns(words.reference, len(terms)) + _columns(words.window, len(terms))
        mean = max(float(spread.sum()) / max(words.window.shape[0], 1), 1.0)
        # The c-TF-IDF weight: a word that every topic uses is no evidence.
        self._idf = np.log1p(mean / np.maximum(spread, 1.0))

    def tell(
        self, row: int, before: float, after: float, examples: tuple[str, ...], *, changed: bool
    ) -> Evidence:
        """Return the evidence for topic `row`, -1 for the outliers.

        Parameters
        ----------
        row
            Row of the topic.
        before, after
            Share of the feed.
        examples
            Document ids.
        changed
            Name the words lost and gained instead of the foremost ones.

        """
        old = self._rates(self._words.reference, row + 1)
        new = self._rates(self._words.window, row + 1)
        lost, gained = (old - new, new - old) if changed else (old, new)
        return Evidence(self._top(lost), self._top(gained), before, after, examples)

    def _rates(self, counts: csr_array, row: int) -> Dense:
        span = slice(counts.indptr[row], counts.indptr[row + 1])
        known = counts.indices[span] < len(self._terms)
        rates = np.zeros(len(self._terms))
        rates[counts.indices[span][known]] = counts.data[span][known]
        return rates / max(float(rates.sum()), 1.0)

    def _top(self, rates: Dense) -> tuple[str, ...]:
        weight = rates * self._idf
        order = np.argsort(-weight, kind="stable")[: self._n_words]
        return tuple(self._terms[i] for i in order.tolist() if weight[i] > 0)


def _columns(counts: csr_array, n_terms: int) -> Dense:
    sums = np.bincount(counts.indices, weights=counts.data, minlength=n_terms)
    return sums[:n_terms].astype(np.float64)
