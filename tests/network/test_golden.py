"""Golden vectors and the fingerprint of spikes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import GoldenVectors, spike_hash


@given(st.lists(st.booleans(), max_size=40))
def test_fingerprint_is_blake2b_of_the_packed_bits(spikes):
    packed = bytearray(-(-len(spikes) // 8))
    for index, spike in enumerate(spikes):
        packed[index // 8] |= spike << (7 - index % 8)
    expected = int.from_bytes(hashlib.blake2b(bytes(packed), digest_size=8).digest(), "little")
    assert spike_hash(np.array(spikes, dtype=bool)) == expected < 2**64


def test_fingerprint_reads_channel_row_column_whatever_the_memory_order():
    spikes = np.random.default_rng(1).random((3, 4, 5)) < 0.5
    assert spike_hash(np.asfortranarray(spikes)) == spike_hash(spikes.ravel())
    assert spike_hash(spikes.transpose(2, 1, 0)) != spike_hash(spikes)


@given(st.integers(0, 29), st.integers(0, 29))
def test_fingerprint_tells_neurons_apart(one, other):
    line = np.eye(30, dtype=bool)
    assert (spike_hash(line[one]) == spike_hash(line[other])) == (one == other)


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20))
def test_fingerprint_of_numbers_is_blake2b_of_32_bits_little_endian(numbers):
    data = b"".join(number.to_bytes(4, "little", signed=True) for number in numbers)
    expected = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
    for dtype in (np.int32, np.int64, ">i4"):
        assert spike_hash(np.array(numbers, dtype=dtype)) == expected


def test_fingerprint_tells_numbers_from_spikes():
    assert spike_hash(np.array([1, 0])) != spike_hash(np.array([True, False]))
    assert spike_hash(np.array([2, 0])) != spike_hash(np.array([1, 0]))


def arrays(samples=2):
    return {
        "frames": np.zeros((samples, 1, 2, 2, 3), dtype=bool),
        "spike_counts": np.zeros((samples, 2, 5), dtype=np.int64),
        "spike_hashes": np.zeros((samples, 2, 5), dtype=np.uint64),
        "exit_step": np.ones(samples, dtype=np.int64),
        "decision": np.zeros(samples, dtype=np.int64),
    }


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("frames", (3, 1, 2, 2, 3)),
        ("spike_counts", (3, 2, 5)),
        ("spike_counts", (2, 2, 4)),
        ("spike_hashes", (2, 1, 5)),
        ("exit_step", (1,)),
        ("decision", (3,)),
    ],
)
def test_arrays_of_different_lengths_are_refused(name, shape):
    with pytest.raises(ConfigError) as caught:
        GoldenVectors(**{**arrays(), name: np.zeros(shape, dtype=arrays()[name].dtype)})
    assert str(caught.value) == "golden vectors: arrays of different lengths; record them again"


def test_counts_without_steps_are_refused():
    flat = {"spike_counts": np.zeros((2, 5)), "spike_hashes": np.zeros((2, 5))}
    with pytest.raises(ConfigError, match="different lengths"):
        GoldenVectors(**{**arrays(), **flat})


@pytest.mark.parametrize("name", list(arrays()))
def test_golden_vectors_cannot_be_changed(name):
    golden = GoldenVectors(**arrays())
    with pytest.raises(ValueError, match="read-only"):
        getattr(golden, name)[0] = 1
