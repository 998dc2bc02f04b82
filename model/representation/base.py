"""What every representation model promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

    from topicstream.model.bertopic import BERTopic
    from topicstream.model.words import Words


class BaseRepresentation(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """The words of topics as they are; subclass it and write `extract_topics`.

    A model that wants the vectors of the documents takes one more argument, ``embeddings``, None
    by default, one row for each row of `documents`.
    """

    def extract_topics(
        self,
        topic_model: BERTopic,
        documents: pd.DataFrame,  # noqa: ARG002  # part of the promise
        c_tf_idf: csr_matrix,  # noqa: ARG002
        topics: Mapping[int, Words],
    ) -> dict[int, Words]:
        """Return the words of each topic.

        Parameters
        ----------
        topic_model
            The model at work. In its first fit, its words and topic embeddings are still None.
        documents
            Columns ``Document`` and ``Topic`` at least.
        c_tf_idf
            Weights, one row for each key of `topics`; not always the model's own.
        topics
            Candidate words of each topic with their scores, topics in ascending order.

        Returns
        -------
        dict
            From topic to words with scores, best first.

        """
        return topic_model.topic_representations_ or dict(topics)
