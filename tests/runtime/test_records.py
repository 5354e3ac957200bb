"""What counts and records write down: the same for one source on its own and for a whole network in one process."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from evsnn_lava.runtime.exchange import Exchange, unpack
from evsnn_lava.runtime.layout import lava_shape, source_graded, source_shapes
from evsnn_lava.runtime.records import NetworkRecords, Records
from evsnn_lava.runtime.results import clear


def sent_by(network, rng):
    return [rng.random(shape) < 0.3 for shape in source_shapes(network)]


@pytest.fixture
def exchange(tmp_path):
    return Exchange(tmp_path)


@pytest.fixture
def network(make):
    return make.random_network(0)


@pytest.fixture
def records(network, exchange):
    with closing(NetworkRecords(network, exchange)) as opened:
        yield opened


def test_every_source_has_counts_of_its_own(network, records, exchange):
    steps = np.random.default_rng(0).integers(0, 1 << 40, (5, network.depth + 1, 3))
    for step in steps:
        records.count(step)
    for source in range(network.depth + 1):
        assert np.array_equal(np.fromfile(exchange.counts(source), np.int64).reshape(-1, 3), steps[:, source])


def test_messages_stand_in_the_order_of_lava(network, records, exchange):
    step = sent_by(network, np.random.default_rng(1))
    records.keep_messages(step)
    for source, (sent, graded) in enumerate(zip(step, source_graded(network), strict=True)):
        packed = np.fromfile(exchange.messages(source), np.uint8)
        assert np.array_equal(unpack(packed, lava_shape(sent.shape), graded), sent.T)


def test_states_stand_one_after_the_other_in_the_order_of_lava(network, records, exchange):
    rng = np.random.default_rng(2)
    states = [{name: rng.integers(-9, 9, layer.shape) for name in ("v", "u")} for layer in network.layers]
    records.keep_states(states)
    for index, layer in enumerate(states):
        kept = np.fromfile(exchange.states(index), np.int32).reshape(2, *lava_shape(layer["u"].shape))
        assert np.array_equal(kept, [layer["u"].T, layer["v"].T])


def test_what_is_cleared_between_jobs_is_written_from_the_start(network, records, exchange):
    first, second = np.random.default_rng(3).integers(0, 9, (2, network.depth + 1, 3))
    records.count(first)
    clear(network, exchange)
    records.count(second)
    kept = [np.fromfile(exchange.counts(source), np.int64) for source in range(network.depth + 1)]
    assert np.array_equal(kept, second)


def test_numbers_are_kept_as_numbers(exchange):
    sent = np.array([-5, 0, 7], dtype=np.int32)
    with closing(Records(exchange, 1, graded=True)) as records:
        records.keep(sent)
    assert np.fromfile(exchange.messages(1), np.int32).tolist() == [-5, 0, 7]
