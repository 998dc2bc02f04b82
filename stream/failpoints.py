"""Places where a test may break the process, named as in docs/explanation/delivery.md.

``TOPICSTREAM_FAILPOINT="after_flush:kill@seq=17"`` kills the process with SIGKILL the first time it
passes ``after_flush`` with ``seq`` 17. Actions are ``kill``, ``exit``, ``raise``, ``stop``
(SIGSTOP), ``sleep``, which takes seconds: ``in_commit:sleep=0.5``, and ``kill_in``, which goes on
and is killed so many seconds later. ``@seq=`` may be left out; ``@hit=3`` means the third pass.
Several are separated by commas.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


class FailpointError(RuntimeError):
    """Raised by a failpoint that was told to raise."""


@dataclass(slots=True)
class Failpoint:
    """One place, what happens there, and when."""

    name: str
    action: str
    argument: float
    sequence: int | None
    hit: int
    n_hits: int = 0


_active: dict[str, list[Failpoint]] = {}
_sequence: ContextVar[int | None] = ContextVar("sequence", default=None)


def configure(specification: str | None) -> None:
    """Switch on the failpoints that `specification` names, and all others off.

    Parameters
    ----------
    specification
        As in the module's description; empty or None switches all off.

    Raises
    ------
    ValueError
        The specification cannot be read.

    Examples
    --------
    >>> configure("after_update:raise@seq=2")
    >>> hit("after_update", sequence=1)
    >>> hit("after_update", sequence=2)
    Traceback (most recent call last):
    topicstream.stream.failpoints.FailpointError: failpoint after_update, as asked for
    >>> configure(None)

    """
    _active.clear()
    for part in filter(None, (specification or "").split(",")):
        point = _parse(part.strip())
        _active.setdefault(point.name, []).append(point)


def _parse(part: str) -> Failpoint:
    head, _, condition = part.partition("@")
    name, _, action = head.partition(":")
    action, _, argument = action.partition("=")
    kind, _, number = condition.partition("=")
    if not name or action not in _ACTIONS or kind not in {"", "seq", "hit"}:
        raise ValueError(
            f"cannot read failpoint {part!r}; write it like after_flush:kill@seq=17, with one of "
            f"{', '.join(_ACTIONS)} as the action and seq or hit as the condition"
        )
    return Failpoint(
        name,
        action,
        float(argument or 1.0),
        sequence=int(number) if kind == "seq" else None,
        hit=int(number) if kind == "hit" else 1,
    )


def hit(name: str, sequence: int | None = None) -> None:
    """Do what was configured for the place called `name`; usually nothing."""
    if not _active:
        return
    sequence = _sequence.get() if sequence is None else sequence
    for point in _active.get(name, ()):
        if point.sequence is not None and point.sequence != sequence:
            continue
        point.n_hits += 1
        if point.n_hits == point.hit or (point.sequence is not None and point.n_hits == 1):
            _ACTIONS[point.action](point)


@contextmanager
def during(sequence: int) -> Iterator[None]:
    """Give `sequence` to the places that are passed inside and know none of their own.

    Examples
    --------
    >>> configure("after_flush:raise@seq=2")
    >>> with during(1):
    ...     hit("after_flush")
    >>> with during(2):
    ...     hit("after_flush")
    Traceback (most recent call last):
    topicstream.stream.failpoints.FailpointError: failpoint after_flush, as asked for
    >>> configure(None)

    """
    token = _sequence.set(sequence)
    try:
        yield
    finally:
        _sequence.reset(token)


def _kill(_: Failpoint) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_in(point: Failpoint) -> None:
    timer = threading.Timer(point.argument, _kill, (point,))
    timer.daemon = True
    timer.start()


def _stop(_: Failpoint) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _exit(_: Failpoint) -> None:
    os._exit(70)


def _raise(point: Failpoint) -> None:
    raise FailpointError(f"failpoint {point.name}, as asked for")


def _sleep(point: Failpoint) -> None:
    time.sleep(point.argument)


_ACTIONS = {
    "kill": _kill,
    "kill_in": _kill_in,
    "stop": _stop,
    "exit": _exit,
    "raise": _raise,
    "sleep": _sleep,
}
