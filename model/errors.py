"""
What can go wrong inside the model.

* ModelError
  x EmbedderError         an embedder does not exist, cannot be loaded, or cannot embed this
  x MissingExtraError     an optional package is not installed
"""


class ModelError(Exception):
    """Base class of every error that `topicstream.model` raises on purpose."""


class EmbedderError(ModelError, ValueError):
    """An embedder's name is wrong, its weights cannot be loaded, or it cannot embed its input."""


class MissingExtraError(ModelError, ImportError):
    """A package is missing that comes with one of topicstream's extras; the message says which."""
