"""A child of online_quality: topicstream's online model."""

from __future__ import annotations

import itertools
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.stepping import Fit, serve
from topicstream.model.online import OnlineTopicModel
from topicstream.model.settings import ModelSettings


def make(n_topics: int) -> Fit:
    """Return a model with the settings that ``topicstream run`` has."""
    model = OnlineTopicModel(ModelSettings(n_topics=n_topics))
    clock = itertools.count()

    def fit(texts: list[str], vectors: NDArray[Any]) -> NDArray[Any]:
        return model.partial_fit(texts, vectors, now=float(next(clock))).topics

    return fit


if __name__ == "__main__":
    serve(make, np.float32, {"topicstream": version("topicstream")})
