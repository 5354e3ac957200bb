"""Suspects against brute force: everything that a single parameter can explain, and nothing else."""

from __future__ import annotations

import itertools
from dataclasses import replace

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
    SigmaDeltaNeuron,
)
from evsnn_lava.simulation import simulate
from evsnn_lava.simulation.diagnosis.replay import history
from evsnn_lava.simulation.diagnosis.suspects import RESET, suspects

INPUTS, STEPS = 3, 7
ENTRIES = [("weights", -256, 255), ("delays", 0, 62)]
PARAMETERS = {"du": (-1, 4095), "dv": (0, 4096), "bias_mant": (-4096, 4095)}
TRIED = {"weights", "delays", "weight_exp", *PARAMETERS}


def network(synapse, neuron):
    """Independent neurons with the same inputs."""
    outputs = len(synapse.weights)
    layer = Layer("fc", synapse, neuron, (outputs,))
    recipe, masks = InputRecipe.frames((INPUTS, 1, 1), STEPS, message_bits=24), FrameMasks.all_kept(STEPS, 1)
    return NetworkDescription(
        "one", (layer,), recipe, masks, CutoffPolicy.never(STEPS), tuple(map(str, range(outputs)))
    )


def fitting(synapse, neuron, frames, found):
    """Which of the neurons do what was found, shape (P,)."""
    trace = simulate(network(synapse, neuron), frames, states=True)
    pairs = [(trace.messages[0], found.messages[0]), *((trace.states[0][n], found.states[0][n]) for n in ("u", "v"))]
    return np.all([(a == b).all(axis=(0, 2)) for a, b in pairs], axis=0)


def side_by_side(synapse, neuron, count):
    """The same neuron many times in one layer."""
    weights = np.repeat(synapse.weights, count, axis=0)
    delays = None if synapse.delays is None else np.repeat(synapse.delays, count, axis=0)
    bias = np.repeat(neuron.bias_mant, count)
    return replace(synapse, weights=weights, delays=delays), replace(neuron, bias_mant=bias)


def candidates(synapse, neuron):
    """Name of each parameter, its values, and a layer of neurons that have them, or a layer for each."""
    undelayed = replace(synapse, delays=np.zeros((1, INPUTS), dtype=int)) if synapse.delays is None else synapse
    for i, (name, low, high) in itertools.product(range(INPUTS), ENTRIES):
        values = np.arange(low, high + 1)
        many, neurons = side_by_side(undelayed if name == "delays" else synapse, neuron, len(values))
        entries = np.array(getattr(many, name))
        entries[:, i] = values
        yield f"{name}[0, {i}]", values, [(replace(many, **{name: entries}), neurons)]
    exponents = np.arange(-8, 8)
    yield "weight_exp", exponents, [(replace(synapse, weight_exp=int(e)), neuron) for e in exponents]
    for name, (low, high) in PARAMETERS.items():
        values = np.arange(low, high + 1)
        many, neurons = side_by_side(synapse, neuron, len(values))
        yield name, values, [(many, replace(neurons, **{name: values}))]


def brute(synapse, neuron, frames, found):
    """Lowest and highest value of each parameter that, changed alone, gives what was found."""
    fits = {}
    for what, values, layers in candidates(synapse, neuron):
        ok = values[np.concatenate([fitting(*layer, frames, found) for layer in layers])]
        if ok.size:
            fits[what] = (int(ok.min()), int(ok.max()))
    return fits


def drawn(rng):
    weights = rng.integers(-256, 256, (1, INPUTS))
    delays = rng.integers(0, 3, (1, INPUTS)) if rng.random() < 0.4 else None
    synapse = DenseSynapse(weights, int(rng.integers(-2, 3)), delays)
    vth = int(rng.choice([0, 50, 100_000]))
    neuron = CubaNeuron(
        vth, int(rng.choice([-1, 300, 4095])), int(rng.choice([0, 300, 4096])), [int(rng.integers(-9, 9))]
    )
    bits = int(rng.choice([3, 12, 24]))
    return synapse, neuron, rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (2, INPUTS, 1, 1, STEPS))


def with_fault(rng, synapse, neuron):
    if rng.random() < 0.3:
        return synapse, replace(neuron, du=int(rng.integers(-1, 4096)))
    if rng.random() < 0.5:
        delays = np.zeros((1, INPUTS), dtype=int) if synapse.delays is None else np.array(synapse.delays)
        delays[0, rng.integers(INPUTS)] = rng.integers(0, 5)
        return replace(synapse, delays=delays), neuron
    weights = np.array(synapse.weights)
    weights[0, rng.integers(INPUTS)] = rng.integers(-256, 256)
    return replace(synapse, weights=weights), neuron


@pytest.mark.parametrize("faults", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_what_a_single_parameter_can_explain_is_suspected_and_nothing_else(seed, faults):
    rng = np.random.default_rng((seed, faults))
    explained = 0
    for _ in range(4):
        synapse, neuron, frames = drawn(rng)
        wrong = (synapse, neuron)
        for _ in range(faults):
            wrong = with_fault(rng, *wrong)
        right, found = network(synapse, neuron), simulate(network(*wrong), frames, states=True)
        moments = history(right, found, 0, 0)
        if moments.wrong.size:
            truth = brute(synapse, neuron, frames, found)
            told = {s.what: s.found for s in suspects(moments)}
            assert truth == {what: values for what, values in told.items() if what.split("[")[0] in TRIED}
            explained += bool(truth)
    assert explained or faults == 2


def test_all_thresholds_that_fit_are_told():
    synapse, frames = DenseSynapse([[4, 2, 1]]), np.zeros((1, INPUTS, 1, 1, STEPS), dtype=int)
    frames[0, 0, 0, 0, 2:] = 15
    right, wrong = (network(synapse, CubaNeuron(vth, 4095, 4096)) for vth in (70, 0))
    told = {s.what: s.found for s in suspects(history(right, simulate(wrong, frames, states=True), 0, 0))}
    assert told["vth_mant"] == (0, 59)


def test_the_other_activation_is_suspected():
    recipe, masks = InputRecipe.frames((INPUTS, 1, 1), STEPS, message_bits=6), FrameMasks.all_kept(STEPS, 1)
    frames = np.random.default_rng(1).integers(-32, 32, (1, INPUTS, 1, 1, STEPS))

    def build(activation):
        layer = Layer("fc", DenseSynapse([[40, -30, 20]]), SigmaDeltaNeuron(9, [-3], activation, 0, 0), (1,))
        return NetworkDescription("one", (layer,), recipe, masks, CutoffPolicy.never(STEPS), ("a",))

    found = simulate(build("unit"), frames, states=True)
    assert [str(s) for s in suspects(history(build("relu"), found, 0, 0))] == ["activation"]


def test_a_state_that_is_left_from_before_the_reset_is_suspected():
    synapse, neuron = DenseSynapse([[4, 2, 1]]), CubaNeuron(1, 4095, 0)
    right, frames = network(synapse, neuron), np.zeros((1, INPUTS, 1, 1, STEPS), dtype=int)
    found = simulate(right, frames, states=True)
    found.states[0]["v"][0, 0] = 70
    found.messages[0][0, 0, 0] = False
    neuron_history = history(right, found, 0, 0)
    assert not neuron_history.rested
    found.states[0]["v"][0, 0, 1:], found.messages[0][0, 0, 1] = 0, True
    assert [str(s) for s in suspects(history(right, found, 0, 0))] == [RESET]
