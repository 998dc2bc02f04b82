"""c-TF-IDF as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, csr_matrix, diags, issparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils.validation import check_is_fitted

from topicstream.model.ctfidf import class_idf, weighted


class ClassTfidfTransformer(TfidfTransformer):  # type: ignore[misc]  # scikit-learn is untyped
    """Weigh the terms of topics: frequent in this one, rare in the others.

    Parameters
    ----------
    bm25_weighting
        Whether idf is that of BM25, which lowers stop words further; False by default. Terms
        so frequent that it would be negative get a small positive one and stay below all others.
    reduce_frequent_words
        Whether the square root of a term's share is taken; False by default.
    seed_words
        Words whose idf BERTopic multiplies by `seed_multiplier`; None (default) for none.
    seed_multiplier
        That factor, 2 by default.

    References
    ----------
    M. Grootendorst. BERTopic: Neural topic modeling with a class-based TF-IDF procedure (2022),
    arXiv:2203.05794.

    Examples
    --------
    >>> counts = csr_matrix([[3, 0, 1], [1, 2, 0]])
    >>> ClassTfidfTransformer().fit(counts).transform(counts).toarray().round(4)
    array([[0.4197, 0.    , 0.3466],
           [0.1865, 0.6109, 0.    ]])

    """

    def __init__(
        self,
        bm25_weighting: bool = False,  # noqa: FBT001, FBT002  # bertopic's signature
        reduce_frequent_words: bool = False,  # noqa: FBT001, FBT002
        seed_words: Sequence[str] | None = None,
        seed_multiplier: float = 2,
    ) -> None:
        super().__init__()
        self.bm25_weighting = bm25_weighting
        self.reduce_frequent_words = reduce_frequent_words
        self.seed_words = seed_words
        self.seed_multiplier = seed_multiplier

    def fit(self, X: Any, multiplier: ArrayLike | None = None) -> Self:  # noqa: ANN401  # any matrix
        """Learn the idf of every term.

        Parameters
        ----------
        X
            Term counts of the topics, (n_topics, n_terms), sparse or dense; not written to.
        multiplier
            A factor for the idf of each term, (n_terms,); None (default) for ones.

        Returns
        -------
        ClassTfidfTransformer
            This transformer.

        """
        idf = class_idf(_csr(X), whole_mean=True, bm25=self.bm25_weighting)
        if multiplier is not None:
            idf = idf * np.asarray(multiplier, dtype=np.float64)
        self._idf_diag = csr_matrix(diags(idf, format="csr", dtype=np.float64))
        self.n_features_in_ = len(idf)
        return self

    def transform(self, X: Any, copy: bool = True) -> csr_matrix:  # noqa: ANN401, ARG002, FBT001, FBT002
        """Return the c-TF-IDF weights of the rows of `X`.

        Parameters
        ----------
        X
            Term counts, (n_rows, n_terms), of topics or of documents; never written to (D-17).
        copy
            Taken for the sake of scikit-learn, and not used.

        Returns
        -------
        csr_matrix of float64, (n_rows, n_terms)

        Raises
        ------
        ValueError
            `X` has another number of terms than `fit` saw.

        """
        check_is_fitted(self, "_idf_diag")
        counts, idf = _csr(X), self.idf_
        if counts.shape[1] != len(idf):
            message = (
                f"X has {counts.shape[1]} terms and this transformer was fitted on {len(idf)}: "
                "count with the vectorizer whose counts it was fitted on"
            )
            raise ValueError(message)
        return csr_matrix(weighted(counts, idf, dampened=self.reduce_frequent_words))

    @property
    def idf_(self) -> NDArray[np.float64]:
        """The idf of every term, (n_terms,)."""
        return np.asarray(self._idf_diag.diagonal(), dtype=np.float64)


def _csr(X: Any) -> csr_array:  # noqa: ANN401  # any matrix
    matrix: Any = X if issparse(X) else np.atleast_2d(np.asarray(X))
    return csr_array(matrix)
