"""NIR files are read without trust: what is damaged or hostile is a FormatError, and takes no memory."""

from __future__ import annotations

import contextlib
import resource
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError, EvsnnError, FormatError, RunError
from evsnn_lava.export.nir import storage as nir_storage
from evsnn_lava.export.nir.reader import read_nir
from evsnn_lava.export.nir.storage import SIZE_LIMIT, read_graph, read_text, write_graph

nir = pytest.importorskip("nir")


def graph():
    one = np.ones(3)
    nodes = {
        "input": nir.Input(np.array([2])),
        "w": nir.Affine(np.arange(6.0).reshape(3, 2), np.zeros(3)),
        "n": nir.LIF(one / 100, one, 0 * one, one, metadata={"who": "somebody", "number": 3.0}),
        "output": nir.Output(np.array([3])),
    }
    return nir.NIRGraph(nodes, [("input", "w"), ("w", "n"), ("n", "output")], type_check=False)


@pytest.fixture(scope="module", autouse=True)
def first_child(tmp_path_factory):
    """The memory of a child that reads an honest file is no growth."""
    path = tmp_path_factory.mktemp("first") / "a.nir"
    write_graph(graph(), path)
    read_graph(path)


@pytest.fixture
def path(tmp_path):
    write_graph(graph(), tmp_path / "a.nir")
    return tmp_path / "a.nir"


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    """The bytes of a valid file."""
    path = tmp_path_factory.mktemp("valid") / "a.nir"
    write_graph(graph(), path)
    return path.read_bytes()


def test_what_is_written_is_what_the_package_reads(path):
    ours, theirs = read_graph(path), nir.read(path)
    assert ours.edges == theirs.edges
    assert np.array_equal(ours.nodes["w"].weight, theirs.nodes["w"].weight)
    assert read_text(ours.nodes["n"].metadata, "who") == "somebody"
    assert read_text(ours.nodes["n"].metadata, "number") is None
    assert read_text(None, "who") is None


def edit(path, change):
    with h5py.File(path, "r+") as file:
        change(file)


def replace_weight(**options):
    def change(file):
        del file["node/nodes/w/weight"]
        file.create_dataset("node/nodes/w/weight", **options)

    return change


def link(target):
    def change(file):
        del file["node/nodes/w/weight"]
        file["node/nodes/w/weight"] = target

    return change


def external_storage(file):
    replace_weight(shape=(3, 2), dtype="<f8", external=[("/etc/hostname", 0, 48)])(file)


def reference(file):
    replace_weight(shape=(1,), dtype=h5py.ref_dtype)(file)


def virtual(file):
    layout = h5py.VirtualLayout((3, 2), "<f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(3, 2))
    del file["node/nodes/w/weight"]
    file.create_virtual_dataset("node/nodes/w/weight", layout)


def loop_of_groups(file):
    file["node/nodes/w/again"] = file["node"]


def long_text(file):
    """Ten thousand edges that all point to the same long name."""
    name = "x" * (1 << 16)
    del file["node/edges"]
    file.create_dataset("node/edges", data=np.full((500, 2), name, dtype=object), dtype=h5py.string_dtype())


def many_texts(file):
    del file["node/edges"]
    file.create_dataset("node/edges", shape=(1 << 24, 2), dtype=h5py.string_dtype(), chunks=(1024, 2))


def retype(kind):
    def change(file):
        del file["node/nodes/n/type"]
        file["node/nodes/n/type"] = kind

    return change


def drop(name):
    def change(file):
        del file[name]

    return change


def unprintable(file):
    file["node/nodes/a\n\x1b[31m"] = h5py.SoftLink("/node")


def peak():
    """Most memory of this process and of any of its children, in kilobytes."""
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


HOSTILE = {
    "an external link": (link(h5py.ExternalLink("/etc/passwd", "/")), "link"),
    "a soft link": (link(h5py.SoftLink("/node")), "link"),
    "a name with control characters": (unprintable, r"nodes/a\?\?\[31m is a link"),
    "external storage": (external_storage, "stored elsewhere"),
    "a virtual data set": (virtual, "stored elsewhere"),
    "object references": (reference, "expected numbers"),
    "a gigantic shape": (replace_weight(shape=(1 << 20, 1 << 20), dtype="<f8", chunks=(64, 64)), "limit of"),
    "a gigantic chunk": (
        replace_weight(shape=(2, 2), dtype="<f8", chunks=(1 << 14, 1 << 14), maxshape=(None, None)),
        "chunk",
    ),
    "a compound type": (replace_weight(shape=(2,), dtype=np.dtype([("a", "<f8")])), "expected numbers"),
    "complex numbers": (replace_weight(shape=(3, 2), dtype="<c16"), "expected numbers"),
    "an empty space": (replace_weight(data=h5py.Empty("<f8")), "is empty"),
    "a group in itself": (loop_of_groups, "deeper than"),
    "many long texts": (long_text, "bytes of text"),
    "many texts": (many_texts, "bytes of text"),
    "an unknown node": (retype("Nothing"), "no NIR graph"),
    "a node of another type": (retype("Conv2d"), "no NIR graph"),
    "no type": (drop("node/nodes/n/type"), "no NIR graph"),
    "no edges": (drop("node/edges"), "no NIR graph"),
    "no node": (drop("node"), "no NIR graph"),
    "no threshold": (drop("node/nodes/n/v_threshold"), "no NIR graph"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_their_path(path, name):
    change, message = HOSTILE[name]
    edit(path, change)
    before = peak()
    with pytest.raises(FormatError, match=message) as caught:
        read_nir(path, steps=3)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).isprintable()
    assert peak() - before < 100_000 + 4 * path.stat().st_size // 1024  # some copies of the file


def test_a_bomb_of_zeros_is_refused_before_it_is_unpacked(path):
    """Compression makes a small file of much data."""
    rows = SIZE_LIMIT // (1 << 20) // 8 + 1
    edit(path, replace_weight(shape=(rows, 1 << 20), dtype="<f8", chunks=(1, 1 << 20), compression="gzip", fillvalue=0))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(FormatError, match="limit of"):
        read_nir(path, steps=3)


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "text.nir").write_text("hello")
    with pytest.raises(FormatError, match="not an HDF5 file"):
        read_nir(tmp_path / "text.nir", steps=3)
    for missing in (tmp_path / "missing.nir", tmp_path):
        with pytest.raises(ConfigError, match="cannot read"):
            read_nir(missing, steps=3)
    with pytest.raises(ConfigError, match="cannot write"):
        write_graph(graph(), tmp_path)


CHILDREN = {
    "crashes": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", FormatError, r"crashes on it \(signal 11\)"),
    "aborts": ("import os; os.abort()", FormatError, r"crashes on it \(signal 6\)"),
    "waits": ("import time; time.sleep(60)", FormatError, "has not read it within 1 s;"),
    "does not start": ("import nowhere_at_all", RunError, "code 1: .*No module named 'nowhere_at_all'"),
}


@pytest.mark.parametrize("name", CHILDREN)
def test_a_child_that_ends_badly_is_one_line(path, monkeypatch, name):
    program, error, message = CHILDREN[name]
    monkeypatch.setattr(nir_storage, "MAIN", program)
    monkeypatch.setattr(nir_storage, "WALL_LIMIT_S", 1.0)
    begun = time.monotonic()
    with pytest.raises(error, match=message) as caught:
        read_graph(path)
    assert time.monotonic() - begun < 4
    assert type(caught.value) is error
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).isprintable()


def test_the_child_has_little_time(path, monkeypatch):
    busy = "tree.TreeReader.tree = lambda self: [0 for _ in iter(int, 1)]"
    monkeypatch.setattr(nir_storage, "MAIN", child_with(busy))
    monkeypatch.setattr(nir_storage, "CPU_LIMIT_S", 1)
    with pytest.raises(FormatError, match="not read it within 1 s of computing"):
        read_graph(path)


def test_the_child_has_little_memory(path, monkeypatch):
    monkeypatch.setattr(
        nir_storage, "MAIN", child_with("tree.TreeReader.tree = lambda self: {'node': len(bytes(800 << 20))}")
    )
    with pytest.raises(FormatError, match="a node is no group"):  # so much it may take
        read_graph(path)
    monkeypatch.setattr(
        nir_storage, "MAIN", child_with("tree.TreeReader.tree = lambda self: {'node': len(bytes(1100 << 20))}")
    )
    with pytest.raises(FormatError, match="MemoryError"):
        read_graph(path)


def child_with(change):
    """Program of a child that changes itself before it reads."""
    return f"import sys, evsnn_lava.export.nir.tree as tree\n{change}\nsys.exit(tree.main(sys.argv[1:]))"


def test_files_in_the_current_folder_do_not_stand_in_for_modules(path, monkeypatch, tmp_path):
    for name in ("queue", "json", "numpy", "h5py", "resource"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not the module')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert len(read_graph(path).nodes) == 4


def test_an_interrupt_ends_the_child(path):
    program = (
        "from evsnn_lava.export.nir import storage\n"
        "storage.MAIN, storage.WALL_LIMIT_S = 'import time; time.sleep(50)', 50\n"
        f"storage.read_graph({str(path)!r})"
    )
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) as reader:
        process, deadline = psutil.Process(reader.pid), time.monotonic() + 20
        while not (children := process.children()) and time.monotonic() < deadline:
            time.sleep(0.05)
        reader.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in reader.communicate(timeout=20)[1]
    assert len(children) == 1
    _, alive = psutil.wait_procs(children, timeout=10)  # it was killed before the reader ended, and dies in its time
    assert not alive


@settings(max_examples=25)
@given(st.data())
def test_damaged_files_give_our_errors_or_a_network(valid, tmp_path_factory, data):
    """Changed bytes, cut files: whatever comes, it is a network or one of our errors."""
    content = bytearray(valid)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz", numbered=True) / "a.nir"
    path.write_bytes(bytes(content[: data.draw(st.integers(len(content) // 2, len(content)) | st.just(len(content)))]))
    with contextlib.suppress(EvsnnError):
        assert read_nir(path, steps=3)[0].depth == 1
