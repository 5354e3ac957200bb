"""Networks as arrays, and the hash that a reader can compute for itself."""

from __future__ import annotations

import hashlib

import h5py
import numpy as np

from evsnn_lava.export.netfile.encoding import content_digest, encode
from evsnn_lava.export.netfile.writer import content_hash, write_net


def test_the_hash_is_the_one_that_the_document_describes(demo, tmp_path):
    """Computed anew from the file with h5py and hashlib alone."""
    write_net(demo, tmp_path / "a.net")
    digest = hashlib.sha256()
    with h5py.File(tmp_path / "a.net") as net:
        paths = []
        net.visititems(lambda path, item: paths.append(path) if isinstance(item, h5py.Dataset) else None)
        for path in sorted(paths):
            if path != "evsnn/content_hash":
                array = np.asarray(net[path][()]).astype(net[path].dtype)
                head = f"{path}\0{array.dtype.str}\0{','.join(map(str, array.shape))}\0"
                digest.update(head.encode() + array.tobytes())
    assert digest.hexdigest() == content_hash(demo)


def test_type_shape_and_name_count():
    digests = {
        content_digest({"a": np.zeros(4, "<i2")}),
        content_digest({"a": np.zeros(2, "<i4")}),
        content_digest({"a": np.zeros((2, 2), "<i2")}),
        content_digest({"b": np.zeros(4, "<i2")}),
    }
    assert len(digests) == 4


def test_netx_part(demo):
    tree = encode(demo)
    types = [tree[f"layer/{index}/type"].item().decode() for index in range(5)]
    assert types == ["input", "conv", "conv", "flatten", "dense"]
    assert tree["layer/2/neuron/iDecay"] == 0
    assert tree["layer/3/shape"].tolist() == [192]


def test_golden_frames_are_packed(demo):
    packed = encode(demo)["evsnn/golden/frames"]
    assert packed.shape == (2, 240)
    assert np.array_equal(np.unpackbits(packed, axis=1).reshape(demo.golden.frames.shape), demo.golden.frames)
