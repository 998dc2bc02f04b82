"""The library beside bertopic 0.17.4: seconds, memory and results on 18,707 posts.

Both get the same texts, vectors and topics (k-means, the farthest fifth outliers), run the same
code in processes of their own with one thread each, and take turns step by step, so that both meet
the same machine. Both have fitted something small before; the first fit of a process that has not
is shown apart. What they return is compared as well.

    python -m benchmarks.library
    python -m benchmarks.library --embeddings vectors.npy --bertopic-python PATH
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from benchmarks import options
from benchmarks.bertopic_environment import EnvironmentMissing, bertopic_python
from benchmarks.feeds import feed
from benchmarks.library_steps import N_FEWER, STEPS
from benchmarks.report import CACHE, ROOT, Report, Row, say
from benchmarks.stepping import THREADS
from topicstream.model.backend.static import StaticEmbedder

N_TOPICS = 100
OUTLIERS = 0.2
OURS, THEIRS = "topicstream.model", "bertopic"
BUDGETS = {
    "fit": 5.0,
    "fit, fewer topics": 5.0,
    "topics_over_time": 10.0,
    "topics_per_class": 10.0,
    "approximate_distribution": 10.0,
    "hierarchical_topics": 3.0,
    "get_document_info": 1.0,
    "find_topics": 1.0,
}


@dataclass(slots=True)
class Runner:
    """One child process."""

    package: str
    python: Path
    files: list[Path]
    folder: Path
    n_threads: int
    state: str = "warm"
    start_s: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    peak_mib: float = 0.0
    about: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and return when it is ready."""
        self.folder.mkdir(parents=True)
        words = [str(self.python), "-W", "ignore", "-m", "benchmarks.library_steps", self.package]
        words += [self.state]
        words += [str(path) for path in (*self.files, self.folder)]
        pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
        environment = os.environ | dict.fromkeys(THREADS, str(self.n_threads))
        self._process = subprocess.Popen(
            words, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=quiet, text=True
        )
        self.start_s, self.about = json.loads(self._answer())

    def step(self, name: str) -> None:
        """Let it do one thing."""
        if self._process is None or self._process.stdin is None:
            raise RuntimeError(f"{self.package} was not started")
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        self.seconds[name], self.cpu_seconds[name], self.peak_mib = json.loads(self._answer())

    def found(self, name: str) -> Any:
        """Return what the step gave."""
        return pickle.loads(Path(self.folder, f"{STEPS.index(name)}.pickle").read_bytes())

    def finish(self) -> None:
        """Let it end."""
        if self._process is not None:
            self._process.communicate(timeout=60)

    def _answer(self) -> str:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError(f"{self.package} was not started")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.package} ended with {self._process.wait()}")
        return line


def race(pythons: dict[str, Path], files: list[Path], folder: Path, n_threads: int) -> list[Runner]:
    """Let both take turns, and return them."""
    runners = [
        Runner(package, python, files, folder / package, n_threads)
        for package, python in pythons.items()
    ]
    for runner in runners:
        runner.start()
    for name in STEPS:
        for runner in runners:
            runner.step(name)
        shown = ", ".join(f"{r.package} {r.seconds[name]:.2f} s" for r in runners)
        say(f"{name}: {shown}")
    for runner in runners:
        runner.finish()
    return runners


def first_fits(pythons: dict[str, Path], files: list[Path], folder: Path, n: int) -> list[Row]:
    """Return what the first fit of a new process takes, medians of `n` processes each."""
    rows: dict[str, list[Runner]] = defaultdict(list)
    for number in range(n):
        for package, python in pythons.items():
            runner = Runner(package, python, files, folder / f"{number}-{package}", 1, "cold")
            runner.start()
            runner.step("fit")
            runner.finish()
            rows[package].append(runner)
    return [
        {
            "package": package,
            "import and make a model, s": statistics.median(one.start_s for one in runners),
            "first fit, s": statistics.median(one.seconds["fit"] for one in runners),
            "first fit, s of CPU": statistics.median(one.cpu_seconds["fit"] for one in runners),
        }
        for package, runners in rows.items()
    ]


def speed_rows(rounds: list[list[Runner]]) -> tuple[list[Row], dict[str, float | None]]:
    """Return the medians over the rounds, step by step, and how many times as fast we are."""
    rows: list[Row] = []
    times: dict[str, float | None] = {}
    for name in STEPS:
        seconds = _by_package(rounds, lambda runner, name=name: runner.seconds[name])
        cpu = _by_package(rounds, lambda runner, name=name: runner.cpu_seconds[name])
        ours, theirs = seconds[OURS], seconds.get(THEIRS)
        ratios = [b / a for a, b in zip(ours, theirs, strict=True)] if theirs else []
        times[name] = statistics.median(ratios) if ratios else None
        rows.append(
            {
                "step": name,
                "topicstream s": statistics.median(ours),
                "bertopic s": statistics.median(theirs) if theirs else None,
                "times": times[name],
                "from": min(ratios, default=None),
                "to": max(ratios, default=None),
                "times of CPU": statistics.median(cpu[THEIRS]) / statistics.median(cpu[OURS])
                if theirs
                else None,
            }
        )
    return rows, times


def _by_package(rounds: list[list[Runner]], value: Any) -> dict[str, list[float]]:
    values: dict[str, list[float]] = defaultdict(list)
    for runners in rounds:
        for runner in runners:
            values[runner.package].append(value(runner))
    return values


def result_rows(ours: Runner, theirs: Runner) -> list[Row]:
    """Return how far apart the results of both are."""
    rows = [_row("fit", "c-TF-IDF, largest difference", _weights_apart(ours, theirs))]
    name = "approximate_distribution"
    apart = float(np.abs(ours.found(name) - theirs.found(name)).max())
    rows.append(_row(name, "largest difference", apart))
    a, b = ours.found("hierarchical_topics"), theirs.found("hierarchical_topics")
    apart = float(np.abs(np.subtract(a["Distance"], b["Distance"])).max())
    rows.append(_row("hierarchical_topics", "Distance, largest difference", apart))
    same = [x == y for x, y in zip(a["Topics"], b["Topics"], strict=True)]
    rows.append(
        _row("hierarchical_topics", "other Topics, share of rows", 1 - float(np.mean(same)))
    )
    rows.append(_words_apart("hierarchical_topics", a["Parent_Name"], b["Parent_Name"], "_"))
    for name, column in (
        ("topics_over_time, no evolution", "Timestamp"),
        ("topics_per_class", "Class"),
    ):
        a, b = (_by_row(runner.found(name), column) for runner in (ours, theirs))
        sizes = [a[key][0] == b[key][0] for key in a] if a.keys() == b.keys() else [False]
        rows.append(_row(name, "other Frequency, share of rows", 1 - float(np.mean(sizes))))
        mine, other = ([one[key][1] for key in sorted(b)] for one in (a, b))
        rows.append(_words_apart(name, mine, other, ", "))
    return rows


def _row(step: str, what: str, value: float) -> Row:
    return {"step": step, "what": what, "value": f"{value:.2g}"}


def _words_apart(step: str, ours: list[str], theirs: list[str], separator: str) -> Row:
    """Return the share of words that only one has: equal weights come in any order there."""
    both = [
        len(set(a.split(separator)) & set(b.split(separator))) / 5
        for a, b in zip(ours, theirs, strict=True)
    ]
    return _row(step, "other words, share", 1 - float(np.mean(both)))


def _by_row(frame: dict[str, list[Any]], column: str) -> dict[Any, tuple[int, str]]:
    keys = [
        (round(value, 6) if isinstance(value, float) else value, topic)
        for value, topic in zip(frame[column], frame["Topic"], strict=True)
    ]
    values = zip(frame["Frequency"], frame["Words"], strict=True)
    return dict(zip(keys, values, strict=True))


def _weights_apart(ours: Runner, theirs: Runner) -> float:
    a, b = ours.found("fit"), theirs.found("fit")
    if a["words"] != b["words"]:
        return float("nan")
    return float(abs(a["weights"] - b["weights"]).max())


def main() -> None:
    """Measure."""
    arguments = _arguments()
    report = Report("library", quick=arguments.quick)
    found = feed("20newsgroups", arguments.feeds, first=1_500 if arguments.quick else None)
    texts = [document["text"] for document in found.documents()]
    files = _inputs(arguments, report, texts)
    pythons = {OURS: Path(sys.executable)}
    try:
        pythons[THEIRS] = bertopic_python(arguments.bertopic_python)
    except EnvironmentMissing as error:
        report.note(f"bertopic is left out: {error}")
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        n_rounds = 1 if arguments.quick else arguments.repeats
        for number in range(n_rounds):
            say(f"round {number + 1}")
            pythons = dict(reversed(pythons.items()))  # who begins meets another machine
            rounds.append(race(pythons, files, Path(folder, str(number)), arguments.threads))
        judged = found.is_real and not arguments.quick
        _show(report, rounds, judged=judged)
        say("first fits of new processes ...")
        report.table("new processes", first_fits(pythons, files, Path(folder, "cold"), n_rounds))
        say("fitting with UMAP and HDBSCAN for transform ...")
        _show_transform(report, transforming(files, Path(folder), arguments.threads), judged=judged)
    report.note(
        f"{len(texts):,} posts, {N_TOPICS} topics and outliers, 20 times, 20 classes, threads of "
        f"each: {arguments.threads}; medians of {len(rounds)} rounds. topicstream counts the terms "
        "of documents once, in fit; 'new process' is what it takes without that, as in a process "
        f"that has loaded the model. 'fit, fewer topics' ends with {N_FEWER}"
    )
    report.write()


def _show(report: Report, rounds: list[list[Runner]], *, judged: bool) -> None:
    rows, times = speed_rows(rounds)
    report.table("seconds", rows)
    peaks = _by_package(rounds, lambda runner: runner.peak_mib)
    medians = {package: statistics.median(values) for package, values in peaks.items()}
    report.table("peak memory", [{"model": p, "MiB": mib} for p, mib in medians.items()])
    if len(rounds[0]) == 2:
        of = {runner.package: runner for runner in rounds[0]}
        report.table("results side by side", result_rows(of[OURS], of[THEIRS]))
    for runner in rounds[0]:
        report.versions(runner.about)
    if not judged:
        return
    for name, bound in BUDGETS.items():
        ratio = times[name]
        report.at_least(
            f"{name}: times as fast", bound, ratio if isinstance(ratio, float) else None
        )
    share = medians[OURS] / medians[THEIRS] if THEIRS in medians else None
    report.at_most("peak memory / bertopic's", 1.0, share)


def transforming(files: list[Path], folder: Path, n_threads: int) -> dict[str, float]:
    """Return what library_transform measures, in processes of its own."""
    environment = os.environ | dict.fromkeys(THREADS, str(n_threads))
    found: dict[str, float] = {}
    for what in ("fit", "first"):
        words = [sys.executable, "-W", "ignore", "-m", "benchmarks.library_transform", what]
        words += [str(files[0]), str(files[1]), str(folder)]
        done = subprocess.run(
            words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, text=True
        )
        found |= json.loads(done.stdout.splitlines()[-1])
    return found


def _show_transform(report: Report, found: dict[str, float], *, judged: bool) -> None:
    report.table("transform", [{"what": what, "value": value} for what, value in found.items()])
    if judged:
        report.at_least("transform, fast: documents/s", 20_000, found["fast documents/s"])
        report.at_least("transform, fast: agreement", 0.9, found["agreement on non-outliers"])
        report.at_most("transform, fast: first answer after load, s", 0.2, found["first answer s"])
        report.at_most("transform, fast: packages that compile", 0, found["packages that compile"])


def _inputs(arguments: argparse.Namespace, report: Report, texts: list[str]) -> list[Path]:
    """Write texts, vectors and topics, and return where."""
    CACHE.mkdir(parents=True, exist_ok=True)
    paths = [CACHE / f"library-{name}" for name in ("texts.json", "vectors.npy", "labels.npy")]
    paths[0].write_text(json.dumps(texts), encoding="utf-8")
    if arguments.embeddings is None:
        say(f"embedding {len(texts):,} posts with the static embedder ...")
        vectors = StaticEmbedder().embed(texts)
    else:
        vectors = np.load(arguments.embeddings)[: len(texts)].astype(np.float32)
        report.note(f"the vectors are those of {arguments.embeddings.name}")
    np.save(paths[1], vectors)
    np.save(paths[2], _topics(vectors, N_TOPICS if len(texts) > 5_000 else 20))
    return paths


def _topics(vectors: NDArray[np.float32], n_topics: int) -> NDArray[np.int64]:
    """Return a topic for each vector; those farthest from their centre are outliers."""
    clusters = MiniBatchKMeans(n_topics, random_state=0, n_init=1, batch_size=4096).fit(vectors)
    distances = clusters.transform(vectors).min(axis=1)
    far = distances > np.quantile(distances, 1 - OUTLIERS)
    labels = np.where(far, -1, clusters.labels_)
    sizes = np.bincount(labels[~far])
    # Equal sizes would be numbered in any order by bertopic.
    most = len(vectors)
    for topic in np.argsort(-sizes, kind="stable"):
        most = min(int(sizes[topic]), most - 1)
        labels[np.flatnonzero(labels == topic)[max(0, most) :]] = -1
    kept = np.unique(labels[labels >= 0])
    return np.where(labels < 0, -1, np.searchsorted(kept, labels)).astype(np.int64)


def _arguments() -> argparse.Namespace:
    made = options.parser(__doc__)
    options.add_feeds(made)
    made.add_argument("--repeats", type=int, default=3, metavar="N", help="rounds, default 3")
    made.add_argument(
        "--threads", type=int, default=1, metavar="N", help="threads of each, default 1"
    )
    made.add_argument(
        "--embeddings",
        type=Path,
        metavar="FILE",
        help="vectors, an .npy file with one row a post; by default the static embedder's",
    )
    made.add_argument(
        "--bertopic-python",
        type=Path,
        metavar="PATH",
        help="an interpreter that has bertopic 0.17.4; by default one is made in "
        "benchmarks/.venv-bertopic",
    )
    return made.parse_args()


if __name__ == "__main__":
    main()
