"""Every example in a docstring runs, under the module's real name."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("topicstream.model", "topicstream.stream", "topicstream.workers")


def modules() -> list[str]:
    found = list(PACKAGES)
    for name in PACKAGES:
        package = importlib.import_module(name)
        found += [module.name for module in pkgutil.walk_packages(package.__path__, f"{name}.")]
    return sorted(found)


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_are_true(name: str) -> None:
    module = importlib.import_module(name)

    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.testmod(module, optionflags=options).failed == 0
