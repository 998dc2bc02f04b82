"""Which representation models run, on what, and in which order."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

    from topicstream.model.bertopic import BERTopic
    from topicstream.model.words import Words

_MAIN = "Main"


class Seen(NamedTuple):
    """What a representation model is shown besides the words.

    `c_tf_idf` has one row for each topic of the words; `embeddings` one for each row of
    `documents`, or is None where they are unknown.
    """

    topic_model: BERTopic
    documents: pd.DataFrame
    c_tf_idf: csr_matrix
    embeddings: NDArray[Any] | None


def main_words(seen: Seen, candidates: Mapping[int, Words]) -> dict[int, Words]:
    """Return the main words of each topic, as the model's `representation_model` has them.

    Parameters
    ----------
    seen
        The `representation_model` of its topic model is None, one model, a list of models in a
        chain, or a dict of aspects of which ``"Main"`` gives the main words.
    candidates
        Candidate words of each topic.

    Raises
    ------
    TypeError
        It is something else.

    """
    models = seen.topic_model.representation_model
    main = models.get(_MAIN) if isinstance(models, Mapping) else models
    return _chained(_chain(main, "representation_model"), seen, candidates)


def aspects(seen: Seen, candidates: Mapping[int, Words]) -> dict[str, dict[int, Words]]:
    """Return every aspect but the main one, by name; none where there is no dict of aspects.

    Parameters
    ----------
    seen
        As for `main_words`.
    candidates
        Candidate words of each topic, with which every aspect begins.

    Raises
    ------
    TypeError
        An aspect is no representation model, list of them or None.

    """
    models = seen.topic_model.representation_model
    if not isinstance(models, Mapping):
        return {}
    names = [name for name in models if name != _MAIN]
    chains = {name: _chain(models[name], f"representation_model[{name!r}]") for name in names}
    return {name: _chained(chain, seen, candidates) for name, chain in chains.items()}


def _chain(models: Any, name: str) -> list[Any]:  # noqa: ANN401  # the user's own
    chain = list(models) if isinstance(models, list | tuple) else [models] if models else []
    for model in chain:
        if not callable(getattr(model, "extract_topics", None)) or isinstance(model, type):
            message = (
                f"{name} is {models!r:.80}; allowed are a representation model, a list of them, "
                "or a dict from names to these: pass an object with `extract_topics`"
            )
            raise TypeError(message)
    return chain


def _chained(chain: list[Any], seen: Seen, candidates: Mapping[int, Words]) -> dict[int, Words]:
    words = dict(candidates)
    for model in chain:
        extra = {"embeddings": seen.embeddings} if _takes_embeddings(model) else {}
        words = model.extract_topics(*seen[:3], words, **extra)
    if chain:
        return words
    n = seen.topic_model.top_n_words
    return {topic: pairs[:n] for topic, pairs in words.items()}


def _takes_embeddings(model: Any) -> bool:  # noqa: ANN401  # the user's own
    return "embeddings" in inspect.signature(model.extract_topics).parameters
