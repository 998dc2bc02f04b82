"""Quality and speed of `partial_fit`, ours beside BERTopic's, on 20 Newsgroups in time order.

Each post is scored by the topic that it got when it arrived, against its newsgroup (prequential
NMI). Ours and BERTopic 0.17.4's documented online example (IncrementalPCA(5), MiniBatchKMeans(50),
OnlineCountVectorizer) get the same vectors, in processes of their own with one thread each, and
take turns batch by batch, so that both meet the same machine.

    python -m benchmarks.online_quality
    python -m benchmarks.online_quality --embeddings MiniLM=vectors.npy
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import normalized_mutual_info_score

from benchmarks import options
from benchmarks.bertopic_environment import EnvironmentMissing, bertopic_python, embed_minilm
from benchmarks.feeds import feed
from benchmarks.report import CACHE, Report, Row, say
from benchmarks.stepping import Contestant
from topicstream.model.backend.static import StaticEmbedder

BATCH = 1_000
WARM_UP = 2  # batches
OURS, THEIRS = "partial_fit_topicstream", "partial_fit_bertopic"
NAMES = {OURS: "topicstream", THEIRS: "bertopic 0.17.4"}
NMI_BUDGETS = {"static": 0.38, "MiniLM": 0.46}


@dataclass(frozen=True, slots=True)
class Score:
    """How one model did on one embedding: medians over the repetitions."""

    embedder: str
    n_topics: int
    module: str
    versions: dict[str, str]
    nmi: float
    outliers: float
    rates: list[float]
    settled_rates: list[float]
    cpu_rates: list[float]
    slowdowns: list[float]
    slowdowns_a_character: list[float]

    @property
    def rate(self) -> float:
        """Return documents/s, start-up and embedding left out."""
        return statistics.median(self.rates)

    @property
    def cpu_rate(self) -> float:
        """Return documents per second of CPU, which other processes disturb less."""
        return statistics.median(self.cpu_rates)

    @property
    def settled_rate(self) -> float:
        """Return documents/s without the first two batches, in which our topics are found."""
        return statistics.median(self.settled_rates)

    def row(self) -> Row:
        """Return a row of the table."""
        return {
            "embedder": self.embedder,
            "model": NAMES[self.module],
            "topics": self.n_topics,
            "NMI": self.nmi,
            "outliers": self.outliers,
            "documents/s": self.rate,
            "from": min(self.rates),
            "to": max(self.rates),
            "after warm-up": self.settled_rate,
            "a CPU second": self.cpu_rate,
            "last batch / tenth": statistics.median(self.slowdowns),
            "a character": statistics.median(self.slowdowns_a_character),
        }


@dataclass(frozen=True, slots=True)
class Race:
    """One embedding, and who learns from it."""

    embedder: str
    texts: Path
    vectors: Path
    classes: list[str]
    lengths: list[int]
    n_threads: int
    pythons: list[tuple[str, Path, int]]

    def run(self, repeats: int) -> list[Score]:
        """Let them take turns, `repeats` times from the start."""
        rounds = [self._round(number) for number in range(repeats)]
        return [self._score(list(one)) for one in zip(*rounds, strict=True)]

    def _round(self, number: int) -> list[tuple[Contestant, np.ndarray]]:
        runners = [
            Contestant(module, python, self.texts, self.vectors, k, self.n_threads)
            for module, python, k in self.pythons
        ]
        with tempfile.TemporaryDirectory() as folder:
            found = [Path(folder, f"{i}.npy") for i in range(len(runners))]
            for runner, path in zip(runners, found, strict=True):
                runner.start(path)
            self._take_turns(runners, number)
            for runner in runners:
                runner.finish()
            return [(r, np.load(path)) for r, path in zip(runners, found, strict=True)]

    def _take_turns(self, runners: list[Contestant], number: int) -> None:
        n = len(self.classes)
        for start in range(0, n, BATCH):
            for runner in runners:
                runner.step(start, min(start + BATCH, n))
            say(
                f"{self.embedder}, round {number + 1}: {min(start + BATCH, n):,} of {n:,}", end="\r"
            )
        say(f"{self.embedder}, round {number + 1}: {n:,} documents")

    def _score(self, rounds: list[tuple[Contestant, np.ndarray]]) -> Score:
        runner, topics = rounds[0]
        last = len(self.classes) // BATCH - 1
        tenth = min(9, last)
        more_text = self._n_characters(last) / self._n_characters(tenth)
        seconds = [np.array(one.seconds) for one, _ in rounds]
        slowdowns = [float(s[last] / s[tenth]) for s in seconds]
        return Score(
            self.embedder,
            runner.n_topics,
            runner.name,
            runner.about,
            float(normalized_mutual_info_score(self.classes, topics)),
            float(np.mean(topics == -1)),
            [len(self.classes) / float(s.sum()) for s in seconds],
            [(len(self.classes) - WARM_UP * BATCH) / float(s[WARM_UP:].sum()) for s in seconds],
            [len(self.classes) / sum(one.cpu_seconds) for one, _ in rounds],
            slowdowns,
            [slowdown / more_text for slowdown in slowdowns],
        )

    def _n_characters(self, batch: int) -> int:
        return sum(self.lengths[batch * BATCH : (batch + 1) * BATCH])


def judge(report: Report, scores: list[Score]) -> None:
    """Hold the scores against the budgets."""
    for embedder in dict.fromkeys(score.embedder for score in scores):
        of = {(s.module, s.n_topics): s for s in scores if s.embedder == embedder}
        ours, theirs = of[OURS, 50], of.get((THEIRS, 50))
        if embedder in NMI_BUDGETS:
            report.at_least(f"{embedder}: NMI, K = 50", NMI_BUDGETS[embedder], ours.nmi)
        ratio = ours.nmi / theirs.nmi if theirs else None
        report.at_least(f"{embedder}: NMI / bertopic's", 1.7, ratio)
        ratio = ours.rate / theirs.rate if theirs else None
        report.at_least(f"{embedder}: documents/s / bertopic's", 8.0, ratio)
        ratio = ours.settled_rate / theirs.settled_rate if theirs else None
        report.at_least(f"{embedder}: the same after warm-up", 8.0, ratio)
        ratio = ours.cpu_rate / theirs.cpu_rate if theirs else None
        report.at_least(f"{embedder}: the same, a CPU second", 8.0, ratio)
        slowdown = statistics.median(ours.slowdowns)
        report.at_most(f"{embedder}: last full batch / tenth", 1.2, slowdown)
        slowdown = statistics.median(ours.slowdowns_a_character)
        report.at_most(f"{embedder}: the same, a character of text", 1.2, slowdown)


def main() -> None:
    """Measure every embedding."""
    arguments = _arguments()
    report = Report("online_quality", quick=arguments.quick)
    found = feed("20newsgroups", arguments.feeds, first=3_000 if arguments.quick else None)
    documents = found.documents()
    if not found.is_real:
        report.note("measured on the simulated feed, which is easy: no budget is judged")
    python = _bertopic(arguments, report)
    CACHE.mkdir(parents=True, exist_ok=True)
    texts = CACHE / f"texts-{found.name}.json"
    texts.write_text(json.dumps([document["text"] for document in documents]), encoding="utf-8")
    classes = [document["class"] for document in documents]
    lengths = [len(document["text"]) for document in documents]
    scores = []
    for name, vectors in _vectors(arguments, report, texts, python).items():
        pythons = [(OURS, Path(sys.executable), 50), (OURS, Path(sys.executable), 20)]
        pythons += [(THEIRS, python, 50)] if python else []
        race = Race(name, texts, vectors, classes, lengths, arguments.threads, pythons)
        scores += race.run(1 if arguments.quick else arguments.repeats)
    report.table(f"partial_fit, {found.name}, batches of 1,000", [s.row() for s in scores])
    for score in scores:
        report.versions(score.versions)
    if found.is_real and not arguments.quick:
        judge(report, scores)
    report.note(
        f"threads of each (BLAS, OpenMP, numba, polars): {arguments.threads}; they take turns "
        "batch by batch; the last full batch has another amount of text than the tenth"
    )
    report.write()


def _arguments() -> argparse.Namespace:
    made = options.parser(__doc__)
    options.add_feeds(made)
    made.add_argument("--repeats", type=int, default=3, metavar="N", help="rounds, default 3")
    made.add_argument(
        "--threads", type=int, default=1, metavar="N", help="threads of each model, default 1"
    )
    made.add_argument(
        "--embeddings",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="more vectors, an .npy file with one row a post; MiniLM=FILE saves computing those",
    )
    made.add_argument(
        "--no-minilm",
        action="store_true",
        help="leave all-MiniLM-L6-v2 out; computing it the first time takes 4 to 12 minutes on two "
        "cores and installs torch",
    )
    made.add_argument("--no-bertopic", action="store_true", help="leave bertopic out")
    made.add_argument(
        "--bertopic-python",
        type=Path,
        metavar="PATH",
        help="an interpreter that has bertopic 0.17.4; by default one is made in "
        "benchmarks/.venv-bertopic",
    )
    return made.parse_args()


def _bertopic(arguments: argparse.Namespace, report: Report) -> Path | None:
    if arguments.no_bertopic:
        report.note("bertopic is left out: --no-bertopic")
        return None
    try:
        return bertopic_python(arguments.bertopic_python)
    except EnvironmentMissing as error:
        report.note(f"bertopic is left out: {error}")
        return None


def _vectors(
    arguments: argparse.Namespace, report: Report, texts: Path, python: Path | None
) -> dict[str, Path]:
    """Return a file of vectors for each embedder."""
    whole: list[str] = json.loads(texts.read_text(encoding="utf-8"))
    static = CACHE / f"static-{_digest(texts)}.npy"
    say(f"embedding {len(whole):,} posts with the static embedder ...")
    np.save(static, StaticEmbedder().embed(whole))
    found = {"static": static}
    for given in arguments.embeddings:
        name, _, path = given.partition("=")
        if not Path(path).is_file():
            raise SystemExit(f"--embeddings {given}: give NAME=FILE, and a file that is there")
        rows = np.load(path)[: len(whole)]
        if len(rows) != len(whole):
            raise SystemExit(f"--embeddings {given}: {len(rows)} rows for {len(whole)} posts")
        found[name] = CACHE / f"given-{name}.npy"
        np.save(found[name], rows.astype(np.float32))
        report.note(f"the {name} vectors are those of {Path(path).name}")
    if not (arguments.no_minilm or arguments.quick or "MiniLM" in found):
        found |= _minilm(report, texts, python)
    return found


def _minilm(report: Report, texts: Path, python: Path | None) -> dict[str, Path]:
    path = CACHE / f"minilm-{_digest(texts)}.npy"
    try:
        if not path.exists():
            embed_minilm(python or bertopic_python(None), texts, path)
    except EnvironmentMissing as error:
        report.note(f"MiniLM is left out: {error}")
        return {}
    return {"MiniLM": path}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


if __name__ == "__main__":
    main()
