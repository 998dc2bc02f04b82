"""What is on disk is what is shipped."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("model", "stream", "workers")


def test_every_package_on_disk_is_listed_for_the_wheel() -> None:
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    on_disk = {
        init.parent.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for init in (ROOT / folder).rglob("__init__.py")
    }

    assert set(shipped["package-dir"].values()) == on_disk
    assert set(shipped["packages"]) == {f"topicstream.{path.replace('/', '.')}" for path in on_disk}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_module_lies_in_a_package(folder: str) -> None:
    strays = [
        module.relative_to(ROOT).as_posix()
        for module in (ROOT / folder).rglob("*.py")
        if not (module.parent / "__init__.py").exists()
    ]

    assert strays == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_types_are_shipped_and_mypy_finds_the_source(folder: str) -> None:
    shim = ROOT / ".shim" / "topicstream" / folder

    assert (ROOT / folder / "py.typed").exists()
    assert shim.resolve() == (ROOT / folder).resolve()


def test_every_dependency_has_a_version_that_was_tested() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = settings["dependencies"] + settings["optional-dependencies"]["dev"]
    tested = re.findall(r"^([a-z0-9-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)

    assert {re.split(r"[^a-z0-9-]", line)[0] for line in wanted} <= set(tested)


@pytest.mark.parametrize(
    "path", ["pyproject.toml", "Makefile", "benchmarks/bertopic_environment.py"]
)
def test_one_version_of_bertopic_is_compared_with(path: str) -> None:
    named = re.findall(r"bertopic *==([0-9.]+)", (ROOT / path).read_text())

    assert set(named) == {"0.17.4"}


def test_the_oldest_versions_are_lower_bounds_that_the_newest_ones_meet() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    tested = dict(
        re.findall(
            r"^([a-z0-9-]+)==([0-9.]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE
        )
    )

    for line in settings["dependencies"] + settings["optional-dependencies"]["dev"]:
        name, bound = re.split("[>=]=", line)
        newest = tuple(map(int, tested[name].strip(".").split(".")))
        assert newest >= tuple(map(int, bound.split("."))), line
