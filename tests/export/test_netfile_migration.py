"""Files of older versions are lifted, and only when they obey the rules and the hash of their own version."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile.encoding import encode
from evsnn_lava.export.netfile.migration import lift
from evsnn_lava.export.netfile.reader import read_lifted, read_net
from evsnn_lava.export.netfile.schema import FORMAT_VERSION, NEWEST_VERSION
from evsnn_lava.export.netfile.writer import content_hash, write_net
from evsnn_lava.simulation import record_golden

VERSION_1 = Path(__file__).parent / "data" / "version1.net"
"""Written by the code that knew version 1 only."""

VERSION_2 = VERSION_1.with_name("version2.net")
"""Written by the last code of version 2."""


def rehash(path):
    """Put the hash of the content into a file, as `docs/format.md` describes it."""
    digest, paths = hashlib.sha256(), []
    with h5py.File(path, "a", libver="v108") as net:
        net.visititems(lambda name, item: paths.append(name) if isinstance(item, h5py.Dataset) else None)
        for name in sorted(set(paths) - {"evsnn/content_hash"}):
            array = np.asarray(net[name][()]).astype(net[name].dtype)
            digest.update(f"{name}\0{array.dtype.str}\0{','.join(map(str, array.shape))}\0".encode() + array.tobytes())
        net["evsnn/content_hash"][()] = digest.hexdigest().encode()


def edited(tmp_path, edit, hash_again=True, source=VERSION_1):
    """A copy of an old file with a change."""
    path = tmp_path / "edited.net"
    shutil.copy(source, path)
    with h5py.File(path, "a", libver="v108") as net:
        edit(net)
    if hash_again:
        rehash(path)
    return path


def test_a_file_of_version_1_is_read():
    network = read_net(VERSION_1)
    assert (network.name, network.depth, network.class_names) == ("first", 2, ("a", "b", "ç"))
    assert network.recipe.message_bits == 0
    assert network.layers[0].neuron.bias_mant.tolist() == [3, -2]
    assert network.golden.frames.dtype == np.bool_


def test_a_file_of_version_2_is_read():
    network = read_net(VERSION_2)
    assert (network.name, network.depth, network.class_names) == ("second", 2, ("a", "b", "ç"))
    assert (network.cutoff.kind, network.cutoff.layers, network.cutoff.thresholds[1:].tolist()) == (
        "topk_gap",
        0,
        [2, 1, 1, 0],
    )
    assert network.layers[1].recurrent is not None
    assert network.layers[0].synapse.delays.any()


@pytest.mark.parametrize("path", [VERSION_1, VERSION_2], ids=["1", "2"])
def test_the_network_of_an_old_file_computes_what_its_golden_vectors_say(path):
    """The hash of the content is new; what the network does is not."""
    network = read_net(path)
    again = record_golden(replace(network, golden=None), network.golden.frames)
    assert np.array_equal(again.spike_hashes, network.golden.spike_hashes)
    assert network.golden.spike_counts.any()


def test_what_was_changed_is_said(tmp_path):
    network, lifted = read_lifted(VERSION_1)
    assert lifted.version == 1
    second = "version 3: /evsnn/cutoff/layers is new, 0: the host decides, as it did"
    assert lifted.changes == (
        "version 2: /evsnn/recipe/message_bits is new, 0: frames are binary, as they were",
        second,
    )
    assert read_lifted(VERSION_2)[1].changes == (second,)
    write_net(network, tmp_path / "new.net")
    same, again = read_lifted(tmp_path / "new.net")
    assert (again.version, again.changes) == (FORMAT_VERSION, ())
    assert content_hash(same) == content_hash(network) == lifted.tree["evsnn/content_hash"].item().decode()


def test_the_file_is_not_touched():
    before = VERSION_1.read_bytes()
    read_net(VERSION_1)
    assert VERSION_1.read_bytes() == before


def test_the_content_that_is_given_is_not_touched(demo):
    tree = encode(demo)
    assert lift(tree).tree is tree


def replaced(name, value):
    def edit(net):
        del net[name]
        net[name] = value

    return edit


EDITS = {
    "a hash of its own": (lambda net: net["evsnn/content_hash"].__setitem__((), b"0" * 64), "content hash is"),
    "a changed weight": (lambda net: net["layer/1/weight"].__setitem__((0, 0, 0, 0), 8), "content hash is"),
}


@pytest.mark.parametrize("name", EDITS)
def test_the_hash_of_version_1_is_checked_before_it_is_lifted(tmp_path, name):
    edit, words = EDITS[name]
    with pytest.raises(FormatError, match=words):
        read_net(edited(tmp_path, edit, hash_again=False))


NEWER = {
    "delay": lambda net: net.__setitem__("layer/3/delay", np.zeros((3, 16), "<i8")),
    "message_bits": lambda net: net.__setitem__("evsnn/recipe/message_bits", 0),
    "iDecay": replaced("layer/3/neuron/iDecay", np.array([0, 0, 0], "<i8")),
    "bias": replaced("layer/1/bias", np.zeros((2, 4, 2), "<i2")),
    "layer/3/type": replaced("layer/3/type", np.array(b"dense_rec", h5py.string_dtype("utf-8", 9))),
    "neuron/type": replaced("layer/3/neuron/type", np.array(b"SDNN", h5py.string_dtype("utf-8", 4))),
    "binning": replaced("evsnn/recipe/binning", np.array(b"none", h5py.string_dtype("utf-8", 4))),
}


@pytest.mark.parametrize("name", NEWER)
def test_what_version_1_had_not_is_refused_in_a_file_of_version_1(tmp_path, name):
    with pytest.raises(FormatError, match=name) as caught:
        read_net(edited(tmp_path, NEWER[name]))
    assert "content hash" not in str(caught.value)


NEWER_THAN_2 = {
    "cutoff/layers": lambda net: net.__setitem__("evsnn/cutoff/layers", 2),
    "cutoff/kind": replaced("evsnn/cutoff/kind", np.array(b"on_chip", h5py.string_dtype("utf-8", 7))),
}


@pytest.mark.parametrize("name", NEWER_THAN_2)
def test_what_version_2_had_not_is_refused_in_a_file_of_version_2(tmp_path, name):
    with pytest.raises(FormatError, match=name) as caught:
        read_net(edited(tmp_path, NEWER_THAN_2[name], source=VERSION_2))
    assert "content hash" not in str(caught.value)


def test_a_version_1_file_with_the_number_of_version_2_misses_something(tmp_path):
    with pytest.raises(FormatError, match="/evsnn/recipe/message_bits is missing"):
        read_net(edited(tmp_path, lambda net: net["evsnn/format_version"].__setitem__((), 2)))


@pytest.mark.parametrize("version", [0, -1, NEWEST_VERSION + 1, 2**62])
def test_versions_that_do_not_exist(tmp_path, version):
    with pytest.raises(FormatError, match=f"format version {version}"):
        read_net(edited(tmp_path, lambda net: net["evsnn/format_version"].__setitem__((), version)))
