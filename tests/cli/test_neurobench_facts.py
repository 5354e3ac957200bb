"""What ``evsnn profile --neurobench`` writes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import run_samples
from evsnn_lava.cli.neurobench_facts import neurobench_facts, write_neurobench
from evsnn_lava.cli.recordings import Samples
from evsnn_lava.errors import ConfigError
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    SigmaDeltaNeuron,
)
from evsnn_lava.profiling import profile_run

MASKS = FrameMasks("skip", ([True, True, False, True], [True, False, False, True]))
NEURONS = {"spikes": CubaNeuron(20, 4095, 4096), "graded": SigmaDeltaNeuron(1, spike_exp=0, state_exp=0)}


def network_of(neuron):
    layers = (
        Layer("hidden", DenseSynapse([[40, 0], [0, 40], [40, 40]]), neuron, (3,)),
        Layer("out", DenseSynapse([[40, 0, 0], [0, 40, 40]]), CubaNeuron(20, 4095, 4096), (2,)),
    )
    recipe = InputRecipe(1, 2, 4, 0, "none", polarities=1)
    return NetworkDescription("tiny", layers, recipe, MASKS, CutoffPolicy.fixed(1, 3), ("left", "right"))


def facts_of(neuron):
    network, rng = network_of(neuron), np.random.default_rng(0)
    frames = rng.random((20, 1, 1, 2, 4)) < 0.5
    samples = Samples(lambda start, stop: frames[start:stop], np.zeros(20, int), np.arange(20), block=11)
    output = Output(quiet=True)
    result = run_samples(network, samples, "engine", output)
    report = profile_run(network, result, load_profile("loihi2"), samples.known)
    return neurobench_facts(network, samples, result, report, output), result, frames


def test_the_deployed_run_does_less_than_the_full_one():
    facts, result, _ = facts_of(NEURONS["spikes"])
    deployed, full = (facts[name]["SynapticOperations"] for name in ("deployed", "full_run"))
    assert deployed["Dense"] == 12 * 3
    assert full["Dense"] == 12 * 6
    assert deployed["Effective_ACs"] == result.synops.sum() / 20 < full["Effective_ACs"]
    assert deployed["Effective_MACs"] == full["Effective_MACs"] == 0
    assert facts["more"]["neuron_updates"] == {"deployed": 5 * 3, "full_run": 5 * 6}
    assert facts["deployed"]["Footprint"] == facts["full_run"]["Footprint"] == 4 * (12 + 6)
    assert facts["system"]["estimated"] is True


def test_graded_messages_multiply_up_to_the_exit_in_every_block():
    facts, result, _ = facts_of(NEURONS["graded"])
    found = facts["deployed"]["SynapticOperations"]
    assert found["Effective_ACs"] == result.synops[:, 0].sum() / 20
    assert found["Effective_MACs"] == result.synops[:, 1].sum() / 20 > 0


def test_the_file_is_laid_out_as_the_package_does(tmp_path):
    facts, *_ = facts_of(NEURONS["spikes"])
    write_neurobench(tmp_path / "metrics.json", facts)
    text = (tmp_path / "metrics.json").read_text()
    assert json.loads(text) == facts
    assert text == json.dumps(facts, indent=4) + "\n"


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="folder"):
        write_neurobench(tmp_path / "missing" / "metrics.json", {})
