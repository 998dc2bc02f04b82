"""Prints tables, and writes what was measured beside the machine and the versions it was on."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
CACHE = ROOT / "benchmarks" / ".cache"
PACKAGES = (
    "topicstream",
    "numpy",
    "scipy",
    "scikit-learn",
    "polars",
    "river",
    "tokenizers",
    "kafka-python",
    "redis",
)

Row = Mapping[str, object]


class Report:
    """What one benchmark found: tables, budgets and remarks, shown as they come.

    Parameters
    ----------
    name
        Name of the benchmark, and of the file in results/.
    quick
        Whether this was only a try: then nothing is written to results/.

    """

    def __init__(self, name: str, *, quick: bool) -> None:
        self.name = name
        self._path = (CACHE / "quick" if quick else RESULTS) / f"{name}.json"
        self._quick = quick
        self._console = Console(width=None if sys.stdout.isatty() else 150)
        self._versions = {package: _version(package) for package in PACKAGES}
        self._load = os.getloadavg()[0]
        self._tables: dict[str, list[Row]] = {}
        self._budgets: list[Row] = []
        self._notes: list[str] = []

    def table(self, title: str, rows: Sequence[Row]) -> None:
        """Show `rows`, which have the same keys, and keep them."""
        if not rows:
            return
        self._tables[title] = list(rows)
        self._show(title, rows)

    def _show(self, title: str, rows: Sequence[Row]) -> None:
        table = Table(title=title, title_justify="left")
        for name, value in rows[0].items():
            table.add_column(name, justify="left" if isinstance(value, str) else "right")
        for row in rows:
            table.add_row(*(_cell(value) for value in row.values()))
        self._console.print(table)

    def at_least(self, what: str, bound: float, measured: float | None) -> None:
        """Hold a figure against a budget that it has to reach."""
        self._budget(what, f">= {bound:,g}", measured, met=measured is None or measured >= bound)

    def at_most(self, what: str, bound: float, measured: float | None) -> None:
        """Hold a figure against a budget that it must not exceed."""
        self._budget(what, f"<= {bound:,g}", measured, met=measured is None or measured <= bound)

    def _budget(self, what: str, bound: str, measured: float | None, *, met: bool) -> None:
        verdict = "not measured" if measured is None else "met" if met else "MISSED"
        row = {"what": what, "budget": bound, "measured": measured, "verdict": verdict}
        self._budgets.append(row)

    def note(self, text: str) -> None:
        """Say something that a reader of the figures has to know."""
        self._notes.append(text)
        say(f"note: {text}")

    def versions(self, more: Mapping[str, str]) -> None:
        """Add versions of packages outside this environment."""
        self._versions |= dict(more)

    def write(self) -> None:
        """Show the verdict on the budgets, and write everything."""
        if self._budgets:
            self._show(f"{self.name}: budgets", self._budgets)
        content = {
            "benchmark": self.name,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": " ".join([Path(sys.executable).name, *sys.orig_argv[1:]]),
            "commit": _commit(),
            "machine": machine() | {"load before": round(self._load, 2)},
            "versions": self._versions,
            "quick": self._quick,
            "notes": self._notes,
            "budgets": self._budgets,
            "tables": self._tables,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        say(f"written to {self._path.relative_to(ROOT)}")


def say(text: str, *, end: str = "\n") -> None:
    """Tell on standard error how far things are."""
    if end == "\r" and not sys.stderr.isatty():
        return
    sys.stderr.write(text + end)
    sys.stderr.flush()


def machine() -> dict[str, object]:
    """Return what the figures depend on of this machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    n_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": usable,
        "memory GiB": round(n_bytes / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    try:
        commit = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + (" with changes" if changed else "")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True, text=True)
    return done.stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
