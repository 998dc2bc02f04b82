"""A model that a stream is to start from: a folder of BERTopic's, or a live model."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from topicstream.model.bertopic import BERTopic
from topicstream.model.errors import ModelError
from topicstream.model.persistence.snapshot_files import holds_snapshots
from topicstream.model.starting_topics import StartingTopics, starting_topics
from topicstream.workers.errors import SettingsError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GivenModel:
    """A model to start from, as it was read.

    Parameters
    ----------
    path
        Where it was.
    topics
        Its topics.
    embedder
        Name of the embedder that it was fitted with; None when it does not say.

    """

    path: str
    topics: StartingTopics
    embedder: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the topics, as 64 hex digits."""
        return self.topics.digest()

    def check_embedder(self, name: str, n_dimensions: int | None) -> None:
        """Raise SettingsError when the embedder of the stream makes vectors of another width.

        Parameters
        ----------
        name
            Name of the embedder.
        n_dimensions
            Width of its vectors; None when it is not known yet.

        """
        if n_dimensions not in {None, self.topics.n_dimensions}:
            raise SettingsError(
                f"--start-from is {self.path!r}, whose topics are {self.topics.n_dimensions} wide, "
                f"but the embedder {name!r} makes vectors {n_dimensions} wide; give the embedder "
                f"that it was fitted with: --embedder {self.embedder or 'NAME'}"
            )
        if self.embedder is not None and _last(self.embedder) != _last(name):
            logger.warning(
                "%s was fitted with the embedder %s, and the stream is embedded with %s; their "
                "vectors may not mix",
                self.path,
                self.embedder,
                name,
            )


def given_model(path: str, n_terms: int) -> GivenModel:
    """Read the model at `path`.

    Parameters
    ----------
    path
        A folder that `BERTopic.save` wrote, ours or bertopic's; or a snapshot, a state folder, or
        a ``redis://`` URL.
    n_terms
        Terms that the stream's vocabulary may have.

    Raises
    ------
    SettingsError
        There is no such model, it is damaged, or no stream can start from it.

    """
    try:
        model = _opened(path)
        return GivenModel(path, starting_topics(model, n_terms), _name_of(model.embedding_model))
    except ModelError as error:
        raise SettingsError(f"--start-from is {path!r}: {error}") from error


def _opened(path: str) -> BERTopic:
    if "://" in path or holds_snapshots(Path(path)):
        return BERTopic.from_snapshot(path)
    # What is no folder, load would open as a pickle, or look for on the hub.
    if Path(path).is_dir():
        return BERTopic.load(path)
    raise SettingsError(
        f"--start-from is {path!r}, which is no folder; give one that BERTopic.save wrote with "
        "serialization='safetensors', or a snapshot"
    )


def _name_of(embedder: object) -> str | None:
    name = getattr(embedder, "_hf_model", None)
    inner = getattr(getattr(embedder, "embedding_model", None), "name", None)
    found = name if name is not None else inner
    return found if isinstance(found, str) else None


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2].lower()
