"""What a fitted model knows, as dictionaries and frames."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicstream.model.alignment import learnt
from topicstream.model.documents import check_documents_type, check_length

if TYPE_CHECKING:
    from topicstream.model.bertopic import BERTopic

Words = list[tuple[str, float]]


def get_topics(topic_model: BERTopic, *, full: bool = False) -> dict[Any, Any]:
    """Return the words of every topic; with `full`, those of the main model and of each aspect.

    Parameters
    ----------
    topic_model
        A fitted model.
    full
        Whether aspects come along, under their names beside ``"Main"``.

    Returns
    -------
    dict
        Topic to (word, score) pairs: the model's own dictionary, as in BERTopic. With `full`,
        a new dictionary of such dictionaries.

    """
    words = learnt(topic_model.topic_representations_)
    return {"Main": words, **topic_model.topic_aspects_} if full else words


def get_topic(
    topic_model: BERTopic, topic: int, *, full: bool = False
) -> Words | dict[str, Words] | Literal[False]:
    """Return the words of one topic, or False where there is no such topic.

    Parameters
    ----------
    topic_model
        A fitted model.
    topic
        Its id; -1 is the outlier topic.
    full
        Whether aspects come along, under their names beside ``"Main"``.

    """
    words = learnt(topic_model.topic_representations_)
    if topic not in words:
        return False
    main: Words = words[topic]
    aspects = topic_model.topic_aspects_.items()
    return (
        {"Main": main, **{name: aspect.get(topic, []) for name, aspect in aspects}}
        if full
        else main
    )


def get_topic_info(topic_model: BERTopic, topic: int | None = None) -> pd.DataFrame:
    """Return one row for each topic: size, names, words, aspects and representative documents.

    Parameters
    ----------
    topic_model
        A fitted model.
    topic
        Only this topic; the frame is empty where there is no such topic.

    Returns
    -------
    DataFrame
        `Topic` ascending, `Count`, `Name`, `CustomName` where there are custom labels for all
        topics, `Representation`, a column for each aspect, `Representative_Docs`, and
        `Representative_Images` where there are any. Blank words are left out (D-34).

    """
    sizes = learnt(topic_model.topic_sizes_)
    topics = sorted(sizes)
    counts = [sizes[each] for each in topics]
    frame = pd.DataFrame({"Topic": topics, "Count": counts}, dtype="int64")
    for name, values in _columns(topic_model, topics).items():
        frame[name] = values
    if topic is None:
        return frame
    return frame.loc[frame["Topic"] == topic].reset_index(drop=True)


def _columns(topic_model: BERTopic, topics: list[int]) -> dict[str, pd.Series[Any]]:
    names = topic_model.topic_labels_
    columns: dict[str, Any] = {"Name": pd.Series([names.get(topic) for topic in topics])}
    custom = topic_model.custom_labels_
    if custom is not None and len(custom) == len(topics):
        columns["CustomName"] = pd.Series(custom)
    words = learnt(topic_model.topic_representations_)
    columns["Representation"] = _objects([_shown(words.get(topic, [])) for topic in topics])
    for aspect, values in topic_model.topic_aspects_.items():
        columns[aspect] = _objects([_shown(values.get(topic, [])) for topic in topics])
    columns["Representative_Docs"] = _by_topic(topic_model.representative_docs_, topics)
    if topic_model.representative_images_ is not None:
        images = topic_model.representative_images_
        columns["Representative_Images"] = _by_topic(images, topics)
    return columns


def _shown(value: Any) -> Any:  # noqa: ANN401  # an aspect may hold pairs, texts or an image
    # D-66: each topic's value is looked at by itself, the last one decides for itself alone.
    if not isinstance(value, list | tuple | dict):
        return value
    if len(value) and all(isinstance(entry, str) for entry in value):
        return " ".join(value)
    return real_words(list(value))


def real_words(pairs: Sequence[Any]) -> list[str]:
    """Return the words of (word, score) pairs without the blanks that pad a short list (D-34).

    Examples
    --------
    >>> real_words([("orbit", 0.3), ["moon", 0.2], ("", 0.00001)])
    ['orbit', 'moon']

    """
    words = (pair if isinstance(pair, str) else pair[0] for pair in pairs)
    return [word for word in words if word and not word.isspace()]


def _by_topic(values: Any, topics: list[int]) -> pd.Series[Any]:  # noqa: ANN401  # dict or sequence
    if not isinstance(values, Mapping):
        return _objects(list(values))
    return _objects([values.get(topic, np.nan) for topic in topics])


def _objects(values: list[Any]) -> pd.Series[Any]:
    return pd.Series(values, dtype=object)


def get_topic_freq(topic_model: BERTopic, topic: int | None = None) -> pd.DataFrame | int:
    """Return the sizes of all topics, largest first, or the size of one.

    Parameters
    ----------
    topic_model
        A fitted model.
    topic
        Any integer, NumPy's included (D-44): the size of that topic, 0 where there is none.

    Returns
    -------
    DataFrame or int
        Columns `Topic` and `Count`; the index is that of the unsorted frame, as in BERTopic.

    """
    sizes = {int(each): int(n) for each, n in learnt(topic_model.topic_sizes_).items()}
    if isinstance(topic, Integral):
        return sizes.get(int(topic), 0)
    frame = pd.DataFrame({"Topic": list(sizes), "Count": list(sizes.values())}, dtype="int64")
    return frame.sort_values("Count", ascending=False, kind="stable")


def get_representative_docs(
    topic_model: BERTopic, topic: int | None = None
) -> dict[int, list[str]] | list[str] | None:
    """Return the representative documents of all topics, or those of one.

    Parameters
    ----------
    topic_model
        A fitted model.
    topic
        Any integer, NumPy's included (D-44): the documents of that topic, None where it has none.

    """
    learnt(topic_model.topics_)
    documents: dict[int, list[str]] = topic_model.representative_docs_
    if not isinstance(topic, Integral):
        return documents
    return documents.get(int(topic)) or None


def get_document_info(
    topic_model: BERTopic,
    docs: Sequence[str],
    df: pd.DataFrame | None = None,
    metadata: Mapping[str, Sequence[Any]] | None = None,
) -> pd.DataFrame:
    """Return one row for each document: its topic, the topic's name and words, its probability.

    Parameters
    ----------
    topic_model
        A fitted model.
    docs
        The documents it was fitted on, in the same order.
    df
        Columns to come first, one row for each document; `Document` and `Topic` are written over
        in a copy.
    metadata
        Columns to come last: name to one value for each document.

    Raises
    ------
    ValueError
        `docs`, `df` or a column of `metadata` has another length than the model's topics (D-42).

    """
    frame = _document_columns(topic_model, docs, df)
    info = get_topic_info(topic_model).drop(columns="Count")
    frame = frame.merge(info, on="Topic", how="left")
    frame["Top_n_words"] = _joined_words(topic_model, frame["Topic"])
    if topic_model.probabilities_ is not None:
        frame["Probability"] = _strength(frame["Topic"].to_numpy(), topic_model.probabilities_)
    chosen = [text for texts in topic_model.representative_docs_.values() for text in texts]
    frame["Representative_document"] = frame["Document"].isin(chosen)
    for name, values in (metadata or {}).items():
        frame[name] = _as_long(f"metadata[{name!r}]", values, len(frame))
    return frame


def _document_columns(
    topic_model: BERTopic, docs: Sequence[str], df: pd.DataFrame | None
) -> pd.DataFrame:
    topics = np.asarray(learnt(topic_model.topics_), dtype=np.int64)
    check_documents_type(docs)
    check_length("docs", docs, topic_model)
    documents = pd.Series(list(docs), dtype=object)
    if df is None:
        return pd.DataFrame({"Document": documents, "Topic": topics})
    frame: pd.DataFrame = _as_long("df", df, len(documents)).copy()
    frame["Document"] = documents.to_numpy()
    frame["Topic"] = topics
    return frame


def _as_long(name: str, values: Any, n: int) -> Any:  # noqa: ANN401  # any column or frame
    if len(values) == n:
        return values.to_numpy() if isinstance(values, pd.Series) else values
    message = f"{name} has {len(values)} rows, docs has {n}; give one row for each document"
    raise ValueError(message)


def _joined_words(topic_model: BERTopic, topics: pd.Series[int]) -> pd.Series[Any]:
    words = learnt(topic_model.topic_representations_).items()
    return topics.map({topic: " - ".join(real_words(pairs)) for topic, pairs in words})


def _strength(topics: NDArray[np.int64], probabilities: NDArray[Any]) -> NDArray[Any]:
    if probabilities.ndim == 1:
        return probabilities
    likeliest = probabilities.max(axis=1, initial=0.0)
    return np.asarray(np.where(topics == -1, 1.0 - probabilities.sum(axis=1), likeliest))


def generate_topic_labels(
    topic_model: BERTopic,
    nr_words: int = 3,
    *,
    topic_prefix: bool = True,
    word_length: int | None = None,
    separator: str = "_",
    aspect: str | None = None,
) -> list[str]:
    """Return a label for each topic, ascending, made of its first words.

    Parameters
    ----------
    topic_model
        A fitted model.
    nr_words
        Words in a label; blank words are not counted (D-34).
    topic_prefix
        Whether a label starts with the topic's id.
    word_length
        Characters kept of each word, None for all.
    separator
        What stands between words, and between id and words.
    aspect
        Take the words from this aspect instead of the main ones.

    Raises
    ------
    ValueError
        The model has no such aspect.

    """
    words = _words_of(topic_model, aspect)
    labels = [
        separator.join(word[:word_length] for word in real_words(words[topic])[:nr_words])
        for topic in sorted(words)
    ]
    if not topic_prefix:
        return labels
    return [
        f"{topic}{separator}{label}" for topic, label in zip(sorted(words), labels, strict=True)
    ]


def _words_of(topic_model: BERTopic, aspect: str | None) -> Mapping[int, Any]:
    if not aspect:
        return learnt(topic_model.topic_representations_)
    aspects: Mapping[str, Mapping[int, Any]] = topic_model.topic_aspects_
    if aspect in aspects:
        return aspects[aspect]
    raise ValueError(f"aspect is {aspect!r}; this model has the aspects {sorted(aspects)}")


def get_params(topic_model: BERTopic, *, deep: bool = False) -> dict[str, Any]:
    """Return the constructor's parameters by name, alphabetically, with their present values.

    Parameters
    ----------
    topic_model
        Any model.
    deep
        Whether the parameters of the parts come along as ``part__name``.

    """
    names = sorted(inspect.signature(type(topic_model)).parameters)
    params: dict[str, Any] = {}
    for name in names:
        value = getattr(topic_model, name)
        if deep and hasattr(value, "get_params") and not isinstance(value, type):
            params |= {f"{name}__{key}": part for key, part in value.get_params().items()}
        params[name] = value
    return params


def to_text(topic_model: BERTopic) -> str:
    """Return ``BERTopic(param=value, …)``; parts are shown as ``Name(...)``.

    Parameters
    ----------
    topic_model
        Any model.

    """
    params = (f"{name}={_short(value)}" for name, value in get_params(topic_model).items())
    return f"BERTopic({', '.join(params)})"


def _short(value: object) -> str:
    text = str(value)
    opening = text.find("(")
    return f"{text[:opening]}(...)" if opening > 0 else text
