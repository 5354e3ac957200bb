"""The proof of the engine's tests: what they draw crosses what it must, and a wrong engine would be noticed."""

from __future__ import annotations

import importlib
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import evsnn_lava.simulation.engine as package
from evsnn_lava.network import (
    NEVER,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    InputRecipe,
    RfIzNeuron,
    softmax_table,
)
from evsnn_lava.simulation import run, simulate
from evsnn_lava.simulation.engine import Engine, plan
from evsnn_lava.simulation.engine.rows import MOST_ROWS

from . import building
from .comparing import result_differences, stepped_differences, trace_differences

NAMES = [path.stem for path in sorted(Path(package.__file__).parent.glob("[a-z]*.py"))]


# what is compared -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def answered(drawn):
    """Networks, frames, and what the reference makes of them."""
    cases = [*drawn, *large_cases()]
    return [(*case, run(*case), simulate(*case, states=True)) for case in cases]


def large_cases():
    """More than 64 neurons, more than 120 spikes at once, gathering, sleeping blocks, more than 8 frames."""
    rng = np.random.default_rng(2)
    recipe = building.binary(9, 10, 17)
    blocks = (
        (ConvSynapse(rng.integers(-30, 60, (8, 2, 3, 3)), padding=(1, 1)), CubaNeuron(60, 1023, 128)),
        (
            ConvSynapse(rng.integers(-40, 40, (20, 8, 3, 2)), (2, 1), (0, 1)),
            CubaNeuron(60, 1023, 300, rng.integers(-20, 30, 20)),
        ),
        (ConvSynapse(rng.integers(-30, 60, (10, 10, 2, 2)), (1, 2), (1, 0), (1, 2), 2), CubaNeuron(60, 1023, 300)),
    )
    inputs = building.network(recipe, *blocks).layers[-1].neurons
    head = DenseSynapse(rng.integers(-60, 60, (5, inputs)), -1), CubaNeuron(60, 1023, 300)
    network = building.network(recipe, *blocks, head, policy=CutoffPolicy("topk_gap", [NEVER, 3, *[1] * 15]))
    for rate in (0.02, 0.3, 1.0):
        yield network, building.spikes(rng, network, 6, rate)
    likely = CutoffPolicy("confidence", [NEVER, *[22000] * 8, *[2**14] * 8], softmax=softmax_table(2.5))
    for rate in (0.1, 0.3):
        yield network.with_cutoff(likely), building.spikes(rng, network, 6, rate)
    full = DenseSynapse(np.where(np.arange(150)[:, None] % 2, 255, -256) * np.ones((1, 180), dtype=int))
    small = DenseSynapse(rng.integers(-9, 9, (3, 150))), building.RELAY
    network = building.network(recipe, (full, CubaNeuron(131071, -1, 0)), small)
    yield network, building.spikes(rng, network, 3, 0.9)
    bias = CubaNeuron(30, 1023, 300, rng.integers(-90, 90, 130))
    network = building.network(recipe, (DenseSynapse(rng.integers(-9, 9, (130, 180))), bias))
    yield network, building.spikes(rng, network, 3, 0.01)
    wide = ConvSynapse(rng.integers(-256, 256, (3, 2, 2, 3)), padding=(1, 1))
    network = building.network(InputRecipe.frames((2, 5, 6), 6, 16), (wide, CubaNeuron(131071, -1, 0)))
    yield network, building.numbers(rng, network, 2)


def unequal(case, number):
    """Whether the engine differs from the reference, on one sample after the other and on all at a time."""
    network, frames, result, trace = case
    for slots in (1, 3):
        try:
            engine = Engine(network, 1, slots)
            if result_differences(engine.run(frames), result):
                return True
        except (ArithmeticError, LookupError, ValueError):
            return True
    if trace_differences(engine.trace(frames, states=True), trace):
        return True
    return number % 6 == 0 and stepped_differences(network, frames[:1]) != []


def noticed(answered, monkeypatch, tiny_windows):
    """Whether any case shows a difference; every second one in windows as small as they can be."""
    return any(unequal(case, number) for number, case in enumerate(answered[::2])) or (
        tiny_windows() or any(unequal(case, number) for number, case in enumerate(answered[1::2]))
    )


def test_the_engine_is_the_reference_in_all_of_them(answered, monkeypatch, tiny_windows):
    assert not noticed(answered, monkeypatch, tiny_windows)


def test_the_cases_hold_what_is_hard(drawn, answered):
    kinds = {type(layer.neuron).__name__ for network, _ in drawn for layer in network.layers}
    assert kinds == {kind.__name__ for kind in plan.NEURON_KERNELS}
    synapses = {
        type(synapse).__name__ for network, _ in drawn for layer in network.layers for synapse in layer.synapses
    }
    assert synapses == {kind.__name__ for kind in plan.DELIVERIES}
    large = list(large_cases())
    busiest = [frames.reshape(-1, *frames.shape[-4:]).sum(axis=(1, 2, 3)).max() for _, frames in large]
    assert max(busiest) > MOST_ROWS
    assert max(layer.neurons for network, _ in large for layer in network.layers) > 128
    first = [Engine(network)._plan.layers[0].delivery for network, _ in large[:3]]
    spikes = [frames.sum(axis=(1, 2, 3)) for _, frames in large[:3]]
    assert any((found >= delivery.dense_from).any() for found, delivery in zip(spikes, first, strict=True)), "gathers"
    assert any((found < delivery.dense_from).any() for found, delivery in zip(spikes, first, strict=True)), "scatters"
    several = [len(frames) > 1 and len(set(result.exit_step)) > 1 for _, frames, result, _ in answered]
    assert sum(several) >= 5, "samples stop at different times"
    assert any(
        isinstance(layer.neuron, RfIzNeuron) and not layer.neuron.vth_mant for n, _ in drawn for layer in n.layers
    )


# mutations ------------------------------------------------------------------------------------------------------------


def engine_modules():
    return {name: importlib.import_module(f"{package.__name__}.{name}") for name in NAMES}


def rewritten(name, old, new, *also):
    """Replace a line of a module; those of `also`, whose kernels contain its functions, are compiled anew with it."""

    def patch(patcher):
        modules = engine_modules()
        source = Path(modules[name].__file__).read_text()
        assert source.count(old) == 1, f"{name}.py has changed: {old}"
        made = {name: load(name, source.replace(old, new), patcher)}
        for other in also:
            made[other] = load(other, Path(modules[other].__file__).read_text(), patcher)
        changed = {
            id(thing): getattr(module, key)
            for other, module in made.items()
            for key, thing in vars(modules[other]).items()
            if callable(thing) and getattr(thing, "__module__", "") == modules[other].__name__
        }
        for module in [*modules.values(), *made.values()]:
            for key, thing in list(vars(module).items()):
                if id(thing) in changed:
                    patcher.setattr(module, key, changed[id(thing)])
        for kind, kernel in plan.NEURON_KERNELS.items():
            if id(kernel.make) in changed:
                patcher.setitem(plan.NEURON_KERNELS, kind, replace(kernel, make=changed[id(kernel.make)]))

    return patch


def load(name, source, patcher):
    """A module from its source; later imports find it."""
    module = types.ModuleType(f"{package.__name__}.{name}")
    module.__file__ = f"<wrong {name}>"
    exec(compile(source, module.__file__, "exec"), vars(module))
    patcher.setitem(sys.modules, module.__name__, module)
    return module


def attribute(name, path, make):
    """Replace an attribute of a module by what `make` makes of it."""

    def patch(patcher):
        *owners, last = path.split(".")
        owner = engine_modules()[name]
        for step in owners:
            owner = getattr(owner, step)
        patcher.setattr(owner, last, make(getattr(owner, last)))

    return patch


def forgets_not(part):
    """A new sample finds something of the one before in its slot."""

    def make(real):
        def forget(layer, slot):
            if part == "lists":
                lists = layer.lists
                return real(replace(layer, lists=replace(lists, count=lists.count.copy())), slot)
            return real(replace(layer, **{part: getattr(layer, part).copy()}), slot)

        return forget

    return attribute("running", "Running.forget", make)


def stream_columns_without_mute(masks):
    columns = np.full(masks.steps, -1)
    columns[masks.sent_frames] = np.arange(masks.stream_steps)
    return columns


def unordered(shape):
    return np.arange(int(np.prod(shape)), dtype=np.int64)


NEURONS = {
    "decay rounds down": rewritten("cuba", "(state >> 31) & (DECAY_UNITY - 1)", "(state >> 31) & 0"),
    "current wraps one too early": rewritten("cuba", "(word > STATE_LIMIT).where", "(word > STATE_LIMIT - 1).where"),
    "voltage clips one too late": rewritten("cuba", "where(1 - STATE_LIMIT, word)", "where(-STATE_LIMIT, word)"),
    "a spike leaves a trace": rewritten("cuba", "spike.where(0, voltage)", "spike.where(1, voltage)"),
    "threshold is reached": rewritten("cuba", "spike = voltage > limit", "spike = voltage > limit - 1"),
    "the decay of the first channel for all": rewritten(
        "cuba", "per_neuron(keep, shape)", "per_neuron(keep.flat[0], shape)"
    ),
    "who fires falls asleep": rewritten("cuba", " or fired != 0", ""),
    "who changes falls asleep": rewritten("cuba", " or changed != 0", ""),
    "the lowest word is large": rewritten("graded", "large = delta != LOWEST and abs", "large = abs", "plain"),
    "residue is forgotten": rewritten(
        "graded", "if large else (delta, np.int32(0))", "if large else (act, np.int32(0))", "plain"
    ),
    "who sends numbers falls asleep": rewritten("plain", " or place > before", ""),
    "resonator fires from zero": rewritten("resonators", "imag[i] < 0", "imag[i] <= 0", "plain"),
    "resonator rounds down": rewritten(
        "resonators", "return -(-product >> bits) if product < 0 else", "return", "plain"
    ),
}

SYNAPSES = {
    "sums stay in 16 bits": rewritten("rows", "MOST_ROWS: Final = 120", "MOST_ROWS: Final = 1000", "dense"),
    "sums are rounded up": rewritten("dense", "words[i] >>= -weight_exp", "words[i] = -((-words[i]) >> -weight_exp)"),
    "input has no bias": rewritten("dense", "np.int32(bias + weight * message)", "np.int32(weight * message)"),
    "delays are one longer": rewritten("delays", "sent = step - 1 - delays[at]", "sent = step - 2 - delays[at]"),
    "products have no words": rewritten("delays", "np.int32(weights[at] * message)", "weights[at] * message"),
    "delayed messages are kept too briefly": rewritten("delays", "synapse.max_delay + 1", "synapse.max_delay or 1"),
    "kernels are flipped": attribute(
        "conv", "kernel_rows", lambda real: lambda conv: real(replace(conv, weights=conv.weights[..., ::-1]))
    ),
    "groups are mixed": attribute(
        "conv", "kernel_rows", lambda real: lambda conv: np.roll(real(conv), len(real(conv)) // conv.groups, axis=0)
    ),
    "padding is forgotten": attribute(
        "conv", "reaches", lambda real: lambda conv, shape: tuple(map(np.roll, real(conv, shape), conv.padding, (0, 0)))
    ),
    "gathering looks one column too far": attribute(
        "conv", "_sight", lambda real: lambda *given: (real(*given)[0], real(*given)[1] + [1, 0, 0])
    ),
    "convolutions do not wrap": rewritten(
        "wide_conv", "kept = (sums[i] + STATE_LIMIT) % (2 * STATE_LIMIT) -", "kept = sums[i] + 0 *"
    ),
    "numbers are spikes to a convolution": attribute("plan", "stays_narrow", lambda _: lambda *_: True),
    "recurrent outputs stand in another order": attribute("plan", "_laid_out", lambda _: lambda synapse, _: synapse),
    "flatten is not that of the description": attribute("plan", "engine_order", lambda _: unordered),
    "parameters stand in another order": attribute("lists", "engine_order", lambda _: unordered),
}

LISTS = {
    "gates are open": attribute("plan", "gate_open", lambda _: lambda *_: True),
    "gates are one step late": attribute(
        "plan", "gate_open", lambda real: lambda network, layer, step: real(network, layer, max(step - 1, 0))
    ),
    "muted frames are sent": attribute("intake", "_stream_columns", lambda _: stream_columns_without_mute),
    "operations behind a gate count": rewritten("sending", "caused * passed", "caused", "cuba"),
    "operations of the layer itself do not count": attribute(
        "plan", "recurrent_costs", lambda _: lambda network: [None] * network.depth
    ),
    "frames are taken for earlier ones": rewritten("lists", "np.uint64(begin - at)", "np.uint64(begin - at + 1)"),
    "only one frame of a stretch counts": rewritten("lists", "flags &= flags - np.uint64(1)", "flags &= np.uint64(0)"),
    "a list that grows loses the others": attribute("intake", "_copy", lambda _: lambda *_: None),
    "a stepper takes frames in another order": rewritten(
        "lists", "(y * columns + x) * channels + channel", "(y * columns + x) + channel * columns * lines"
    ),
}

SAMPLES = {
    "states of the last sample stay": forgets_not("states"),
    "a new sample finds the layer asleep": forgets_not("awake"),
    "messages of the last sample stay": forgets_not("lists"),
    "the step before the window is lost": rewritten("running", "(slots, window + 1,", "(slots, max(1, window - 1),"),
    "what came back is added twice": rewritten("running", "        back[i] = 0\n", ""),
    "recurrent layers do many steps at once": rewritten("running", "steps = 1 if plan.back else max", "steps = max"),
    "only the first tile of slots is computed": rewritten("running", "range(0, slots, self.slots)", "range(0, 1)"),
    "the lead is reached": rewritten("readout", "stops = lead > limit", "stops = lead >= limit"),
    "scores go on after the exit": rewritten("readout", "if exit_step[slot]:", "if exit_step[slot] < 0:"),
    "exponentials end too early": rewritten("readout", "if behind < len(softmax)", "if behind < len(softmax) - 25"),
    "the best class is the first": rewritten("readout", "best = max(best, score)", "best = best"),
    "the second best is the third": rewritten("readout", "second = score, best", "second = score, second"),
    "numbers count as spikes": rewritten("readout", "value[at] if len(value) > 1 else 1", "1"),
}

MUTATIONS = {**NEURONS, **SYNAPSES, **LISTS, **SAMPLES}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_engine_is_noticed(answered, monkeypatch, tiny_windows, name):
    MUTATIONS[name](monkeypatch)
    assert noticed(answered, monkeypatch, tiny_windows)
