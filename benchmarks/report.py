"""Prints a table, and writes what was measured beside the machine and the versions it was on."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("topicstream", "numpy", "scipy", "scikit-learn", "polars", "kafka-python", "redis")


def report(name: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Show `rows` and write them to results/<name>.json."""
    table = Table(*rows[0], title=name)
    for row in rows:
        table.add_row(*(f"{v:,.3f}" if isinstance(v, float) else str(v) for v in row.values()))
    Console().print(table)
    RESULTS.mkdir(exist_ok=True)
    content = {
        "benchmark": name,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "versions": {package: version(package) for package in PACKAGES},
        "rows": list(rows),
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
