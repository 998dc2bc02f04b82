"""Streams made of 20 Newsgroups in which changes are scheduled, or none."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from benchmarks.newsgroups import Rows

BATCH, N_BATCHES = 1_000, 16
FIRST, APART = (8, 9), 2  # batch of the first change, counted from 0; batches to the second
RAMP = 3  # batches that a gradual change takes
AFTER = 2  # batches in which an event may follow
N_WORDS, LEAST_LETTERS = 300, 4
# Weight of the newsgroup before and after; an unchanged one has 1, which is 5 % of the feed.
WEIGHTS = {
    "birth": (0.0, 1.5),
    "death": (1.35, 0.0),
    "sudden rise": (0.25, 1.4),
    "sudden fall": (1.35, 0.25),
    "gradual rise": (0.25, 1.4),
    "gradual fall": (1.35, 0.25),
    "words": (1.0, 1.0),
}
_WORD = re.compile(rf"[A-Za-z]{{{LEAST_LETTERS},}}")


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to a newsgroup.

    `batch` is the first with the change, `ends` the first in which it is whole; counted from 0.
    """

    kind: str
    group: str
    batch: int
    ends: int

    def weight(self, batch: int) -> float:
        """Return the weight of the newsgroup in one batch."""
        before, after = WEIGHTS[self.kind]
        steps = self.ends - self.batch + 1
        done = min(max((batch - self.batch + 1) / steps, 0.0), 1.0)
        return before + done * (after - before)

    def holds(self, batch: int) -> bool:
        """Say whether an event of this batch comes in time."""
        return self.batch <= batch <= self.ends + AFTER


def schedule(seed: int, groups: list[str]) -> tuple[Change, ...]:
    """Return two random changes of two newsgroups, in order."""
    random = np.random.default_rng([seed, 1])
    kinds = random.choice(list(WEIGHTS), 2, replace=False).tolist()
    chosen = random.choice(groups, 2, replace=False).tolist()
    first = int(random.choice(FIRST))
    changes = []
    for kind, group, batch in zip(kinds, chosen, (first, first + APART), strict=True):
        ends = batch + RAMP - 1 if kind.startswith("gradual") else batch
        changes.append(Change(kind, group, batch, ends))
    return tuple(changes)


def stream(classes: np.ndarray, changes: tuple[Change, ...], seed: int) -> Rows:
    """Return the posts of a stream, none twice, `BATCH` to a batch."""
    random = np.random.default_rng([seed, 2])
    groups, sizes = np.unique(classes, return_counts=True)
    left = [random.permutation(np.flatnonzero(classes == group)) for group in groups]
    rows = []
    for batch in range(N_BATCHES):
        weights = sizes.astype(np.float64)
        for change in changes:
            weights[groups == change.group] *= change.weight(batch)
        counts = random.multinomial(BATCH, weights / weights.sum())
        drawn = [some[:n] for some, n in zip(left, counts, strict=True)]
        left = [some[n:] for some, n in zip(left, counts, strict=True)]
        rows.append(random.permutation(np.concatenate(drawn)))
        # A newsgroup that has run out would be a change that nobody scheduled.
        lacking = BATCH - len(rows[-1])
        if lacking:
            raise RuntimeError(f"seed {seed}: {lacking} posts are lacking in batch {batch}")
    return np.concatenate(rows)


def renamed(texts: list[str], classes: np.ndarray, group: str) -> dict[str, str]:
    """Return new words for the words that tell a newsgroup from the others best."""
    own = _document_rates([text for text, c in zip(texts, classes, strict=True) if c == group])
    others = _document_rates([text for text, c in zip(texts, classes, strict=True) if c != group])
    gaps = {word: rate - others.get(word, 0.0) for word, rate in own.items()}
    telling = sorted(gaps, key=lambda word: (-gaps[word], word))[:N_WORDS]
    return {word: _invented(number) for number, word in enumerate(telling)}


def rewritten(text: str, words: dict[str, str]) -> str:
    """Return the text with new words for the old ones."""
    return _WORD.sub(lambda found: words.get(found[0].lower(), found[0]), text)


def _document_rates(texts: list[str]) -> dict[str, float]:
    seen = Counter(word for text in texts for word in set(_WORD.findall(text.lower())))
    return {word: n / len(texts) for word, n in seen.items()}


def _invented(number: int) -> str:
    """Return a word that no language has."""
    random = np.random.default_rng([number, 3])
    pairs = zip(
        random.choice(list("bdfgklmnprstvz"), 3), random.choice(list("aeiou"), 3), strict=True
    )
    return "".join(a + b for a, b in pairs) + "x"
