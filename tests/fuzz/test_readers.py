"""The readers survive a fixed set of damaged files; `fuzz_reader.py` makes as many more as wanted."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from evsnn_lava.errors import EvsnnError, FormatError
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import content_hash

HERE = Path(__file__).parent
VERSION_1 = HERE.parent / "export" / "data" / "version1.net"
CRASHES = json.loads((HERE / "crashes.json").read_text(encoding="utf-8"))
"""Changes of version1.net, each a place and bytes, with which the HDF5 library 2.0.0 crashed or hung."""

HANGS = {"structure": ((2072, 128), (49505, 64)), "duplicate": ((2592, 0), (2593, 0))}
"""Changes of the NIR seed, each a place and a byte, with which the HDF5 library 2.0.0 hung for ever."""


def fuzz(*arguments):
    command = [sys.executable, str(HERE / "fuzz_reader.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_our_reader_refuses_or_reads_the_very_same():
    code, report = fuzz("--cases", 300, "--seed", 42)
    assert report["findings"] == []
    assert code == 0
    assert report["refused"] > 150
    assert report["same"] > 20
    assert report["refused"] + report["same"] + report["other"] + report["not made"] == 300
    assert report["memory_growth_mib"] < 1024


def test_the_reader_of_foreign_netx_files_refuses_or_reads():
    code, report = fuzz("--reader", "netx", "--cases", 150, "--seed", 42)
    assert (code, report["findings"]) == (0, [])
    assert report["refused"] > 50


def test_the_reader_of_nir_graphs_refuses_or_reads():
    pytest.importorskip("nir")
    code, report = fuzz("--reader", "nir", "--cases", 20, "--seed", 42)
    assert (code, report["findings"]) == (0, [])
    assert report["refused"] > 5


@pytest.mark.parametrize("hang", HANGS)
def test_nir_graphs_on_which_the_hdf5_library_hangs(hang, tmp_path, monkeypatch):
    """Another version of the library may read or refuse them."""
    pytest.importorskip("nir")
    from evsnn_lava.export.nir import storage as nir_storage
    from evsnn_lava.export.nir.reader import read_nir

    monkeypatch.syspath_prepend(str(HERE))
    path = tmp_path / "a.nir"
    importlib.import_module("seeds").write_nir_file(path)
    data = bytearray(path.read_bytes())
    for place, value in HANGS[hang]:
        data[place] = value
    path.write_bytes(data)
    monkeypatch.setattr(nir_storage, "CPU_LIMIT_S", 2)
    begun = time.monotonic()
    with contextlib.suppress(EvsnnError):
        read_nir(path, steps=4)
    assert time.monotonic() - begun < nir_storage.WALL_LIMIT_S + 1


@pytest.mark.parametrize("crash", CRASHES)
def test_files_that_crash_the_hdf5_library(crash, tmp_path):
    """Most are refused; where the damage says nothing about the content, the very same network is read."""
    data = bytearray(VERSION_1.read_bytes())
    for place, change in CRASHES[crash]:
        data[place : place + len(change) // 2] = bytes.fromhex(change)
    path = tmp_path / "a.net"
    path.write_bytes(data)
    try:
        network = read_net(path)
    except FormatError:
        return
    assert content_hash(network) == content_hash(read_net(VERSION_1))


WRONG = """
import os, signal
def wrong(path):
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return "content"
    state = Path(COUNT)
    count = int(state.read_text()) if state.exists() else 0
    state.write_text(str(count + 1))
    if count == 0: os.kill(os.getpid(), signal.SIGSEGV)
    if count == 1: raise ValueError("not ours")
    if count == 2: bytes(3 << 30)
    if count == 3: time.sleep(60)
    return "a lie"
READERS["net"] = Reader(READERS["net"].seeds, wrong, strict=True)
HANG_S = 2
"""


def test_the_fuzzer_finds_a_reader_that_does_wrong(tmp_path):
    """One that crashes, raises something else, takes too much memory, hangs, and reads what is not there."""
    script = (HERE / "fuzz_reader.py").read_text(encoding="utf-8")
    broken = script.replace("\nHANG_S = 10\n", WRONG.replace("COUNT", f"{str(tmp_path / 'count')!r}"))
    broken = broken.replace("Path(__file__).parent", f"Path({str(HERE)!r})")
    (tmp_path / "broken.py").write_text(broken, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "broken.py"), "--cases", "9", "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    outcomes = [finding["outcome"] for finding in json.loads(done.stdout)["findings"]]
    assert outcomes[:4] == ["ended with -11", "ValueError: not ours", "MemoryError: ", "hang"]
    assert set(outcomes[4:]) == {"accepted with other content"}
    assert done.returncode == 1


def test_checksums_are_those_of_hdf5(tmp_path):
    """A file whose structures were damaged and made right again is one that HDF5 opens."""
    sys.path.insert(0, str(HERE))
    try:
        from checksums import lookup3, regions, renewed
    finally:
        sys.path.remove(str(HERE))
    assert lookup3(b"Four score and seven years ago") == 0x17770551
    data = bytearray(VERSION_1.read_bytes())
    found = regions(bytes(data))
    assert len(found) > 90
    start, end = next(region for region in found if data[region[0] : region[0] + 4] == b"OHDR" and region[0] > 100)
    data[end - 1] ^= 1
    path = tmp_path / "a.net"
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    renewed(data, (start, end))
    assert hashlib.sha256(data).hexdigest() != digest
    path.write_bytes(data)
    with h5py.File(path) as net:
        names = []
        net.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        assert np.all([net[name].shape is not None for name in names])
