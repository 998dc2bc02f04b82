"""Texts to vectors, with whatever embedder the model was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from topicstream.model.backend.adapters import BaseEmbedder
from topicstream.model.backend.choose import select_backend
from topicstream.model.documents import in_one_form
from topicstream.model.progress import announce

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic


def has_embedder(topic_model: BERTopic) -> bool:
    """Return whether the model can embed texts.

    Parameters
    ----------
    topic_model
        Any model.

    Returns
    -------
    bool
        False for None, and for a bare BaseEmbedder.

    """
    return (
        topic_model.embedding_model is not None
        and type(topic_model.embedding_model) is not BaseEmbedder
    )


def require_embedder(topic_model: BERTopic, purpose: str) -> None:
    """Raise where the model cannot embed texts.

    Parameters
    ----------
    topic_model
        Any model.
    purpose
        What the embedder is needed for, for the message.

    Raises
    ------
    ValueError
        There is no embedder.

    """
    if not has_embedder(topic_model):
        message = (
            f"embedding_model is {topic_model.embedding_model!r}, but {purpose} needs an embedder: "
            "give BERTopic an embedding_model, or pass embeddings"
        )
        raise ValueError(message)


def extract_embeddings(
    topic_model: BERTopic,
    documents: Any,  # noqa: ANN401  # one text, texts, or None beside images
    images: list[Any] | None = None,
    method: str = "document",
    *,
    verbose: bool | None = None,
) -> Any:  # noqa: ANN401  # dense, sparse, or None from a bare BaseEmbedder
    """Return the vectors of documents, words or images.

    Parameters
    ----------
    topic_model
        The model whose embedder is asked.
    documents
        Texts, or one text.
    images
        Paths or PIL images; None by default.
    method
        ``"document"`` (default) or ``"word"``.
    verbose
        Whether progress is shown; None (default) follows the model.

    Returns
    -------
    ndarray, csr_matrix or None
        One row for each text; None from a bare BaseEmbedder.

    Raises
    ------
    ValueError
        There is no embedder, or the method is unknown.

    """
    texts = [documents] if isinstance(documents, str) else documents
    embedder = _embedder(topic_model)
    shown = topic_model.verbose if verbose is None else verbose
    if images is not None and hasattr(embedder, "embed_images"):
        return embedder.embed(documents=texts, images=images, verbose=shown)
    if method == "word":
        return in_one_form(embedder.embed_words(words=list(texts), verbose=shown))
    if method == "document":
        return in_one_form(embedder.embed_documents(list(texts), verbose=shown))
    message = f"method is {method!r}; allowed are 'document' and 'word'"
    raise ValueError(message)


def _embedder(topic_model: BERTopic) -> Any:  # noqa: ANN401  # an embedder of any package
    if topic_model.embedding_model is None:
        require_embedder(topic_model, "this step")
    if not hasattr(topic_model.embedding_model, "embed_documents"):
        topic_model.embedding_model = select_backend(topic_model.embedding_model)
    return topic_model.embedding_model


def resolve_embedder(topic_model: BERTopic) -> None:
    """Set `embedding_model` to the embedder that was meant by a name, an object or a language.

    Parameters
    ----------
    topic_model
        The model that is changed.

    Raises
    ------
    ValueError
        The language is unknown, or the object cannot embed.

    """
    topic_model.embedding_model = select_backend(
        topic_model.embedding_model, language=topic_model.language, verbose=topic_model.verbose
    )


def embed_or_take(
    topic_model: BERTopic,
    documents: list[Any],
    embeddings: Any,  # noqa: ANN401  # dense, sparse or None
    images: list[Any] | None = None,
) -> Any:  # noqa: ANN401  # dense, sparse, or None in manual mode
    """Return the embeddings that were given, or those of the texts.

    Parameters
    ----------
    topic_model
        The model, whose `embedding_model` is resolved.
    documents
        Texts.
    embeddings
        Theirs, or None.
    images
        Paths or PIL images; None by default.

    Returns
    -------
    ndarray, csr_matrix or None
        None from a bare BaseEmbedder.

    """
    if embeddings is not None:
        if topic_model.embedding_model is not None:
            resolve_embedder(topic_model)
        return in_one_form(embeddings)
    announce(topic_model, "Embedding", "transforming documents to embeddings")
    resolve_embedder(topic_model)
    made = extract_embeddings(topic_model, documents, images=images)
    announce(topic_model, "Embedding", "completed")
    return made
