"""The pages on BERTopic name every row and every defect, and tests that there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "reference"
KINDS = ("same", "better", "different", "not here yet")
N_ROWS, N_DEFECTS = 146, 72
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its number, what it says of us, and the tests it names."""

    number: int
    says: str
    tests: tuple[tuple[str, str], ...]
    shown_by: str


def rows(text: str, number: str) -> list[Row]:
    return list(_rows(text, number))


def _rows(text: str, number: str) -> Iterator[Row]:
    for line in text.splitlines():
        found = re.match(rf"\| {number}", line)
        if found:
            cells = [cell.strip() for cell in line.strip("|").split(" |")]
            yield Row(int(found[1]), cells[-2], tuple(REFERENCE.findall(cells[-1])), cells[-1])


def checklist() -> list[Row]:
    text = (PAGES / "bertopic-compatibility.md").read_text(encoding="utf-8")
    return rows(text.partition("## Checklist")[2], r"(\d+) \|")


def defects() -> list[Row]:
    return rows((PAGES / "bertopic-defects.md").read_text(encoding="utf-8"), r"D-(\d\d) ")


@cache
def known_tests(path: str) -> dict[str, str]:
    """Return the tests of a file with what they say of themselves."""
    file = ROOT / path
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name: ast.get_docstring(node) or "" for node in functions}


def faults(row: Row) -> list[str]:
    """Return what is wrong with a row."""
    told = [
        f"no such test: {path}::{name}" for path, name in row.tests if name not in known_tests(path)
    ]
    if row.shown_by.count("::") != len(row.tests):
        told.append("a test is named in another form than `tests/x.py::test_y`")
    if row.says.startswith("not here yet"):
        return told
    return told if row.tests else [*told, "no test"]


def faults_of_checklist(row: Row) -> list[str]:
    kind = next((kind for kind in KINDS if row.says.startswith(kind)), None)
    reason = re.fullmatch(r"[a-z ]+ \((.+)\)", row.says)
    numbers = [int(n) for n in re.findall(r"D-(\d\d)", row.says)]
    told = faults(row)
    if kind is None:
        told.append(f"says {row.says!r}; allowed are {KINDS}")
    if kind != "same" and reason is None:
        told.append(f"{kind} without a reason")
    if kind == "better" and not numbers:
        told.append("better without a defect")
    return told + [f"D-{n:02d} is no defect" for n in numbers if not 0 < n <= N_DEFECTS]


def names(row: Row) -> bool:
    """Return whether one of the tests names the defect, in its name or its docstring."""
    number = re.compile(rf"(?<![a-z0-9])d[-_]?{row.number:02d}(?!\d)", re.IGNORECASE)
    said = [
        f"{name.replace('_', '-')} {known_tests(path).get(name, '')}" for path, name in row.tests
    ]
    return any(number.search(text) for text in said)


def test_the_checklist_has_every_row_once_and_in_order() -> None:
    assert [row.number for row in checklist()] == list(range(1, N_ROWS + 1))


def test_every_defect_is_listed_once() -> None:
    assert sorted(row.number for row in defects()) == list(range(1, N_DEFECTS + 1))


@pytest.mark.parametrize("row", checklist(), ids=lambda row: f"row {row.number}")
def test_a_row_says_what_it_is_why_and_which_test_shows_it(row: Row) -> None:
    assert faults_of_checklist(row) == []


@pytest.mark.parametrize("row", defects(), ids=lambda row: f"D-{row.number:02d}")
def test_a_mended_defect_has_a_test_that_names_it(row: Row) -> None:
    assert faults(row) == []
    assert names(row) or row.says.startswith("not here yet")


def test_defects_that_rows_call_mended_are() -> None:
    waiting = {row.number for row in defects() if row.says.startswith("not here yet")}
    called = {int(n) for row in checklist() for n in re.findall(r"D-(\d\d)", row.says)}

    assert not waiting & called


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("| 1 | `fit` | same | |", "no test"),
        (
            "| 1 | `fit` | same | `tests/model/test_fitting.py::test_there_is_none` |",
            "no such test",
        ),
        ("| 1 | `fit` | same | `tests/none.py::test_a` |", "no such test"),
        ("| 1 | `fit` | same | tests/test_docs.py::test_a |", "another form"),
        ("| 1 | `fit` | splendid | `tests/none.py::test_a` |", "allowed are"),
        ("| 1 | `fit` | different | `tests/none.py::test_a` |", "without a reason"),
        ("| 1 | `fit` | better (it is) | `tests/none.py::test_a` |", "without a defect"),
        ("| 1 | `fit` | better (D-73) | `tests/none.py::test_a` |", "D-73 is no defect"),
    ],
)
def test_a_row_with_a_fault_is_found(line: str, fault: str) -> None:
    (row,) = rows(line, r"(\d+) \|")
    assert any(fault in told for told in faults_of_checklist(row))


def test_a_defect_whose_test_does_not_name_it_is_found() -> None:
    file, name = "tests/model/test_labels.py", "test_d34_blanks_are_no_part_of_a_name"
    (right,) = rows(f"| D-34 a | b | `{file}::{name}` |", r"D-(\d\d) ")
    (wrong,) = rows(f"| D-35 a | b | `{file}::{name}` |", r"D-(\d\d) ")

    assert names(right)
    assert not names(wrong)


def test_the_example_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (PAGES / "bertopic-compatibility.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "bertopic-compatibility.md", "exec"), {})

    assert "Topic" in capsys.readouterr().out
    assert (tmp_path / "my-topics" / "sub_models.json").exists()
