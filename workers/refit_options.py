"""Options of ``topicstream refit``, each with its help."""

from __future__ import annotations

from typing import Annotated

import typer

Window = Annotated[
    int | None,
    typer.Option(
        "--window", metavar="N", help="Documents that topics are found in. [default: 10000]"
    ),
]
HalfLife = Annotated[
    float | None,
    typer.Option(
        "--half-life",
        metavar="N",
        help="Documents after which one is half as likely to be among them. [default: 50000]",
    ),
]
MinTopicSize = Annotated[
    int | None,
    typer.Option(
        "--min-topic-size",
        metavar="N",
        help="Documents of the window that make a topic, at least. [default: 30]",
    ),
]
RefitSeed = Annotated[
    int | None,
    typer.Option(
        "--seed", min=0, metavar="N", help="Seed of the sample and of UMAP. [default: 42]"
    ),
]
