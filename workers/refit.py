"""A refit from beginning to end: window, clusters, candidate, post."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from topicstream.model import snapshot as codec
from topicstream.model.centroids import Embeddings, Labels
from topicstream.model.evaluation import npmi, words
from topicstream.model.online import OnlineTopicModel
from topicstream.model.refit.building import Window, candidate_of
from topicstream.model.refit.candidate import Candidate, encode
from topicstream.model.refit.check import reason_against
from topicstream.model.refit.settings import RefitSettings
from topicstream.stream.protocols import Transport
from topicstream.workers.genesis import JournalReader, genesis_of
from topicstream.workers.names import TopicNames
from topicstream.workers.refit_window import read_window
from topicstream.workers.refits import RefitError, Refits

N_JUDGES = 4_000  # documents that coherence is measured on, about

Fit = Callable[[Embeddings, Labels, RefitSettings], Labels]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the documents of a service are."""

    log: Transport
    names: TopicNames

    def embedder(self) -> str | None:
        """Return the name of the embedder that the service began with, None if it is not known."""
        first = JournalReader(self.log, self.names).first()
        return None if first is None else genesis_of(first).embedder


@dataclass(frozen=True, slots=True)
class Made:
    """A refit that was made.

    Parameters
    ----------
    candidate
        What it found.
    before
        The model that it was matched with.
    after
        A copy of that model which has adopted it.

    """

    candidate: Candidate
    before: OnlineTopicModel
    after: OnlineTopicModel


def make(
    source: Source,
    model: OnlineTopicModel,
    settings: RefitSettings,
    fit: Fit,
    say: Say = lambda _: None,
) -> Made:
    """Find the topics anew, and match them to those of `model`.

    Parameters
    ----------
    source
        Where the documents are.
    model
        The model of the newest snapshot; it is not changed.
    settings
        Window and sizes.
    fit
        What finds the clusters.
    say
        Called with what is being done.

    Raises
    ------
    RefitError, CandidateError
        There are too few documents or topics.

    """
    say("reading documents")
    sample = read_window(source.log, source.names, model.n_dimensions, settings)
    window = Window.of(sample.texts, sample.embeddings, model)
    say(f"{len(window.texts):,} documents: UMAP and HDBSCAN look for topics")
    clusters = fit(window.embeddings, window.anchors, settings)
    say("matching topics")
    candidate = candidate_of(window, clusters, model, settings, source.embedder())
    after, _ = codec.decode(codec.encode(model))
    after.adopt(candidate)
    say("comparing words")
    coherence = _coherence(model, after, window)
    return Made(replace(candidate, coherence=coherence), model, after)


def post(made: Made, refits: Refits) -> str:
    """Let a refit wait for the model worker, and return its name.

    Raises
    ------
    RefitError
        It would be refused, or cannot be written.

    """
    reason = reason_against(made.candidate, made.before, made.candidate.embedder)
    if reason is not None:
        raise RefitError(f"this refit is not posted, for it would be refused: {reason}")
    return refits.post(encode(made.candidate))


def _coherence(
    before: OnlineTopicModel, after: OnlineTopicModel, window: Window
) -> tuple[float, float] | None:
    """Return the mean NPMI of the words before and after a swap; None where it is not known."""
    texts = window.texts[:: max(1, len(window.texts) // N_JUDGES)]
    try:
        one, other = (float(npmi(words(model), texts).mean) for model in (before, after))
    except ValueError:  # no word of the topics is in any document
        return None
    return None if math.isnan(one) or math.isnan(other) else (one, other)
