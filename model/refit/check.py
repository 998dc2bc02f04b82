"""Whether a refit may take the place of the topics that live."""

from __future__ import annotations

from topicstream.model.online import OnlineTopicModel
from topicstream.model.refit.candidate import Candidate

LEAST_COHERENCE = 0.02  # NPMI by which a refit may be worse: that much another seed changes
MOST_OUTLIERS, MOST_TIMES = 0.05, 2.0


def reason_against(
    candidate: Candidate, model: OnlineTopicModel, embedder: str | None
) -> str | None:
    """Return why a candidate does not fit a model, or None when it does.

    Parameters
    ----------
    candidate
        The refit.
    model
        The model of now; it is not changed.
    embedder
        Name of the embedder of now; None when it is not known.

    """
    checks = (
        _of_place(candidate, model),
        _of_embedder(candidate, embedder),
        _of_number(candidate, model),
        _of_coherence(candidate),
    )
    return next((reason for reason in checks if reason is not None), None)


def reason_in_shadow(before: float, after: float) -> str | None:
    """Return why the share of outliers among the last documents speaks against a refit.

    Parameters
    ----------
    before, after
        Part of them that are outliers, by the topics of now and by those of the refit.

    Examples
    --------
    >>> reason_in_shadow(0.01, 0.04) is None
    True
    >>> reason_in_shadow(0.01, 0.4)
    '40 % of the last batch fit no topic of the refit, and 1 % fit none of now; allowed are 5 %'

    """
    most = max(MOST_OUTLIERS, MOST_TIMES * before)
    if after <= most:
        return None
    return (
        f"{after:.0%} of the last batch fit no topic of the refit, and {before:.0%} fit none of "
        f"now; allowed are {most:.0%}".replace("%", " %")
    )


def _of_place(candidate: Candidate, model: OnlineTopicModel) -> str | None:
    if candidate.n_dimensions != model.n_dimensions:
        return (
            f"the refit's centroids are {candidate.n_dimensions} wide, and the model's "
            f"embeddings {model.n_dimensions}; make it from this model's stream"
        )
    if candidate.sequence > model.sequence:
        return (
            f"the refit was matched with batch {candidate.sequence}, and the model has seen "
            f"{model.sequence}; make it from this state"
        )
    return None


def _of_embedder(candidate: Candidate, embedder: str | None) -> str | None:
    if None in {candidate.embedder, embedder} or candidate.embedder == embedder:
        return None
    return (
        f"the refit was made from vectors of {candidate.embedder!r}, and the model learns from "
        f"those of {embedder!r}; they do not mix"
    )


def _of_number(candidate: Candidate, model: OnlineTopicModel) -> str | None:
    rules = model.settings.lifecycle
    n_first = max(model.settings.n_topics, model.lineage.n_given)
    least, most = rules.min_topics, rules.max_topics or 2 * n_first
    alive = set(model.lineage.ids.tolist())
    goes = alive & {*candidate.into, *candidate.rests}
    n_after = len(alive - goes) + sum(topic not in alive for topic in candidate.keeps)
    if least <= n_after <= most:
        return None
    return (
        f"the model would have {n_after} topics, and lifecycle.min_topics and max_topics allow "
        f"{least} to {most}; take another min_topic_size"
    )


def _of_coherence(candidate: Candidate) -> str | None:
    if candidate.coherence is None:
        return None
    before, after = candidate.coherence
    if after >= before - LEAST_COHERENCE:
        return None
    return (
        f"the refit's words have an NPMI of {after:.3f} on its documents, and those of now "
        f"{before:.3f}; it may be lower by {LEAST_COHERENCE}"
    )
