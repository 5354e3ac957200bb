"""The parts of a network fit together, or it is refused."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    GoldenVectors,
    InputRecipe,
    Layer,
    NetworkDescription,
    QuantisationFacts,
    RfIzNeuron,
    RfNeuron,
    SigmaNeuron,
)

NEURON = CubaNeuron(80, 1023, 128)
CONV = Layer("conv", ConvSynapse(np.ones((3, 2, 3, 3), int)), CubaNeuron(80, 1023, 128, [1, 2, 3]), (3, 4, 2))
FC = Layer("fc", DenseSynapse(np.ones((2, 24), int)), NEURON, (2,))
RESONATOR = RfNeuron(1, 100, 200)
COMPLEX = ComplexSynapse(DenseSynapse(np.ones((2, 24), int)), DenseSynapse(np.ones((2, 24), int)))
SELF = DenseSynapse(np.ones((2, 2), int))


@pytest.fixture
def network():
    return NetworkDescription(
        "n",
        (CONV, FC),
        InputRecipe(6, 4, steps=4, dt_us=1000),
        FrameMasks("skip", ([1, 0, 1, 1], [1, 0, 0, 1])),
        CutoffPolicy.fixed(2, steps=3),
        ("off", "on"),
        golden=GoldenVectors(
            *(np.zeros((1, 1, 1, 1, 4), bool), np.zeros((1, 2, 5), int), np.zeros((1, 2, 5), np.uint64)),
            *(np.ones(1, int), np.zeros(1, int)),
        ),
    )


def test_sizes(network):
    assert (network.depth, network.input_shape, network.max_steps) == (2, (2, 6, 4), 3 + 2)
    assert (CONV.neurons, FC.neurons) == (24, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": ()}, "network n: it has no layer; add at least one"),
        (
            {"layers": (replace(CONV, shape=(3, 4, 3)), FC)},
            "layer conv: shape is (3, 4, 3), its synapse makes (3, 4, 2); correct it",
        ),
        (
            {"layers": (CONV, replace(FC, synapse=DenseSynapse(np.ones((2, 8), int))))},
            "DenseSynapse: input (3, 4, 2) has 24 values, the weights expect 8; check the layer before it",
        ),
        (
            {"layers": (replace(CONV, neuron=replace(NEURON, bias_mant=[1, 2])), FC)},
            "layer conv: bias_mant has shape (2,), expected one per channel (3,); reshape it",
        ),
        (
            {"layers": (replace(CONV, neuron=CubaNeuron(80, [1, 2], 128)), FC)},
            "layer conv: du has shape (2,), expected one per channel (3,); reshape it",
        ),
        (
            {"layers": (replace(CONV, neuron=CubaNeuron(80, 1, np.ones((3, 4, 2), int))), FC)},
            "layer conv: dv has shape (3, 4, 2), expected one per channel (3,); reshape it",
        ),
        (
            {"layers": (CONV, replace(FC, neuron=RESONATOR))},
            "layer fc: RfNeuron behind DenseSynapse; resonators, and only they, take a ComplexSynapse",
        ),
        (
            {"layers": (CONV, replace(FC, synapse=COMPLEX))},
            "layer fc: CubaNeuron behind ComplexSynapse; resonators, and only they, take a ComplexSynapse",
        ),
        (
            {"layers": (CONV, replace(FC, synapse=COMPLEX, neuron=RESONATOR, recurrent=SELF))},
            "layer fc: resonators cannot be recurrent; leave the recurrent synapse out",
        ),
        (
            {"layers": (CONV, replace(FC, recurrent=DenseSynapse(np.ones((2, 3), int))))},
            "layer fc: recurrent weights are (2, 3), expected (2, 2); correct them",
        ),
        (
            {"layers": (CONV, Layer("direct", DirectSynapse(), NEURON, (3, 4, 2)))},
            "layer direct: a DirectSynapse only takes the input; put it first",
        ),
        (
            {"layers": (CONV, replace(FC, name="conv"))},
            "network n: two layers have the same name; rename one",
        ),
        (
            {"recipe": InputRecipe(6, 4, steps=5, dt_us=1000)},
            "network n: masks cover 4 frames, the recipe makes 5; make them equal",
        ),
        (
            {"masks": FrameMasks("skip", ([1, 0, 1, 1],))},
            "network n: there are masks for 1 layers, the network has 2; make them equal",
        ),
        (
            {"cutoff": CutoffPolicy.never(4)},
            "network n: the cutoff has 4 thresholds, frames sent are 3; make them equal",
        ),
        (
            {"class_names": ("a",)},
            "network n: there are 1 class names, output neurons are 2; make them equal",
        ),
        (
            {
                "layers": (CONV, replace(FC, synapse=DenseSynapse(np.ones((1, 24), int)), shape=(1,))),
                "class_names": ("a",),
                "cutoff": CutoffPolicy("topk_gap", [1, 1, 1]),
            },
            "network n: it has one output neuron, a gap needs at least 2; use `never`",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(network, change, message):
    with pytest.raises(ConfigError) as caught:
        replace(network, **change)
    assert str(caught.value) == message


def test_muted_frames_are_steps_and_need_thresholds(network):
    muted = FrameMasks("mute", network.masks.keep)
    with pytest.raises(ConfigError, match="cutoff has 3 thresholds, frames sent are 4"):
        replace(network, masks=muted)
    assert replace(network, masks=muted, cutoff=CutoffPolicy.never(4)).max_steps == 4 + 2


def test_another_cutoff_makes_the_golden_vectors_void(network):
    changed = network.with_cutoff(CutoffPolicy.never(3))
    assert (changed.cutoff.kind, changed.golden) == ("never", None)
    assert (network.cutoff.kind, network.golden is None) == ("fixed", False)
    with pytest.raises(ConfigError, match="cutoff has 7 thresholds"):
        network.with_cutoff(CutoffPolicy.never(7))


def test_a_network_cannot_be_changed(network):
    mine = {"seed": "1"}
    network = replace(network, provenance=mine)
    mine["seed"] = "2"
    assert network.provenance == {"seed": "1"}
    for thing, name in ((network, "name"), (network.layers[0], "shape")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, None)


def test_a_layer_names_its_synapses():
    assert FC.synapses == (FC.synapse,)
    assert replace(FC, recurrent=SELF).synapses == (FC.synapse, SELF)


def test_recurrence_counts_the_neurons_of_any_shape(network):
    recurrent = replace(CONV, recurrent=DenseSynapse(np.ones((24, 24), int)))
    assert replace(network, layers=(recurrent, FC)).depth == 2


def test_bias_of_every_neuron_and_decays_of_every_channel_fit(network):
    neuron = CubaNeuron(80, [1, 2, 3], [4, 5, 6], np.ones((3, 4, 2), int))
    assert replace(network, layers=(replace(CONV, neuron=neuron), FC)).depth == 2


@pytest.mark.parametrize("neuron", [RESONATOR, RfIzNeuron(1, 100, 200)])
def test_resonators_take_a_complex_synapse(network, neuron):
    assert replace(network, layers=(CONV, replace(FC, synapse=COMPLEX, neuron=neuron))).depth == 2


def test_one_output_needs_no_gap(network):
    one = replace(FC, synapse=DenseSynapse(np.ones((1, 24), int)), shape=(1,), neuron=SigmaNeuron())
    changed = replace(network, layers=(CONV, one), class_names=("angle",), golden=None)
    assert (changed.cutoff.kind, changed.layers[-1].neurons) == ("fixed", 1)


@pytest.mark.parametrize("change", [{"name": "a\x1b[2J"}, {"class_names": ("a", "b\n")}, {"provenance": {"k\r": "v"}}])
def test_texts_cannot_steer_a_terminal(network, change):
    with pytest.raises(ConfigError, match=r"the text .* holds control characters; remove them$"):
        replace(network, **change)


def test_a_value_may_have_lines(network):
    assert replace(network, provenance={"config": "a\n\tb"}).provenance == {"config": "a\n\tb"}


def test_gigantic_layers_and_frames_are_refused(network):
    one = ConvSynapse(np.ones((1, 1, 1, 1), int))
    wide = Layer("wide", one, NEURON, (1, 1, 2**24 + 1))
    with pytest.raises(CapacityError, match=r"layer wide: it has 16777217 neurons, the limit is 16777216; shrink it"):
        wide.check((1, 1, 2**24 + 1))
    with pytest.raises(CapacityError, match=r"a frame \(2, 8192, 8192\) is beyond 16777216 values"):
        replace(network, recipe=InputRecipe(8192, 8192, steps=4, dt_us=1000))


@pytest.mark.parametrize("names", [("fc", "fc"), ("fc", "nothing")])
def test_quantisation_facts_belong_to_one_layer_each(network, names):
    facts = tuple(QuantisationFacts(name, 64.0, 0.1, 0, 0) for name in names)
    with pytest.raises(ConfigError, match="quantisation facts name"):
        replace(network, quantisation=facts)
