"""The table of ``docs/slayer.md``: every row says what becomes of a difference, and names a test that exists."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from evsnn_lava.cli.main import main
from evsnn_lava.export.netfile.reader import read_net

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(
    r"^\| (?P<cause>.+?) \| (?P<outcome>.+?) \| `(?P<file>[^:`]+)::(?P<test>\w+)(\[(?P<case>[^\]]+)\])?` \|$"
)
LINES = [line for line in (ROOT / "docs" / "slayer.md").read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
OUTCOMES = ("exact", "refused", "reported")


def rows():
    """What stands below the head of the table."""
    return [ROW.match(line) for line in LINES[1:]]


def test_every_row_is_complete():
    assert len(rows()) > 40
    broken = [line for line, row in zip(LINES[1:], rows(), strict=True) if row is None]
    assert broken == []
    assert [row["cause"] for row in rows() if not row["outcome"].startswith(OUTCOMES)] == []
    assert len({row["cause"] for row in rows()}) == len(rows())


@pytest.mark.parametrize("file", sorted({row["file"] for row in rows() if row}))
def test_every_named_test_exists(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    tree = ast.parse(text)
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    cases = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for row in rows():
        if row["file"] == file:
            assert row["test"] in functions
            assert row["case"] is None or row["case"] in cases, row["case"]


@pytest.mark.torch
@pytest.mark.lava
def test_the_file_of_the_first_snippet_can_be_verified(tmp_path, monkeypatch, capsys):
    """As written: compile, compare, record, write; then `evsnn verify mine.net`."""
    from evsnn_lava._torch import torch

    monkeypatch.chdir(tmp_path)
    torch.manual_seed(1)
    snippet = re.search(
        r"^```python\n(.*?)^```$", (ROOT / "docs" / "slayer.md").read_text(encoding="utf-8"), re.M | re.S
    )
    exec(snippet[1], {})
    assert (read_net("mine.net").golden.spike_counts.sum(axis=(0, 2)) > 0).all(), "a silent layer proves nothing"
    assert main(["verify", "mine.net", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [name for name in ("slayer", "reference", "lava") if found[name]["difference"] is not None] == []
