"""Names that topics were given, kept as long as the topics are what was named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topicstream.model.topics import label_of

LEAST_SHARED = 0.3  # part of a topic's words that must be those of when it was named


@dataclass(frozen=True, slots=True)
class GivenName:
    """A name, and what it stands for.

    Parameters
    ----------
    text
        The name.
    words
        Foremost words of the topic when the name was first held against it; none before.

    """

    text: str
    words: tuple[str, ...] = ()


class GivenNames:
    """Names of topics that people or language models gave, by topic.

    A name is dropped for good when fewer than three in ten of the topic's words are still those
    that the topic had when it came here; the topic is then called by its words.

    Examples
    --------
    >>> names = GivenNames({0: "Weapons", 1: "Space"})
    >>> names.look({0: ("gun", "law"), 1: ("moon", "orbit")})
    >>> names.look({0: ("gun", "ban"), 1: ("rent", "flat")})
    >>> names.label(0, ["gun", "ban"]), names.label(1, ["rent", "flat"])
    ('Weapons', '1_rent_flat')

    """

    def __init__(self, texts: Mapping[int, str] | None = None) -> None:
        self._given = {topic: GivenName(text) for topic, text in (texts or {}).items()}

    def texts(self) -> dict[int, str]:
        """Return the names that still hold, by topic."""
        return {topic: name.text for topic, name in self._given.items()}

    def label(self, topic: int, words: Sequence[str]) -> str:
        """Return the topic's name, or the id and its first words where it has none."""
        name = self._given.get(topic)
        return label_of(topic, words) if name is None else name.text

    def look(self, foremost: Mapping[int, Sequence[str]]) -> None:
        """Drop the names of topics that are gone or have become something else.

        Parameters
        ----------
        foremost
            Foremost words of each living topic.

        """
        if self._given:
            living = {t: name for t, name in self._given.items() if t in foremost}
            held = {t: _held(name, foremost[t]) for t, name in living.items()}
            self._given = {t: name for t, name in held.items() if name is not None}

    def scalars(self) -> dict[str, list[Any]]:
        """Return the state, ready for JSON."""
        return {str(topic): [name.text, *name.words] for topic, name in self._given.items()}

    def restore(self, scalars: Mapping[str, list[Any]]) -> None:
        """Become what `scalars` said when a snapshot was taken."""
        self._given = {
            int(topic): GivenName(text, tuple(words)) for topic, (text, *words) in scalars.items()
        }


def _held(name: GivenName, words: Sequence[str]) -> GivenName | None:
    if not name.words:
        return GivenName(name.text, tuple(words))
    shared = len(set(name.words).intersection(words))
    return name if shared >= LEAST_SHARED * len(name.words) else None
