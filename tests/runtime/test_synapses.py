"""The synapse processes of our own, driven directly, and the choice between them and Lava's."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.errors import CapacityError
from evsnn_lava.network import ComplexSynapse, ConvSynapse, CubaNeuron, DenseSynapse, DirectSynapse, Layer
from evsnn_lava.simulation.synapses import deliver

pytestmark = pytest.mark.lava

WORD = 1 << 31


class Wire:
    """What a source sends, and what a synapse delivers."""

    def __init__(self, messages=()):
        self.messages, self.sent = list(messages), []

    def recv(self):
        return self.messages.pop(0)

    def send(self, data):
        self.sent.append(np.array(data, dtype=np.int64).astype(np.int32))


@pytest.fixture(scope="module")
def drive(built):
    """Runs a synapse on a list of messages, in Lava's axes; gives what it delivers in each step and one more."""
    from evsnn_lava.runtime.processes.delayed_dense import PyDelayedDenseModel
    from evsnn_lava.runtime.processes.direct import PyDirectModel
    from evsnn_lava.runtime.processes.exact_conv import PyExactConvModel
    from evsnn_lava.runtime.synapses import synapse_processes

    models = {"DelayedDense": PyDelayedDenseModel, "Direct": PyDirectModel, "ExactConv": PyExactConvModel}

    def run(synapse, messages, graded, begins=None):
        ((_, process),) = synapse_processes(layer_with(synapse), messages[0].shape[::-1], graded)
        model = built(models[type(process).__name__], process)
        model.s_in, model.a_out = Wire([*messages, messages[0] * 0]), Wire()
        model.begin_in = Wire([np.array([begin]) for begin in begins or [0] * (len(messages) + 1)])
        for _ in range(len(messages) + 1):
            model.run_spk()
        return model.a_out.sent

    return run


def layer_with(synapse):
    return Layer("layer", synapse, CubaNeuron(1, 0, 0), (1,))


def reference(synapse, messages, step):
    """What the specification delivers in a step; the last axis of the messages is time."""
    silence = np.zeros((1, *messages[0].shape[::-1]), dtype=messages[0].dtype)
    past = [silence] * 70 + [message.T[None] for message in messages[:step]]
    return deliver(synapse, lambda ago: past[-1 - ago])[0].T


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_delays(drive, seed, graded):
    rng = np.random.default_rng(seed)
    delays = rng.integers(0, [1, 4, 63][seed % 3], [(3, 4), (1, 4), (3, 1)][rng.integers(3)])
    synapse = DenseSynapse(rng.integers(-256, 256, (3, 4)), int(rng.integers(-8, 8)), delays)
    messages = [rng.integers(-WORD, WORD, 4) if graded else rng.random(4) < 0.5 for _ in range(70)]
    messages = [message.astype(np.int32 if graded else bool) for message in messages]
    sent = drive(synapse, messages, graded)
    assert [np.array_equal(sent[k], reference(synapse, messages, k)) for k in range(71)] == [True] * 71


def test_what_waits_is_dropped_when_a_sample_begins(drive):
    synapse = DenseSynapse([[1, 10], [100, 255]], delays=[[3, 0], [5, 2]])
    messages = [np.array(m) for m in ([1, 1], [1, 0], [1, 1], [0, 1], [1, 0], [0, 0], [0, 0], [0, 0], [0, 0])]
    begins = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    sent = drive(synapse, messages, False, begins)
    alone = drive(synapse, messages[3:], False)
    assert np.array_equal(sent[4:], alone[1:])
    assert not np.array_equal(drive(synapse, messages, False)[4:], alone[1:])


@pytest.mark.parametrize("weight", [-32768, 64, 32767])
def test_direct_input_is_scaled(drive, weight):
    frames = [np.random.default_rng(3).integers(-(1 << 23), 1 << 23, (3, 2, 2)).astype(np.int32) for _ in range(3)]
    synapse = DirectSynapse(weight, -7)
    sent = drive(synapse, frames, True)
    assert all(np.array_equal(sent[k], reference(synapse, frames, k)) for k in range(1, 4))


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((6, 3, 2, 2), {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2, "weight_exp": -8}),
        ((4, 6, 2, 3), {"weight_exp": 7}),
        ((2, 6, 1, 1), {"stride": (200, 300)}),
        ((2, 6, 3, 3), {"padding": (130, 1), "dilation": (129, 1)}),
    ],
)
@pytest.mark.parametrize("limit", [2, 1 << 20])
def test_convolution_with_exponents_large_sizes_and_sums_that_wrap(drive, size, options, limit):
    rng = np.random.default_rng(1)
    synapse = ConvSynapse(rng.integers(-256, 256, size), **options)
    messages = [rng.integers(-limit, limit, (4, 5, 6)).astype(np.int32) for _ in range(3)]
    sent = drive(synapse, messages, True)
    assert all(np.array_equal(sent[k], reference(synapse, messages, k)) for k in range(1, 4))
    assert np.any(sent)


def test_depthwise_convolution_of_many_channels(drive):
    rng = np.random.default_rng(2)
    synapse = ConvSynapse(rng.integers(-256, 256, (130, 1, 2, 2)), groups=130)
    messages = [rng.random((3, 3, 130)) < 0.5]
    assert np.array_equal(drive(synapse, messages, False)[1], reference(synapse, messages, 1))


@pytest.mark.parametrize(
    ("shape", "size", "options"),
    [
        ((200, 3, 2), (2, 2, 2, 5), {"stride": (1, 2)}),
        ((3, 128, 2), (2, 2, 1, 1), {}),
        ((120, 4, 1), (1, 1, 2, 3), {"padding": (0, 4)}),
        ((100, 3, 1), (1, 1, 2, 9), {"padding": (0, 14), "dilation": (1, 15)}),
        ((2, 2, 128), (3, 128, 1, 1), {}),
        ((2, 2, 3), (128, 3, 1, 2), {}),
    ],
)
def test_convolution_of_spikes_over_wide_inputs_and_many_channels(drive, shape, size, options):
    """Lava's own Conv fails or goes wrong where a size that it computes is above 127."""
    rng = np.random.default_rng(5)
    synapse = ConvSynapse(rng.integers(-256, 256, size), **options)
    messages = [rng.random(shape) < 0.5 for _ in range(2)]
    sent = drive(synapse, messages, False)
    assert all(np.array_equal(sent[k], reference(synapse, messages, k)) for k in range(1, 3))


def test_a_sum_that_just_leaves_the_word_is_refused(drive):
    """2**31 itself, which no word holds."""
    synapse = ConvSynapse(np.full((1, 1, 1, 1), -256))
    just, below = ([np.full((1, 1, 1), value, dtype=np.int32)] for value in (-(1 << 23), 1 - (1 << 23)))
    assert np.array_equal(drive(synapse, below, True)[1], reference(synapse, below, 1))
    with pytest.raises(CapacityError, match=r"a sum reaches 2147483648, the limit is 2147483647"):
        drive(synapse, just, True)


def test_a_sum_that_leaves_the_word_is_refused(drive):
    synapse = ConvSynapse(np.full((1, 1, 3, 3), 255))
    below, above = ([np.full((3, 3, 1), value, dtype=np.int32)] for value in ((WORD - 1) // 2295, WORD // 2295 + 1))
    assert np.array_equal(drive(synapse, below, True)[1], reference(synapse, below, 1))
    with pytest.raises(CapacityError, match=r"layer synapse: a sum reaches 2147484285, the limit is 2147483647; use"):
        drive(synapse, above, True)


@pytest.mark.parametrize(
    ("synapse", "graded", "expected"),
    [
        (DenseSynapse([[1, 2]]), False, ["Dense"]),
        (DenseSynapse([[1, 2]], -3), True, ["Dense"]),
        (DenseSynapse([[1, 2]], delays=[[0, 0]]), False, ["DelayedDense"]),
        (ComplexSynapse(DenseSynapse([[1, 2]]), DenseSynapse([[1, 2]])), False, ["Dense", "Dense"]),
        (ConvSynapse(np.ones((1, 1, 1, 2), dtype=int)), False, ["Conv"]),
        (ConvSynapse(np.ones((1, 1, 1, 2), dtype=int)), True, ["ExactConv"]),
        (ConvSynapse(np.ones((1, 1, 1, 2), dtype=int), weight_exp=1), False, ["ExactConv"]),
        (ConvSynapse(np.ones((1, 1, 1, 2), dtype=int), padding=(128, 0)), False, ["ExactConv"]),
        (ConvSynapse(np.ones((127, 1, 1, 2), dtype=int)), False, ["Conv"]),
        (ConvSynapse(np.ones((128, 1, 1, 2), dtype=int)), False, ["ExactConv"]),
        (DirectSynapse(), True, ["Direct"]),
    ],
)
def test_processes_of_lava_are_used_where_they_are_exact(synapse, graded, expected):
    from evsnn_lava.runtime.synapses import synapse_processes

    made = synapse_processes(layer_with(synapse), (1, 1, 2), graded)
    assert [type(process).__name__ for _, process in made] == expected


@pytest.mark.parametrize(
    ("width", "kernel", "options", "expected"),
    [
        (127, 1, {}, "Conv"),
        (128, 1, {}, "ExactConv"),
        (125, 1, {"padding": (0, 1)}, "Conv"),
        (126, 1, {"padding": (0, 1)}, "ExactConv"),
        (127, 10, {"dilation": (1, 14)}, "Conv"),
        (127, 9, {"dilation": (1, 16), "padding": (0, 1)}, "ExactConv"),
    ],
)
def test_the_convolution_of_lava_is_used_up_to_its_limit(width, kernel, options, expected):
    from evsnn_lava.runtime.synapses import synapse_processes

    synapse = ConvSynapse(np.ones((1, 1, 1, kernel), dtype=int), **options)
    ((_, process),) = synapse_processes(layer_with(synapse), (1, 1, width), False)
    assert type(process).__name__ == expected
