"""What a check finds: one line about one part of a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of ``topicstream check``.

    Parameters
    ----------
    part
        What was looked at, such as ``"broker"``.
    level
        ``"wrong"`` keeps a service from working, ``"warning"`` may surprise.
    text
        What was found and, unless it is ok, what to do.
    is_setting
        Whether it is a setting that is wrong.

    Examples
    --------
    >>> Finding("redis", "ok", "none is named; nothing is published").level
    'ok'

    """

    part: str
    level: Level
    text: str
    is_setting: bool = False
