"""Topic models over streams of documents, free of any broker, clock or environment."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str

    from topicstream.model.bertopic import BERTopic
    from topicstream.model.errors import ModelError
    from topicstream.model.events import DriftEvent
    from topicstream.model.mapper import TopicMapper
    from topicstream.model.online import OnlineTopicModel, Step
    from topicstream.model.settings import ModelSettings
    from topicstream.model.topics import Topic

__all__ = [
    "BERTopic",
    "DriftEvent",
    "ModelError",
    "ModelSettings",
    "OnlineTopicModel",
    "Step",
    "Topic",
    "TopicMapper",
]

_HOMES = {
    "BERTopic": "bertopic",
    "DriftEvent": "events",
    "ModelError": "errors",
    "ModelSettings": "settings",
    "OnlineTopicModel": "online",
    "Step": "online",
    "Topic": "topics",
    "TopicMapper": "mapper",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the module holds
    if name == "__version__":
        from importlib.metadata import version

        return version("topicstream")
    # Imported when asked for: scikit-learn and polars take longer than a command line may.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
