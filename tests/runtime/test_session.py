"""Lava computes what the reference computes, sample after sample, in one graph."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from evsnn_lava import runtime, simulation
from evsnn_lava.errors import ConfigError, RunError
from evsnn_lava.network import CutoffPolicy, RunResult

pytestmark = pytest.mark.lava

ARRAYS = [field.name for field in dataclasses.fields(RunResult) if field.name not in ("backend", "wall_time_s")]


def differences(result, expected):
    return [name for name in ARRAYS if not np.array_equal(getattr(result, name), getattr(expected, name))]


@pytest.mark.parametrize(("seed", "semantics"), [(0, "skip"), (1, "mute"), (2, "skip")])
def test_random_networks_equal_the_reference(make, model, seed, semantics):
    network = make.random_network(seed, semantics)
    frames = make.frames(network, 12, seed)
    order = np.random.default_rng(seed).permutation(len(frames))
    with runtime.LavaSession(network, model=model) as session:
        result = session.run(frames)
        shuffled = session.run(frames[order])
        trace = session.trace(frames[:4])
        again = session.run(frames[:5])
    expected = simulation.run(network, frames)
    assert result.backend == "lava"
    assert differences(result, expected) == []
    assert differences(shuffled, simulation.run(network, frames[order])) == []
    assert differences(again, simulation.run(network, frames[:5])) == []
    assert np.array_equal(result.steps, result.exit_step + network.depth)
    assert result.messages.any(axis=(0, 2)).all()
    reference = simulation.simulate(network, frames[:4])
    assert np.array_equal(trace.stream, reference.stream)
    for lava, ours in zip(trace.messages, reference.messages, strict=True):
        assert np.array_equal(lava, ours)


@pytest.mark.parametrize(
    "weights",
    [
        [[0, 0, 0, 0], [0, 0, 0, 0]],
        [[-256, -256, -256, -256], [-1, -3, 0, -255]],
        [[255, 1, 3, 5], [7, 0, 254, 9]],
    ],
    ids=["all zero", "none positive", "none negative, odd"],
)
def test_weights_of_one_sign_are_exact(make, weights):
    network = make.small_network(weights, steps=5, bias_mant=np.array([12, 500]), bias_exp=5)
    frames = make.frames(network, 4)
    assert differences(runtime.run(network, frames), simulation.run(network, frames)) == []


def anonymous(process):
    """Bytes that belong to no file; what a library takes depends on who else has loaded it."""
    return sum(area.anonymous for area in process.memory_maps())


def test_many_samples_need_no_more_memory_than_a_few(make, model, remains):
    network = make.small_network()
    frames = make.frames(network, 300)
    with runtime.LavaSession(network, model=model) as session:
        session.run(frames[:30])
        before = {process.pid: anonymous(process) for process in remains.processes()}
        result = session.run(frames)
        after = {process.pid: anonymous(process) for process in remains.processes()}
    assert differences(result, simulation.run(network, frames)) == []
    seen = before.keys() & after.keys()  # on a busy machine psutil may miss a process once
    assert len(seen) >= {"layers": 8, "fused": 5}[model]
    assert abs(sum(after[pid] - before[pid] for pid in seen)) < 4e6


def test_progress_and_another_policy(make, model):
    network = make.small_network(steps=4)
    frames = make.frames(network, 40)
    seen = []
    with runtime.LavaSession(network, model=model) as session:
        result = session.run(frames, progress=lambda *done: seen.append(done), policy=CutoffPolicy.fixed(2, 4))
        with pytest.raises(ConfigError, match="5 thresholds"):
            session.run(frames, policy=CutoffPolicy.never(5))
        with pytest.raises(ConfigError, match="expects"):
            session.run(frames[:, :, :1])
        with pytest.raises(ConfigError, match="other than 0 and 1"):
            session.run(frames * 2)
        after = session.run(frames[:3])
    assert result.exit_step.tolist() == [2] * 40
    assert seen[-1] == (40, 40, 40 * 3)
    assert seen == sorted(seen)
    assert differences(after, simulation.run(network, frames[:3])) == []
    with pytest.raises(RunError, match="closed"):
        session.run(frames)
