"""How long it takes until something happens: the command line, the model, the first vector.

Each is a process of its own, started warm: a first start that fills the caches does not count.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from benchmarks.options import parser
from benchmarks.report import Report, Row, say

FIRST_EMBED = (
    "from topicstream.model.backend.select import select_embedder; "
    "select_embedder('static').embed(['rain and wind over the harbour'])"
)
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "topicstream --help": ["-m", "topicstream.workers", "--help"],
    "topicstream run --help": ["-m", "topicstream.workers", "run", "--help"],
    "import BERTopic": ["-c", "from topicstream.model import BERTopic"],
    "import topicstream.model.online": ["-c", "import topicstream.model.online"],
    "first embed, static": ["-c", FIRST_EMBED],
}
BUDGETS = {"topicstream --help": 0.5, "import BERTopic": 1.5}


def measure(name: str, words: list[str], n: int) -> Row:
    """Return the time of one command, the median of `n` starts."""
    say(f"{name} ...")
    _timed(words)
    seconds = [_timed(words) for _ in range(n)]
    return {
        "what": name,
        "seconds, median": statistics.median(seconds),
        "fastest": min(seconds),
        "slowest": max(seconds),
        "starts": n,
    }


def _timed(words: list[str]) -> float:
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *words],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | one_thread,
    )
    return time.perf_counter() - began


def main() -> None:
    """Measure every start."""
    arguments = parser(__doc__).parse_args()
    report = Report("startup", quick=arguments.quick)
    n = 3 if arguments.quick else 7
    rows = [measure(name, words, n) for name, words in COMMANDS.items()]
    report.table("Start-up, warm", rows)
    seconds = {str(row["what"]): row["seconds, median"] for row in rows}
    for name, bound in BUDGETS.items():
        found = seconds[name]
        report.at_most(f"{name}, s", bound, found if isinstance(found, float) else None)
    report.write()


if __name__ == "__main__":
    main()
