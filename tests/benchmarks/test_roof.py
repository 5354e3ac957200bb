"""The loops of the roof do what they say, and the kernels stand against them."""

import numpy as np
import pytest

from benchmarks import roof_loops as loops
from benchmarks.kernels import Tile, deliveries, measure_kernels, updates_case
from benchmarks.roof import probes
from evsnn_lava.simulation.engine.sending import FIRED, UPDATED

BLOCKS = 2


def arrays(kind):
    rng = np.random.default_rng(0)
    count = BLOCKS * loops.BLOCK_BYTES // np.dtype(kind).itemsize
    return [rng.integers(-1000, 1000, count).astype(kind) for _ in range(3)]


def call(loop, found, times=1):
    loop(*(array.ctypes.data for array in found), BLOCKS, times)


def test_triad():
    a, b, c = arrays(np.int32)
    call(loops.triad, [a, b, c])
    np.testing.assert_array_equal(a, b + 2 * c)


@pytest.mark.parametrize(("bits", "kind"), [(32, np.int32), (16, np.int16)])
def test_additions(bits, kind):
    a, b, c = arrays(kind)
    before = a.copy()
    call(loops.add_to[bits], [a, b, c], times=3)
    np.testing.assert_array_equal(a, before + 3 * b)
    call(loops.add_up[bits], [a, b, c])
    total = a.reshape(BLOCKS, -1).sum(axis=0, dtype=kind)
    np.testing.assert_array_equal(c[: len(total)], total)


@pytest.mark.parametrize(("bits", "kind"), [(32, np.int32), (16, np.int16)])
def test_additions_in_registers(bits, kind):
    a, b, c = arrays(kind)
    x, y = a.copy(), b.copy()
    for _ in range(loops.CHAIN):
        x, y = x + y, x
    call(loops.add_in_registers[bits], [a, b, c])
    np.testing.assert_array_equal(a, x)
    np.testing.assert_array_equal(b, y)


def test_every_level_has_a_bandwidth():
    found = probes()
    assert {f"triad {place}" for place in ("L1", "L2", "L3", "DRAM")} <= set(found)
    assert all(probe.blocks * loops.BLOCK_BYTES * probe.arrays <= max(probe.size, 3 * 512) for probe in found.values())


def test_a_tile_counts_its_operations():
    case = deliveries()[0]
    tile = Tile.of(case)
    sent = sum(tile.lists.count[slot, step] for slot in range(tile.place[1]) for step in range(tile.place[3]))
    assert tile.additions == sent * case.layer.neurons  # no weight is zero
    tile.deliver(tile.place)
    assert tile.inbox[0].any()


def test_no_neuron_sleeps_while_it_is_measured():
    tile = Tile.of(updates_case(1024))
    for _ in range(3):
        tile.running.tally[:] = 0
        tile.advance(tile.place)
    counts = tile.running.tally.sum(axis=(0, 2))
    fired, updated = counts[FIRED], counts[UPDATED]
    assert updated == tile.updates
    assert 0 < fired < updated / 4


@pytest.mark.slow
def test_kernels_stand_under_the_roof(shortest):
    loops_of = ("int16, operand in L1", "int32, sums in L1", "int32, in registers", "read L2", "read L3", "triad L2")
    rows = measure_kernels({name: {"best": 100.0} for name in loops_of}, shortest)
    assert len(rows) == len(deliveries()) + 2
    assert all(row["share"] == pytest.approx(row["rate"]["best"] / row["limit"]) for row in rows)
    assert all(row["rate"]["best"] > 0 for row in rows)
