"""What the child read comes out of its parcel as it went in."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evsnn_lava.export.nir.tree import TreeReader, packed, unpacked

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
NUMBERS = hnp.arrays(st.sampled_from(["<f8", ">f4", "<i2", "u1", "?", ">u8"]).map(np.dtype), SHAPES)
TEXTS = hnp.arrays(object, hnp.array_shapes(min_dims=1, min_side=0, max_side=3), elements=st.text(max_size=3))
LEAVES = NUMBERS.map(lambda array: array[()]) | TEXTS | st.text(max_size=5)
TREES = st.dictionaries(st.text(), st.recursive(LEAVES, lambda inner: st.dictionaries(st.text(), inner), max_leaves=5))


def same(one, other):
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, str):
        return type(other) is str and one == other
    return (
        type(one) is type(other)
        and one.dtype == other.dtype
        and np.array_equal(one, other, equal_nan=one.dtype != object)
    )


@given(TREES)
def test_a_tree_comes_back_as_it_was(tree):
    """Empty groups, names with slashes and dots, empty arrays, and which leaf is a scalar."""
    assert same(tree, unpacked(packed(tree)))


def test_types_that_only_hdf5_has_become_plain(tmp_path):
    """A bool is an enumeration there, and h5py notes that at the type."""
    with h5py.File(tmp_path / "a", "w") as file:
        file["flag"], file["a/b"] = True, np.array([[False], [True]])
        file.create_dataset("colour", data=[2], dtype=h5py.enum_dtype({"red": 2}))
        file.create_group("empty")
    tree = TreeReader((tmp_path / "a").read_bytes()).tree()
    again = unpacked(packed(tree))
    assert again == {"flag": np.True_, "a": {"b": again["a"]["b"]}, "colour": np.array([2]), "empty": {}}
    assert again["a"]["b"].tolist() == [[False], [True]]
    assert again["colour"].dtype.metadata is None


def test_no_object_is_unpickled():
    stream = io.BytesIO()
    np.save(stream, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        unpacked(stream.getvalue())
