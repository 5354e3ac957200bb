"""Samples back to back: the decisions of samples one at a time, in fewer steps."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    Layer,
    RfIzNeuron,
    SigmaDeltaNeuron,
)
from evsnn_lava.simulation import run, simulate
from evsnn_lava.simulation.streaming import check_streamable, sample_steps, stream, wakes_alone

from . import drawing


def streamable(network):
    return not any(wakes_alone(layer) for layer in network.layers[1:])


def without_bias(network):
    """Most drawn networks have a bias somewhere; without them nearly all can be streamed."""
    layers = [
        replace(layer, neuron=replace(layer.neuron, bias_mant=None)) if hasattr(layer.neuron, "bias_mant") else layer
        for layer in network.layers
    ]
    return replace(network, layers=(network.layers[0], *layers[1:]))


@settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(case=drawing.networks(samples=4))
def test_random_networks_decide_as_alone(case):
    """Every neuron and synapse, delays, recurrence, masks, cutoff: the same messages frame by frame, and decisions."""
    network, frames = without_bias(case[0]), case[1]
    assume(streamable(network))
    alone, trace, streamed = run(network, frames), simulate(network, frames), stream(network, frames)
    np.testing.assert_array_equal(streamed.decision, alone.decision)
    np.testing.assert_array_equal(streamed.exit_step, alone.exit_step)
    np.testing.assert_array_equal(streamed.latency_steps, alone.steps)
    intervals = sample_steps(alone.exit_step, network.depth, network.masks.stream_steps)
    np.testing.assert_array_equal(np.diff(streamed.first_step), intervals[:-1])
    for sample, (first, own) in enumerate(zip(streamed.first_step, intervals, strict=True)):
        for index, (found, expected) in enumerate(zip(streamed.messages, trace.messages, strict=True)):
            span = min(own, found.shape[-1] - first - index - 1)
            here, there = slice(first + index + 1, first + index + 1 + span), slice(index + 1, index + 1 + span)
            np.testing.assert_array_equal(found[..., here], expected[sample, ..., there])


def test_steps_by_hand(relay):
    """Six frames, three layers: stopped after 2 frames a sample takes 5 steps, after 5 frames 6 and not 8."""
    network = relay(3, 6).with_cutoff(CutoffPolicy("topk_gap", [0, 0, 0, 0, 0, 0]))
    frames = np.zeros((3, 1, 2, 2, 6), dtype=bool)
    frames[0, 0, 0, 0, 1] = frames[1, 0, 0, 1, 4] = frames[2, 0, 1, 0, 0] = True
    streamed = stream(network, frames)
    assert streamed.exit_step.tolist() == [2, 5, 1]
    assert streamed.decision.tolist() == [0, 1, 2]
    assert streamed.first_step.tolist() == [0, 5, 11]
    assert streamed.last_step.tolist() == [4, 12, 14]
    assert streamed.latency_steps.tolist() == [5, 8, 4]


def test_nothing_of_a_sample_reaches_the_next(relay):
    """A frame that is still on its way when its sample is decided would change the next decision."""
    network = relay(4, 5).with_cutoff(CutoffPolicy.fixed(1, 5))
    frames = np.zeros((2, 1, 2, 2, 5), dtype=bool)
    frames[0, 0, 0, 0] = frames[1, 0, 1, 1, 0] = True
    assert stream(network, frames).decision.tolist() == [0, 3]


@pytest.mark.parametrize(
    "neuron",
    [CubaNeuron(9, 4095, 0, [0, 1]), SigmaDeltaNeuron(1, [0, 3]), SigmaDeltaNeuron(64, [1, 0], spike_exp=0)],
)
def test_a_bias_behind_the_first_layer_is_refused(relay, neuron):
    network = relay(2, 4)
    last = replace(network.layers[1], synapse=DenseSynapse(np.full((2, 4), 2)), neuron=neuron, shape=(2,))
    network = replace(network, layers=(network.layers[0], last), class_names=("a", "b"))
    with pytest.raises(UnsupportedError, match=r"layer relay1: .* 1 steps later .* run one at a time"):
        check_streamable(network)


def test_a_bias_really_makes_a_difference(relay):
    """What is refused is not equal: alone, the bias of the second layer fires before the first frame is there."""
    network = relay(2, 4)
    biased = replace(network.layers[1], neuron=CubaNeuron(3, 4095, 0, [2, 2, 2, 2]))
    alone = simulate(replace(network, layers=(network.layers[0], biased)), np.zeros((1, 1, 2, 2, 4), dtype=bool))
    assert alone.messages[1][0, 0, 1:3].any()


def test_a_bias_of_the_first_layer_streams(relay):
    network = relay(2, 4)
    first = replace(network.layers[0], neuron=CubaNeuron(3, 4095, 0, [2, 0, 1, 0]))
    network = replace(network, layers=(first, network.layers[1]))
    frames = np.random.default_rng(0).random((5, 1, 2, 2, 4)) < 0.2
    streamed, alone = stream(network, frames), run(network, frames)
    assert streamed.decision.tolist() == alone.decision.tolist()


def test_what_wakes_alone(relay):
    assert wakes_alone(replace(relay(1, 2).layers[0], neuron=CubaNeuron(0, 0, 0, [0, 0, 0, 1])))
    assert not wakes_alone(relay(1, 2).layers[0])
    turn = ComplexSynapse(DenseSynapse([[1, 0]]), DenseSynapse([[0, 1]]))
    assert wakes_alone(Layer("rf", turn, RfIzNeuron(0, 100, 4000), (1,)))
    assert not wakes_alone(Layer("rf", turn, RfIzNeuron(1, 100, 4000), (1,)))


def test_no_sample_is_refused(relay):
    with pytest.raises(ConfigError, match="there is no sample"):
        stream(relay(1, 2), np.zeros((0, 1, 2, 2, 2), dtype=bool))


NETX = """
import sys, warnings
import numpy as np
from evsnn_lava import _lava as lava
warnings.simplefilter("ignore")
job = np.load(sys.argv[2])
frames, interval = job["frames"], int(job["interval"])
network = lava.netx().hdf5.Network(net_config=sys.argv[1], reset_interval=interval, reset_offset=1)
source = lava.SourceRingBuffer(data=frames.transpose(2, 1, 0, 3).astype(int))
source.s_out.connect(network.inp)
sinks = [lava.SinkRingBuffer(shape=layer.out.shape, buffer=frames.shape[-1]) for layer in network.layers]
for layer, sink in zip(network.layers, sinks, strict=True):
    layer.out.connect(sink.a_in)
network.run(condition=lava.RunSteps(num_steps=frames.shape[-1]), run_cfg=lava.Loihi2SimCfg(select_tag="fixed_pt"))
sent = [sink.data.get() for sink in sinks]
network.stop()
np.savez(sys.argv[3], *[each.transpose(2, 1, 0, 3) if each.ndim == 4 else each for each in sent])
"""


def conv_conv_dense(steps):
    """Two convolutions and a dense layer without bias, whose states would be felt if a reset came at a wrong time."""
    rng = np.random.default_rng(2)

    def even(*shape):
        return 2 * rng.integers(-30, 60, shape)

    network = drawing.chain(
        (2, 6, 5),
        steps,
        0,
        (ConvSynapse(even(3, 2, 3, 3), stride=(2, 1), padding=(1, 1)), CubaNeuron(150, 500, 60)),
        (ConvSynapse(even(4, 3, 3, 3), padding=(0, 1)), CubaNeuron(200, 1023, 128)),
        (DenseSynapse(even(3, 20)), CubaNeuron(900, 300, 10)),
    )
    return network, rng.random((4, 2, 6, 5, steps)) < 0.4


@pytest.mark.lava
def test_stock_netx_streams_like_this(tmp_path):
    """Its `reset_interval` is this schedule for a fixed number of steps: the same messages, layer by layer."""
    network, frames = conv_conv_dense(steps=9)
    write_net(network, tmp_path / "chain.net")
    streamed = stream(network, frames)
    silence = np.zeros((*network.input_shape, network.depth), dtype=bool)
    sent = np.concatenate([*frames, silence], axis=-1)
    np.savez(tmp_path / "job.npz", frames=sent, interval=9)
    command = [sys.executable, "-c", NETX, *(tmp_path / name for name in ("chain.net", "job.npz", "answer.npz"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert streamed.first_step.tolist() == [0, 9, 18, 27]
    with np.load(tmp_path / "answer.npz") as answer:
        for index, messages in enumerate(streamed.messages):
            assert messages.any()
            np.testing.assert_array_equal(answer[f"arr_{index}"][..., : messages.shape[-1]], messages)


def test_without_resets_the_samples_would_mix():
    """The network of the comparison feels it when a reset is left out."""
    network, frames = conv_conv_dense(steps=9)
    streamed = stream(network, frames)
    lengths = {"masks": FrameMasks.all_kept(36, 3), "cutoff": CutoffPolicy.never(36)}
    longer = replace(network, recipe=replace(network.recipe, steps=36), **lengths)
    whole = simulate(longer, np.concatenate(list(frames), axis=-1)[None]).messages
    for found, expected in zip(streamed.messages, whole, strict=True):
        assert not np.array_equal(found, expected[0, ..., : found.shape[-1]])
