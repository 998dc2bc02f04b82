"""Images without texts: captions stand in for the documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic


def caption_frame(topic_model: BERTopic, frame: pd.DataFrame, vectors: Any) -> pd.DataFrame:  # noqa: ANN401  # dense or sparse
    """Return the frame itself where it has texts, else a smaller one of captions.

    Parameters
    ----------
    topic_model
        The model, one of whose representation models turns images to text.
    frame
        The working frame.
    vectors
        Embeddings of the images, shape (n, d).

    Returns
    -------
    DataFrame
        Columns Document, ID, Topic, Image.

    Raises
    ------
    ValueError
        There are neither texts nor a model that makes captions.

    """
    if frame["Document"].iloc[0] is not None:
        return frame
    for model in _flat(topic_model.representation_model):
        if getattr(model, "image_to_text_model", None):
            captions: pd.DataFrame = model.image_to_text(frame, vectors)
            return captions
    message = (
        "there are images and no documents, and no representation_model has an "
        "image_to_text_model: pass documents, or a VisualRepresentation that makes captions"
    )
    raise ValueError(message)


def _flat(models: Any) -> Iterator[Any]:  # noqa: ANN401  # one model, a chain or aspects
    inner = models.values() if isinstance(models, dict) else models
    if isinstance(models, dict | list | tuple):
        for model in inner:
            yield from _flat(model)
    elif models is not None:
        yield models
