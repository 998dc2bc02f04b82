"""Two processes that learn from the same batches in turn, so that both meet the same machine.

The parent sends "start stop"; the child learns from those documents, and answers how many seconds
it took, by the clock and of CPU. At the end of its input the child writes the topics that it gave.
This module and the children's own need numpy only: bertopic's environment has no topicstream.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)

Fit = Callable[[list[str], NDArray[Any]], NDArray[Any]]
"""Learns from texts and vectors, and returns their topics."""


@dataclass(slots=True)
class Contestant:
    """One child process.

    Parameters
    ----------
    name
        Name of its module.
    python
        The interpreter it runs in.
    texts, vectors
        Files with the documents.
    n_topics
        Topics that it looks for.
    n_threads
        Threads that its libraries may use.

    """

    name: str
    python: Path
    texts: Path
    vectors: Path
    n_topics: int
    n_threads: int = 1
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[str] | None = None

    def start(self, found: Path) -> None:
        """Start it, and return when it is ready; it will write its topics to `found`."""
        words = [str(self.python), "-m", f"benchmarks.{self.name}"]
        words += [str(self.texts), str(self.vectors), str(found), str(self.n_topics)]
        pipe = subprocess.PIPE
        environment = os.environ | dict.fromkeys(THREADS, str(self.n_threads))
        self._process = subprocess.Popen(
            words, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True
        )
        self.about = json.loads(self._answer())

    def step(self, start: int, stop: int) -> None:
        """Let it learn from documents `start` to `stop`."""
        if self._process is None or self._process.stdin is None:
            raise RuntimeError(f"{self.name} was not started")
        self._process.stdin.write(f"{start} {stop}\n")
        self._process.stdin.flush()
        seconds, cpu_seconds = map(float, self._answer().split())
        self.seconds.append(seconds)
        self.cpu_seconds.append(cpu_seconds)

    def finish(self) -> None:
        """Let it write its topics and end."""
        if self._process is not None:
            self._process.communicate(timeout=60)

    def _answer(self) -> str:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError(f"{self.name} was not started")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with {self._process.wait()}; see above")
        return line


def serve(make: Callable[[int], Fit], dtype: type[np.floating[Any]], about: dict[str, str]) -> None:
    """Be the child: answer every batch, and write the topics at the end."""
    texts_file, vectors_file, found, n_topics = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    texts: list[str] = json.loads(Path(texts_file).read_text(encoding="utf-8"))
    vectors = np.load(vectors_file).astype(dtype)
    fit = make(int(n_topics))
    answers.write(json.dumps(about) + "\n")
    topics: list[NDArray[Any]] = []
    for line in sys.stdin:
        start, stop = map(int, line.split())
        part = (texts[start:stop], vectors[start:stop])
        began, cpu = time.perf_counter(), time.process_time()
        topics.append(fit(*part))
        answers.write(f"{time.perf_counter() - began} {time.process_time() - cpu}\n")
    np.save(found, np.concatenate(topics))
