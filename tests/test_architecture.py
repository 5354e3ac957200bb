"""The rooms keep to themselves: who may import what, how long a thing may be, what stands at the top level."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {"evsnn_lava": ROOT / "evsnn_lava", "evsnn_lava.export": ROOT / "export"}
FOLDERS["evsnn_lava.hw_profiles"] = ROOT / "hw_profiles"
TOP_LEVEL = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "benchmarks",
    "constraints.txt",
    "docs",
    "evsnn_lava",
    "examples",
    "export",
    "hw_profiles",
    "pyproject.toml",
    "tests",
}
BUILT = {"build", "dist"}  # git ignores them
EVERYONE = {"errors", "_children", "_files"}  # of our own, free for every room

# room: (our own modules, third-party packages) that it may import, besides the standard library, itself and EVERYONE
ROOMS = {
    "network": (set(), {"numpy"}),
    "simulation": ({"network"}, {"numpy", "numba", "llvmlite"}),
    "data": ({"network"}, {"numpy", "numba", "tonic", "sklearn", "scipy", "h5py", "pydantic", "PIL"}),
    "training": ({"network", "simulation", "data", "_torch"}, {"numpy", "numba", "lightning", "pydantic", "tomli"}),
    "runtime": ({"network", "simulation", "_lava"}, {"numpy", "psutil"}),
    "profiling": ({"network", "hw_profiles", "export"}, {"numpy"}),  # of export the placement alone, see below
    "reporting": ({"profiling", "export", "hw_profiles"}, {"rich", "plotly", "pydantic", "tomli"}),
    "export": ({"network", "simulation", "hw_profiles", "_torch"}, {"numpy", "scipy", "h5py", "nir", "pydantic"}),
    "hw_profiles": (set(), {"pydantic", "tomli"}),
    "stock": ({"_lava", "_torch"}, set()),  # one module: both doors, for the user's own scripts
}
FRONT_ENDS = {"evsnn_lava.export.frontend": {"training"}}  # the one module of the compiler that reads trained models
DOORS = {"evsnn_lava._lava": "lava", "evsnn_lava._torch": "torch"}
LONGEST_MODULE, LONGEST_FUNCTION = 400, 40


def modules() -> dict[str, Path]:
    """Every module of the package, by the name under which it is imported."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join((package, *parts)).removesuffix(".__init__")] = path
    return found


MODULES = modules()
every_module = pytest.mark.parametrize("name", MODULES)


def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def imports(name: str) -> Iterator[str]:
    """The modules that a module imports, at any depth, relative ones resolved; `import_module("...")` counts."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            if base == "evsnn_lava":
                yield from (f"{base}.{alias.name}" for alias in node.names)
            else:
                yield base
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def room_of(name: str) -> str:
    return [*name.split("."), ""][1]


@pytest.mark.parametrize("name", [name for name in MODULES if room_of(name) in ROOMS])
def test_room_imports_what_the_design_allows(name):
    room = room_of(name)
    ours, theirs = ROOMS[room]
    ours = ours | FRONT_ENDS.get(name, set())
    for imported in imports(name):
        top = imported.partition(".")[0]
        if top == "evsnn_lava":
            assert room_of(imported) in ours | EVERYONE | {room, "__version__"}, f"{name} imports {imported}"
        else:
            assert top in theirs or top in sys.stdlib_module_names | {"tomllib"}, f"{name} imports {imported}"


@pytest.mark.parametrize("name", [name for name in MODULES if room_of(name) == "profiling"])
def test_profiling_knows_of_the_compiler_where_layers_lie(name):
    foreign = {imported for imported in imports(name) if room_of(imported) == "export"}
    assert foreign <= {"evsnn_lava.export.placement"}


@every_module
def test_only_the_doors_import_lava_and_torch(name):
    for imported in imports(name):
        top = imported.partition(".")[0]
        if top in DOORS.values():
            assert name in DOORS, f"{name} imports {imported}; ask a door for it"
            assert imported.startswith("lava.lib.dl") or DOORS[name] == top


@every_module
def test_mapped_rooms_are_imported_from_inside_the_package(name):
    assert not {"export", "hw_profiles"} & {imported.partition(".")[0] for imported in imports(name)}


@every_module
def test_module_is_short(name):
    lines = MODULES[name].read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_MODULE, f"{name} has {lines} lines; split it by idea"


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function from `def` to the end, without its docstring."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function, clean=False) is not None:
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


@every_module
def test_functions_are_short(name):
    functions = (n for n in ast.walk(tree(name)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    assert {f.name: length(f) for f in functions if length(f) > LONGEST_FUNCTION} == {}


def faults(name: str) -> Iterator[str]:
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Assert):
            yield f"line {node.lineno}: assert"
        elif isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"line {node.lineno}: bare except"
        elif isinstance(node, ast.Raise) and node.exc is not None:
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if ast.unparse(called) in {"Exception", "BaseException"}:
                yield f"line {node.lineno}: bare Exception"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "print" and room_of(name) != "cli":
            yield f"line {node.lineno}: print"


@every_module
def test_no_print_assert_or_bare_exception(name):
    assert list(faults(name)) == []


@every_module
def test_module_has_a_docstring_and_late_annotations(name):
    parsed = tree(name)
    assert ast.get_docstring(parsed), name
    if any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in parsed.body):
        assert "from __future__ import annotations" in MODULES[name].read_text(encoding="utf-8")


def test_top_level_is_the_fixed_set():
    seen = {p.name for p in ROOT.iterdir() if not p.name.startswith(".") and p.suffix != ".egg-info"}
    assert seen - BUILT - TOP_LEVEL - {"__pycache__"} == set()
    assert TOP_LEVEL - seen == set()


def test_every_room_of_the_table_exists():
    assert {room for room in ROOMS if not any(room_of(name) == room for name in MODULES)} == set()


def test_the_tests_see_a_breach():
    """The scanner itself: each way of importing is seen."""
    source = "import lava.proc\nfrom . import x\ndef f():\n    from torch import nn\n    import_module('numba')\n"
    path = ROOT / "build" / "breach.py"
    MODULES["evsnn_lava.network.breach"] = path
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
        seen = set(imports("evsnn_lava.network.breach"))
    finally:
        del MODULES["evsnn_lava.network.breach"]
        path.unlink()
    assert seen == {"lava.proc", "evsnn_lava.network", "torch", "numba"}
