"""Documents and embeddings at the door: what is refused, and the frame for the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic


def check_is_fitted(topic_model: BERTopic) -> None:
    """Raise where the model has no topics yet.

    Parameters
    ----------
    topic_model
        Any model.

    Raises
    ------
    ValueError
        `topics_` is None.

    """
    if topic_model.topics_ is None:
        message = (
            f"this {type(topic_model).__name__} is not fitted yet: call fit, fit_transform or "
            "partial_fit with your documents first"
        )
        raise ValueError(message)


def check_documents_type(documents: object) -> None:
    """Raise where the documents are not a collection of strings.

    Parameters
    ----------
    documents
        Texts; a list, tuple, array or Series.

    Raises
    ------
    TypeError
        It is a string, a DataFrame or no collection, or an item is not a string.
    ValueError
        It is empty.

    Examples
    --------
    >>> check_documents_type(["a text", None])
    Traceback (most recent call last):
    ...
    TypeError: documents[1] is None, of type NoneType; documents must be strings: ...

    """
    kind = type(documents).__name__
    if isinstance(documents, str | bytes | pd.DataFrame) or not isinstance(documents, Iterable):
        message = f"documents is of type {kind}; pass a list of strings, one per document"
        raise TypeError(message)
    texts = list(documents)
    if not texts:
        message = f"documents is an empty {kind}; pass at least one document"
        raise ValueError(message)
    _check_strings(texts)


def _check_strings(texts: list[Any]) -> None:
    wrong = next((i for i, text in enumerate(texts) if not isinstance(text, str)), None)
    if wrong is not None:
        message = (
            f"documents[{wrong}] is {texts[wrong]!r:.80}, of type {type(texts[wrong]).__name__}; "
            "documents must be strings: leave it out or give it a text"
        )
        raise TypeError(message)


def check_embeddings_shape(embeddings: object, documents: Sequence[Any] | None) -> None:
    """Raise where embeddings are no matrix with one finite row per document.

    Parameters
    ----------
    embeddings
        Shape (n, d), an array or a sparse matrix; None passes.
    documents
        n texts; None where there are only embeddings.

    Raises
    ------
    ValueError
        The type, the number of rows or a value is wrong.

    Examples
    --------
    >>> check_embeddings_shape(np.zeros((2, 3)), ["one text"])
    Traceback (most recent call last):
    ...
    ValueError: embeddings have 2 rows, but there are 1 documents: pass one row per document

    """
    if embeddings is None:
        return
    rows, values = _rows_and_values(embeddings)
    if documents is not None and rows != len(documents):
        message = (
            f"embeddings have {rows} rows, but there are {len(documents)} documents: pass one row "
            "per document"
        )
        raise ValueError(message)
    if not np.isfinite(values).all():
        message = (
            "embeddings hold NaN or infinity: embed those documents again, or leave them out "
            f"({int((~np.isfinite(values)).sum())} of {values.size} values are not finite)"
        )
        raise ValueError(message)


def is_sparse(matrix: object) -> bool:
    """Return whether a matrix is one of scipy's sparse containers.

    Parameters
    ----------
    matrix
        Anything. Unlike `issparse`, this does not change what a type checker knows about it.

    Returns
    -------
    bool
        True for matrices and for arrays.

    """
    return issparse(matrix)


def _rows_and_values(embeddings: Any) -> tuple[int, NDArray[Any]]:  # noqa: ANN401  # is checked
    array = embeddings.data if is_sparse(embeddings) else embeddings
    numeric = isinstance(array, np.ndarray) and array.dtype.kind in "fiub"
    if not numeric or embeddings.ndim != 2:
        message = (
            f"embeddings are of type {type(embeddings).__name__}; pass a numpy array or a sparse "
            "matrix of numbers, of shape (n_documents, n_dimensions)"
        )
        raise ValueError(message)
    return embeddings.shape[0], array


def check_length(name: str, values: Sequence[Any], topic_model: BERTopic) -> None:
    """Raise where there are not as many values as the model has documents.

    Parameters
    ----------
    name
        What the values are, for the message.
    values
        One per document.
    topic_model
        A fitted model.

    Raises
    ------
    ValueError
        The lengths differ.

    """
    check_is_fitted(topic_model)
    n_documents = len(topic_model.topics_ or [])
    if len(values) != n_documents:
        message = (
            f"{name} has {len(values)} items, but the model's topics_ has {n_documents}: pass the "
            "documents that the model was fitted on, in their order"
        )
        raise ValueError(message)


def in_one_form(embeddings: Any) -> Any:  # noqa: ANN401  # dense or sparse, both leave
    """Return embeddings as an array, or as a csr_matrix where they are sparse.

    Parameters
    ----------
    embeddings
        An array, or any sparse container of scipy; None passes.

    Returns
    -------
    ndarray, csr_matrix or None
        Not a copy where the form is right already.

    """
    return csr_matrix(embeddings) if is_sparse(embeddings) else embeddings


def working_frame(
    documents: Sequence[Any] | NDArray[Any] | pd.Series[Any],
    topics: Iterable[Any] | None = None,
    images: list[Any] | None = None,
) -> pd.DataFrame:
    """Return the frame that the pipeline works on.

    Parameters
    ----------
    documents
        Texts, one per document.
    topics
        The topic of each; None (default) where not known yet.
    images
        One per document; None by default.

    Returns
    -------
    DataFrame
        Columns Document, ID (0 to n - 1), Topic, Image; a plain index.

    Examples
    --------
    >>> working_frame(["a text", "another"], topics=[0, -1])
      Document  ID  Topic Image
    0   a text   0      0  None
    1  another   1     -1  None

    """
    texts = list(documents)
    return pd.DataFrame(
        {
            "Document": pd.Series(texts, dtype=object),
            "ID": range(len(texts)),
            "Topic": None if topics is None else [int(topic) for topic in topics],
            "Image": pd.Series(images if images is not None else [None] * len(texts), dtype=object),
        }
    )
