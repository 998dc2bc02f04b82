"""The documents of a fit, handed in once more, beside the topics they have now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from topicstream.model.documents import check_documents_type, check_length, working_frame

if TYPE_CHECKING:
    import pandas as pd

    from topicstream.model.bertopic import BERTopic

T = TypeVar("T")


def learnt(value: T | None) -> T:
    """Return a learnt attribute, or raise where the model has not learnt it.

    Parameters
    ----------
    value
        An attribute that is None before a fit.

    Raises
    ------
    ValueError
        It is None.

    Examples
    --------
    >>> learnt([0, 1])
    [0, 1]

    """
    if value is None:
        message = "this model is not fitted yet: call fit, fit_transform or partial_fit first"
        raise ValueError(message)
    return value


def aligned_documents(
    topic_model: BERTopic, docs: Sequence[str], images: Sequence[Any] | None = None
) -> pd.DataFrame:
    """Return the working frame of a fitted model: `Document`, `ID`, `Topic` and `Image`.

    Parameters
    ----------
    topic_model
        A fitted model.
    docs
        The documents it was fitted on, in the same order.
    images
        Their images, or None.

    Raises
    ------
    TypeError
        `docs` is not a sequence of strings.
    ValueError
        The model is not fitted, or `docs` or `images` has another length than its topics (D-42).

    """
    topics = learnt(topic_model.topics_)
    check_documents_type(docs)
    check_length("docs", docs, topic_model)
    if images is not None:
        check_length("images", images, topic_model)
    return working_frame(docs, topics, None if images is None else list(images))
