from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    RunResult,
)
from evsnn_lava.profiling import EventCounts, count_events, even_load

FRAMES = 4


def build_network(masks: FrameMasks | None = None, cutoff: CutoffPolicy | None = None) -> NetworkDescription:
    """Convolution with bias on one of two channels, then a dense layer."""
    conv = Layer("conv", ConvSynapse(np.ones((2, 1, 3, 3), int)), CubaNeuron(80, 1023, 128, [0, 5]), (2, 3, 3))
    dense = Layer("dense", DenseSynapse(np.ones((3, 18), int)), CubaNeuron(80, 1023, 128), (3,))
    masks = masks or FrameMasks.all_kept(FRAMES, 2)
    return NetworkDescription(
        name="tiny",
        layers=(conv, dense),
        recipe=InputRecipe(5, 5, FRAMES, 1000, polarities=1),
        masks=masks,
        cutoff=cutoff or CutoffPolicy.never(masks.stream_steps),
        class_names=("a", "b", "c"),
    )


def build_run() -> RunResult:
    """Two samples: one sees two frames, one all four; 6 steps at most."""
    return RunResult(
        backend="engine",
        exit_step=np.array([2, 4]),
        decision=np.array([0, 1]),
        scores=np.array([[3, 0, 0], [1, 2, 0]]),
        steps=np.array([4, 6]),
        input_events=np.array([[5, 4, 0, 0, 0, 0], [1, 2, 3, 4, 0, 0]]),
        messages=np.array([[[0, 2, 1, 0, 0, 0], [0, 0, 1, 2, 0, 0]], [[0, 1, 1, 1, 1, 0], [0, 0, 1, 1, 1, 0]]]),
        synops=np.array([[[0, 30, 24, 0, 0, 0], [0, 0, 6, 3, 0, 0]], [[0, 6, 12, 18, 24, 0], [0, 0, 3, 3, 3, 3]]]),
    )


@pytest.fixture(name="network_of")
def fixture_network_of():
    return build_network


@pytest.fixture(name="network")
def fixture_network() -> NetworkDescription:
    return build_network()


@pytest.fixture(name="result")
def fixture_result() -> RunResult:
    return build_run()


def counted(network: NetworkDescription, result: RunResult, cores: tuple[int, ...] | None = None) -> EventCounts:
    """Events of a run whose layers lie on so many cores, evenly; on one each without."""
    neurons = np.array([layer.neurons for layer in network.layers])
    cores = np.array(cores or [1] * len(neurons))
    return count_events(network, result, even_load(result.input_events, result.messages, result.synops, neurons, cores))


@pytest.fixture(name="counted")
def fixture_counted():
    return counted
