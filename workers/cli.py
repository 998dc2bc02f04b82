"""The command line: ``topicstream``. Heavy imports wait until a command needs them."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicstream.workers.options import (
    AsJson,
    BatchSize,
    Config,
    Embedder,
    Feed,
    Follow,
    Input,
    Kafka,
    Output,
    Redis,
    Role,
    Seed,
    ShownKafka,
    ShownRedis,
    ShownState,
    SnapshotFolder,
    StartFrom,
    State,
    Topics,
)
from topicstream.workers.refit_options import HalfLife, MinTopicSize, RefitSeed, Window
from topicstream.workers.timeline_options import BinWidth, Format, OneTopic, Since, Until

if TYPE_CHECKING:
    from topicstream.workers.settings import Settings
    from topicstream.workers.sources import Source

app = typer.Typer(
    name="topicstream",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes half as long again as all the rest of --help
    help="Topics over streams of documents: each gets a topic when it arrives, exactly once.",
    epilog="Exit codes: 0 done, 1 failed, 2 used wrongly, 65 bad feed, 70 log, broker, Redis or "
    "snapshot, 73 bad output folder, 75 another process took over, 78 a setting is wrong, "
    "130 interrupted.",
)


def _show_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"topicstream {version('topicstream')}")
        raise typer.Exit


@app.callback()
def _options(
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Show logs, and where an error comes from."),
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    del version
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, stream=sys.stderr)
    # At DEBUG it would log passwords.
    logging.getLogger("kafka").setLevel(logging.WARNING if verbose else logging.CRITICAL)


@app.command()
def run(
    input: Input = None,
    output: Output = None,
    state: State = None,
    topics: Topics = None,
    batch_size: BatchSize = None,
    embedder: Embedder = None,
    follow: Follow = False,
    start_from: StartFrom = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: Config = None,
) -> None:
    """Play every role in one process: from a feed to its topics.

    Each accepted document gets one line in DIR/assignments.jsonl. Run again with the same --state,
    and it goes on after the last document. An interrupt (Ctrl-C, SIGTERM) stops after the batch at
    hand, a second one at once; nothing is lost either way.

    \b
    For example:
        topicstream run --input feed.jsonl.gz --output out --state state
        zcat feed.jsonl.gz | topicstream run --input - --topics 30
        topicstream run --kafka localhost:9092 --redis redis://localhost:6379/0
        topicstream run --input feed.jsonl.gz --start-from my_bertopic --embedder all-MiniLM-L6-v2
    """  # noqa: D301 - \b keeps lines as they are
    from topicstream.workers.commands.run import run as run_service

    flags = _flags(
        state=state, topics=topics, batch_size=batch_size, embedder=embedder, kafka=kafka,
        redis=redis, input=input, output=output, follow=follow or None, start_from=start_from,
    )  # fmt: skip
    run_service(_load(flags, config))


@app.command()
def produce(
    feed: Feed,
    follow: Follow = False,
    state: State = None,
    kafka: Kafka = None,
    config: Config = None,
) -> None:
    """Put FEED on the documents topic, each record once.

    How far it has come is committed with the documents: after an interrupt the same command goes
    on where it stopped, and a feed that has grown is taken from there on.

    \b
    For example:
        topicstream produce feed.jsonl --kafka localhost:9092
        tail -n +1 -f app.jsonl | topicstream produce - --kafka localhost:9092
    """  # noqa: D301 - \b keeps lines as they are
    from topicstream.workers.commands import roles

    flags = _flags(state=state, kafka=kafka, follow=follow or None)
    roles.produce(_load(flags, config), feed)


@app.command()
def worker(
    role: Annotated[
        Role,
        typer.Argument(
            help="embed turns documents into vectors, and any number may run; model holds the "
            "topics, and a second one shuts out the first."
        ),
    ],
    state: State = None,
    topics: Topics = None,
    batch_size: BatchSize = None,
    embedder: Embedder = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: Config = None,
) -> None:
    """Play one role until a signal comes: embed or model.

    \b
    For example:
        topicstream worker embed --kafka localhost:9092
        topicstream worker model --kafka localhost:9092 --state state
    """  # noqa: D301 - \b keeps lines as they are
    from topicstream.workers.commands import roles

    flags = _flags(
        state=state, topics=topics, batch_size=batch_size, embedder=embedder, kafka=kafka,
        redis=redis,
    )  # fmt: skip
    settings = _load(flags, config)
    (roles.embed if role is Role.embed else roles.model)(settings)


@app.command()
def topics(
    state: ShownState = None,
    kafka: ShownKafka = None,
    redis: ShownRedis = None,
    json: AsJson = False,
    config: Config = None,
) -> None:
    """Show the topics of a running or stopped service.

    The largest first: a table on a terminal, JSON lines elsewhere. Without a flag, Kafka is read
    where the settings name one, and the state folder otherwise.

    \b
    For example:
        topicstream topics --state state
        topicstream topics --redis redis://localhost:6379/0 --json | jq .label
    """  # noqa: D301 - \b keeps lines as they are
    from topicstream.workers.commands import show

    source = _one_of(state=state, kafka=kafka, redis=redis)
    settings = _load(_flags(state=state, kafka=kafka, redis=redis), config)
    show.topics(settings, source, as_json=json)


@app.command()
def events(
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with each event as it comes, until Ctrl-C.")
    ] = False,
    state: ShownState = None,
    kafka: ShownKafka = None,
    redis: Annotated[
        str | None,
        typer.Option("--redis", metavar="URL", help="Not possible: Redis holds no events."),
    ] = None,
    json: AsJson = False,
    config: Config = None,
) -> None:
    """Show the drift events of a running or stopped service.

    The oldest first: a table on a terminal, JSON lines elsewhere. Without a flag, Kafka is read
    where the settings name one, and the state folder otherwise.

    \b
    For example:
        topicstream events --state state
        topicstream events --kafka localhost:9092 --follow
    """  # noqa: D301 - \b keeps lines as they are
    from topicstream.workers.commands import show

    source = _one_of(state=state, kafka=kafka, redis=redis)
    if source == "redis":
        raise typer.BadParameter(
            "Redis holds the model and no drift events; read them with --state DIR or "
            "--kafka HOST:PORT",
            param_hint="--redis",
        )
    settings = _load(_flags(state=state, kafka=kafka), config)
    show.events(settings, source, follow=follow, as_json=json)


@app.command()
def timeline(
    topic: OneTopic = None,
    since: Since = None,
    until: Until = None,
    bin_width: BinWidth = None,
    form: Format = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write there; a name that ends in .csv, .json, .html or .txt tells the format.",
        ),
    ] = None,
    state: ShownState = None,
    kafka: Annotated[
        str | None,
        typer.Option("--kafka", metavar="HOST:PORT", help="Not possible: Kafka holds no model."),
    ] = None,
    redis: ShownRedis = None,
    config: Config = None,
) -> None:
    """Show topics over time, from the newest snapshot and without documents.

    A table on a terminal, JSON lines elsewhere. Times are those of the documents, in UTC; the
    older they are, the wider the bins that are kept of them.

    \b
    For example:
        topicstream timeline --state state
        topicstream timeline --state state --output topics.html
        topicstream timeline --topic 3 --topic 7 --from 2026-01-01 --bin 1d --format csv
    """  # noqa: D301 - \b keeps lines as they are
    from topicstream.workers.commands import timeline as command

    if kafka is not None:
        raise typer.BadParameter(
            "Kafka holds topics and events, but no timeline; read it with --state DIR or "
            "--redis URL",
            param_hint="--kafka",
        )
    source = _one_of(state=state, kafka=None, redis=redis)
    settings = _load(_flags(state=state, redis=redis), config)
    wanted = command.Wanted(tuple(topic) if topic else None, since, until, bin_width)
    command.timeline(settings, source, wanted, form=form, output=output)


@app.command()
def refit(
    window: Window = None,
    half_life: HalfLife = None,
    min_topic_size: MinTopicSize = None,
    seed: RefitSeed = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and post nothing.")
    ] = False,
    state: State = None,
    kafka: Kafka = None,
    config: Config = None,
) -> None:
    """Find the topics anew with UMAP and HDBSCAN, for a running or stopped service.

    Topics that go on keep their ids. The service takes the refit between two batches, or refuses
    it and says why; one that is stopped does so when it starts again. With Kafka, run it where the
    model worker's state folder is.

    \b
    For example:
        topicstream refit --state state --dry-run
        topicstream refit --state state --window 20000 --half-life 10000
    """  # noqa: D301 - \b keeps lines as they are
    from topicstream.workers.commands.refit import refit as refit_topics
    from topicstream.workers.refit_fit import NICENESS

    os.nice(NICENESS)  # the service beside it answers first
    flags = _flags(
        state=state, kafka=kafka,
        refit=_given(window=window, half_life=half_life, min_topic_size=min_topic_size, seed=seed),
    )  # fmt: skip
    refit_topics(_load(flags, config), dry_run=dry_run)


@app.command()
def inspect(
    snapshot: SnapshotFolder,
    json: Annotated[
        bool, typer.Option("--json", help="Write the snapshot's meta.json as it is.")
    ] = False,
) -> None:
    """Show what SNAPSHOT holds, and whether it is sound.

    \b
    For example:
        topicstream inspect state/snapshots/00000000000000000047-0-3f2a9c01b7de
    """  # noqa: D301 - \b keeps lines as they are
    from topicstream.workers.commands.inspect import inspect as inspect_snapshot

    inspect_snapshot(snapshot, as_json=json)


@app.command()
def simulate(
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT.jsonl", help="File to write, replaced if it is there; .gz compresses it."
        ),
    ],
    documents: Annotated[
        int, typer.Option("--documents", min=1, metavar="N", help="Length of the feed.")
    ] = 12_000,
    seed: Seed = 7,
) -> None:
    """Write the demo's feed, and its scheduled changes beside it.

    Topics are born, shift and vanish at known places, which OUT.truth.json tells: good for
    trying settings.

    \b
    For example:
        topicstream simulate feed.jsonl --documents 5000
    """  # noqa: D301 - \b keeps lines as they are
    from topicstream.workers.commands.simulate import write

    write(out, documents, seed)


@app.command()
def demo(
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            metavar="DIR",
            help="Folder for feed, state, results and page; an earlier demo there is replaced.",
        ),
    ] = Path("demo"),
    documents: Annotated[
        int, typer.Option("--documents", min=1, metavar="N", help="Length of the feed.")
    ] = 24_000,
    seed: Seed = 7,
) -> None:
    """Run the service over a simulated feed, and show what it found.

    At the end: the topics, the changes beside the events that tell of them, and the path of an
    HTML page with topics over time.

    \b
    For example:
        topicstream demo --output demo
    """  # noqa: D301 - \b keeps lines as they are
    from topicstream.workers.commands.demo import demo as run_demo

    run_demo(output, n_documents=documents, seed=seed)


@app.command()
def check(
    state: State = None,
    topics: Topics = None,
    batch_size: BatchSize = None,
    embedder: Embedder = None,
    kafka: Kafka = None,
    redis: Redis = None,
    json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object for each part.")
    ] = False,
    config: Config = None,
) -> None:
    """Tell what is wrong, part by part, and what to do.

    Settings, embedder, state, broker, Redis and snapshots; give it the flags that run gets.
    Nothing is made or changed anywhere. It ends with 0 when nothing is wrong, with 78 when a
    setting is, and with 1 otherwise.

    \b
    For example:
        topicstream check --kafka localhost:9092 --redis redis://localhost:6379/0
    """  # noqa: D301 - \b keeps lines as they are
    from topicstream.workers.commands.check import check as check_all

    flags = _flags(
        state=state, topics=topics, batch_size=batch_size, embedder=embedder, kafka=kafka,
        redis=redis,
    )  # fmt: skip
    raise typer.Exit(check_all(flags, config, as_json=json))


def _flags(
    *,
    topics: int | None = None,
    batch_size: int | None = None,
    kafka: str | None = None,
    redis: str | None = None,
    **plain: object,
) -> dict[str, Any]:
    """Return what was given, nested like the settings."""
    flags = {
        **plain,
        "model": _given(n_topics=topics),
        "batch": _given(size=batch_size),
        "kafka": _given(bootstrap_servers=kafka),
        "redis": _given(url=redis),
    }
    return {name: value for name, value in flags.items() if value not in (None, {})}


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _load(flags: dict[str, Any], config: Path | None) -> Settings:
    from topicstream.workers.settings import load

    return load(flags, config)


def _one_of(*, state: str | None, kafka: str | None, redis: str | None) -> Source | None:
    sources: dict[Source, str | None] = {"state": state, "kafka": kafka, "redis": redis}
    given = [name for name, value in sources.items() if value is not None]
    if len(given) > 1:
        flags = " and ".join(f"--{name}" for name in given)
        raise typer.BadParameter(f"{flags} are both given; give the one to read from")
    return given[0] if given else None


def main() -> None:
    """Run the command line; what is expected to go wrong ends with a message and a code."""
    # BLAS is single-threaded for the same bits everywhere; read when numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        _set_failpoints()
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the boundary of the process
        from topicstream.workers import failures

        failures.tell(error)
        sys.exit(failures.exit_code(error))


def _set_failpoints() -> None:
    from topicstream.stream import failpoints
    from topicstream.workers.errors import SettingsError

    try:
        failpoints.configure(os.environ.get("TOPICSTREAM_FAILPOINT"))
    except ValueError as error:
        raise SettingsError(f"TOPICSTREAM_FAILPOINT: {error}") from error
