"""The reference against the installed Lava: its own fixed-point models, messages and states, step by step.

`lava_models.py` drives the models, `drawing.py` makes the networks. That the draw covers what it must and that a wrong
reference would be noticed is shown in `test_proof.py`.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import CapacityError
from evsnn_lava.network import ConvSynapse, DenseSynapse, DirectSynapse, SigmaNeuron
from evsnn_lava.network.precision import SIGN_MODES, stored_weights
from evsnn_lava.simulation import simulate
from evsnn_lava.simulation.synapses import apply_conv, deliver

from . import drawing

pytestmark = pytest.mark.lava

NETWORKS, AT_LEAST = 800, 500


@pytest.fixture(scope="module")
def lava():
    """Lava's models in the place of a network."""
    from . import lava_models

    return lava_models


def differences(network, frames, answers):
    """Where the reference differs: layer, quantity, step, neuron, its value, Lava's value."""
    trace = simulate(network, frames, states=True)
    for layer, sent, states, (messages, theirs) in zip(
        network.layers, trace.messages, trace.states, answers, strict=True
    ):
        pairs = {"messages": (sent, messages), **{name: (state, theirs[name]) for name, state in states.items()}}
        for name, (ours, other) in pairs.items():
            for *neuron, step in np.argwhere(ours[0] != other).tolist():
                yield layer.name, name, step, neuron, ours[(0, *neuron, step)], other[(*neuron, step)]


def test_random_networks_give_the_same_messages_and_states(lava):
    compared = 0

    @settings(max_examples=NETWORKS, suppress_health_check=list(HealthCheck))
    @given(case=drawing.networks(samples=1))
    def compare(case):
        nonlocal compared
        assert list(differences(*case, lava.run(*case))) == []
        compared += 1

    compare()
    assert compared >= AT_LEAST, f"only {compared} networks were compared"


@pytest.mark.parametrize("name", drawing.EDGES)
def test_numbers_end_where_lavas_end(lava, name):
    for case in drawing.edge_cases(name):
        assert list(differences(*case, lava.run(*case))) == []


@given(
    seed=st.integers(0, 2**32 - 1),
    bits=st.integers(1, 8),
    mode=st.sampled_from([None, *SIGN_MODES]),
    delayed=st.booleans(),
)
@settings(max_examples=150)
def test_a_synapse_of_few_bits_is_that_of_its_stored_weights(lava, seed, bits, mode, delayed):
    rng = np.random.default_rng(seed)
    weights = drawing.values(rng, "weight", (3, 4), -100, 255) * rng.choice([1, 1, 0, -1])
    weights = np.clip(np.abs(weights) * rng.choice([-1, 1]) if rng.random() < 0.4 else weights, -256, 255)
    delays = rng.integers(0, 3, (3, 4)) if delayed else None
    sign = {} if mode is None else {"sign_mode": lava.SignMode[mode.upper()]}
    model = lava.dense(DenseSynapse(weights, 1, delays), False, num_weight_bits=bits, **sign)
    sent = [rng.random(4) < 0.6 for _ in range(6)]
    kept = DenseSynapse(stored_weights(weights, bits, mode), 1, delays)
    for step, messages in enumerate(sent):
        model.run(messages)
        past = lambda ago, step=step: (sent[step - 1 - ago] if step - 1 - ago >= 0 else np.zeros(4, bool))[None]  # noqa: E731
        assert np.array_equal(model.read(), deliver(kept, past)[0])


def test_lavas_convolution_knows_no_exponent_and_32_bits(lava):
    """What the description can say and Lava cannot: `check_lava` refuses the one, the reference the other."""
    synapse = ConvSynapse([[[[255]]]])
    model = lava.conv(synapse, (1, 1, 1), graded=True)
    model.model.weight_exp[:] = 3
    model.run(np.full((1, 1, 1), 2))
    model.run(np.full((1, 1, 1), 2))
    assert model.read().item() == 510 == apply_conv(synapse, np.full((1, 1, 1, 1), 2)).item()
    assert apply_conv(replace(synapse, weight_exp=3), np.full((1, 1, 1, 1), 2)).item() == 510 << 3
    most = (2**31 - 1) // 255
    model.run(np.full((1, 1, 1), most, dtype=np.int32))
    model.run(np.zeros((1, 1, 1), dtype=np.int32))
    assert model.read().item() == apply_conv(synapse, np.full((1, 1, 1, 1), most)).item()
    with pytest.warns(RuntimeWarning, match="invalid value encountered in cast"):
        model.run(np.full((1, 1, 1), most + 1, dtype=np.int32))
    with pytest.raises(CapacityError) as caught:
        apply_conv(synapse, np.full((1, 1, 1, 1), most + 1))
    words = f"ConvSynapse: a sum reaches {255 * (most + 1)}, the limit is 2147483647; use smaller messages or weights"
    assert str(caught.value) == words


def test_a_sum_that_is_never_delivered_may_be_undefined(lava):
    """The convolution leaves 32 bits with the messages of the last step, which arrive after the end."""
    blocks = (DirectSynapse(1, 32767), SigmaNeuron()), (ConvSynapse([[[[255]]]]), SigmaNeuron())
    frames = np.full((1, 1, 1, 1, 2), 4177900)
    network = drawing.chain((1, 1, 1), 2, 24, *blocks)
    assert list(differences(network, frames, lava.run(network, frames))) == []
    longer = drawing.chain((1, 1, 1), 3, 24, *blocks)
    with pytest.raises(CapacityError, match=r"^layer layer1: ConvSynapse: a sum reaches"):
        simulate(longer, np.concatenate([frames, 0 * frames[..., :1]], axis=-1))


@given(data=st.data())
@settings(max_examples=60)
def test_lif_reset_is_the_reference_started_again(lava, data):
    """`LIFReset` forgets before it updates, so each of its spans is a run of the reference, one step shifted."""
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    steps, interval, offset = 17, data.draw(st.integers(1, 8)), data.draw(st.integers(0, 9))
    neuron = data.draw(drawing.cubas(rng, (3,)))
    activation = rng.choice([0, 1, 40, -70, 5000, -(2**18)], (3, steps))
    model = lava.filled(lava.lif_reset(neuron, (3,), interval, offset))
    found = {"messages": [], "u": [], "v": []}
    for step in range(steps):
        model.time_step = step + 1
        model.a_in.sources = (lambda step=step: activation[:, step].astype(np.int32),)
        model.run_spk()
        for name, value in (("messages", model.s_out.read()), ("u", model.u), ("v", model.v)):
            found[name].append(value.copy())
    starts = [0, *(s for s in range(1, steps) if (s + 1) % interval == offset % interval), steps]
    for begin, end in itertools.pairwise(starts):
        network = drawing.chain((3, 1, 1), end - begin, 24, (DirectSynapse(1), neuron))
        trace = simulate(network, activation[None, :, None, None, begin:end], states=True)
        for name, ours in {"messages": trace.messages[0], **trace.states[0]}.items():
            assert np.array_equal(ours[0, ..., 1:].reshape(3, -1), np.array(found[name][begin:end]).T), name


WHOLE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from simulation import lava_graph
print(json.dumps({name: lava_graph.compared(network) for name, network in lava_graph.NETWORKS.items()}))
"""


def test_whole_graphs_send_what_their_models_send_when_driven_directly(root, run_python):
    found = json.loads(run_python(WHOLE, str(root / "tests")))
    assert list(found) == ["spikes", "numbers", "currents", "resonators"]
    for name, graph in found.items():
        assert (graph["models"], graph["reference"]) == (0, 0), name
        assert min(graph["sent"]) >= 10, name
