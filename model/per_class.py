"""Topics per class: the words and the size of each topic in each class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from topicstream.model.documents import check_documents_type, check_is_fitted
from topicstream.model.over_time import (
    OverallWeights,
    assigned_topics,
    check_one_each,
    sliced_words,
)
from topicstream.model.slices import Slices, check_has_c_tf_idf, slice_frame, unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from topicstream.model.bertopic import BERTopic, Documents


def topics_per_class(
    topic_model: BERTopic,
    docs: Documents,
    classes: Sequence[Any] | NDArray[Any] | pd.Series[Any],
    *,
    global_tuning: bool = True,
    fine_tune_representation: bool = False,
) -> pd.DataFrame:
    """Return the words and the size of each topic in each class.

    Parameters
    ----------
    topic_model
        A fitted model.
    docs
        The documents that the model was fitted on, in their order.
    classes
        The class of each.
    global_tuning
        Whether a topic's weights are averaged with its weights over all classes, True by default.
    fine_tune_representation
        Whether the representation model runs for each class, False by default.

    Returns
    -------
    DataFrame
        Columns Topic, Words, Frequency, Class; classes in the order of their first document
        (D-67), then by topic.

    Raises
    ------
    ValueError
        The model is not fitted, or lengths differ.
    TypeError
        The documents are no collection of strings.

    """
    check_is_fitted(topic_model)
    check_has_c_tf_idf(topic_model)
    check_documents_type(docs)
    assigned = assigned_topics(topic_model, docs, None)
    check_one_each("classes", classes, docs)
    number, distinct = pd.factorize(pd.Series(list(classes)), use_na_sentinel=False)
    slices = Slices.of(number.astype(np.int64), assigned)
    words = sliced_words(
        topic_model,
        list(docs),
        slices,
        tune=_Tuning(topic_model) if global_tuning else _untouched,
        fine_tune_representation=fine_tune_representation,
    )
    return slice_frame(slices, words, "Class", pd.Index(distinct))


class _Tuning:
    """Averages the weights in a class with those over all classes."""

    def __init__(self, topic_model: BERTopic) -> None:
        self._overall = OverallWeights(topic_model)

    def __call__(self, weights: csr_array, topics: NDArray[np.int64]) -> csr_array:
        return self._overall.averaged(unit_rows(weights), topics)


def _untouched(weights: csr_array, topics: NDArray[np.int64]) -> csr_array:  # noqa: ARG001
    return weights
