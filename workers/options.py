"""Options that several commands have, each with its help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Role(StrEnum):
    """What `topicstream worker` can be."""

    embed = "embed"
    model = "model"


Feed = Annotated[
    str,
    typer.Argument(
        metavar="FEED",
        help="JSONL or CSV, plain or gzipped; - is standard input.",
    ),
]
Input = Annotated[
    str | None,
    typer.Option(
        "--input",
        metavar="FEED",
        help="JSONL or CSV, plain or gzipped; - is standard input. Without it, the documents "
        "topic is consumed until a signal comes.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        metavar="DIR",
        help="Folder for assignments.jsonl, drift.jsonl, deadletter.jsonl and topics.json. "
        "[default: topicstream-out]",
    ),
]
State = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Folder of the log and the snapshots; with the same one, a run continues where the "
        "last one stopped. [default: topicstream-state]",
    ),
]
Topics = Annotated[
    int | None,
    typer.Option(
        "--topics",
        metavar="K",
        help="Topics at most, 2 or more; fixed once a state exists. [default: 50]",
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        "--batch-size",
        metavar="N",
        help="Documents in a batch of the model: larger is faster, smaller answers sooner. "
        "[default: 1000]",
    ),
]
Embedder = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        metavar="NAME",
        help="static (fast, offline), precomputed or precomputed:WIDTH (documents bring their "
        "'embedding'), or a sentence-transformers model, by name or folder; fixed once a state "
        "exists. [default: static]",
    ),
]
Follow = Annotated[
    bool, typer.Option("--follow", help="At the end of the feed, wait for more until a signal.")
]
StartFrom = Annotated[
    str | None,
    typer.Option(
        "--start-from",
        metavar="MODEL",
        help="Begin with the topics of this model, ids and names included: a folder that "
        "BERTopic.save wrote, ours or bertopic's, or a snapshot. Only for a new state.",
    ),
]
Kafka = Annotated[
    str | None,
    typer.Option(
        "--kafka",
        metavar="HOST:PORT",
        help="Use this Kafka instead of the embedded log; several brokers with commas. TLS and "
        "SASL are settings.",
    ),
]
Redis = Annotated[
    str | None,
    typer.Option(
        "--redis",
        metavar="URL",
        help="Publish the model there, such as redis://localhost:6379/0. A password is safer in "
        "TOPICSTREAM_REDIS__PASSWORD or a file.",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE.toml",
        help="Settings in TOML; flags and TOPICSTREAM_* variables win over it.",
    ),
]
ShownState = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Read the state in this folder, running or stopped; nothing is made there. "
        "[default: topicstream-state]",
    ),
]
ShownKafka = Annotated[
    str | None, typer.Option("--kafka", metavar="HOST:PORT", help="Read from this Kafka.")
]
ShownRedis = Annotated[
    str | None,
    typer.Option("--redis", metavar="URL", help="Read the model that is published there."),
]
SnapshotFolder = Annotated[
    Path,
    typer.Argument(
        metavar="SNAPSHOT", help="Folder of one snapshot, such as state/snapshots/000...-ab12."
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Write JSON lines, as always when the output is no terminal."),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, metavar="N", help="The same seed gives the same feed.")
]
