"""The reader gives the network that was written, or one line that says why not; nothing else, ever."""

from __future__ import annotations

import random
from collections import Counter

import h5py
import numpy as np
import pytest

from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.export.netfile_encoding import content_digest, encode
from evsnn_lava.export.netfile_reader import read_net
from evsnn_lava.export.netfile_schema import FORMAT_VERSION, HASH_PATH
from evsnn_lava.export.netfile_storage import tree_to_bytes
from evsnn_lava.export.netfile_writer import content_hash, write_net

FLIPS = 2000


@pytest.fixture
def file(demo, tmp_path):
    path = tmp_path / "a.net"
    write_net(demo, path)
    return path


def refusal(path, error=FormatError):
    """The one-line message with which a file is refused."""
    with pytest.raises(error) as caught:
        read_net(path)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    assert type(caught.value) is error
    return message


def forge(network, path, changes):
    """A file with other content whose hash is right, as another program would write it."""
    tree = encode(network) | changes
    tree = {name: array for name, array in tree.items() if array is not None}
    tree[HASH_PATH] = np.array(content_digest(tree).encode())
    path.write_bytes(tree_to_bytes(tree))
    return path


def test_missing_file(tmp_path):
    assert "No such file" in refusal(tmp_path / "a.net", ConfigError)


def test_folder(tmp_path):
    (tmp_path / "a.net").mkdir()
    refusal(tmp_path / "a.net", ConfigError)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500), b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" * 99]
)
def test_not_hdf5(tmp_path, data):
    path = tmp_path / "a.net"
    path.write_bytes(data)
    assert "HDF5" in refusal(path)


def test_plain_netx_file(file):
    with h5py.File(file, "a") as net:
        del net["evsnn"]
    assert "plain netx file without /evsnn" in refusal(file)


def test_other_hdf5_file(tmp_path):
    path = tmp_path / "a.net"
    with h5py.File(path, "w") as net:
        net["x"] = 1
    assert "without /layer and /evsnn" in refusal(path)


def test_newer_version_is_named_first(demo, tmp_path):
    newer = {"evsnn/format_version": np.array(FORMAT_VERSION + 1, "<i8"), "evsnn/new": np.array(1, "<i8")}
    assert "format version 2 is newer than 1" in refusal(forge(demo, tmp_path / "a.net", newer))


def test_truncated_at_every_length(file):
    data = file.read_bytes()
    for length in [*range(0, len(data), 97), len(data) - 1]:
        file.write_bytes(data[:length])
        refusal(file)


def damage(data, rng):
    """One random fault: mostly a flipped bit, sometimes a run of noise, a hole or an insertion."""
    damaged = bytearray(data)
    place, length = rng.randrange(len(data)), rng.randrange(1, 200)
    match rng.randrange(8):
        case 0:
            damaged[place : place + length] = rng.randbytes(len(damaged[place : place + length]))
        case 1:
            del damaged[place : place + length]
        case 2:
            damaged[place:place] = bytes(length)
        case _:
            damaged[place] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def test_damaged_bytes_never_pass(tiny, tmp_path):
    """Bytes that hold no content may change; then the very same network is read."""
    path, rng, outcomes = tmp_path / "a.net", random.Random(0), Counter()
    write_net(tiny, path)
    data, expected = path.read_bytes(), content_hash(tiny)
    for _ in range(FLIPS):
        path.write_bytes(damage(data, rng))
        try:
            outcomes[content_hash(read_net(path)) == expected] += 1
        except FormatError as error:
            outcomes["refused"] += 1
            outcomes["more than a line"] += "\n" in str(error)
    assert outcomes[False] == outcomes["more than a line"] == 0
    assert outcomes["refused"] > FLIPS / 2


def test_every_flipped_bit_of_content_is_refused(demo, tmp_path):
    """One bit in the stored bytes of each data set, the first, the last and one between."""
    path = tmp_path / "a.net"
    write_net(demo, path)
    data = path.read_bytes()
    with h5py.File(path) as net:
        names = []
        net.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        places = {name: (net[name].id.get_offset(), net[name].nbytes) for name in names}
    assert len(places) > 60
    for name, (offset, size) in places.items():
        assert offset is not None, name
        for place in {offset, offset + size // 2, offset + size - 1}:
            path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
            refusal(path)


def every_path(network):
    """Every data set; of the two convolutions, one."""
    return sorted(path for path in [*encode(network), HASH_PATH] if not path.startswith("layer/2/"))


def test_every_missing_data_set_is_named(demo, file):
    data = file.read_bytes()
    for name in every_path(demo):
        file.write_bytes(data)
        with h5py.File(file, "a") as net:
            del net[name]
        message = refusal(file)
        assert "missing" in message or "hash" in message or "group" in message, name


def test_every_renamed_data_set_is_refused(demo, file):
    data = file.read_bytes()
    for name in every_path(demo):
        file.write_bytes(data)
        with h5py.File(file, "a") as net:
            net.move(name, f"{name}x")
        refusal(file)


def test_every_missing_data_set_is_refused_with_a_right_hash(demo, tmp_path):
    """Only a bias can be left out: that is another network, and a valid one."""
    for name in set(every_path(demo)) - {HASH_PATH}:
        path = forge(demo, tmp_path / "a.net", {name: None})
        if name.endswith("/bias"):
            assert content_hash(read_net(path)) != content_hash(demo)
        else:
            refusal(path)


@pytest.mark.parametrize(
    "retype",
    [
        lambda a: a.astype("S9") if a.dtype.kind != "S" else np.zeros(a.shape, "<i8"),
        lambda a: a[None],
        lambda a: np.zeros((*a.shape, 0), a.dtype),
        lambda a: a.astype(">i8") if a.dtype.kind != "S" else a.astype("S999"),
        lambda a: a.astype("<f4") if a.dtype.kind != "S" else np.zeros(a.shape, "<f8"),
    ],
)
def test_every_retyped_data_set_is_refused(demo, tmp_path, retype):
    tree = encode(demo)
    for name in set(every_path(demo)) & set(tree):
        refusal(forge(demo, tmp_path / "a.net", {name: retype(tree[name])}))


VALUES = {
    "layer/1/weight": lambda a: a * 0 + 300,
    "layer/1/shape": lambda a: a + 1,
    "layer/1/stride": lambda a: a * 0,
    "layer/1/padding": lambda a: a - 9,
    "layer/1/dilation": lambda a: a * 0 + 2**62,
    "layer/1/groups": lambda a: a * 0,
    "layer/1/bias": lambda a: a * 0 + 5000,
    "layer/1/type": lambda a: np.array(b"pool"),
    "layer/0/type": lambda a: np.array(b"conv"),
    "layer/3/type": lambda a: np.array(b"input"),
    "layer/1/neuron/type": lambda a: np.array(b"SDNN"),
    "layer/1/neuron/iDecay": lambda a: a * 0 + np.iinfo("i8").min,
    "layer/1/neuron/vDecay": lambda a: a * 0 + 5000,
    "layer/1/neuron/vThMant": lambda a: a * 0 - 1,
    "layer/1/neuron/refDelay": lambda a: a + 1,
    "layer/1/neuron/gradedSpike": lambda a: np.array(True),
    "evsnn/format_version": lambda a: a * 0,
    "evsnn/name": lambda a: np.array(b"\xff\xfe"),
    "evsnn/layer_names": lambda a: a[:2],
    "evsnn/class_names": lambda a: a[:2],
    "evsnn/provenance": lambda a: np.array(b"[" * 100_000),
    "evsnn/recipe/sensor_height": lambda a: a - 5,
    "evsnn/recipe/steps": lambda a: a * 0 + 2**62,
    "evsnn/recipe/binning": lambda a: np.array(b"never"),
    "evsnn/recipe/crop": lambda a: a[:3],
    "evsnn/recipe/downsample": lambda a: a * 0 + 2**62,
    "evsnn/recipe/polarities": lambda a: a - 1,
    "evsnn/masks/semantics": lambda a: np.array(b"maybe"),
    "evsnn/masks/keep": lambda a: a * 2,
    "evsnn/masks/phase": lambda a: a[::-1].copy(),
    "evsnn/cutoff/kind": lambda a: np.array(b"soon"),
    "evsnn/cutoff/thresholds": lambda a: a[:1],
    "evsnn/cutoff/epsilon": lambda a: a * np.nan,
    "evsnn/quantisation/layer": lambda a: a[:1],
    "evsnn/golden/frames": lambda a: a[:, :-1].copy(),
    "evsnn/golden/spike_counts": lambda a: a[:, :1].copy(),
    "evsnn/golden/exit_step": lambda a: a * 0,
    "evsnn/golden/decision": lambda a: a + 99,
}


@pytest.mark.parametrize("name", VALUES)
def test_a_wrong_value_is_refused_even_with_a_right_hash(demo, tmp_path, name):
    changed = VALUES[name](encode(demo)[name])
    refusal(forge(demo, tmp_path / "a.net", {name: changed}))


def test_unknown_objects_are_refused(demo, tmp_path):
    for name in (
        "evsnn/extra",
        "layer/1/delay",
        "layer/1/neuron/tau",
        "layer/<i>/type",
        "layer/09/type",
        "simulation/Ts",
    ):
        message = refusal(forge(demo, tmp_path / "a.net", {name: np.array(1, "<i8")}))
        assert "unknown object" in message, name


def test_layer_numbers_with_gaps(demo, tmp_path):
    assert "gaps" in refusal(forge(demo, tmp_path / "a.net", {"layer/9/type": np.array(b"flatten")}))


def test_nan_weights(demo, file):
    with h5py.File(file, "a") as net:
        weight = net["layer/1/weight"][()].astype("f8")
        weight[0] = np.nan
        del net["layer/1/weight"]
        net["layer/1/weight"] = weight
    assert "/layer/1/weight holds float64, the format says int16" in refusal(file)


EDITS = {
    "attribute": lambda net: net["evsnn"].attrs.__setitem__("note", 1),
    "attribute of a data set": lambda net: net["evsnn/name"].attrs.__setitem__("note", 1),
    "soft link": lambda net: net.__setitem__("evsnn/recipe/dt", h5py.SoftLink("/evsnn/recipe/dt_us")),
    "external link": lambda net: net.__setitem__("evsnn/recipe/dt", h5py.ExternalLink("/etc/passwd", "x")),
    "loop of links": lambda net: net.__setitem__("evsnn/recipe/evsnn", net["evsnn"]),
    "empty group": lambda net: net.create_group("evsnn/more"),
    "chunks": lambda net: net.create_dataset("evsnn/z", data=np.zeros(9), chunks=(3,)),
    "compression": lambda net: net.create_dataset("evsnn/z", data=np.zeros(9), compression="gzip"),
    "more than the file holds": lambda net: net.create_dataset("evsnn/z", shape=(2**60,), dtype="i1"),
    "size that overflows": lambda net: net.create_dataset("evsnn/z", shape=(2**40, 2**40), dtype="i1", chunks=(1, 1)),
    "no space": lambda net: net.create_dataset("evsnn/z", dtype="i8", data=h5py.Empty("i8")),
    "text of any length": lambda net: net.create_dataset("evsnn/z", data="text"),
    "reference": lambda net: net.create_dataset("evsnn/z", data=net["evsnn"].ref, dtype=h5py.ref_dtype),
    "compound": lambda net: net.create_dataset("evsnn/z", data=np.zeros(2, [("a", "i4")])),
    "named type": lambda net: net.__setitem__("evsnn/z", np.dtype("i4")),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_hdf5_can_do_beyond_the_format_is_refused(file, edit):
    with h5py.File(file, "a") as net:
        EDITS[edit](net)
    refusal(file)
