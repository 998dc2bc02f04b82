import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics.pairwise import cosine_similarity

from topicstream.model.similarity import cosines


@pytest.mark.parametrize("sparse_x", [True, False])
@pytest.mark.parametrize("sparse_y", [True, False])
def test_dense_and_sparse_rows_give_the_cosines_of_scikit_learn(
    sparse_x: bool, sparse_y: bool
) -> None:
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(5, 4)), rng.normal(size=(3, 4))
    found = cosines(csr_matrix(X) if sparse_x else X, csr_matrix(Y) if sparse_y else Y)
    assert np.allclose(found, cosine_similarity(X, Y), atol=1e-12)


def test_a_row_of_zeros_is_like_nothing() -> None:
    assert cosines(np.zeros((1, 2)), np.ones((1, 2))).tolist() == [[0.0]]


def test_32_bits_stay_32_bits() -> None:
    assert cosines(np.ones((1, 2), "f4"), np.ones((1, 2), "f4")).dtype == np.float32


def test_whole_numbers_do_not_overflow() -> None:
    rows = np.array([[100, 100]], dtype=np.int8)
    assert cosines(rows, rows)[0, 0] == pytest.approx(1.0)
