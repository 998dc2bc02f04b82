"""How far a command has come: a bar at a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

_LINE_EVERY_S = 10.0
_WINDOW_S = 10.0


class Display:
    """Shows words and a share on standard error while it is entered.

    Parameters
    ----------
    console
        Where to show them; a terminal gets a bar, anything else a line every ten seconds.

    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        if console.is_terminal:
            columns = (
                SpinnerColumn(),
                BarColumn(bar_width=20),
                TaskProgressColumn(),
                TextColumn("{task.description}", markup=False),
            )
            self._bar = Progress(*columns, console=console, transient=True)
            self._task = self._bar.add_task("starting", total=None)
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, words: str, n_done: int = 0, n_total: int | None = None) -> None:
        """Show `words`, and how much is done where the whole is known."""
        if self._bar is not None:
            self._bar.update(self._task, description=words, completed=n_done, total=n_total)
        elif time.monotonic() - self._last >= _LINE_EVERY_S:
            self._last = time.monotonic()
            share = f"{n_done / n_total:.0%}, " if n_total else ""
            self.say(share + words)

    def say(self, words: str) -> None:
        """Print a line that stays."""
        self._console.print(words, highlight=False, markup=False, soft_wrap=True)


class Rate:
    """Counts per second over the last ten seconds.

    Examples
    --------
    >>> rate = Rate()
    >>> rate.at(0, now_s=0.0), rate.at(500, now_s=1.0), rate.at(600, now_s=2.0)
    (0.0, 500.0, 300.0)

    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def at(self, n: int, now_s: float) -> float:
        """Return the rate when the count is `n` at `now_s` seconds."""
        self._seen.append((now_s, n))
        while now_s - self._seen[0][0] > _WINDOW_S:
            self._seen.popleft()
        began_s, before = self._seen[0]
        return (n - before) / (now_s - began_s) if now_s > began_s else 0.0
