"""How topics are found anew."""

from __future__ import annotations

from dataclasses import dataclass, fields

from topicstream.model.errors import ModelError


class RefitSettingsError(ModelError, ValueError):
    """A setting of a refit is out of its range."""


# name: (smallest, largest) value allowed, both included
_LIMITS = {
    "window": (100, 1_000_000),
    "half_life": (1.0, 1e12),
    "min_topic_size": (2, 100_000),
    "anchoring": (0.0, 1.0),
    "n_neighbors": (2, 200),
    "n_components": (2, 100),
    "seed": (0, 2**32 - 1),
}


@dataclass(frozen=True, slots=True)
class RefitSettings:
    """How topics are found anew.

    Parameters
    ----------
    window
        Documents that topics are found in (default 10,000).
    half_life
        Documents after which one is half as likely to be among them (default 50,000).
    min_topic_size
        Documents of the window that make a topic, at least (default 30).
    anchoring
        How much documents that share a topic now are drawn together, 0 to 1 (default 0.5); at 0
        the topics of now are not looked at, and few keep their documents.
    n_neighbors, n_components
        Of UMAP (default 15 and 5).
    seed
        Of sample and UMAP (default 42).

    Raises
    ------
    RefitSettingsError
        A value is out of its range.

    """

    window: int = 10_000
    half_life: float = 50_000.0
    min_topic_size: int = 30
    anchoring: float = 0.5
    n_neighbors: int = 15
    n_components: int = 5
    seed: int = 42

    def __post_init__(self) -> None:
        for field in fields(self):
            low, high = _LIMITS[field.name]
            value = getattr(self, field.name)
            if not low <= value <= high:
                raise RefitSettingsError(
                    f"refit.{field.name} is {value}; it must lie between {low} and {high}: "
                    "correct it, or leave it out for the default"
                )
