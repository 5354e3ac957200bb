"""The Python code in the documents runs; the links between the documents lead somewhere."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"(?P<note><!-- not run: [^>]+ -->\n)?^```python\n(?P<code>.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path) -> list[re.Match[str]]:
    return list(BLOCK.finditer(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if blocks(path)], ids=name)
def test_code_runs(path, tmp_path, monkeypatch):
    """The blocks of one document run in order, in one namespace and an empty folder.

    A block that begins with a prompt is compared with its output. A block under the comment
    `<!-- not run: reason -->` must still be Python.
    """
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__docs__"}
    for block in blocks(path):
        title = f"{name(path)} at character {block.start()}"
        if block["code"].startswith(">>> "):
            run_session(block["code"], namespace, title)
        else:
            code = compile(block["code"], title, "exec")
            if not block["note"]:
                exec(code, namespace)


def run_session(text: str, namespace: dict, title: str) -> None:
    """Run a block written as an interactive session; what it prints must be what it says."""
    test = doctest.DocTestParser().get_doctest(text, namespace, title, None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(test, clear_globs=False)
    namespace.update(test.globs)
    assert runner.summarize(verbose=False).failed == 0, title


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_lead_to_files(path):
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []
