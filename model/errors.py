"""
What can go wrong inside the model.

* ModelError
  x EmbedderError         an embedder does not exist, cannot be loaded, or cannot embed this
  x MissingExtraError     an optional package is not installed
  x EmbeddingError        embeddings do not fit the texts or the model
  x SnapshotFormatError   a snapshot is not one of ours, or is damaged
  x StartError            a stream cannot start from a model
"""


class ModelError(Exception):
    """Base class of every error that `topicstream.model` raises on purpose."""


class EmbedderError(ModelError, ValueError):
    """An embedder's name is wrong, its weights cannot be loaded, or it cannot embed its input."""


class MissingExtraError(ModelError, ImportError):
    """A package is missing that comes with one of topicstream's extras; the message says which."""


class EmbeddingError(ModelError, ValueError):
    """Embeddings have the wrong shape or width, or hold NaN or infinity."""


class SnapshotFormatError(ModelError, ValueError):
    """A snapshot is damaged, or was made by another program or version."""


class StartError(ModelError, ValueError):
    """A stream cannot start from this model."""
