"""The proof of `test_against_lava.py`: the draw covers what it must, and a wrong reference would be noticed."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from evsnn_lava.errors import CapacityError
from evsnn_lava.network import ConvSynapse, CubaNeuron, SigmaDeltaNeuron
from evsnn_lava.network.ranges import RANGES
from evsnn_lava.simulation import arithmetic, neurons, reference, simulate, synapses
from evsnn_lava.simulation.neurons import DYNAMICS

pytestmark = pytest.mark.lava

OFTEN = 6  # of 600 networks
CUTS = ("wrap_state", "wrap_word", "clip_state")
NAMED_BY = {"weights": "weight", "delays": "delay", "bias": "input_weight", "weight": "input_weight"}


# the census -----------------------------------------------------------------------------------------------------------


def parts(thing):
    """A neuron or synapse, and the synapses inside a complex one."""
    yield thing
    for field in dataclasses.fields(thing):
        inner = getattr(thing, field.name)
        if dataclasses.is_dataclass(inner):
            yield from parts(inner)


def things(network):
    for layer in network.layers:
        for thing in (layer.neuron, *layer.synapses):
            yield from parts(thing)


def layer_features(layer, source_shape, graded):
    """What is worth counting in one layer."""
    neuron, kind, synapse = layer.neuron, type(layer.neuron).__name__, layer.synapse
    yield kind
    yield f"{type(synapse).__name__} into {kind}"
    yield f"{'numbers' if graded else 'spikes'} into {type(synapse).__name__}"
    for name, array in neuron.per_channel.items():
        yield f"{kind}.{name} per {'channel' if array.shape != layer.shape or array.ndim == 1 else 'neuron'}"
    if isinstance(neuron, SigmaDeltaNeuron):
        yield neuron.activation
    for role, dense in zip(("forward", "recurrent"), layer.synapses, strict=False):
        delays = getattr(dense, "delays", None)
        if delays is not None:
            yield f"{role} delays of {'numbers' if (graded if role == 'forward' else neuron.graded) else 'spikes'}"
            by_input, by_output = (delays == delays[:1]).all(), (delays == delays[:, :1]).all()
            yield f"delay per {'input' if by_input else 'output' if by_output else 'connection'}"
        if hasattr(dense, "weight_exp") and dense.weight_exp:
            yield f"{role} weight_exp {'> 0' if dense.weight_exp > 0 else '< 0'}"
    if layer.recurrent is not None:
        yield f"recurrent {kind}"
    if isinstance(synapse, ConvSynapse):
        yield from (name for name in ("stride", "dilation") if getattr(synapse, name) != (1, 1))
        yield from (name for name, on in (("padding", max(synapse.padding)), ("groups", synapse.groups > 1)) if on)
    if len(source_shape) == 3 and min(source_shape[0], max(source_shape[1:])) > 1 and len(layer.shape) == 1:
        yield "flatten"


def features(network):
    shape, graded = network.input_shape, network.recipe.message_bits > 0
    for layer in network.layers:
        yield from layer_features(layer, shape, graded)
        shape, graded = layer.shape, layer.neuron.graded
    keep = network.masks.keep
    if not keep[0].all():
        yield network.masks.semantics
    if any((inner != outer).any() for outer, inner in itertools.pairwise(keep)):
        yield "gate"
    yield f"{network.depth} layers"


FEATURES = {
    *(f"{name} per channel" for name in ("CubaNeuron.du", "CubaNeuron.dv", "CubaNeuron.bias_mant")),
    *("CubaNeuron.bias_mant per neuron", "SigmaDeltaNeuron.bias_mant per channel", "relu", "unit"),
    *("DenseSynapse into CubaNeuron", "ConvSynapse into CubaNeuron", "DirectSynapse into CubaNeuron"),
    *("DenseSynapse into SigmaDeltaNeuron", "ConvSynapse into SigmaDeltaNeuron", "DirectSynapse into DeltaNeuron"),
    *("DenseSynapse into SigmaNeuron", "ComplexSynapse into RfNeuron", "ComplexSynapse into RfIzNeuron"),
    *(
        f"{what} into {kind}Synapse"
        for what in ("numbers", "spikes")
        for kind in ("Dense", "Conv", "Complex", "Direct")
    ),
    *(f"{role} delays of {what}" for role in ("forward", "recurrent") for what in ("numbers", "spikes")),
    *(f"{role} weight_exp {sign}" for role in ("forward", "recurrent") for sign in ("> 0", "< 0")),
    *("delay per input", "delay per output", "delay per connection"),
    *(f"recurrent {kind}Neuron" for kind in ("Cuba", "Delta", "SigmaDelta", "Sigma")),
    *("stride", "dilation", "padding", "groups", "flatten", "skip", "mute", "gate"),
    *(f"{depth} layers" for depth in (1, 2, 3, 4)),
}


def test_every_feature_is_drawn_often(recorded):
    counted = Counter(feature for network, _, _ in recorded for feature in set(features(network)))
    assert len(recorded) >= 500
    assert {feature: counted[feature] for feature in FEATURES if counted[feature] < OFTEN} == {}


def test_both_ends_of_every_range_are_drawn_often(recorded):
    counted = Counter()
    for network, _, _ in recorded:
        seen = set()
        for thing in things(network):
            for field in dataclasses.fields(thing):
                found = getattr(thing, field.name)
                direct = type(thing).__name__ == "DirectSynapse"
                quantity = NAMED_BY[field.name] if direct or field.name in ("weights", "delays") else field.name
                if quantity in RANGES and found is not None:
                    seen |= {(quantity, end) for end in RANGES[quantity] if (np.asarray(found) == end).any()}
        counted.update(seen)
    ends = {(quantity, end) for quantity, limits in RANGES.items() for end in limits}
    assert {end: counted[end] for end in ends if counted[end] < OFTEN} == {}


def test_numbers_reach_their_limits_often(recorded, monkeypatch):
    """In many of the networks something wraps, clips and rounds."""
    happened, counted = set(), Counter()

    def watch(module, name):
        real = getattr(module, name)

        def watched(number, *rest):
            result = real(number, *rest)
            if not np.array_equal(result, number):
                happened.add(f"{module.__name__.rpartition('.')[2]}.{name}")
            return result

        monkeypatch.setattr(module, name, watched)

    for module, name in (*((neurons, name) for name in CUTS), (synapses, "wrap_word"), (synapses, "wrap_sum")):
        watch(module, name)
    for network, frames, _ in recorded:
        happened.clear()
        simulate(network, frames)
        counted.update(happened)
    assert min(counted[f"neurons.{name}"] for name in CUTS) >= 5 * OFTEN
    assert counted["synapses.wrap_word"] >= 5 * OFTEN
    assert counted["synapses.wrap_sum"] >= OFTEN // 2


def test_neurons_of_every_kind_send_and_keep_silent(recorded):
    rates = {}
    for network, _, answers in recorded:
        for layer, (messages, _) in zip(network.layers, answers, strict=True):
            rates.setdefault(type(layer.neuron), []).append(float((messages != 0).mean()))
    assert {kind.__name__ for kind in rates} == {kind.__name__ for kind in DYNAMICS}
    for kind, found in rates.items():
        assert np.mean(found) < 0.9, kind
        assert np.mean(np.array(found) > 0) > 0.1, kind


# mutations ------------------------------------------------------------------------------------------------------------


def floored(state, amount):
    return state * (4096 - amount) >> 12


def same(value, *_):
    return value


def wrapped_at_the_limit(state):
    return np.where(state >= 2**23, state - 2**24, np.where(state <= -(2**23), state + 2**24, state))


def dynamics(kind, change):
    """Replace a neuron type's step by one that changes its new states and messages."""

    def patch(patcher):
        real = DYNAMICS[kind]

        def step(neuron, shape, states, activation):
            return change(neuron, states, *real.step(neuron, shape, states, activation))

        patcher.setitem(DYNAMICS, kind, replace(real, step=step))

    return patch


def attribute(owner, name, make):
    return lambda patcher: patcher.setattr(owner, name, make(getattr(owner, name)))


def delivered(kind, change):
    """Replace a synapse type's function by one for a changed synapse or for changed messages."""
    return lambda patcher: patcher.setitem(
        synapses.APPLY, kind, lambda synapse, sent, real=synapses.APPLY[kind]: real(*change(synapse, sent))
    )


def kind_of(name):
    return next(kind for kind in (*DYNAMICS, *synapses.APPLY) if kind.__name__ == name)


def no_reset(_, __, states, messages):
    return {**states, "v": np.where(messages, 1, states["v"])}, messages


def current_reset(_, __, states, messages):
    return {**states, "u": np.where(messages, 0, states["u"])}, messages


def swapped(synapse, messages):
    """Height before channel: another flatten order."""
    return synapse, messages.swapaxes(1, 2) if messages.ndim == 4 else messages


def flipped(synapse, messages):
    return replace(synapse, weights=synapse.weights[..., ::-1]), messages


def late(real):
    return lambda synapse, past: real(synapse, lambda ago: past(ago + 1))


def in_recurrence(change):
    """Recurrent input of a layer, changed: it is the second thing that a layer adds up."""

    def patch(patcher):
        real, deliver = reference._LayerRun.advance, reference.deliver

        def advance(running, *rest):
            asked = []

            def changed(synapse, past):
                asked.append(synapse)
                return deliver(synapse, past) if len(asked) == 1 else change(deliver, synapse, past)

            patcher.setattr(reference, "deliver", changed)
            real(running, *rest)

        patcher.setattr(reference._LayerRun, "advance", advance)

    return patch


MUTATIONS = {
    "decay rounds down": attribute(neurons, "decay", lambda _: floored),
    "resonator rounds down": attribute(neurons, "shrink", lambda _: lambda value, bits: value >> bits),
    "current does not wrap": attribute(neurons, "wrap_state", lambda _: same),
    "current wraps one too early": attribute(neurons, "wrap_state", lambda _: wrapped_at_the_limit),
    "current wraps until it fits": attribute(neurons, "wrap_state", lambda _: arithmetic.wrap_sum),
    "voltage does not clip": attribute(neurons, "clip_state", lambda _: same),
    "voltage clips one too late": attribute(neurons, "clip_state", lambda _: lambda v: np.clip(v, -(2**23), 2**23)),
    "neurons have no words": attribute(neurons, "wrap_word", lambda _: same),
    "synapses have no words": attribute(synapses, "wrap_word", lambda _: same),
    "convolutions do not wrap": attribute(synapses, "wrap_sum", lambda _: same),
    "exponents round toward zero": attribute(
        synapses,
        "shift",
        lambda real: lambda total, exp: real(total, exp) if exp >= 0 else arithmetic.shrink(total, -exp),
    ),
    "threshold is reached": attribute(
        CubaNeuron, "threshold", lambda _: property(lambda neuron: (neuron.vth_mant << 6) - 1)
    ),
    "du is the decay": attribute(
        CubaNeuron, "current_decay", lambda _: property(lambda neuron: np.maximum(neuron.du, 0))
    ),
    "bias without exponent": attribute(
        CubaNeuron, "bias", lambda real: lambda neuron, shape: real(neuron, shape) >> neuron.bias_exp
    ),
    "a spike leaves a trace": dynamics(CubaNeuron, no_reset),
    "a spike resets the current": dynamics(CubaNeuron, current_reset),
    "delta forgets the residue": dynamics(
        kind_of("DeltaNeuron"), lambda _, __, states, sent: ({**states, "residue": 0 * states["residue"]}, sent)
    ),
    "sigma-delta sends more than it should": dynamics(
        SigmaDeltaNeuron, lambda neuron, _, states, sent: (states, sent + (sent < 0))
    ),
    "sigma sends what arrives": dynamics(
        kind_of("SigmaNeuron"), lambda _, before, states, sent: (states, sent - before["sigma"])
    ),
    "relu passes negative numbers": attribute(
        neurons, "np", lambda real: SimpleNamespace(**{**vars(real), "maximum": lambda value, _: value})
    ),
    "resonator fires before zero": dynamics(
        kind_of("RfNeuron"),
        lambda neuron, before, new, _: (
            new,
            (new["real"] >= neuron.threshold) & (new["imag"] > 0) & (before["imag"] < 0),
        ),
    ),
    "resonator keeps its phase": dynamics(
        kind_of("RfIzNeuron"), lambda neuron, _, states, sent: ({**states, "imag": states["imag"] + sent}, sent)
    ),
    "delays are one longer": attribute(synapses, "_deliver_delayed", late),
    "delays are ignored": attribute(
        synapses, "_deliver_delayed", lambda _: lambda synapse, past: synapses.apply_dense(synapse, past(0))
    ),
    "delayed sums are words": attribute(
        synapses, "_sum_of_words", lambda real: lambda weights, sent: arithmetic.wrap_word(real(weights, sent))
    ),
    "recurrence is left out": in_recurrence(lambda deliver, synapse, past: 0 * deliver(synapse, past)),
    "recurrence is one step late": in_recurrence(
        lambda deliver, synapse, past: deliver(synapse, lambda ago: past(ago + 1))
    ),
    "numbers are spikes": delivered(kind_of("DenseSynapse"), lambda synapse, sent: (synapse, sent != 0)),
    "flatten starts with the rows": delivered(kind_of("DenseSynapse"), swapped),
    "kernels are flipped": delivered(ConvSynapse, flipped),
    "real and imaginary are exchanged": delivered(
        kind_of("ComplexSynapse"), lambda synapse, sent: (replace(synapse, real=synapse.imag, imag=synapse.real), sent)
    ),
    "input has no bias": delivered(kind_of("DirectSynapse"), lambda synapse, sent: (replace(synapse, bias=0), sent)),
    "gates are open": attribute(reference, "gate_open", lambda _: lambda network, layer, step: True),
    "gates are one step late": attribute(
        reference, "gate_open", lambda real: lambda network, layer, step: real(network, layer, max(step - 1, 0))
    ),
}


def disagrees(network, frames, answers):
    try:
        trace = simulate(network, frames, states=True)
    except CapacityError:
        return True
    for sent, states, (messages, theirs) in zip(trace.messages, trace.states, answers, strict=True):
        if not np.array_equal(sent[0], messages):
            return True
        if any(not np.array_equal(state[0], theirs[name]) for name, state in states.items()):
            return True
    return False


def test_the_reference_agrees_with_what_was_recorded(recorded):
    assert not any(disagrees(*case) for case in recorded)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_reference_is_noticed(recorded, monkeypatch, name):
    MUTATIONS[name](monkeypatch)
    assert any(disagrees(*case) for case in recorded)
