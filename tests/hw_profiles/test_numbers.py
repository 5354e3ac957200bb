"""The numbers of the built-in profiles against the tables of their sources, typed in a second time."""

from __future__ import annotations

import pytest

from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.hw_profiles.load import built_in_names, load_any

SANA_FE = {
    "energy.synop": (35.5, 33.6, 35.5, "pJ"),
    "energy.synop_conv": (24.0, 24.0, 24.0, "pJ"),
    "energy.neuron_update_active": (51.2 + 21.6, 51.2 + 21.6, 51.2 + 21.6, "pJ"),
    "energy.neuron_update_idle": (51.2, 51.2, 51.2, "pJ"),
    "energy.spike": (69.3, 69.3, 69.3, "pJ"),
    "energy.message": (111.0, 111.0, 111.0, "pJ"),
    "energy.hop_x": (3.0, 3.0, 3.0, "pJ"),
    "energy.hop_y": (4.2, 4.2, 4.2, "pJ"),
    "time.synop": (3.8, 3.1, 4.7, "ns"),
    "time.neuron_update": (6.0, 6.0, 6.0 + 3.7, "ns"),
    "time.message": (5.1, 5.1, 5.1 + 30.0, "ns"),
    "time.barrier": (0.6, 0.6, 1.8, "us"),
    "static_power": (104, 104, 104, "mW"),
}
DAVIES = {
    "energy.synop": (23.6, 23.6, 35.5, "pJ"),
    "energy.neuron_update_active": (81, 72.8, 81, "pJ"),
    "energy.neuron_update_idle": (52, 51.2, 52, "pJ"),
    "energy.spike": (0, 0, 69.3, "pJ"),
    "energy.message": (1.7, 1.7, 111, "pJ"),
    "energy.hop_x": (3.0, 3.0, 3.0, "pJ"),
    "energy.hop_y": (4.0, 4.0, 4.2, "pJ"),
}
DAVIES_TIMES = {
    "time.synop": (3.5, 3.1, 4.7, "ns"),
    "time.neuron_update": (8.4, 5.3, 9.7, "ns"),
    "time.message": (2.1, 2.1, 30.0, "ns"),
    "time.barrier": (465, 113, 1800, "ns"),
    "static_power": (104, 104, 104, "mW"),
}
SPECK = {
    "time.synop": (1e3 / 30, 1e3 / 100, 1e3 / 30, "ns"),
    "time.barrier": (1.58, (3.36 - 1.58) / 8, 3.36, "us"),
    "static_power": (0.42, 0.42, 0.42, "mW"),
}
TABLES = {
    "loihi1": DAVIES | DAVIES_TIMES,
    "loihi1:fitted": SANA_FE,
    "loihi2": DAVIES
    | {
        "energy.synop": (23.6, 22.5, 35.5, "pJ"),
        "time.synop": (1.02, 0.7, 1.05, "ns"),
        "time.neuron_update": (8.4 / 2, 5.3 / 2, 3.0 + 1.85, "ns"),
        "time.message": (30.0 / 10, 2.1 / 10, 30.0 / 10, "ns"),
        "time.barrier": (200, 67, 200, "ns"),
        "static_power": (232.078, 97, 281.775, "mW"),
    },
    "truenorth": {
        "energy.synop": (26, 26, 72e-3 / (2**20 * 20 * 128) / 1e-12, "pJ"),
        "energy.hop_x": (2.3, 2.3, 2.3, "pJ"),
        "energy.hop_y": (2.3, 2.3, 2.3, "pJ"),
        "time.barrier": (1, 47.6e-3, 1, "ms"),
    },
    "spinnaker2": {
        "energy.synop": (450, 450, 450, "pJ"),
        "energy.neuron_update_active": (2.19, 2.19, 2.19, "nJ"),
        "energy.neuron_update_idle": (2.19, 2.19, 2.19, "nJ"),
    },
    "speck": SPECK,
    "speck:live": SPECK,
    "xylo": {
        "static_power": (216, 216, 692 * (1 - 28.4 / 57.6), "uW"),
        "working_power": (507 - 216, 507 - 216, 692 * 28.4 / 57.6, "uW"),
    },
}

ROW_PJ = {8: 10, 32: 20, 1024: 100}
"""Horowitz: one access to 64 bits, by kilobytes of memory."""

MULTIPLY_ADD_PJ = {"cpu-45nm": (3.1, 0.1), "cpu-45nm:fp16": (1.1, 0.4), "cpu-45nm:fp32": (3.7, 0.9)}
"""Horowitz: INT32, FP16 and FP32."""

ADDRESS_PJ = MULTIPLY_ADD_PJ["cpu-45nm"]


def costs_of(name):
    return {key: each for key, each in load_profile(name).costs().items() if each is not None}


@pytest.mark.parametrize("name", TABLES)
def test_numbers_are_those_of_the_source(name):
    found = costs_of(name)
    assert set(found) == set(TABLES[name])
    for key, (value, low, high, unit) in TABLES[name].items():
        quantity = found[key]
        assert quantity.unit == unit, key
        ends = [quantity.value if end is None else end for end in (quantity.low, quantity.high)]
        assert [quantity.value, *ends] == pytest.approx([value, low, high], rel=2e-3), key


@pytest.mark.parametrize("name", MULTIPLY_ADD_PJ)
def test_an_operation_of_a_processor_is_the_sum_of_its_parts(name):
    multiply, add = MULTIPLY_ADD_PJ[name]
    parts = {  # accesses, and picojoules of arithmetic
        "energy.synop": (3, add + ADDRESS_PJ[1]),
        "energy.neuron_update_active": (4, 2 * multiply + 2 * add),
        "energy.neuron_update_idle": (4, 2 * multiply + 2 * add),
        "energy.spike": (1, 0),
        "energy.message": (1, 2 * sum(ADDRESS_PJ)),
        "energy.host_operation": (2, add),
    }
    found = costs_of(name)
    assert set(found) == set(parts)
    for key, (accesses, arithmetic) in parts.items():
        quantity = found[key]
        expected = [accesses * ROW_PJ[kilobytes] + arithmetic for kilobytes in (8, 32, 1024)]
        assert [quantity.low, quantity.value, quantity.high] == pytest.approx(expected), key
        assert f"{accesses} x 20" in quantity.note or key.endswith("idle"), key


def test_every_built_in_profile_was_typed_twice():
    assert {*TABLES, *MULTIPLY_ADD_PJ} == set(built_in_names())


def test_live_is_speck_at_the_pace_of_the_recording():
    speck, live = load_any("speck"), load_any("speck:live")
    assert live == speck.model_copy(update={"name": "speck:live", "title": "Speck, live", "pace": "recorded"})
    assert (speck.pace, load_any("xylo").pace) == ("free", "recorded")


def test_speck_at_rest_explains_most_of_what_a_recording_of_n_mnist_took():
    # 0.3 s a recording; published: 180 uJ (trained) and 141 uJ (converted), working power and all.
    resting_j = load_any("speck").static_power.si * 0.3
    assert 0.65 < resting_j / 180e-6 < resting_j / 141e-6 < 1
