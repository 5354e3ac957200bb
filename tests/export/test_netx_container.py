"""The oldest layout of HDF5, read without its library: everything that h5py writes for netx, and nothing else."""

from __future__ import annotations

import random

import h5py
import numpy as np
import pytest

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netx.container import NUMBERS, read_arrays
from evsnn_lava.export.netx.storage import read_tree

from .foreign_files import conv, dense, input_block, write


@pytest.fixture
def path(tmp_path):
    return tmp_path / "foreign.net"


def read(path):
    return dict(read_arrays(path.read_bytes()))


def through_h5py(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def test_what_h5py_wrote(path):
    write(path, input_block(), *(dense(shape=[n], weight=np.ones((n, 3))) for n in range(1, 40)), conv())
    expected = through_h5py(path)
    found = read(path)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def test_every_network_of_the_test_data(evsnn_data):
    paths = sorted(evsnn_data.glob("networks/**/*.net"))
    assert len(paths) == 5
    for path in paths:
        expected, found = through_h5py(path), read(path)
        assert found.keys() == expected.keys()
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("dtype", sorted(set(NUMBERS.values())))
@pytest.mark.parametrize("shape", [(), (1,), (3, 4), (2, 1, 3, 2)])
def test_numbers(path, dtype, shape):
    array = np.random.default_rng(1).integers(0, 100, shape).astype(dtype)
    with h5py.File(path, "w") as file:
        file["a/b"] = array
    found = read(path)["a/b"]
    assert (found.dtype, found.shape) == (np.dtype(dtype), shape)
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("text", ["", "x", "seventeen letters", "é"])
def test_texts(path, text):
    with h5py.File(path, "w") as file:
        file["long"] = text
        file["short"] = np.array([text.encode()], "S20")
    found = read(path)
    assert found["long"].item().decode() == text
    assert found["short"].item().decode() == text


def test_bool(path):
    with h5py.File(path, "w") as file:
        file["flags"] = np.array([True, False])
    assert read(path)["flags"].tolist() == [1, 0]


def test_newer_layouts_are_refused(path):
    with h5py.File(path, "w", libver="v108") as file:
        file["layer/0/type"] = "dense"
    with pytest.raises(FormatError, match="leave `libver` out"):
        read(path)


@pytest.mark.parametrize("data", [b"", b"\x89HDF\r\n\x1a\n", b"PK\3\4" + bytes(200)])
def test_no_hdf5(data):
    with pytest.raises(FormatError):
        dict(read_arrays(data))


def test_text_heap_that_goes_round_in_circles(path):
    """An object of no size sends the HDF5 library round for ever."""
    data = bytearray(write(path, dense(), dense(shape=[2], weight=np.ones((2, 4)))).read_bytes())
    heap = data.index(b"GCOL")
    data[heap + 24 : heap + 32] = bytes(8)
    with pytest.raises(FormatError, match=r"/layer/0/neuron/type (holds a text that is not there|has a structure)"):
        dict(read_arrays(bytes(data)))


def test_maze_of_links(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("layer")
        for index in range(60):
            group[str(index)] = group
    with pytest.raises(FormatError, match="deeper than 4 groups or one of more than 5000 objects"):
        read(path)


def test_too_many_objects(path):
    with h5py.File(path, "w") as file:
        file["layer/0"] = 1
        for index in range(1, 5001):
            file[f"layer/{index}"] = file["layer/0"]
    with pytest.raises(FormatError, match="one of more than 5000 objects"):
        read(path)


def test_data_under_many_names(path):
    """It would take memory again for each."""
    with h5py.File(path, "w") as file:
        file["layer/0/weight"] = np.zeros(10_000)
        file["layer/0/bias"] = file["layer/0/weight"]
    with pytest.raises(FormatError, match=r"/layer/0/\w+ is data that was read before"):
        read_tree(path.read_bytes())


def test_damaged_files(path):
    """Nothing but a FormatError, whatever happens to the structures."""
    data = write(path, dense(), conv(), input_block()).read_bytes()
    draw = random.Random(6)
    refused = 0
    for _ in range(3000):
        damaged = bytearray(data)
        for _ in range(draw.choice((1, 2, 8))):
            place = draw.randrange(len(data))
            damaged[place] = draw.choice((0, 255, damaged[place] ^ (1 << draw.randrange(8))))
        try:
            dict(read_arrays(bytes(damaged[: draw.choice((len(data), draw.randrange(len(data))))])))
        except FormatError:
            refused += 1
    assert refused > 1000
