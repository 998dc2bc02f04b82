"""Topics over time: the words and the size of each topic at each time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from tqdm.auto import tqdm

from topicstream.model.alignment import learnt
from topicstream.model.documents import (
    check_documents_type,
    check_is_fitted,
    check_length,
    working_frame,
)
from topicstream.model.slices import (
    Slices,
    check_has_c_tf_idf,
    first_words,
    represented_words,
    slice_frame,
    slice_weights,
    unit_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from topicstream.model.bertopic import BERTopic, Documents

_log = logging.getLogger(__name__)

MANY_TIMES = 100


def topics_over_time(
    topic_model: BERTopic,
    docs: Documents = None,
    timestamps: Sequence[Any] | NDArray[Any] | pd.Series[Any] | None = None,
    *,
    topics: Sequence[int] | NDArray[Any] | None = None,
    nr_bins: int | None = None,
    datetime_format: str | None = None,
    evolution_tuning: bool = True,
    global_tuning: bool = True,
    fine_tune_representation: bool = False,
) -> pd.DataFrame:
    """Return the words and the size of each topic at each time.

    Parameters
    ----------
    topic_model
        A fitted model.
    docs
        The documents that the model was fitted on, in their order; with `topics`, any documents.
        None for a live model, which remembers what it was about when.
    timestamps
        The time of each: strings, datetimes or whole numbers; None where there are no documents.
    topics
        The topic of each; None (default) takes `topics_`.
    nr_bins
        Number of equal spans that times are gathered in; None (default) keeps each time.
    datetime_format
        How strings are read, in the signs of strptime; None (default) finds out.
    evolution_tuning
        Whether a topic's weights are averaged with its final ones of the time before.
    global_tuning
        Whether they are averaged with the topic's weights over all times, after that.
    fine_tune_representation
        Whether the representation model runs for each time, False by default.

    Returns
    -------
    DataFrame
        Columns Topic, Words, Frequency, Timestamp; by time, then by topic.

    Raises
    ------
    ValueError
        The model is not fitted, lengths differ, or a topic is unknown.
    TypeError
        The documents are no collection of strings.

    """
    check_is_fitted(topic_model)
    live = topic_model._live  # noqa: SLF001  # what only a live model has
    if docs is None and live is not None:
        from topicstream.model.live import live_topics_over_time

        return live_topics_over_time(topic_model, live, nr_bins)
    check_has_c_tf_idf(topic_model)
    check_documents_type(docs)
    assigned = assigned_topics(topic_model, docs, topics)
    check_one_each("timestamps", timestamps, docs)
    times = _times(timestamps, nr_bins, datetime_format)
    number, distinct = pd.factorize(times, sort=True)
    if len(distinct) > MANY_TIMES:
        _log.warning(
            "there are %d distinct timestamps; nr_bins=20 gathers them and is faster to read",
            len(distinct),
        )
    slices = Slices.of(number.astype(np.int64), assigned)
    words = sliced_words(
        topic_model,
        list(docs),
        slices,
        tune=_Tuning(topic_model, evolution=evolution_tuning, overall=global_tuning),
        fine_tune_representation=fine_tune_representation,
    )
    return slice_frame(slices, words, "Timestamp", pd.Index(distinct))


def assigned_topics(
    topic_model: BERTopic, docs: Documents, topics: Sequence[int] | NDArray[Any] | None
) -> NDArray[np.int64]:
    """Return the topic of each document, those given or those of the model."""
    if topics is None:
        check_length("docs", docs, topic_model)
        return np.asarray(topic_model.topics_, dtype=np.int64)
    check_one_each("topics", topics, docs)
    assigned = np.asarray(topics, dtype=np.int64)
    unknown = np.setdiff1d(assigned, list(topic_model.get_topics()))
    if len(unknown):
        raise ValueError(
            f"topics holds {unknown.tolist()[:5]}, which the model has not; "
            "`get_topic_info()` lists its topics"
        )
    return assigned


def check_one_each(name: str, values: Any, docs: Documents) -> None:  # noqa: ANN401  # any sequence
    """Raise ValueError where there is not one value for each document (D-42)."""
    if len(values) != len(docs):
        raise ValueError(
            f"{name} has {len(values)} items for {len(docs)} documents; give one for each document"
        )


def sliced_words(
    topic_model: BERTopic,
    docs: Sequence[str],
    slices: Slices,
    *,
    tune: Callable[[csr_array, NDArray[np.int64]], csr_array],
    fine_tune_representation: bool,
) -> list[list[str]]:
    """Return the words of each group of documents.

    Parameters
    ----------
    topic_model
        A fitted model.
    docs
        The documents.
    slices
        Their groups.
    tune
        Makes final weights of the weights and the topics of one slice; called in order.
    fine_tune_representation
        Whether the representation model chooses the words.

    """
    weights = slice_weights(topic_model, docs, slices)
    terms = topic_model.vectorizer_model.get_feature_names_out()
    numbers = range(int(slices.number.max(initial=-1)) + 1)
    words: list[list[str]] = []
    for number in tqdm(numbers, disable=not topic_model.verbose):
        rows = slices.rows(number)
        tuned = tune(weights[rows], slices.topic[rows])
        if fine_tune_representation:
            frame = _slice_of_frame(docs, slices, number)
            words += represented_words(topic_model, frame, tuned, terms)
        else:
            words += first_words(tuned, terms)
    return words


def _slice_of_frame(docs: Sequence[str], slices: Slices, number: int) -> pd.DataFrame:
    inside = np.flatnonzero(slices.number[slices.group] == number)
    return working_frame(
        [docs[i] for i in inside.tolist()], slices.topic[slices.group[inside]].tolist()
    )


class _Tuning:
    """Averages the weights of each time with those of the time before and of all times."""

    def __init__(self, topic_model: BERTopic, *, evolution: bool, overall: bool) -> None:
        self._evolution = evolution
        self._overall = OverallWeights(topic_model) if overall else None
        self._before = np.zeros(0, dtype=np.int64)
        self._weights_before: csr_array | None = None

    def __call__(self, weights: csr_array, topics: NDArray[np.int64]) -> csr_array:
        if not (self._evolution or self._overall):
            return weights
        tuned = unit_rows(weights)
        if self._evolution and self._weights_before is not None:
            tuned = self._with_time_before(tuned, topics, self._weights_before)
        if self._overall:
            tuned = self._overall.averaged(tuned, topics)
        self._before, self._weights_before = topics, tuned
        return tuned

    def _with_time_before(
        self, weights: csr_array, topics: NDArray[np.int64], before: csr_array
    ) -> csr_array:
        _, now, then = np.intersect1d(topics, self._before, return_indices=True)
        halves = np.ones(len(topics))
        halves[now] = 0.5
        place = (np.full(len(now), 0.5), (now, then))
        carried = csr_array(coo_array(place, shape=(len(topics), before.shape[0])))
        return csr_array(scaled(weights, halves) + carried @ before)


class OverallWeights:
    """The model's weights over all documents, one row a topic, each row summing to 1."""

    def __init__(self, topic_model: BERTopic) -> None:
        self._rows = unit_rows(topic_model.c_tf_idf_)
        self._ids = np.array(sorted(learnt(topic_model.topic_sizes_)))

    def averaged(self, weights: csr_array, topics: NDArray[np.int64]) -> csr_array:
        """Return the mean of `weights` and of these topics' rows (D-03: by topic, not place)."""
        both = weights + self._rows[np.searchsorted(self._ids, topics)]
        return scaled(csr_array(both), np.full(len(topics), 0.5))


def scaled(weights: csr_array, factors: NDArray[np.float64]) -> csr_array:
    """Return the rows times their factors, (n_rows,)."""
    data = weights.data * np.repeat(factors, np.diff(weights.indptr))
    return csr_array((data, weights.indices, weights.indptr), weights.shape)


def _times(timestamps: Any, nr_bins: int | None, datetime_format: str | None) -> Any:  # noqa: ANN401
    """Return times that can be sorted: parsed, and gathered where that is wanted."""
    times = pd.Series(list(timestamps))
    if len(times) and isinstance(times.iloc[0], str):
        times = pd.to_datetime(times, format=datetime_format)
    if times.isna().any():
        place = int(np.flatnonzero(times.isna())[0])
        raise ValueError(f"timestamps[{place}] is missing; give each document a time")
    if nr_bins is None:
        return times
    spans: Any = pd.cut(times, bins=nr_bins).cat  # pandas-stubs do not know of spans
    return spans.categories.left.take(spans.codes.to_numpy())
