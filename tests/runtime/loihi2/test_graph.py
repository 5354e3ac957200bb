"""The graph that is sent: what stock netx makes of the file, models pinned, environment set; and the walk over it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import ComplexSynapse, CubaNeuron, DenseSynapse, Layer, RfIzNeuron

pytestmark = [pytest.mark.lava, pytest.mark.torch]

SINFO = """#!/bin/sh
echo "NODELIST   NODES PARTITION STATE"
echo "og1            1 oheogulch* idle"
echo "kp1            1 kp         idle"
"""


def networks(make):
    """One of every kind of synapse and neuron that netx has a block for."""
    recurrent, rng = make.recurrent(1), np.random.default_rng(3)
    hidden, out = recurrent.layers[0], recurrent.layers[1]
    weights = out.synapse.weights
    delayed = make.changed(out, synapse=DenseSynapse(weights, delays=rng.integers(0, 62, weights.shape)))
    parts = (DenseSynapse(2 * rng.integers(-20, 40, (7, 60))) for _ in range(2))
    plain = make.changed(hidden, recurrent=None)
    endless = make.changed(plain, neuron=CubaNeuron(60, -1, 128))
    turning = Layer("turning", ComplexSynapse(*parts), RfIzNeuron(10, 1024, 3900), (7,))
    return (
        make.spiking(1),
        recurrent,
        make.changed(recurrent, name="delayed", layers=(plain, delayed)),
        make.changed(recurrent, name="endless", layers=(endless, out)),
        make.changed(recurrent, name="resonators", layers=(turning, out)),
        make.sigma_delta(1),
    )


@pytest.fixture(scope="module")
def said(chip_networks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("graph")
    (folder / "sinfo").write_text(SINFO, encoding="utf-8")
    (folder / "sinfo").chmod(0o755)
    for network in networks(chip_networks):
        write_net(network, folder / f"{network.name}.net")
    (folder / "special").mkdir()
    write_net(chip_networks.sums(1), folder / "special" / "sums.net")
    command = [sys.executable, str(Path(__file__).with_name("graph_child.py")), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).with_name("stub"))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


NAMES = ("delayed", "endless", "recurrent", "resonators", "sigma-delta", "spiking")


@pytest.mark.parametrize("name", NAMES)
def test_blocks_are_those_that_stock_netx_makes_of_the_file(said, name):
    """All but the phase of the reset: netx lets every layer reset a step after the one before it."""
    found = said["blocks"][name]
    assert len(found["ours"]) == len(found["stock"]) >= 2
    offsets = {side: [offset(block) for block in blocks] for side, blocks in found.items()}
    assert found["ours"] == found["stock"]
    if name == "spiking":
        assert offsets == {"ours": [2, 2], "stock": [1, 2]}
        assert [sorted(block) for block in found["ours"]] == [["neuron", "synapse"]] * 2


def test_a_head_of_sums_is_a_sigma_delta_process_without_scale_or_rectifier(said):
    """Of which netx has no words: stock netx stops at such a file."""
    neuron = said["sums"]["neuron"]
    assert neuron["class"] == "SigmaDelta"
    assert neuron["parameters"]["act_mode"] == 0  # ActivationMode.UNIT
    assert [neuron["variables"][name] for name in ("vth", "spike_exp", "state_exp")] == [0, 0, 0]
    assert not np.any(neuron["variables"]["bias"])


def offset(block):
    return block["neuron"]["parameters"].pop("reset_offset", None)


def test_every_process_of_the_graph_is_on_the_walk(said):
    assert [tuple(each[:4]) for each in said["walk"]] == [
        ("Source", "", "host", True),
        ("PyToN3ConvAdapter", "", "embedded", True),
        ("Conv", "conv", "neuro-core", True),
        ("LIFReset", "conv", "neuro-core", True),
        ("Dense", "out", "neuro-core", True),
        ("LIFReset", "out", "neuro-core", True),
        ("NxToPyAdapter", "", "embedded", True),
        ("Sink", "", "host", True),
    ]
    assert [each[4] for each in said["walk"]] == [[]] * 8
    assert said["adapters"]["in"]["shape"] == [5, 6, 2]
    assert said["adapters"]["out"]["options"] == {"num_message_bits": 0}


def test_a_register_that_is_too_small_is_named(said):
    """Lava's model knows a current without decay; 12 bits without a sign do not."""
    named = said["refused"].pop("endless")
    assert named.startswith("CapacityError: layer hidden on Loihi 2: du spans -1..-1, the limit is 0..4095;")
    assert set(said["refused"].values()) == {None}


def test_models_are_pinned_to_neuro_cores(said):
    assert said["map"] == {
        "Source": "PySourceModel",
        "Sink": "PySinkModel",
        "Conv": "NcModelConv",
        "LIFReset": "NcModelLifReset",
        "Dense": "NcModelDense",
    }
    assert said["config"] == ["Loihi2HwCfg", "fixed_pt", ["probe"]]


def test_the_environment_names_the_board(said):
    places = said["places"]
    assert places["partition"] == {"SLURM": "1", "LOIHI_GEN": "N3B3", "PARTITION": "oheogulch"}
    assert places["board"] == {"SLURM": "1", "LOIHI_GEN": "N3C1", "BOARD": "kp1"}
    assert places["slurm"] == {"SLURM": "1", "LOIHI_GEN": "N3B3"}
    address = {
        "NOSLURM": "1",
        "LOIHI_GEN": "N3B2",
        "NXSDKHOST": "192.0.2.1",
        "HOST_BINARY": "nxcore/bin/nx_driver_server",
    }
    assert places["address"] == address
    assert places["unknown"].startswith("BackendUnavailableError: Loihi 2: SLURM has no partition or board nowhere;")
    assert places["none"].startswith("BackendUnavailableError: Loihi 2: SLURM does not answer (")
    assert said["left alone"] == {"NOSLURM": "1", "LOIHI_GEN": "N3B3", "NXSDKHOST": "10.0.0.1"}
