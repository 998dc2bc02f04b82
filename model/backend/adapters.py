"""What BERTopic asks of an embedder, and other people's embedders made to answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicstream.model.backend.sentence_transformers import _load
from topicstream.model.errors import EmbedderError

Vectors = NDArray[Any]


class BaseEmbedder:
    """Embeds nothing; the base of embedders of your own, which override `embed`.

    A bare one says that there is no embedder: labels and words do without.

    Parameters
    ----------
    embedding_model
        Whatever embeds documents; None by default.
    word_embedding_model
        Whatever embeds words; None by default.

    Examples
    --------
    >>> class Lengths(BaseEmbedder):
    ...     def embed(self, documents, verbose=False):
    ...         return np.array([[len(text), 1.0] for text in documents])
    >>> Lengths().embed_words(["gun", "orbit"]).tolist()
    [[3.0, 1.0], [5.0, 1.0]]

    """

    def __init__(
        self, embedding_model: object | None = None, word_embedding_model: object | None = None
    ) -> None:
        self.embedding_model: Any = embedding_model
        self.word_embedding_model: Any = word_embedding_model

    def embed(self, documents: Sequence[str], verbose: bool = False) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002  # BERTopic's signature; a bare one returns None
        """Return one vector for each text; None from a bare BaseEmbedder.

        Parameters
        ----------
        documents
            Texts.
        verbose
            Whether progress is shown, False by default.

        Returns
        -------
        ndarray of shape (n, d), or None
            In the order of the texts.

        """
        return None

    def embed_words(self, words: Sequence[str], verbose: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  # BERTopic's signature
        """Return one vector for each word.

        Parameters
        ----------
        words
            Words.
        verbose
            Whether progress is shown, False by default.

        Returns
        -------
        ndarray of shape (n, d), or None
            In the order of the words.

        """
        return self.embed(words, verbose)

    def embed_documents(self, document: Sequence[str], verbose: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  # BERTopic's signature
        """Return one vector for each document.

        Parameters
        ----------
        document
            Documents, in spite of the name.
        verbose
            Whether progress is shown, False by default.

        Returns
        -------
        ndarray of shape (n, d), or None
            In the order of the documents.

        """
        return self.embed(document, verbose)


class FunctionEmbedder(BaseEmbedder):
    """Embeds with a function from a list of texts to rows of numbers.

    Parameters
    ----------
    function
        Called with a list of strings.
    embedding_model
        What the function belongs to; None (default) means the function itself.

    Raises
    ------
    EmbedderError
        When used, the function does not return one row for each text.

    Examples
    --------
    >>> FunctionEmbedder(lambda texts: [[len(text)] for text in texts]).embed(["gun"]).tolist()
    [[3.0]]

    """

    def __init__(
        self, function: Callable[[list[str]], Any], embedding_model: object | None = None
    ) -> None:
        super().__init__(function if embedding_model is None else embedding_model)
        self._function = function

    def embed(self, documents: Sequence[str], verbose: bool = False) -> Vectors:  # noqa: ARG002, FBT001, FBT002  # BERTopic's signature
        """Return what the function returns, as an array of shape (n, d).

        Parameters
        ----------
        documents
            Texts.
        verbose
            Of no use here.

        Returns
        -------
        ndarray of shape (n, d)
            In the order of the texts.

        Raises
        ------
        EmbedderError
            The function did not return one row for each text.

        """
        texts = list(documents)
        return one_row_each(self._function(texts), len(texts), self.embedding_model)


class SentenceTransformerBackend(BaseEmbedder):
    """Embeds with sentence-transformers, or with any object that has `encode`.

    Parameters
    ----------
    embedding_model
        A name or folder, loaded when it is first used, or the object.

    Examples
    --------
    >>> SentenceTransformerBackend("all-MiniLM-L6-v2")._hf_model
    'all-MiniLM-L6-v2'

    """

    def __init__(self, embedding_model: object) -> None:
        super().__init__(embedding_model)
        if isinstance(embedding_model, str):
            self._hf_model = embedding_model

    def embed(self, documents: Sequence[str], verbose: bool = False) -> Vectors:  # noqa: FBT001, FBT002  # BERTopic's signature
        """Return what `encode` returns, not scaled.

        Parameters
        ----------
        documents
            Texts.
        verbose
            Whether progress is shown, False by default.

        Returns
        -------
        ndarray of shape (n, d)
            In the order of the texts.

        Raises
        ------
        EmbedderError
            There is no such model.

        """
        if isinstance(self.embedding_model, str):
            self.embedding_model = _load(self.embedding_model, None)
        texts = list(documents)
        try:
            vectors = self.embedding_model.encode(texts, show_progress_bar=verbose)
        except TypeError as error:
            if "show_progress_bar" not in str(error):
                raise
            vectors = self.embedding_model.encode(texts)
        return one_row_each(vectors, len(texts), self.embedding_model)


class SklearnEmbedder(BaseEmbedder):
    """Embeds with a scikit-learn pipeline, fitted on the first texts that it sees.

    Parameters
    ----------
    pipe
        A pipeline or transformer from texts to vectors, fitted or not.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> SklearnEmbedder(TfidfVectorizer()).embed(["gun laws", "the orbit"]).shape
    (2, 4)

    """

    def __init__(self, pipe: object) -> None:
        super().__init__(pipe)

    def embed(self, documents: Sequence[str], verbose: bool = False) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002  # BERTopic's signature; dense or sparse
        """Return what the pipeline returns.

        Parameters
        ----------
        documents
            Texts.
        verbose
            Of no use here.

        Returns
        -------
        ndarray or csr_matrix of shape (n, d)
            In the order of the texts.

        """
        from sklearn.exceptions import NotFittedError

        try:
            return self.embedding_model.transform(list(documents))
        except NotFittedError:
            return self.embedding_model.fit_transform(list(documents))


def one_row_each(vectors: Any, n_texts: int, source: object) -> Vectors:  # noqa: ANN401  # checked here
    """Return vectors as an array on the host, of the shape that was asked for.

    Parameters
    ----------
    vectors
        Rows of numbers: an array, a tensor, nested lists.
    n_texts
        How many rows there must be.
    source
        What returned them, for the message.

    Returns
    -------
    ndarray of shape (n_texts, d)
        Of floats.

    Raises
    ------
    EmbedderError
        The shape is another.

    """
    rows = vectors.detach().cpu().numpy() if hasattr(vectors, "detach") else np.asarray(vectors)
    if rows.ndim != 2 or len(rows) != n_texts:
        message = (
            f"embedding_model of type {type(source).__name__} returned the shape {rows.shape} for "
            f"{n_texts} texts; it must return one vector for each"
        )
        raise EmbedderError(message)
    return rows if rows.dtype.kind == "f" else rows.astype(np.float64)
