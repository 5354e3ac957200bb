"""The examples in the docstrings are true."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from evsnn_lava.errors import BackendUnavailableError

ROOT = Path(__file__).resolve().parents[1]
TOPS = {"evsnn_lava": "evsnn_lava", "export": "evsnn_lava.export", "hw_profiles": "evsnn_lava.hw_profiles"}
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def modules_with_examples() -> list[str]:
    """Import names of the modules whose source holds a prompt."""
    return sorted(
        ".".join((package, *path.relative_to(ROOT / top).with_suffix("").parts)).removesuffix(".__init__")
        for top, package in TOPS.items()
        for path in (ROOT / top).rglob("*.py")
        if ">>> " in path.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_are_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        module = importlib.import_module(name)
    except BackendUnavailableError as error:
        pytest.skip(str(error))
    result = doctest.testmod(module, optionflags=FLAGS)
    assert result.attempted > 0
    assert result.failed == 0
