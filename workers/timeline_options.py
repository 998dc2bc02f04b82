"""The options of ``topicstream timeline``: moments, lengths of time, and formats."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Form(StrEnum):
    """What `topicstream timeline` can write."""

    table = "table"
    csv = "csv"
    json = "json"
    html = "html"


def moment(text: str) -> float:
    """Return a date or time in ISO 8601 as seconds since 1970; UTC, where it names no zone.

    Raises
    ------
    BadParameter
        It is neither.

    Examples
    --------
    >>> moment("1970-01-02"), moment("1970-01-01T01:00+01:00")
    (86400.0, 0.0)

    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no time; write it like 2026-01-31 or 2026-01-31T18:30"
        ) from error
    return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp()


def length(text: str) -> float:
    """Return a length of time such as ``6h`` in seconds.

    Raises
    ------
    BadParameter
        It is none, or nothing.

    Examples
    --------
    >>> length("90m"), length("1w")
    (5400.0, 604800.0)

    """
    found = re.fullmatch(r"(\d{1,9})([smhdw])", text.strip())
    if found is None or int(found[1]) == 0:
        raise typer.BadParameter(
            f"{text!r} is no length of time; write a number and s, m, h, d or w, such as 6h"
        )
    return float(int(found[1]) * _UNITS_S[found[2]])


OneTopic = Annotated[
    list[int] | None,
    typer.Option(
        "--topic",
        metavar="N",
        help="Only this topic, -1 for documents that fit none; may be given several times.",
    ),
]
Since = Annotated[
    float | None,
    typer.Option(
        "--from",
        metavar="TIME",
        parser=moment,
        help="Leave out what is earlier, such as 2026-01-31 or 2026-01-31T18:30; UTC.",
    ),
]
Until = Annotated[
    float | None,
    typer.Option("--to", metavar="TIME", parser=moment, help="Leave out what is not earlier."),
]
BinWidth = Annotated[
    float | None,
    typer.Option(
        "--bin",
        metavar="LENGTH",
        parser=length,
        help="Width of a bin, such as 15m, 1h, 1d or 1w; old bins may be kept wider. Without it, "
        "what fits.",
    ),
]
Format = Annotated[
    Form | None,
    typer.Option("--format", help="How it is written. [default: table on a terminal, else json]"),
]
