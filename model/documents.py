"""Documents and embeddings at the door: what is refused, and the frame for the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral, Real
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
        shown = f"the string {documents!r:.80}" if isinstance(documents, str) else f"of type {kind}"
        column = ", such as df['text'].tolist()" if isinstance(documents, pd.DataFrame) else ""
        message = f"documents is {shown}; pass a list of strings, one per document{column}"
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
            f"embeddings hold NaN or infinity in {_rows_not_finite(embeddings)}: embed those "
            "documents again, or leave them out "
            f"({int((~np.isfinite(values)).sum())} of {values.size} values are not finite)"
        )
        raise ValueError(message)


def _rows_not_finite(embeddings: Any) -> str:  # noqa: ANN401  # dense or sparse
    rows: NDArray[Any]
    if is_sparse(embeddings):
        matrix = csr_matrix(embeddings).tocoo()
        rows = np.unique(matrix.row[~np.isfinite(matrix.data)])
    else:
        rows = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
    more = f" and {len(rows) - 1} more rows" if len(rows) > 1 else ""
    return f"row {rows[0]}{more}"


def check_given_labels(y: Any, n_documents: int) -> None:  # noqa: ANN401  # is checked
    """Raise where `y` is not one integer for each document.

    Parameters
    ----------
    y
        Labels, -1 where unknown; None passes.
    n_documents
        How many there must be.

    Raises
    ------
    ValueError
        The number or a label is wrong.

    Examples
    --------
    >>> check_given_labels([0, float("nan")], 2)
    Traceback (most recent call last):
    ...
    ValueError: y[1] is nan; y must hold whole numbers, one for each document, -1 where unknown

    """
    if y is None:
        return
    if len(y) != n_documents:
        message = f"y has {len(y)} items, but there are {n_documents} documents: pass one for each"
        raise ValueError(message)
    wrong = next((i for i, label in enumerate(y) if not _is_whole(label)), None)
    if wrong is not None:
        message = (
            f"y[{wrong}] is {list(y)[wrong]!r:.80}; y must hold whole numbers, one for each "
            "document, -1 where unknown"
        )
        raise ValueError(message)


def _is_whole(label: object) -> bool:
    return isinstance(label, Integral) or (isinstance(label, Real) and float(label).is_integer())


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
        shape = f", shape {embeddings.shape}" if hasattr(embeddings, "shape") else ""
        message = (
            f"embeddings are of type {type(embeddings).__name__}{shape}; pass a numpy array or a "
            "sparse matrix of numbers, of shape (n_documents, n_dimensions)"
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
    if topic_model._live is not None:  # noqa: SLF001  # what only a live model has
        message = (
            "this model comes from the snapshot of a stream, which keeps no documents and not the "
            "topic of each, so this cannot be done with it"
        )
        raise ValueError(message)
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
