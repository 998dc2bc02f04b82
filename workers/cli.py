"""The command line: ``topicstream``. Heavy imports wait until a command needs them."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

app = typer.Typer(
    name="topicstream",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Topics over streams of documents, exactly once.",
)

Config = Annotated[Optional[Path], typer.Option(help="TOML file with settings.")]  # noqa: UP045
Text = Optional[str]  # noqa: UP045 - typer reads annotations at run time
Number = Optional[int]  # noqa: UP045


@app.callback()
def _options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show logs.")] = False,
) -> None:
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, stream=sys.stderr)
    # At DEBUG it would log passwords.
    logging.getLogger("kafka").setLevel(logging.WARNING if verbose else logging.CRITICAL)


@app.command()
def run(
    input: Annotated[
        Text,
        typer.Option(
            "--input",
            help="JSONL or CSV, plain or gzipped; - is standard input. "
            "Without it, the documents topic is consumed.",
        ),
    ] = None,
    output: Annotated[
        Text, typer.Option(help="Folder for the answers. [default: topicstream-out]")
    ] = None,
    state: Annotated[
        Text, typer.Option(help="Folder of the state. [default: topicstream-state]")
    ] = None,
    topics: Annotated[Number, typer.Option(help="Number of topics. [default: 50]")] = None,
    batch_size: Annotated[
        Number, typer.Option(help="Documents of one batch. [default: 1000]")
    ] = None,
    embedder: Annotated[
        Text,
        typer.Option(help="static, precomputed, or a model's name or folder. [default: static]"),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Wait for more at the end of the feed.")
    ] = False,
    kafka: Annotated[Text, typer.Option(help="Kafka's address, host:port.")] = None,
    redis: Annotated[Text, typer.Option(help="URL of Redis.")] = None,
    config: Config = None,
) -> None:
    """Play every role in one process: feed in, topics and drift events out."""
    flags: dict[str, Any] = {
        "input": input,
        "output": output,
        "state": state,
        "embedder": embedder,
        "follow": follow or None,
        "model": _given(n_topics=topics),
        "batch": _given(size=batch_size),
        "kafka": _given(bootstrap_servers=kafka),
        "redis": _given(url=redis),
    }
    from topicstream.workers.settings import load

    settings = load({name: value for name, value in flags.items() if value}, config)
    from topicstream.workers.commands.run import run as run_service

    run_service(settings)


@app.command()
def produce(
    feed: str, follow: bool = False, kafka: Text = None, state: Text = None, config: Config = None
) -> None:
    """Put FEED on the documents topic, each record once."""
    from topicstream.workers.settings import load

    flags = {"follow": follow or None, "state": state, "kafka": _given(bootstrap_servers=kafka)}
    settings = load({name: value for name, value in flags.items() if value}, config)
    from topicstream.workers.commands import roles

    roles.produce(settings, feed)


@app.command()
def worker(
    role: str, kafka: Text = None, redis: Text = None, state: Text = None, config: Config = None
) -> None:
    """Play one role: embed or model."""
    from topicstream.workers.settings import SettingsError, load

    if role not in {"embed", "model"}:
        raise SettingsError(f"role is {role!r}; allowed are embed and model")
    flags = {"state": state, "kafka": _given(bootstrap_servers=kafka), "redis": _given(url=redis)}
    settings = load({name: value for name, value in flags.items() if value}, config)
    from topicstream.workers.commands import roles

    (roles.embed if role == "embed" else roles.model)(settings)


@app.command()
def simulate(out: Path, documents: int = 12_000, seed: int = 7) -> None:
    """Write the demo feed to OUT.jsonl, and what is true about it beside it."""
    from topicstream.workers.commands.simulate import write

    write(out, documents, seed)


@app.command()
def topics(state: Text = None, kafka: Text = None, config: Config = None) -> None:
    """Show the topics, one JSON line each."""
    _show("topics", state, kafka, config)


@app.command()
def events(
    follow: bool = False, state: Text = None, kafka: Text = None, config: Config = None
) -> None:
    """Show the drift events, one JSON line each."""
    _show("drift", state, kafka, config, follow=follow)


@app.command()
def inspect(snapshot: Path) -> None:
    """Show what SNAPSHOT, a folder, holds."""
    from topicstream.workers.commands import show

    show.inspect(snapshot)


def _show(
    name: str, state: str | None, kafka: str | None, config: Path | None, *, follow: bool = False
) -> None:
    from topicstream.workers.settings import load

    flags = {"state": state, "kafka": _given(bootstrap_servers=kafka)}
    settings = load({key: value for key, value in flags.items() if value}, config)
    from topicstream.workers.commands import show

    show.records(settings, name, follow=follow)


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def main() -> None:
    """Run the command line; what is expected to go wrong ends with a message and a code."""
    # BLAS is single-threaded for the same bits everywhere; read when numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from topicstream.stream import failpoints
    from topicstream.stream.errors import FencedError, StreamError

    try:
        failpoints.configure(os.environ.get("TOPICSTREAM_FAILPOINT"))
        app()
    except FencedError as error:
        _fail(error, 75)
    except StreamError as error:
        _fail(error, 70)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        _fail(error, 1)
    except ValueError as error:
        _fail(error, 78 if type(error).__name__ in {"SettingsError", "EmbedderError"} else 1)
    except Exception as error:  # noqa: BLE001 - the boundary of the process
        _fail(error, 70)


def _fail(error: BaseException, code: int) -> None:
    if logging.getLogger().isEnabledFor(logging.INFO):
        logging.getLogger(__name__).info("ended by", exc_info=error)
    sys.stderr.write(f"topicstream: {error}\n")
    sys.exit(code)
