from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, csr_matrix

from topicstream.model.bertopic import BERTopic
from topicstream.model.documents import (
    check_documents_type,
    check_embeddings_shape,
    check_is_fitted,
    check_length,
    in_one_form,
    working_frame,
)


@pytest.mark.parametrize("documents", ["one text", 5, None, pd.DataFrame({"text": ["a"]})])
def test_what_is_no_collection_of_strings_is_refused(documents: object) -> None:
    with pytest.raises(TypeError, match="pass a list of strings"):
        check_documents_type(documents)


def test_d41_the_first_bad_item_is_named() -> None:
    with pytest.raises(TypeError, match=r"documents\[2\] is None"):
        check_documents_type(["a text", "another", None, 5])


def test_no_documents_are_refused() -> None:
    with pytest.raises(ValueError, match="an empty list"):
        check_documents_type([])


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series])
def test_lists_tuples_arrays_and_series_pass(kind: Any) -> None:
    check_documents_type(kind(["a text", "another"]))


def test_a_wrong_number_of_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="3 rows, but there are 2 documents"):
        check_embeddings_shape(np.zeros((3, 4)), ["a", "b"])


@pytest.mark.parametrize("embeddings", [[[0.1], [0.2]], np.zeros(2), np.array([["a"], ["b"]])])
def test_what_is_no_matrix_of_numbers_is_refused(embeddings: object) -> None:
    with pytest.raises(ValueError, match="pass a numpy array or a sparse matrix"):
        check_embeddings_shape(embeddings, ["a", "b"])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        check_embeddings_shape(np.array([[0.1, wrong]]), ["a"])


def test_d28_any_sparse_container_passes_and_becomes_a_csr_matrix() -> None:
    embeddings = csr_array(np.eye(2))
    check_embeddings_shape(embeddings, ["a", "b"])
    assert isinstance(in_one_form(embeddings), csr_matrix)


def test_a_model_that_is_not_fitted_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="not fitted yet: call fit"):
        check_is_fitted(BERTopic())


def test_d42_a_wrong_number_of_documents_is_named() -> None:
    model = BERTopic()
    model.topics_ = [0, 1, 0]
    with pytest.raises(ValueError, match="docs has 2 items, but the model's topics_ has 3"):
        check_length("docs", ["a", "b"], model)


def test_the_index_of_a_series_does_not_leak() -> None:
    frame = working_frame(pd.Series(["a", "b"], index=[7, 3]), topics=np.array([1, 0]))
    assert frame.index.tolist() == [0, 1]
    assert frame["Topic"].tolist() == [1, 0]
