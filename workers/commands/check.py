"""``topicstream check``: what is wrong with each part of a service, and what to do.

Every part is looked at in a thread of its own, so that a broker that does not answer costs its
time once, and never more than `DEADLINE_S`. Nothing is made or changed.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from topicstream.workers import failures
from topicstream.workers.commands.finding import Finding
from topicstream.workers.errors import SettingsError
from topicstream.workers.settings import Settings, load

DEADLINE_S = 8.0

Check = Callable[[Settings], Iterable[Finding]]
_STYLES = {"ok": "green", "warning": "yellow", "wrong": "bold red"}


def check(flags: Mapping[str, Any], config: Path | None, *, as_json: bool = False) -> int:
    """Write one line for each part, and return the exit code.

    Parameters
    ----------
    flags, config
        Where the settings come from, as `load` takes them.
    as_json
        Write one JSON object for each part.

    """
    found = []
    for finding in _findings(flags, config):
        _show(finding, as_json=as_json)
        found.append(finding)
    return _exit_code(found)


def _exit_code(found: Sequence[Finding]) -> int:
    wrong = [finding for finding in found if finding.level == "wrong"]
    if any(finding.is_setting for finding in wrong):
        return failures.SETTINGS
    return failures.FAILED if wrong else 0


def _findings(flags: Mapping[str, Any], config: Path | None) -> Iterator[Finding]:
    ends = time.monotonic() + DEADLINE_S
    try:
        settings = load(flags, config)
    except SettingsError as error:
        for line in str(error).splitlines():
            yield Finding("settings", "wrong", line, is_setting=True)
        yield Finding("others", "warning", "not looked at: they need sound settings")
        return
    parts = _parts(settings)
    # What importing took is not for the others to make up for.
    yield from _in_parallel(settings, parts, max(ends, time.monotonic() + DEADLINE_S / 2))


def _parts(settings: Settings) -> dict[str, Check]:
    # Imported here: a wrong setting is told without them.
    from topicstream.workers.commands import check_log, check_redis, check_settings, check_state

    parts: dict[str, Check] = {
        "settings": check_settings.check_settings,
        "embedder": check_settings.check_embedder,
        "state": check_state.check_folder,
    }
    if settings.kafka.bootstrap_servers is None:
        parts["log"] = check_log.check_log
    else:
        from topicstream.workers.commands import check_kafka

        parts["broker"] = check_kafka.check_kafka
    return parts | {"redis": check_redis.check_redis, "snapshots": check_state.check_snapshots}


def _in_parallel(
    settings: Settings, parts: Mapping[str, Check], deadline: float
) -> Iterator[Finding]:
    answers: dict[str, queue.SimpleQueue[list[Finding]]] = {}
    for part, look in parts.items():
        answers[part] = queue.SimpleQueue()
        arguments = (part, look, settings, answers[part])
        threading.Thread(target=_answer, args=arguments, daemon=True).start()
    for part, answer in answers.items():
        try:
            yield from answer.get(timeout=max(0.1, deadline - time.monotonic()))
        except queue.Empty:
            text = "no answer in time; check the network and the address"
            yield Finding(part, "wrong", text)


def _answer(
    part: str, look: Check, settings: Settings, answer: queue.SimpleQueue[list[Finding]]
) -> None:
    found = []
    try:
        for finding in look(settings):
            found.append(finding)  # noqa: PERF402 - those before an error count as well
    except Exception as error:  # noqa: BLE001 - one part that fails must not hide the others
        is_setting = failures.exit_code(error) == failures.SETTINGS
        found.append(Finding(part, "wrong", failures.message(error), is_setting))
    answer.put(found)


def _show(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(asdict(finding)) + b"\n")
        sys.stdout.buffer.flush()
        return
    level = Text(f"{finding.level:8}", style=_STYLES[finding.level])
    text = " ".join(finding.text.split())
    line = Text.assemble(level, f"{finding.part:10}", text)
    Console(highlight=False).print(line, soft_wrap=True)
