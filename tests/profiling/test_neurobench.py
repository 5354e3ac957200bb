"""Our metrics against the package's own, on the torch network that computes the same."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.cli.neurobench_facts import multiplications
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.network.policy import ON_CHIP_LAYERS
from evsnn_lava.profiling.neurobench import (
    connection_sparsity,
    full_network,
    has_graded_inputs,
    neurobench_metrics,
)
from evsnn_lava.simulation import run, simulate

from .neurobench_networks import KINDS, SAMPLES, SHAPE, STEPS, random_frames, random_network

LABELS = np.array([0, 1, 2, 0])

cases = st.tuples(st.sampled_from(list(KINDS)), st.integers(0, 2**32), st.sampled_from([0, 4]))
"""Kind of network, seed, and bits of the input: 0 for binary frames."""


@pytest.fixture(name="package", scope="module")
def fixture_package():
    pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("neurobench", reason="the package neurobench is not installed")
    from . import neurobench_package

    return neurobench_package


@pytest.mark.torch
@given(case=cases)
@settings(max_examples=30)
def test_a_full_run_gives_the_results_of_the_package(package, tmp_path_factory, case):
    kind, seed, bits = case
    network, frames = full_network(random_network(kind, seed, bits)), random_frames(seed, bits)
    benchmark = package.benchmark_of(network, frames, LABELS)
    benchmark.run(quiet=True)
    folder = tmp_path_factory.mktemp("neurobench")
    with redirect_stdout(None):
        benchmark.save_benchmark_results(str(folder / "results"))
    counted = multiplications(network, frames, batch=SAMPLES)
    facts = neurobench_metrics(network, run(network, frames), LABELS, counted).facts
    assert json.loads((folder / "results.json").read_text()) == facts
    assert list(facts) == list(benchmark.results)


@pytest.mark.torch
@given(case=cases)
@settings(max_examples=30)
def test_masks_and_early_exit_give_what_the_package_counts_sample_by_sample(package, case):
    kind, seed, bits = case
    network, frames = random_network(kind, seed, bits), random_frames(seed, bits)
    result = run(network, frames)
    model, stream = package.model_of(network), package.stream_of(network, frames)
    model.register_hooks()
    decisions = [int(model(stream[sample : sample + 1])) for sample in range(SAMPLES)]
    executed = np.arange(network.max_steps) < result.steps[:, None]
    ours = neurobench_metrics(network, result, None, multiplications(network, frames) * executed[:, None]).facts
    assert decisions == result.decision.tolist()
    for metric in package.METRICS[1][1:]:
        assert metric()(model, None, (stream,)) == ours[metric.__name__], metric.__name__


@pytest.mark.torch
@given(case=cases)
@settings(max_examples=20)
def test_the_torch_network_sends_what_the_reference_sends(package, case):
    kind, seed, bits = case
    network, frames = full_network(random_network(kind, seed, bits)), random_frames(seed, bits)
    model = package.model_of(network)
    model(package.stream_of(network, frames))
    for index, messages in enumerate(simulate(network, frames).messages):
        sent = np.stack([step[index].reshape(-1, *messages.shape[1:-1]) for step in model.net.messages[1:]], axis=-1)
        np.testing.assert_array_equal(sent, messages[..., 1:])


def test_binary_networks_accumulate_and_graded_messages_multiply():
    frames = random_frames(3)
    network = random_network("graded", 3)
    result = run(full_network(network), frames)
    counted = multiplications(full_network(network), frames)
    metrics = neurobench_metrics(full_network(network), result, multiplications=counted)
    assert not counted[:, 0].any()
    assert counted[:, 1].any()
    assert metrics.effective_macs + metrics.effective_acs == result.synops.sum() / SAMPLES
    assert neurobench_metrics(random_network("dense", 3), run(random_network("dense", 3), frames)).effective_macs == 0


def test_one_large_value_makes_a_whole_batch_multiply():
    network, frames = full_network(random_network("dense", 5, bits=4)), np.zeros((SAMPLES, *SHAPE, STEPS), dtype=int)
    frames[:, 0, 0, 0, 0] = [1, 1, 1, 2]
    alone = multiplications(network, frames)[:, 0, 0]
    assert (alone > 0).tolist() == [False, False, False, True]
    assert (multiplications(network, frames, batch=2)[:, 0, 0] > 0).tolist() == [False, False, True, True]
    assert (multiplications(network, frames, batch=3)[:, 0, 0] > 0).tolist() == [False, False, False, True]
    assert (multiplications(network, frames, batch=SAMPLES)[:, 0, 0] > 0).all()


def test_metrics_of_a_run_by_hand(network, result):
    metrics = neurobench_metrics(network, result, np.array([0, 0]))
    spikes = int(result.messages.sum())
    assert metrics.neuron_updates == 21 * 10 / 2
    assert metrics.activation_sparsity == (210 - spikes) / 210
    assert metrics.activation_sparsity_by_layer["dense"] == (30 - int(result.messages[:, 1].sum())) / 30
    assert metrics.dense == (2 * 9 * 9 + 3 * 18) * 10 / 2
    assert (metrics.effective_macs, metrics.effective_acs) == (0, int(result.synops.sum()) / 2)
    assert metrics.accuracy == 0.5
    assert "ClassificationAccuracy" not in neurobench_metrics(network, result).facts


def test_connection_sparsity_has_four_decimals(network):
    assert connection_sparsity(network) == 0.0
    layer = Layer("out", DenseSynapse([[0, 1, 2], [3, 0, 4], [5, 6, 7]]), CubaNeuron(80, 0, 0), (3,))
    recipe, masks = InputRecipe(1, 3, 1, 1000, polarities=1), FrameMasks.all_kept(1, 1)
    tiny = NetworkDescription("t", (layer,), recipe, masks, CutoffPolicy.never(1), ("a", "b", "c"))
    assert connection_sparsity(tiny) == 0.2222


def test_the_full_network_sends_all_frames_and_never_stops(network_of):
    keep = ([True, False, True, True], [True, False, False, True])
    masked = network_of(FrameMasks("skip", keep), CutoffPolicy.fixed(1, 3))
    full = full_network(masked)
    assert (full.max_steps, full.masks.gate(1).all(), full.cutoff.kind) == (6, True, "never")
    assert full.layers == masked.layers


def test_what_does_not_fit_is_refused(network, result):
    with pytest.raises(ConfigError, match="2 samples, 1 labels"):
        neurobench_metrics(network, result, np.array([0]))
    with pytest.raises(ConfigError, match="operations"):
        neurobench_metrics(network, result, multiplications=result.synops[:1])
    with pytest.raises(ConfigError, match="it has 2 layers, the run 4 samples of 1"):
        neurobench_metrics(random_network("dense", 0), single_layer_run())
    sigma = random_network("graded", 0)
    assert has_graded_inputs(sigma)
    with pytest.raises(ConfigError, match="give `multiplications`"):
        neurobench_metrics(sigma, run(sigma, random_frames(0)))


def single_layer_run():
    found = run(random_network("dense", 0), random_frames(0))
    return replace(found, messages=found.messages[:, :1], synops=found.synops[:, :1])


def test_a_cutoff_on_chip_cannot_be_left_out(network_of):
    plain = network_of()
    deep = [plain.layers[0], plain.layers[1]]
    deep += [Layer(name, DenseSynapse(np.eye(3, dtype=int)), CubaNeuron(80, 0, 0), (3,)) for name in ("gap", "win")]
    network = NetworkDescription(
        name="decider",
        layers=tuple(deep),
        recipe=plain.recipe,
        masks=FrameMasks.all_kept(4, 4),
        cutoff=CutoffPolicy("on_chip", np.zeros(4, dtype=int), layers=ON_CHIP_LAYERS),
        class_names=plain.class_names,
    )
    with pytest.raises(ConfigError, match="its last 2 layers are its cutoff"):
        full_network(network)
