"""A feed to try topicstream on, with changes at known places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Literal

import numpy as np

from topicstream.workers.subjects import OPENINGS, PHONES_LATER, SUBJECTS, TEMPLATES, Subject

ChangeKind = Literal["topic_born", "topic_vanished", "share_jump", "words_changed"]

START = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=60)

_ORDINARY_SHARE = 1.0
_PLAN: tuple[tuple[float, ChangeKind, str, float], ...] = (
    # where in the feed, what happens, to which subject, its share from there on
    (0.40, "topic_born", "wildfire", 2.0),
    (0.52, "share_jump", "football", 4.0),
    (0.64, "topic_vanished", "trains", 0.0),
    (0.76, "words_changed", "phones", 1.0),
    (0.88, "topic_born", "elections", 2.0),
)
_BORN_LATER = frozenset(subject for _, kind, subject, _ in _PLAN if kind == "topic_born")
_N_DRAWS = 40  # the longest document takes 2 + 3 * 7 = 23


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the feed: what a drift monitor should find.

    Parameters
    ----------
    kind
        ``"topic_born"``, ``"topic_vanished"``, ``"share_jump"`` or ``"words_changed"``.
    subject
        The `class` of the documents it happens to.
    document
        Number of the first document after the change, counted from 0.
    timestamp
        Time of that document, RFC 3339.
    share_before, share_after
        The subject's expected share of the documents, 0 to 1.

    """

    kind: ChangeKind
    subject: str
    document: int
    timestamp: str
    share_before: float
    share_after: float


def schedule(n_documents: int = 12_000) -> tuple[Change, ...]:
    """Return the changes in a feed of `n_documents`, in order.

    Parameters
    ----------
    n_documents
        Length of the feed, 12,000 by default.

    Returns
    -------
    tuple of Change
        The same for every seed.

    Examples
    --------
    >>> for change in schedule(12_000):
    ...     print(change.document, change.kind, change.subject)
    4800 topic_born wildfire
    6240 share_jump football
    7680 topic_vanished trains
    9120 words_changed phones
    10560 topic_born elections

    """
    weights = _weights_at_start()
    changes = []
    for where, kind, subject, weight in _PLAN:
        document = round(where * n_documents)
        before = _share(weights, subject)
        weights[subject] = weight
        after = _share(weights, subject)
        changes.append(
            Change(kind, subject, document, _timestamp(document, n_documents), before, after)
        )
    return tuple(changes)


def simulate(
    n_documents: int = 12_000, seed: int = 7, *, stationary: bool = False
) -> Iterator[dict[str, str]]:
    """Yield a feed of short English documents about everyday subjects.

    Parameters
    ----------
    n_documents
        How many, 12,000 by default; 0 or more. The feed spans 60 days whatever its length.
    seed
        The same seed gives the same feed; 7 by default.
    stationary
        True leaves the changes of `schedule` out; False (default) has them happen.

    Yields
    ------
    dict
        ``id``, ``timestamp`` (RFC 3339), ``class`` (the subject) and ``text``.

    Raises
    ------
    ValueError
        `n_documents` is negative.

    Examples
    --------
    >>> first = next(simulate(seed=7))
    >>> sorted(first)
    ['class', 'id', 'text', 'timestamp']
    >>> len(list(simulate(25)))
    25

    """
    if n_documents < 0:
        message = f"n_documents is {n_documents}; give 0 or more"
        raise ValueError(message)
    return _documents(n_documents, np.random.default_rng(seed), stationary=stationary)


def subject_words(subject: str) -> frozenset[str]:
    """Return every word that documents of `subject` can be recognised by.

    Parameters
    ----------
    subject
        One of the classes of `simulate`.

    Examples
    --------
    >>> "selfie" in subject_words("phones")
    True

    """
    kinds = [SUBJECTS[subject]] + ([PHONES_LATER] if subject == "phones" else [])
    return frozenset(
        word for kind in kinds for word in (*kind.nouns, *kind.verbs, *kind.adjectives)
    )


def _documents(
    n_documents: int, random: np.random.Generator, *, stationary: bool
) -> Iterator[dict[str, str]]:
    plan = {} if stationary else _plan(n_documents)
    weights, words = _weights_at_start(), dict(SUBJECTS)
    for number in range(n_documents):
        for kind, subject, weight in plan.get(number, ()):
            weights[subject] = weight
            if kind == "words_changed":
                words[subject] = PHONES_LATER
        # One block of draws a document: drawing word by word takes ten times as long.
        draws = iter(random.random(_N_DRAWS).tolist())
        subject = _pick_subject(weights, next(draws))
        yield {
            "id": f"demo-{number:06d}",
            "timestamp": _timestamp(number, n_documents),
            "class": subject,
            "text": _text(words[subject], draws),
        }


def _plan(n_documents: int) -> dict[int, list[tuple[ChangeKind, str, float]]]:
    plan: dict[int, list[tuple[ChangeKind, str, float]]] = {}
    for where, kind, subject, weight in _PLAN:
        plan.setdefault(round(where * n_documents), []).append((kind, subject, weight))
    return plan


def _weights_at_start() -> dict[str, float]:
    return {name: 0.0 if name in _BORN_LATER else _ORDINARY_SHARE for name in SUBJECTS}


def _share(weights: Mapping[str, float], subject: str) -> float:
    return weights[subject] / sum(weights.values())


def _timestamp(document: int, n_documents: int) -> str:
    moment = START + SPAN * (document / max(n_documents, 1))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _pick_subject(weights: Mapping[str, float], draw: float) -> str:
    totals = list(accumulate(weights.values()))
    target = draw * totals[-1]
    return next(name for name, total in zip(weights, totals, strict=True) if target < total)


def _text(subject: Subject, draws: Iterator[float]) -> str:
    n_sentences = 2 + int(next(draws) * 2)
    return " ".join(_sentence(subject, draws) for _ in range(n_sentences))


def _sentence(subject: Subject, draws: Iterator[float]) -> str:
    filled = _pick(TEMPLATES, draws).format(
        opening=_pick(OPENINGS, draws),
        noun=_pick(subject.nouns, draws),
        other=_pick(subject.nouns, draws),
        third=_pick(subject.nouns, draws),
        verb=_pick(subject.verbs, draws),
        adjective=_pick(subject.adjectives, draws),
    )
    return filled[0].upper() + filled[1:] + "."


def _pick(words: tuple[str, ...], draws: Iterator[float]) -> str:
    return words[int(next(draws) * len(words))]


__all__ = ["Change", "ChangeKind", "schedule", "simulate", "subject_words"]
