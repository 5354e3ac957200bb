"""The reader gives the network that was written, or one line that says why not; nothing else, ever."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import h5py
import numpy as np
import pytest

from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.export.netfile.encoding import content_digest, encode
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.schema import HASH_PATH, NEWEST_VERSION
from evsnn_lava.export.netfile.storage import tree_to_bytes
from evsnn_lava.export.netfile.writer import content_hash, write_net

FLIPS = 500


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
    with h5py.File(file, "a", libver="v108") as net:
        del net["evsnn"]
    said = refusal(file)
    assert "a netx file without /evsnn" in said
    assert "take the file that still has its /evsnn" in said, "evsnn convert would not read it either"


def test_other_hdf5_file(tmp_path):
    path = tmp_path / "a.net"
    with h5py.File(path, "w", libver="v108") as net:
        net["x"] = 1
    assert "without /layer and /evsnn" in refusal(path)


def test_hdf5_file_of_another_layout(tmp_path):
    """As lava-dl and h5py by itself write it."""
    path = tmp_path / "a.net"
    with h5py.File(path, "w") as net:
        net["layer/0/type"] = b"input"
    assert "`evsnn convert`" in refusal(path)


@pytest.mark.parametrize("layout", [{}, {"libver": "v108"}, {"libver": "latest"}])
def test_a_nir_graph_is_sent_to_convert(tmp_path, layout):
    """A real one, in the layout of the nir package and in newer ones."""
    nir = pytest.importorskip("nir")
    nodes = {
        "in": nir.Input({"input": np.array([2])}),
        "w": nir.Affine(np.eye(2), np.zeros(2)),
        "out": nir.Output({"output": np.array([2])}),
    }
    nir.write(tmp_path / "a.nir", nir.NIRGraph(nodes, [("in", "w"), ("w", "out")]))
    path = tmp_path / "a.net"
    with h5py.File(tmp_path / "a.nir") as graph, h5py.File(path, "w", **layout) as copy:
        for name in graph:
            graph.copy(name, copy)
    message = refusal(path)
    assert message.endswith("it looks like a NIR graph, not a .net file; `evsnn convert` reads it")
    assert "damaged" not in message


@pytest.mark.parametrize("length", [80, 90, 700, 730])
def test_names_of_a_file_of_another_layout_that_is_cut(tmp_path, length):
    path = tmp_path / "a.net"
    with h5py.File(path, "w") as net:
        net["layer/0/type"] = b"input"
    path.write_bytes(path.read_bytes()[:length])
    assert "a plain netx file or a NIR graph can be read by `evsnn convert`" in refusal(path)


def test_newer_version_is_named_first(demo, tmp_path):
    newer = {"evsnn/format_version": np.array(NEWEST_VERSION + 1, "<i8"), "evsnn/new": np.array(1, "<i8")}
    assert f"format version {NEWEST_VERSION + 1} is newer than {NEWEST_VERSION}" in refusal(
        forge(demo, tmp_path / "a.net", newer)
    )


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
    assert outcomes["refused"] > FLIPS / 3


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
        with h5py.File(file, "a", libver="v108") as net:
            del net[name]
        message = refusal(file)
        assert "missing" in message or "hash" in message or "group" in message, name


def test_every_renamed_data_set_is_refused(demo, file):
    data = file.read_bytes()
    for name in every_path(demo):
        file.write_bytes(data)
        with h5py.File(file, "a", libver="v108") as net:
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


PLACES = [
    # network, data set, value, what the refusal begins with
    ("demo", "layer/2/neuron/vThMant", -4, "/layer/2/neuron/vThMant: CubaNeuron: vth_mant spans -4..-4"),
    ("demo", "layer/2/neuron/iDecay", 4098, "/layer/2/neuron/iDecay: CubaNeuron: du spans 4097..4097"),
    ("demo", "layer/2/neuron/vDecay", 5000, "/layer/2/neuron/vDecay: CubaNeuron: dv spans"),
    ("demo", "layer/2/bias", 5000, "/layer/2/bias: CubaNeuron: bias_mant spans"),
    ("demo", "layer/2/weight", 300, "/layer/2/weight: ConvSynapse: weight spans"),
    ("demo", "layer/2/stride", 0, "/layer/2/stride: ConvSynapse: stride is (0, 0)"),
    ("demo", "layer/2/groups", 5, "/layer/2/groups: ConvSynapse: groups is 5"),
    ("demo", "layer/2/shape", 7, "/layer/2/shape: layer conv2: shape is (7, 7, 7)"),
    ("demo", "layer/4/weight", 0, "/layer/4: layer fc: all 960 dense weights are zero"),
    ("demo", "evsnn/cutoff/epsilon", np.nan, "/evsnn/cutoff/epsilon is nan"),
    ("demo", "evsnn/quantisation/max_error", np.inf, "/evsnn/quantisation/max_error holds a number"),
    ("demo", "evsnn/recipe/downsample", 0, "/evsnn/recipe/downsample: input recipe: downsample is 0"),
    ("demo", "evsnn/recipe/dt_us", 0, "/evsnn/recipe/dt_us: input recipe: dt_us is 0"),
    ("demo", "evsnn/recipe/crop", 99, "/evsnn/recipe/crop: input recipe: crop (99, 99, 99, 99) leaves"),
    ("demo", "evsnn/masks/keep", 0, "/evsnn/masks/keep: FrameMasks: the last mask keeps no frame"),
    ("demo", "evsnn/golden/exit_step", -1, "/evsnn/golden/exit_step: golden vectors: exit_step spans -1..-1"),
    ("demo", "evsnn/golden/spike_counts", 10**15, "/evsnn/golden/spike_counts: golden vectors: spike_counts are"),
    ("demo", "evsnn/golden/spike_counts", -1, "/evsnn/golden/spike_counts: golden vectors: spike_counts are"),
    ("demo", "evsnn/golden/spike_counts", 1, "/evsnn/golden/spike_counts: golden vectors: spike_counts are"),
    ("delays", "layer/2/delay", 63, "/layer/2/delay: DenseSynapse: delay spans"),
    ("recurrence", "layer/2/weight_rec", 999, "/layer/2/weight_rec: DenseSynapse: weight spans"),
    ("resonators", "layer/2/weight/imag", 300, "/layer/2/weight/imag: DenseSynapse: weight spans"),
    ("sigma-delta", "layer/0/neuron/vThMant", -1, "/layer/0/neuron/vThMant: DeltaNeuron: vth_mant spans"),
]


@pytest.mark.parametrize(("name", "path", "value", "said"), PLACES, ids=[f"{row[0]} {row[1]}" for row in PLACES])
def test_a_refusal_says_where_in_the_file_the_value_lies(demo, zoo, tmp_path, name, path, value, said):
    network = {**zoo, "demo": demo}[name]
    changed = np.full_like(encode(network)[path], value)
    assert f": {said}" in refusal(forge(network, tmp_path / "a.net", {path: changed}))


@pytest.mark.parametrize(
    ("path", "cut", "said"),
    [
        ("evsnn/cutoff/thresholds", slice(1), "the cutoff has 1 thresholds"),
        ("evsnn/class_names", slice(2), "there are 2 class names"),
        ("evsnn/masks/keep", slice(2), "there are masks for 2 layers"),
    ],
)
def test_parts_that_do_not_fit_together_are_placed(demo, tmp_path, path, cut, said):
    message = refusal(forge(demo, tmp_path / "a.net", {path: encode(demo)[path][cut].copy()}))
    assert f": /{path}: network demo: {said}" in message


def test_a_layer_named_like_a_parameter_misleads_nobody(demo, tmp_path):
    layers = [replace(layer, name=name) for layer, name in zip(demo.layers, ("du", "delays", "shape"), strict=True)]
    network = replace(demo, layers=tuple(layers), quantisation=())
    changed = np.zeros(7, "<i2")
    message = refusal(forge(network, tmp_path / "a.net", {"layer/1/bias": changed}))
    assert ": /layer/1/bias: layer du: bias_mant has shape (7,)" in message


def test_a_mismatched_hash_says_so_and_no_more(demo, tmp_path):
    path = tmp_path / "a.net"
    path.write_bytes(tree_to_bytes(encode(demo) | {HASH_PATH: np.array(b"0" * 64)}))
    assert ": content hash is " in refusal(path)
    assert refusal(path).endswith("the file is damaged or was edited, export or convert it again")


def test_unknown_objects_are_refused(demo, tmp_path):
    for name in (
        "evsnn/extra",
        "layer/1/delays",
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
    with h5py.File(file, "a", libver="v108") as net:
        weight = net["layer/1/weight"][()].astype("f8")
        weight[0] = np.nan
        del net["layer/1/weight"]
        net["layer/1/weight"] = weight
    assert "/layer/1/weight holds float64, the format says int16" in refusal(file)


def unlinked(net, name, **options):
    """Put a data set that HDF5 allows and the format does not in the place of another."""
    del net[name]
    return net.create_dataset(name, **options)


def space_padded(net):
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(4)
    kind.set_strpad(h5py.h5t.STR_SPACEPAD)
    space = h5py.h5s.create(h5py.h5s.SCALAR)
    del net["evsnn/name"]
    h5py.h5d.create(net["evsnn"].id, b"name", kind, space).write(h5py.h5s.ALL, h5py.h5s.ALL, np.array(b"demo"))


def virtual(net):
    layout = h5py.VirtualLayout(shape=(3,), dtype="i8")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(3,))
    del net["layer/0/shape"]
    net.create_virtual_dataset("layer/0/shape", layout)


def many_attributes(net):
    for index in range(2000):
        net["layer/1/weight"].attrs[f"note{index}"] = index


def region(net):
    net.create_dataset("evsnn/z", data=net["evsnn/masks/keep"].regionref[:1], dtype=h5py.regionref_dtype)


def with_named_type(net):
    net["evsnn/zz"] = np.dtype("<i8")
    net.create_dataset("evsnn/z", data=np.zeros(2, "<i8"), dtype=net["evsnn/zz"])


def maze(net):
    """A few hundred links, and millions of ways through them."""
    for index in range(300):
        net[f"evsnn/recipe/{index}"] = net["evsnn/recipe"]


ENUM = h5py.enum_dtype({"low": 1, "high": 2}, basetype="<i8")

EDITS = {
    "attribute": (lambda net: net["evsnn"].attrs.__setitem__("note", 1), "/evsnn has attributes"),
    "attribute of a data set": (
        lambda net: net["evsnn/name"].attrs.__setitem__("note", 1),
        "/evsnn/name has attributes",
    ),
    "attribute of the file": (lambda net: net.attrs.__setitem__("note", "x" * 60_000), "/ has attributes"),
    "more attributes than a header holds": (many_attributes, "/layer/1/weight has attributes"),
    "soft link": (
        lambda net: net.__setitem__("evsnn/recipe/dt", h5py.SoftLink("/evsnn/recipe/dt_us")),
        "/evsnn/recipe/dt is a link to somewhere else",
    ),
    "soft link to nothing": (lambda net: net.__setitem__("evsnn/z", h5py.SoftLink("/nothing")), "/evsnn/z is a link"),
    "external link": (
        lambda net: net.__setitem__("evsnn/recipe/dt", h5py.ExternalLink("/etc/passwd", "x")),
        "/evsnn/recipe/dt is a link to somewhere else",
    ),
    "external link in place of a group": (
        lambda net: (net.move("evsnn/golden", "evsnn/z"), net.__setitem__("evsnn/golden", h5py.ExternalLink("x", "/"))),
        "/evsnn/golden is a link to somewhere else",
    ),
    "loop of links": (
        lambda net: net.__setitem__("evsnn/recipe/evsnn", net["evsnn"]),
        "unexpected group /evsnn/recipe/evsnn/",
    ),
    "maze of links": (maze, "unexpected group /evsnn/recipe/0/0"),
    "empty group": (lambda net: net.create_group("evsnn/more"), "unexpected group /evsnn/more"),
    "chunks": (
        lambda net: unlinked(net, "evsnn/masks/phase", data=np.arange(3), chunks=(3,)),
        "/evsnn/masks/phase is chunked",
    ),
    "compression": (
        lambda net: unlinked(net, "evsnn/masks/phase", data=np.arange(3), compression="gzip"),
        "/evsnn/masks/phase is filtered or stored elsewhere",
    ),
    "compact storage": (
        lambda net: unlinked(net, "evsnn/masks/phase", data=np.arange(3), dcpl=compact()),
        "/evsnn/masks/phase is chunked, compact or virtual",
    ),
    "external storage": (
        lambda net: net.create_dataset("evsnn/z", shape=(9,), dtype="i8", external=[("/etc/passwd", 0, 72)]),
        "/evsnn/z is filtered or stored elsewhere",
    ),
    "virtual data set": (virtual, "/layer/0/shape is chunked, compact or virtual"),
    "more than the file holds": (
        lambda net: net.create_dataset("evsnn/z", shape=(2**60,), dtype="u1"),
        "/evsnn/z claims more data than the file has",
    ),
    "a little more than the file holds": (
        lambda net: net.create_dataset("evsnn/z", shape=(2**17,), dtype="u1"),
        "claims more data than the file has",
    ),
    "size that overflows": (
        lambda net: net.create_dataset("evsnn/z", shape=(2**40, 2**40), dtype="u1", chunks=(1, 1)),
        "/evsnn/z is chunked",
    ),
    "gigantic and empty": (
        lambda net: net.create_dataset("evsnn/z", shape=(2**62, 0, 2**62), dtype="i8"),
        "",
    ),
    "no space": (lambda net: net.create_dataset("evsnn/z", dtype="i8", data=h5py.Empty("i8")), "/evsnn/z"),
    "text of any length": (
        lambda net: unlinked(net, "evsnn/name", data="demo"),
        "/evsnn/name holds values of any length",
    ),
    "texts of any length": (
        lambda net: unlinked(net, "evsnn/class_names", data=["a"] * 5),
        "/evsnn/class_names holds values of any length",
    ),
    "text in ASCII": (
        lambda net: unlinked(net, "evsnn/name", data=np.array(b"demo")),
        "/evsnn/name holds texts of a form",
    ),
    "text padded with spaces": (space_padded, "/evsnn/name holds texts of a form"),
    "reference": (
        lambda net: net.create_dataset("evsnn/z", data=net["evsnn"].ref, dtype=h5py.ref_dtype),
        "/evsnn/z holds references",
    ),
    "reference to a region": (region, "/evsnn/z holds"),
    "compound": (lambda net: net.create_dataset("evsnn/z", data=np.zeros(2, [("a", "i4")])), "/evsnn/z holds"),
    "compound in place of numbers": (
        lambda net: unlinked(net, "layer/0/shape", data=np.zeros(3, [("a", "i8")])),
        "/layer/0/shape holds",
    ),
    "array type": (
        lambda net: net.create_dataset("evsnn/z", shape=(2,), dtype=np.dtype(("i4", (3,)))),
        "/evsnn/z holds",
    ),
    "lists of any length": (
        lambda net: net.create_dataset("evsnn/z", shape=(2,), dtype=h5py.vlen_dtype("i4")),
        "/evsnn/z holds values of any length",
    ),
    "opaque": (lambda net: net.create_dataset("evsnn/z", data=np.zeros(2, "V9")), "/evsnn/z holds opaque bytes"),
    "enumeration": (
        lambda net: unlinked(net, "evsnn/masks/phase", data=np.arange(3), dtype=ENUM),
        "/evsnn/masks/phase holds an enumeration",
    ),
    "complex": (lambda net: unlinked(net, "evsnn/cutoff/epsilon", data=1j), "/evsnn/cutoff/epsilon holds compounds"),
    "half": (
        lambda net: unlinked(net, "evsnn/cutoff/epsilon", data=np.float16(0)),
        "epsilon holds floating-point numbers of a form",
    ),
    "big-endian": (
        lambda net: unlinked(net, "evsnn/masks/phase", data=np.arange(3, dtype=">i8")),
        "/evsnn/masks/phase holds whole numbers of a form",
    ),
    "named type": (lambda net: net.__setitem__("evsnn/z", np.dtype("i8")), "/evsnn/z is neither group nor data set"),
    "data set of a named type": (with_named_type, "/evsnn/z has a named type"),
    "group in place of a data set": (
        lambda net: (net.__delitem__("evsnn/name"), net.__setitem__("evsnn/name/x", 1)),
        "unknown object /evsnn/name/x",
    ),
    "data set in place of a group": (
        lambda net: (net.__delitem__("evsnn/cutoff"), net.__setitem__("evsnn/cutoff", 1)),
        "unknown object /evsnn/cutoff",
    ),
    "a name of many lines": (
        lambda net: net.__setitem__("evsnn/" + "a\nb" * 9000, 1),
        "/evsnn keeps its links in no usual way",
    ),
    "a name that is no text": (lambda net: net[b"evsnn"].__setitem__(b"\xff\xfe", 1), "unknown object /evsnn/"),
}


def compact():
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    return properties


@pytest.mark.parametrize("edit", EDITS)
def test_what_hdf5_can_do_beyond_the_format_is_refused(file, edit):
    change, words = EDITS[edit]
    with h5py.File(file, "a", libver="v108") as net:
        change(net)
    message = refusal(file)
    assert words in message
    assert len(message) < 400


def test_a_data_set_that_can_grow(file):
    """HDF5 itself makes none in one piece; its largest size stands behind its size."""
    data, three = file.read_bytes(), (3).to_bytes(8, "little")
    place = data.index(b"\x02\x01\x01\x01" + three + three) + 12
    file.write_bytes(data[:place] + b"\x09" + data[place + 1 :])
    assert "can grow" in refusal(file)


def test_two_names_of_one_data_set_are_two_data_sets(demo, file):
    """A hard link is as good as a copy: the content is the same."""
    with h5py.File(file, "a", libver="v108") as net:
        del net["layer/2/neuron/refDelay"]
        net["layer/2/neuron/refDelay"] = net["layer/1/neuron/refDelay"]
    assert content_hash(read_net(file)) == content_hash(demo)


def test_bytes_before_the_file_are_refused(file, tmp_path):
    """HDF5 allows a user block; the signature would stand behind it."""
    path = tmp_path / "block.net"
    path.write_bytes(bytes(512) + file.read_bytes())
    assert "not an HDF5 file" in refusal(path)


def test_a_user_block_is_refused(tmp_path):
    path = tmp_path / "block.net"
    with h5py.File(path, "w", userblock_size=512) as net:
        net["evsnn/name"] = 1
    assert "not an HDF5 file" in refusal(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["cutoff/epsilon", "quantisation/weight_scale", "quantisation/max_error"])
def test_numbers_that_are_not_finite(demo, tmp_path, name, value):
    path = f"evsnn/{name}"
    changed = np.full_like(encode(demo)[path], value)
    assert "finite" in refusal(forge(demo, tmp_path / "a.net", {path: changed}))


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e300, 4097.0])
def test_decays_of_resonators_that_are_not_finite(zoo, tmp_path, value):
    path = "layer/2/neuron/sinDecay"
    changed = np.full_like(encode(zoo["resonators"])[path], value)
    assert f"/{path} is" in refusal(forge(zoo["resonators"], tmp_path / "a.net", {path: changed}))


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("delays", "layer/2/delay", -1),
        ("delays", "layer/2/delay", 63),
        ("delays", "layer/2/neuron/iDecay", 4097),
        ("delays", "layer/2/neuron/iDecay", np.iinfo("i8").min),
        ("recurrence", "layer/2/weight_rec", 999),
        ("input block", "layer/0/neuron/gradedSpike", True),
        ("sigma-delta", "layer/0/neuron/gradedSpike", False),
        ("sigma-delta", "layer/0/neuron/vThMant", -1),
        ("sigma-delta", "layer/5/neuron/sigma_output", False),
        ("sigma-delta", "evsnn/recipe/message_bits", 0),
        ("sigma-delta", "evsnn/recipe/message_bits", 25),
        ("sigma-delta", "evsnn/recipe/message_bits", -1),
        ("resonators", "layer/2/weight/imag", 300),
        ("resonators", "layer/2/neuron/cosDecay", 100.0),
        ("demo", "evsnn/recipe/sensor_height", -(2**62)),
        ("demo", "layer/1/shape", -1),
        ("demo", "layer/1/groups", -1),
        ("demo", "evsnn/golden/exit_step", -1),
    ],
)
def test_a_wrong_value_of_any_kind_of_network_is_refused(demo, zoo, tmp_path, name, path, value):
    network = {**zoo, "demo": demo}[name]
    changed = np.full_like(encode(network)[path], value)
    refusal(forge(network, tmp_path / "a.net", {path: changed}))


def test_graded_frames_beyond_their_bits(zoo, tmp_path):
    frames = encode(zoo["sigma-delta"])["evsnn/golden/frames"].copy()
    frames[0, 1] = 1
    assert "frames spans" in refusal(forge(zoo["sigma-delta"], tmp_path / "a.net", {"evsnn/golden/frames": frames}))
