"""A network with one thing wrong plays the back-end: the first difference is located exactly, and explained.

The truth is found by brute force from complete runs of both networks. An injection may have no observable effect: then
all messages are those of the file, and there is nothing to find.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.simulation import record_golden, simulate
from evsnn_lava.simulation.diagnosis.replay import layer_input
from evsnn_lava.simulation.diagnosis.suspects import FRAMES, MASK
from evsnn_lava.simulation.verification import compare_trace

SAMPLES, FRAMES_RECORDED = 3, 9
FAULTS, TRIES = 4, 40
"""Faults with an effect that are wanted of a network, and faults that are tried."""
NETWORKS = {False: 26, True: 100}
"""Networks: for a mask there is one fault in each."""


def dense(rng, outputs, inputs, low=-90, high=140, **more):
    return DenseSynapse(rng.integers(low, high, (outputs, inputs)), int(rng.integers(-1, 2)), **more)


def cuba(rng, channels):
    du = rng.integers(200, 4000, channels) if rng.random() < 0.5 else int(rng.integers(200, 4000))
    return CubaNeuron(int(rng.integers(30, 160)), du, int(rng.integers(0, 2000)), rng.integers(-40, 60, channels), 5)


def masks(rng, depth):
    """Nested, each layer drops one frame more, the next one, so that a gate one step off is seen."""
    keep = np.ones((depth, FRAMES_RECORDED), dtype=bool)
    first = int(rng.integers(FRAMES_RECORDED - depth))
    for layer in range(depth):
        keep[layer:, first + layer] = False
    return FrameMasks("mute", tuple(keep))


def described(rng, layers, recipe):
    depth = len(layers)
    cutoff, names = CutoffPolicy.never(recipe.steps), tuple(map(str, range(layers[-1].neurons)))
    network = NetworkDescription("injected", tuple(layers), recipe, masks(rng, depth), cutoff, names)
    low, high = recipe.value_range
    shape = (SAMPLES, *recipe.input_shape, recipe.steps)
    frames = rng.random(shape) < 0.3 if high == 1 else rng.integers(low, high + 1, shape)
    return replace(network, golden=record_golden(network, frames))


def spiking(rng):
    """A convolution, a recurrent layer with delays both ways, a dense one."""
    recipe = InputRecipe(int(rng.integers(3, 6)), int(rng.integers(3, 6)), FRAMES_RECORDED, 1000)
    kernel = rng.integers(-60, 90, (4, 1 + int(rng.integers(2)), 2, 2))
    conv = ConvSynapse(kernel, (2, int(rng.integers(1, 3))), (1, 0), groups=2 // kernel.shape[1])
    shape = conv.output_shape(recipe.input_shape)
    inputs = int(np.prod(shape))
    hidden = dense(rng, 6, inputs, -50, 70, delays=rng.integers(0, 4, (6, inputs)))
    own = dense(rng, 6, 6, delays=rng.integers(0, 3, (6, 6)))
    layers = [
        Layer("conv", conv, cuba(rng, 4), shape),
        Layer("hidden", hidden, cuba(rng, 6), (6,), own),
        Layer("out", dense(rng, 3, 6), cuba(rng, 3), (3,)),
    ]
    return described(rng, layers, recipe)


def graded(rng):
    """Direct input into delta neurons, then sigma-delta layers, then sums."""
    recipe = InputRecipe.frames((3, 2, 2), FRAMES_RECORDED, message_bits=8)
    exponents = (int(rng.integers(0, 4)), int(rng.integers(0, 4)))

    def sigma_delta(channels):
        kind = ("relu", "unit")[int(rng.integers(2))]
        return SigmaDeltaNeuron(int(rng.integers(0, 60)), rng.integers(-40, 60, channels), kind, *exponents)

    layers = [
        Layer("in", DirectSynapse(int(rng.integers(1, 9)), int(rng.integers(-9, 9))), DeltaNeuron(90, 1, 2), (3, 2, 2)),
        Layer("first", dense(rng, 5, 12, -4, 5), sigma_delta(5), (5,)),
        Layer("second", dense(rng, 4, 5, -4, 5), sigma_delta(4), (4,)),
        Layer("sum", dense(rng, 3, 4, -4, 5), SigmaNeuron(), (3,)),
    ]
    return described(rng, layers, recipe)


def resonating(rng):
    """Resonators of both kinds, and a spiking layer."""
    recipe = InputRecipe.frames((3, 2, 2), FRAMES_RECORDED)

    def resonator(kind):
        angle, decay = rng.uniform(0.3, 1.2), rng.uniform(0.7, 0.99)
        sin, cos = (int(4096 * decay * f(angle)) for f in (np.sin, np.cos))
        return kind(int(rng.integers(5, 60)), sin, cos)

    layers = [
        Layer("rf", ComplexSynapse(dense(rng, 5, 12), dense(rng, 5, 12)), resonator(RfNeuron), (5,)),
        Layer("rf_iz", ComplexSynapse(dense(rng, 4, 5), dense(rng, 4, 5)), resonator(RfIzNeuron), (4,)),
        Layer("out", dense(rng, 3, 4), cuba(rng, 3), (3,)),
    ]
    return described(rng, layers, recipe)


def wrapping(rng):
    """Graded inputs of 24 bits: products, sums and currents leave their words, and a current wraps only once."""
    recipe = InputRecipe.frames((2, 2, 1), FRAMES_RECORDED, message_bits=24)
    delays = rng.integers(0, 4, (6, 4)) if rng.random() < 0.5 else None
    own = dense(rng, 6, 6, delays=rng.integers(0, 3, (6, 6)))
    layers = [
        Layer("hidden", dense(rng, 6, 4, -256, 256, delays=delays), cuba(rng, 6), (6,), own),
        Layer("out", dense(rng, 3, 6), cuba(rng, 3), (3,)),
    ]
    return described(rng, layers, recipe)


def wrapping_convolution(rng):
    """Sums of a convolution wrap at 24 bits."""
    recipe = InputRecipe.frames((2, 4, 3), FRAMES_RECORDED, message_bits=16)
    conv = ConvSynapse(rng.integers(-200, 250, (4, 2, 2, 2)), (2, 1), weight_exp=int(rng.integers(-1, 4)))
    shape = conv.output_shape(recipe.input_shape)
    layers = [
        Layer("conv", conv, cuba(rng, 4), shape),
        Layer("out", dense(rng, 3, int(np.prod(shape))), cuba(rng, 3), (3,)),
    ]
    return described(rng, layers, recipe)


def wrapping_words(rng):
    """As `graded`, but nothing fits into its words."""
    recipe = InputRecipe.frames((2, 2, 1), FRAMES_RECORDED, message_bits=24)
    bias = rng.integers(-40, 60, 5)
    layers = [
        Layer(
            "in", DirectSynapse(int(rng.integers(1, 999)), int(rng.integers(-9, 9))), DeltaNeuron(90, 1, 2), (2, 2, 1)
        ),
        Layer("first", dense(rng, 5, 4), SigmaDeltaNeuron(int(rng.integers(0, 60)), bias, "relu", 3, 2), (5,)),
        Layer("sum", dense(rng, 3, 5, delays=rng.integers(0, 4, (3, 5))), SigmaNeuron(), (3,)),
    ]
    return described(rng, layers, recipe)


def saturating(rng):
    """Resonators whose states saturate, so that nobody can tell what arrived."""
    recipe = InputRecipe.frames((2, 2, 1), FRAMES_RECORDED, message_bits=int(rng.integers(10, 15)))
    kind, decay = (RfNeuron, RfIzNeuron)[int(rng.integers(2))], rng.uniform(0.9, 0.99)
    sin, cos = (int(4096 * decay * part) for part in (np.sin(0.7), np.cos(0.7)))
    synapse = ComplexSynapse(dense(rng, 5, 4), dense(rng, 5, 4))
    layers = [
        Layer("rf", synapse, kind(int(rng.integers(5, 130_000)), sin, cos), (5,)),
        Layer("out", dense(rng, 3, 5), cuba(rng, 3), (3,)),
    ]
    return described(rng, layers, recipe)


def other(rng, value, low, high):
    """Another whole number of a range, near or far."""
    near = int(rng.integers(-8, 9)) if rng.random() < 0.3 else int(rng.integers(low, high + 1))
    changed = int(np.clip(value + near, low, high))
    return changed if changed != value else (value + 1 if value < high else value - 1)


def one_entry(rng, array, low, high):
    changed = np.array(array)
    place = tuple(int(rng.integers(size)) for size in changed.shape)
    changed[place] = other(rng, int(changed[place]), low, high)
    return changed


def in_synapse(which, field, low, high):
    """Change an entry of an array, or a number, of a synapse."""

    def change(rng, layer):
        synapse = getattr(layer, which)
        value = getattr(synapse, field)
        is_array = isinstance(value, np.ndarray)
        changed = one_entry(rng, value, low, high) if is_array else other(rng, value, low, high)
        return replace(layer, **{which: replace(synapse, **{field: changed})})

    return change


def in_neuron(field, low, high):
    def change(rng, layer):
        value = getattr(layer.neuron, field)
        is_array = isinstance(value, np.ndarray)
        changed = one_entry(rng, value, low, high) if is_array else other(rng, value, low, high)
        return replace(layer, neuron=replace(layer.neuron, **{field: changed}))

    return change


def in_complex(part):
    def change(rng, layer):
        dense = getattr(layer.synapse, part)
        weights = one_entry(rng, dense.weights, -256, 255)
        return replace(layer, synapse=replace(layer.synapse, **{part: replace(dense, weights=weights)}))

    return change


WEIGHT = in_synapse("synapse", "weights", -256, 255)
EXPONENT = in_synapse("synapse", "weight_exp", -3, 3)


def change_delay(rng, layer):
    """Another delay, or the first one of a synapse without."""
    if layer.synapse.delays is None:
        none = np.zeros(layer.synapse.weights.shape, dtype=int)
        layer = replace(layer, synapse=replace(layer.synapse, delays=none))
    return in_synapse("synapse", "delays", 0, 8)(rng, layer)


def change_activation(_, layer):
    """Negative activations are passed on, too."""
    return replace(layer, neuron=replace(layer.neuron, activation="unit"))


LAYERS = {
    # kind: (network, layers that may be wrong, change, what must be suspected; None: a part of a synapse)
    "weight, conv": (spiking, (0,), WEIGHT, None),
    "weight, dense": (spiking, (1, 2), WEIGHT, None),
    "weight, recurrent": (spiking, (1,), in_synapse("recurrent", "weights", -256, 255), None),
    "delay": (spiking, (1,), in_synapse("synapse", "delays", 0, 8), None),
    "delay, recurrent": (spiking, (1,), in_synapse("recurrent", "delays", 0, 8), None),
    "weight_exp": (spiking, (0, 1, 2), EXPONENT, None),
    "weight_exp, recurrent": (spiking, (1,), in_synapse("recurrent", "weight_exp", -3, 3), None),
    "du": (spiking, (0, 1, 2), in_neuron("du", -1, 4095), "du"),
    "dv": (spiking, (0, 1, 2), in_neuron("dv", 0, 4096), "dv"),
    "threshold": (spiking, (0, 1, 2), in_neuron("vth_mant", 0, 200), "vth_mant"),
    "bias": (spiking, (0, 1, 2), in_neuron("bias_mant", -200, 200), "bias_mant"),
    "bias_exp": (spiking, (0, 1, 2), in_neuron("bias_exp", 0, 7), "bias_exp"),
    "direct, weight": (graded, (0,), in_synapse("synapse", "weight", -80, 80), None),
    "direct, bias": (graded, (0,), in_synapse("synapse", "bias", -20, 20), None),
    "sigma-delta, weight": (graded, (1, 2, 3), WEIGHT, None),
    "sigma-delta, threshold": (graded, (0, 1, 2), in_neuron("vth_mant", 0, 90), "vth_mant"),
    "sigma-delta, bias": (graded, (1, 2), in_neuron("bias_mant", -90, 90), "bias_mant"),
    "sigma-delta, spike_exp": (graded, (1, 2), in_neuron("spike_exp", 0, 7), "spike_exp"),
    "resonator, real weight": (resonating, (0, 1), in_complex("real"), None),
    "resonator, imaginary weight": (resonating, (0, 1), in_complex("imag"), None),
    "resonator, threshold": (resonating, (0, 1), in_neuron("vth_mant", 0, 90), "vth_mant"),
    "resonator, sin_decay": (resonating, (0, 1), in_neuron("sin_decay", -4096, 4096), "sin_decay"),
    "resonator, cos_decay": (resonating, (0, 1), in_neuron("cos_decay", -4096, 4096), "cos_decay"),
}
WRAPPING = {
    "wrapping, weight": (wrapping, (0,), WEIGHT, None),
    "wrapping, delay": (wrapping, (0,), change_delay, None),
    "wrapping, weight_exp": (wrapping, (0,), EXPONENT, None),
    "wrapping, du": (wrapping, (0,), in_neuron("du", -1, 4095), "du"),
    "wrapping convolution, weight": (wrapping_convolution, (0,), WEIGHT, None),
    "wrapping convolution, weight_exp": (wrapping_convolution, (0,), EXPONENT, None),
    "wrapping words, input weight": (wrapping_words, (0,), in_synapse("synapse", "weight", -999, 999), None),
    "wrapping words, weight": (wrapping_words, (1, 2), WEIGHT, None),
    "wrapping words, delay": (wrapping_words, (2,), change_delay, None),
    "wrapping words, activation": (wrapping_words, (1,), change_activation, "activation"),
    "saturating, real weight": (saturating, (0,), in_complex("real"), None),
    "saturating, imaginary weight": (saturating, (0,), in_complex("imag"), None),
    "saturating, threshold": (saturating, (0,), in_neuron("vth_mant", 0, 131_071), "vth_mant"),
    "saturating, cos_decay": (saturating, (0,), in_neuron("cos_decay", -4096, 4096), "cos_decay"),
}
"""Where most inputs cannot be inferred from the states."""
LAYERS |= WRAPPING


def wrong_layer(rng, network, kind):
    _, layers, change, suspect = LAYERS[kind]
    index = int(rng.choice(layers))
    changed = list(network.layers)
    changed[index] = change(rng, changed[index])
    suspect = suspect or changed_part(network.layers[index], changed[index])
    return replace(network, layers=tuple(changed), golden=None), index, suspect


def changed_part(right, wrong):
    """Name of the only thing that differs between two synapses of a layer."""
    if isinstance(right.synapse, ComplexSynapse):
        pairs = [(part, getattr(right.synapse, part), getattr(wrong.synapse, part)) for part in ("real", "imag")]
    else:
        direct = isinstance(right.synapse, DirectSynapse)
        pairs = [
            ("input" if direct else "", right.synapse, wrong.synapse),
            ("recurrent", right.recurrent, wrong.recurrent),
        ]
    for name, before, after in pairs:
        for field in vars(before) if before is not None else ():
            old, new = np.asarray(getattr(before, field)), np.asarray(getattr(after, field))
            if field == "delays" and old.dtype == object:
                old = np.zeros_like(new)
            if old.dtype != object and (old != new).any():
                place = f"[{', '.join(map(str, np.argwhere(old != new)[0]))}]" if old.ndim else ""
                return f"{name} {field}{place}".strip(), int(new[old != new][0])
    raise ValueError("nothing differs")


def with_keep(network, keep):
    return replace(network, masks=FrameMasks("mute", tuple(keep)), golden=None)


def shifted_bit(rng, network):
    """The last mask drops the frame after the right one."""
    keep = np.array(network.masks.keep)
    dropped = np.flatnonzero(keep[-2] & ~keep[-1])[0]
    keep[-1, dropped], keep[-1, (dropped + 1) % keep.shape[1]] = True, False
    return with_keep(network, keep), network.depth - 2, MASK


def shifted_phase(rng, network):
    """All deeper masks come one step late; what the mask before drops stays dropped."""
    keep = np.array(network.masks.keep)
    for layer in range(1, network.depth):
        keep[layer] = np.roll(keep[layer], 1) & keep[layer - 1]
    return with_keep(network, keep), None, MASK


def shifted_input(rng, network):
    """The input drops the frame after the right one, which the masks of the other layers drop in any case."""
    keep = np.array(network.masks.keep)
    dropped = np.flatnonzero(~keep[0])[0]
    keep[0, dropped], keep[0, dropped + 1] = True, False
    return with_keep(network, keep), 0, FRAMES


NEURON = {"du", "dv", "vth_mant", "bias_mant", "bias_exp", "spike_exp", "sin_decay", "cos_decay", "activation"}
MASKS = {"mask bit": shifted_bit, "gate phase": shifted_phase, "input mask": shifted_input}


def first_difference(right, wrong):
    """By trying every place: earliest step, layer nearest to the input, first sample; all neurons that differ there."""
    for step in range(right.messages[0].shape[-1]):
        for layer, (expected, found) in enumerate(zip(right.messages, wrong.messages, strict=True)):
            for sample in range(len(expected)):
                pairs = zip(expected[sample, ..., step].flat, found[sample, ..., step].flat, strict=True)
                neurons = [i for i, (a, b) in enumerate(pairs) if a != b]
                if neurons:
                    return layer, sample, step, neurons
    return None


def assert_located(network, wrong, right, found, difference, truth):
    """Layer, sample, step, neuron, counts, messages, states and input are those of the two runs."""
    layer, sample, step, neurons = truth
    shape = network.layers[layer].shape
    assert (difference.layer, difference.sample, difference.step) == (network.layers[layer].name, sample, step)
    assert difference.neurons == tuple(neurons[:8])
    for count, trace in ((difference.expected, right), (difference.found, found)):
        assert count == np.count_nonzero(trace.messages[layer][sample, ..., step])
    neuron = difference.neuron
    assert neuron.index == neurons[0]
    assert neuron.place == np.unravel_index(neurons[0], shape)
    assert neuron.steps[-1] == step
    place = (sample, *neuron.place)
    names = list(right.states[layer])
    for rows, trace in ((neuron.expected, right), (neuron.found, found)):
        sides = {"message": trace.messages[layer], **trace.states[layer]}
        for name, values in sides.items():
            assert rows[name] == tuple(int(values[(*place, k)]) for k in neuron.steps)
    apart = [
        k
        for k in range(step + 1)
        if any(right.states[layer][name][(*place, k)] != found.states[layer][name][(*place, k)] for name in names)
    ]
    assert neuron.since == (apart[0] if apart else step)
    assert neuron.since in neuron.steps
    assert set(range(max(0, step - 3), step)) <= set(neuron.steps)
    inputs = [name for name in neuron.expected if name.startswith("input")]
    arrived = layer_input(network, right, layer)
    for part, name in enumerate(inputs):
        assert neuron.expected[name] == tuple(int(arrived[(part, *place, k)]) for k in neuron.steps)
    return layer_input(wrong, found, layer)[(slice(None), *place)]


def inject(kind, seed):
    """Put faults of a kind into a random network, one at a time, until some have an effect; say what became of each."""
    rng = np.random.default_rng((seed, *kind.encode()))
    network = LAYERS[kind][0](rng) if kind in LAYERS else spiking(rng)
    right = simulate(network, network.golden.frames, states=True)
    located = 0
    for _ in range(TRIES if kind in LAYERS else 1):
        wrong, layer, suspect = wrong_layer(rng, network, kind) if kind in LAYERS else MASKS[kind](rng, network)
        found = simulate(wrong, network.golden.frames, states=True)
        truth = first_difference(right, found)
        difference = compare_trace(network, "wrong", found).difference
        if truth is not None:
            assert layer is None or truth[0] == layer
            arrived = assert_located(network, wrong, right, found, difference, truth)
            assert suspect in NEURON or told_input_is(arrived, difference.neuron)
            yield explained(network, wrong, truth[0], difference.neuron, suspect)
            located += 1
            if located == FAULTS:
                return
        else:
            assert difference is None
            yield "no effect"


def told_input_is(arrived, neuron):
    """The input that the states imply is the one that arrived; a current wraps at 64 * 2**18."""
    told = [neuron.found[name] for name in neuron.expected if name.startswith("input")]
    pairs = [
        (value, int(part[k]))
        for row, part in zip(told, arrived, strict=True)
        for k, value in zip(neuron.steps, row, strict=True)
    ]
    return all(value is None or (value - real) % 2**18 == 0 for value, real in pairs)


def explained(network, wrong, layer, neuron, suspect):
    """The injected fault is among the explanations, with its value."""
    named = {s.what: s for s in neuron.suspects}
    what, value = suspect if isinstance(suspect, tuple) else (suspect, None)
    assert what in named, f"{what} is not among {list(named)}"
    if suspect in NEURON - {"activation"}:
        value = getattr(wrong.layers[layer].neuron, suspect)
        value = int(value[neuron.place[0]]) if isinstance(value, np.ndarray) else value
    if value is not None:
        low, high = named[what].found
        assert low <= value <= high
    return "one explanation" if len(named) == 1 else "several explanations"


ONLY = {"bias_exp": 5, "saturating, threshold": 25}
"""Least number of faults that have one explanation."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*LAYERS, *MASKS])
def test_injections_are_located_and_explained(kind):
    """A hundred faults or more; many that have an effect, and each of these is found where it shows first."""
    counts = Counter(outcome for seed in range(NETWORKS[kind in MASKS]) for outcome in inject(kind, seed))
    assert sum(counts.values()) >= 100
    assert sum(counts.values()) - counts["no effect"] >= 80, counts
    assert counts["one explanation"] >= ONLY.get(kind, 50), counts


@pytest.mark.parametrize("kind", WRAPPING)
def test_a_single_fault_is_named_where_no_input_can_be_inferred(kind):
    """Never is it said that more than one thing is wrong: `explained` wants the fault itself."""
    counts = Counter(outcome for seed in range(5) for outcome in inject(kind, seed))
    assert sum(counts.values()) - counts["no effect"] >= 12, counts


def test_the_finder_of_the_truth_sees_the_first_place():
    network = spiking(np.random.default_rng(1))
    right = simulate(network, network.golden.frames)
    assert first_difference(right, right) is None
    messages = [part.copy() for part in right.messages]
    messages[2][0, 1, 4] ^= True
    messages[1][1, 5, 4] ^= True
    messages[0][:, 0, 0, 0, 5] ^= True
    assert first_difference(right, replace(right, messages=tuple(messages))) == (1, 1, 4, [5])
