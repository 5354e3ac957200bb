"""What the package says of itself agrees with what lies in the repository."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import zipfile
from importlib import metadata, util
from pathlib import Path

import pytest

import evsnn_lava

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def folders_with_modules(root: Path) -> set[str]:
    """The packages that the tree holds, under the names by which they are imported."""
    tops = {"evsnn_lava": "evsnn_lava", "export": "evsnn_lava.export", "hw_profiles": "evsnn_lava.hw_profiles"}
    return {
        ".".join((package, *path.parent.relative_to(root / top).parts))
        for top, package in tops.items()
        for path in (root / top).rglob("*.py")
    }


def test_every_folder_with_code_is_packaged(root, project):
    assert set(project["tool"]["setuptools"]["packages"]) == folders_with_modules(root)


def test_version_is_one(project):
    assert evsnn_lava.__version__ == project["project"]["version"] == metadata.version("evsnn-lava")


@pytest.mark.parametrize("room", ["export", "hw_profiles"])
def test_mapped_rooms_are_found_in_their_folders(root, room):
    spec = util.find_spec(f"evsnn_lava.{room}")
    assert Path(spec.origin) == root / room / "__init__.py"


def test_console_script_points_at_a_function(project):
    module, _, function = project["project"]["scripts"]["evsnn"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_every_dependency_is_constrained(root, project):
    constraints = (root / "constraints.txt").read_text(encoding="utf-8")
    pinned = {line.partition("==")[0] for line in constraints.splitlines() if "==" in line}
    extras = project["project"]["optional-dependencies"].values()
    wanted = [*project["project"]["dependencies"], *(line for extra in extras for line in extra)]
    assert {re.match(r"[\w-]+", line)[0] for line in wanted} - pinned == set()


def test_every_ignored_lint_rule_has_a_reason(root):
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    rules = [line for line in text.splitlines() if re.match(r'\s+"[A-Z]+\d+",?(\s|$)', line)]
    assert rules
    assert [line for line in rules if "#" not in line] == []


def test_wheel_holds_all_rooms_types_profiles_and_the_page(root, project, tmp_path):
    """Build from a copy, so that nothing is written beside the sources."""
    copy = tmp_path / "source"
    copy.mkdir()
    names = ["evsnn_lava", "export", "hw_profiles", "pyproject.toml", "README.md", "LICENSE"]
    subprocess.run(["cp", "-r", *(str(root / name) for name in names), str(copy)], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    done = subprocess.run([*command, str(copy)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("evsnn_lava-*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    for package in project["tool"]["setuptools"]["packages"]:
        assert package.replace(".", "/") + "/__init__.py" in inside
    profiles = {f"evsnn_lava/hw_profiles/{path.name}" for path in (root / "hw_profiles").glob("*.toml")}
    page = {f"evsnn_lava/reporting/html/page.{kind}" for kind in ("css", "js")}
    assert profiles | page | {"evsnn_lava/py.typed"} <= inside
    assert not [name for name in inside if name.startswith(("export/", "hw_profiles/", "tests/"))]
