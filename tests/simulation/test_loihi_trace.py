"""One neuron on a Loihi 2 chip: its published trace, from the benchmark of the NIR paper, out of the reference.

`lif_norse.nir` is the neuron in float units, `lif_lava_loihi_fixed.csv` is what the chip answered to 34 spikes in 1000
steps of 0.1 ms: input, voltage, output. `lif_lava_cpu_fixed.csv` is Lava's own simulation of it.
"""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation import simulate

STEPS, DT = 1000, 1e-4
UNIT = 250  # weight and threshold 1.0; the first answer of the chip, 640 = 64 * 10, shows it: 10 = 250 * dt / tau
FIRED = 128  # what the chip's probe reads where a neuron has just fired; the voltage itself is 0


def trace(folder, name):
    rows = np.loadtxt(folder / "networks" / "nir_paper" / name, delimiter=",")
    assert rows.shape == (STEPS, 3)
    assert (rows == rows.astype(int)).all()
    return rows.astype(np.int64).T


def integers(folder):
    """The neuron in the integers of the chip, decay cut off as Lava's converter does it: (weight, vth_mant, dv)."""
    with h5py.File(folder / "networks" / "nir_paper" / "lif_norse.nir") as file:
        tau, r, vth = (float(file[f"node/nodes/1/{name}"][0]) for name in ("tau", "r", "v_threshold"))
        assert float(file["node/nodes/1/v_leak"][0]) == 0
        weight = float(file["node/nodes/0/weight"][0, 0]) * r * DT / tau
    return round(UNIT * weight), round(UNIT * vth), int(4096 * DT / tau)


@pytest.fixture(scope="module")
def answer(evsnn_data):
    """Voltage and spikes of the reference for the input of the chip."""
    weight, vth_mant, dv = integers(evsnn_data)
    layer = Layer("lif", DenseSynapse([[weight]]), CubaNeuron(vth_mant, du=4095, dv=dv), (1,))
    recipe, masks = InputRecipe.frames((1, 1, 1), STEPS), FrameMasks.all_kept(STEPS, 1)
    network = NetworkDescription("lif", (layer,), recipe, masks, CutoffPolicy.never(STEPS), ("spike",))
    sent, _, _ = trace(evsnn_data, "lif_lava_loihi_fixed.csv")
    found = simulate(network, sent[None, None, None, None], states=True)
    return found.states[0]["v"][0, 0, :STEPS], found.messages[0][0, 0, :STEPS]


def test_the_integers_of_the_neuron(evsnn_data):
    assert integers(evsnn_data) == (10, 25, 163)


def test_every_spike_of_the_chip_is_reproduced(evsnn_data, answer):
    _, _, spikes = trace(evsnn_data, "lif_lava_loihi_fixed.csv")
    assert np.flatnonzero(spikes).tolist() == [461, 511, 711, 761]
    assert np.array_equal(answer[1], spikes)


def test_every_voltage_of_the_chip_is_reproduced_but_what_the_probe_reads_at_a_spike(evsnn_data, answer):
    _, voltage, spikes = trace(evsnn_data, "lif_lava_loihi_fixed.csv")
    differ = answer[0] != voltage
    assert np.array_equal(differ, spikes == 1)
    assert (voltage[differ] == FIRED).all()
    assert (answer[0][differ] == 0).all()
    assert np.count_nonzero(voltage) > 600


def test_lavas_own_simulation_is_reproduced_exactly(evsnn_data, answer):
    _, voltage, spikes = trace(evsnn_data, "lif_lava_cpu_fixed.csv")
    assert np.array_equal(answer[0], voltage)
    assert np.array_equal(answer[1], spikes)
