"""Whether a state was made with the settings of now."""

from __future__ import annotations

from collections.abc import Iterator

from topicstream.stream.journal import Genesis
from topicstream.workers import wiring
from topicstream.workers.commands.finding import Finding
from topicstream.workers.errors import OtherSettingsError
from topicstream.workers.genesis import check_settings
from topicstream.workers.settings import Settings

PART = "continue"


def compare(then: object, embedder: str | None, settings: Settings) -> Iterator[Finding]:
    """Yield whether a run with `settings` could continue.

    Parameters
    ----------
    then
        The model's settings as journal or snapshot hold them.
    embedder
        Name of the embedder of then; None when it is not known.
    settings
        Those of now.

    """
    if not isinstance(then, dict):
        return
    genesis = Genesis(sequence=0, prev_hash="", clock_ms=0, state_hash="", settings=then)
    try:
        check_settings(genesis, wiring.model_settings(settings))
    except OtherSettingsError as error:
        yield Finding(PART, "wrong", str(error), is_setting=True)
        return
    if embedder not in {None, settings.embedder}:
        text = (
            f"this state was made with the embedder {embedder!r}, and now it is "
            f"{settings.embedder!r}: set it back with --embedder, or start with another state"
        )
        yield Finding(PART, "wrong", text, is_setting=True)
    else:
        yield Finding(PART, "ok", "the state was made with the same settings of the model")
