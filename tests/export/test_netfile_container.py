"""Our reading of HDF5 finds what the HDF5 library finds, and ends soon whatever the file says."""

from __future__ import annotations

import time
from dataclasses import replace

import h5py
import numpy as np
import pytest

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile.container import data_sets
from evsnn_lava.export.netfile.encoding import encode
from evsnn_lava.export.netfile.storage import bytes_to_tree, tree_to_bytes
from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, InputRecipe, Layer


def by_hdf5(path):
    """Every data set as h5py reads it."""
    tree = {}
    with h5py.File(path) as net:
        net.visititems(
            lambda name, item: (
                tree.update({name: np.array(item[()], item.dtype.str)}) if hasattr(item, "dtype") else None
            )
        )
    return tree


def chain_of(network, depth):
    """A network of many layers: their group needs a heap of several blocks for its links."""
    layers = tuple(Layer(f"l{i}", DenseSynapse([[2, 4], [6, -2]]), CubaNeuron(10, 5, 6), (2,)) for i in range(depth))
    recipe = InputRecipe.frames((2, 1, 1), 3)
    masks, cutoff = FrameMasks.all_kept(3, depth), CutoffPolicy.never(3)
    return replace(
        network, layers=layers, recipe=recipe, masks=masks, cutoff=cutoff, golden=None, class_names=("a", "b")
    )


@pytest.mark.parametrize("depth", [1, 9, 20, 60, 200])
def test_groups_of_any_size_are_read_as_hdf5_reads_them(tiny, tmp_path, depth):
    tree = encode(chain_of(tiny, depth))
    data = tree_to_bytes(tree)
    (tmp_path / "a.net").write_bytes(data)
    found, expected = bytes_to_tree(data), by_hdf5(tmp_path / "a.net")
    assert found.keys() == expected.keys() == tree.keys()
    for name, array in found.items():
        assert (array.dtype, array.shape) == (expected[name].dtype, expected[name].shape), name
        assert array.tobytes() == expected[name].tobytes() == tree[name].tobytes(), name


def test_networks_of_every_kind_are_read_as_hdf5_reads_them(zoo, demo, tmp_path):
    for network in (demo, *zoo.values()):
        data = tree_to_bytes(encode(network))
        (tmp_path / "a.net").write_bytes(data)
        found = bytes_to_tree(data)
        for name, array in by_hdf5(tmp_path / "a.net").items():
            assert (found[name].dtype, found[name].tobytes()) == (array.dtype, array.tobytes()), name


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2**40)])
def test_arrays_without_values(shape):
    data = tree_to_bytes({"evsnn/z": np.zeros(shape, "<i8")})
    assert bytes_to_tree(data)["evsnn/z"].shape == shape


def test_every_data_set_lies_inside_the_file(demo):
    data = tree_to_bytes(encode(demo))
    for name, stored in data_sets(data):
        assert 0 < stored.place <= stored.place + stored.size <= len(data), name


def linked(demo, tmp_path, link):
    """A file with many links more."""
    path = tmp_path / "a.net"
    path.write_bytes(tree_to_bytes(encode(demo)))
    with h5py.File(path, "a", libver="v108") as net:
        link(net)
    return path.read_bytes()


def many_layers(net):
    for index in range(9, 3000):
        net[f"layer/{index}"] = net["layer/1"]


def many_names_of_many(net):
    for index in range(400):
        net[f"layer/2/neuron/x{index}"] = net["layer/2/neuron/type"]
    for index in range(9, 400):
        net[f"layer/{index}"] = net["layer/2"]


@pytest.mark.parametrize("link", [many_layers, many_names_of_many])
def test_a_maze_of_links_ends_soon(demo, tmp_path, link):
    data, started = linked(demo, tmp_path, link), time.monotonic()
    with pytest.raises(FormatError, match="read again and again"):
        bytes_to_tree(data)
    assert time.monotonic() - started < 5


def test_more_data_than_bytes_in_parts_that_overlap(demo, tmp_path):
    """Each data set lies in the file, all together claim more than it has: one of them is linked many times."""

    def link(net):
        net["evsnn/z"] = np.zeros(20_000, "u1")
        for index in range(9):
            net[f"evsnn/z{index}"] = net["evsnn/z"]

    with pytest.raises(FormatError, match="claims more data than the file has"):
        bytes_to_tree(linked(demo, tmp_path, link))
