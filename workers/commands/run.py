"""``topicstream run``: the whole service in one process, with a line or bar of progress."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from topicstream.workers import service
from topicstream.workers.settings import Settings

_EVERY_S = 10.0


def run(settings: Settings) -> None:
    """Run the service and print a summary to stderr."""
    console = Console(stderr=True)
    if console.is_terminal:
        done = _with_bar(settings, console)
    else:
        done = service.run(settings, _Lines(console).tell)
    console.print(f"{'stopped' if done.stopped else 'done'}: {_words(done)}", highlight=False)
    console.print(
        f"output in {settings.output}, state in {settings.state}, batch {done.sequence}, "
        f"state hash {done.state_hash}",
        highlight=False,
        soft_wrap=True,
    )


def _with_bar(settings: Settings, console: Console) -> service.Progress:
    columns = (SpinnerColumn(), BarColumn(bar_width=20), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        return service.run(settings, lambda now: bar.update(task, description=_words(now)))


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console, self._last = console, time.monotonic()

    def tell(self, now: service.Progress) -> None:
        if time.monotonic() - self._last >= _EVERY_S:
            self._last = time.monotonic()
            self._console.print(_words(now), highlight=False)


def _words(now: service.Progress) -> str:
    rate = now.n_documents / now.elapsed_s if now.elapsed_s else 0.0
    lag = max(0, now.n_fed - now.n_documents)
    return (
        f"{now.n_documents:,} documents, {rate:,.0f}/s, {now.n_topics} topics, "
        f"{now.n_events} events, lag {lag:,}"
    )
