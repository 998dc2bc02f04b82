"""c-TF-IDF as a transformer: the reference's weights, without its defects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from topicstream.model.vectorizers import ClassTfidfTransformer

COUNTS = np.array([[3, 0, 1], [1, 2, 0]])


def weights(counts: Any = COUNTS, **options: Any) -> list[list[float]]:
    transformer = ClassTfidfTransformer(**options)
    return transformer.fit(counts).transform(counts).toarray().round(4).tolist()


def test_weights_are_those_of_the_reference() -> None:
    # Derived in the specification, section 16.1: A = 3, idf = ln(3 / f + 1).
    assert weights() == [[0.4197, 0.0, 0.3466], [0.1865, 0.6109, 0.0]]
    assert weights(reduce_frequent_words=True) == [[0.4846, 0.0, 0.6931], [0.3231, 0.7481, 0.0]]


def test_idf_is_a_sparse_diagonal_under_the_name_that_others_read() -> None:
    fitted = ClassTfidfTransformer().fit(COUNTS)

    assert fitted._idf_diag.shape == (3, 3)
    assert fitted._idf_diag.diagonal().round(5).tolist() == [0.55962, 0.91629, 1.38629]
    assert fitted.idf_.tolist() == fitted._idf_diag.diagonal().tolist()


def test_a_word_in_most_places_keeps_a_small_positive_weight_with_bm25_d_72() -> None:
    """D-72: the reference's is ln(0.8889) < 0, and the word could never be shown."""
    idf = ClassTfidfTransformer(bm25_weighting=True).fit(COUNTS).idf_

    assert idf[0] == pytest.approx(1e-6)
    assert idf[1:].round(5).tolist() == [0.47000, 0.98083]


@pytest.mark.parametrize("bm25", [False, True])
def test_a_word_that_never_occurs_weighs_nothing_d_72(bm25: bool) -> None:
    """D-72: dividing by its count gave an infinite idf."""
    counts = np.array([[3, 0], [1, 0]])

    fitted = ClassTfidfTransformer(bm25_weighting=bm25).fit(counts)

    assert fitted.idf_[1] == 0.0
    assert np.isfinite(fitted.transform(counts).toarray()).all()


def test_faded_counts_below_one_keep_their_weights_d_72() -> None:
    """D-72: cut to a whole number, their mean is 0, and so was every weight."""
    assert np.array(weights(COUNTS * 0.01)).sum() > 1.0


@pytest.mark.parametrize("dampened", [False, True])
def test_transform_leaves_its_input_alone_d_17(dampened: bool) -> None:
    """D-17: rows were normalised in place."""
    counts = csr_matrix(COUNTS.astype(float))
    counts.data.flags.writeable = False
    transformer = ClassTfidfTransformer(reduce_frequent_words=dampened).fit(counts)

    transformer.transform(counts)

    assert counts.toarray().tolist() == COUNTS.tolist()


def test_a_multiplier_scales_idf() -> None:
    plain = ClassTfidfTransformer().fit(COUNTS).idf_

    assert ClassTfidfTransformer().fit(COUNTS, multiplier=[1, 2, 1]).idf_[1] == 2 * plain[1]


def test_parameters_are_those_four_and_survive_cloning() -> None:
    transformer = ClassTfidfTransformer(seed_words=["moon"], seed_multiplier=3)

    assert clone(transformer).get_params() == {
        "bm25_weighting": False,
        "reduce_frequent_words": False,
        "seed_words": ["moon"],
        "seed_multiplier": 3,
    }


def test_counts_of_another_vocabulary_are_refused() -> None:
    with pytest.raises(ValueError, match=r"X has 2 terms .* fitted on 3"):
        ClassTfidfTransformer().fit(COUNTS).transform(COUNTS[:, :2])


def test_an_unfitted_transformer_says_so() -> None:
    with pytest.raises(NotFittedError, match="not fitted"):
        ClassTfidfTransformer().transform(COUNTS)
