"""Whether the state folder can be used, and its snapshots."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from topicstream.stream.errors import SnapshotError
from topicstream.workers.commands.finding import Finding
from topicstream.workers.commands.same_settings import compare
from topicstream.workers.settings import Settings
from topicstream.workers.snapshot_report import SnapshotReport, examine, snapshots_in
from topicstream.workers.wiring import LOG_FILE

_LITTLE_BYTES = 1_000_000_000
_LOOK_S = 6.0


def check_folder(settings: Settings) -> Iterator[Finding]:
    """Yield whether the state folder is there and may be written, or could be made."""
    folder = settings.state
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if _is(path))
    if not existing.is_dir():
        yield _wrong(f"{existing} is no folder; name another with --state")
    elif not os.access(existing, os.W_OK | os.X_OK):
        yield _wrong(
            f"{existing} may not be written by this user; allow it, or name another folder with "
            "--state"
        )
    else:
        yield from _room(folder, existing)


def check_snapshots(settings: Settings) -> Iterator[Finding]:
    """Yield which snapshot a start would use, which are damaged, and whether its settings fit."""
    folders = snapshots_in(settings.state / "snapshots")
    damaged, newest = _newest_sound(folders)
    if newest is not None and newest.id is not None:
        n_documents = newest.meta().get("scalars", {}).get("n_documents", "?")
        text = f"the newest sound one holds batch {newest.id.sequence:,}, {n_documents} documents"
        yield Finding("snapshots", "ok", text)
    elif not folders:
        yield Finding("snapshots", "ok", "none yet: a start replays what the journal says")
    for text in damaged:
        yield Finding("snapshots", "warning", f"{text}; it is passed over: nothing is lost")
    on_kafka = settings.kafka.bootstrap_servers is not None
    if newest is not None and not on_kafka and not (settings.state / LOG_FILE).exists():
        yield from compare(newest.meta().get("scalars", {}).get("settings"), None, settings)


def _newest_sound(folders: list[Path]) -> tuple[list[str], SnapshotReport | None]:
    """Return what is damaged among the first, and the newest sound one."""
    ends, damaged, newest = time.monotonic() + _LOOK_S, [], None
    for folder in folders:
        try:
            report = examine(folder)
        except SnapshotError as error:
            damaged.append(str(error))
            continue
        if report.problems:
            damaged.append(f"{folder.name} is damaged: {'; '.join(report.problems)}")
        elif newest is None:
            newest = report
        if time.monotonic() > ends:
            break
    return damaged, newest


def _room(folder: Path, existing: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(existing).free
    if free < _LITTLE_BYTES:
        text = f"{folder} has {free / 1e6:,.0f} MB of free space left; free some, or move it"
        yield Finding("state", "warning", text)
    elif folder.exists():
        yield Finding("state", "ok", f"{folder} is there and may be written")
    else:
        yield Finding("state", "ok", f"{folder} is not there yet; the first run makes it")


def _is(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return False


def _wrong(text: str) -> Finding:
    return Finding("state", "wrong", text)
