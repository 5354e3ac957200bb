from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.lowering.cutoff import lower_cutoff
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import CutoffPolicy
from evsnn_lava.profiling import CostReport, LayerCost, even_load, load_by_size, profile_run
from evsnn_lava.simulation import run


@pytest.fixture(name="report", params=["loihi1", "loihi2"])
def fixture_report(request, network, result) -> CostReport:
    return profile_run(network, result, load_profile(request.param), np.array([0, 2]))


def test_it_names_what_ran(report):
    assert (report.network, report.backend, report.samples) == ("tiny", "engine", 2)
    assert report.accuracy == 0.5
    assert (report.cores, report.chips) == (3, 1)


def test_layers_and_static_energy_sum_to_the_mean(report):
    layers = math.fsum(layer.total_j.value for layer in report.layers)
    mean = report.distributions["energy_j"].mean
    assert layers + report.static_j.value == pytest.approx(mean.value, rel=1e-14)
    assert mean.value == pytest.approx(report.ledger.per_inference(report.ledger.total).value, rel=1e-12)
    for layer in report.layers:
        kinds = layer.synop_j.value + layer.neuron_j.value + layer.message_j.value
        assert kinds == pytest.approx(layer.total_j.value, rel=1e-14)


def test_algorithmic_and_hardware_steps_differ_by_the_depth(report):
    spread = report.distributions
    assert spread["exit_steps"].mean.value == 3
    assert spread["steps"].mean.value == 3 + 2
    assert spread["steps"].max.value == 6


def test_the_longer_sample_costs_more(report):
    assert report.time_s.value[0] < report.time_s.value[1]
    assert report.energy_j.value[0] < report.energy_j.value[1]
    for part in (report.time_s, report.energy_j, report.dynamic_j):
        assert np.all((part.low <= part.value) & (part.value <= part.high))


def test_layer_events_are_means(report):
    conv = report.layers[1]
    assert (conv.name, conv.neurons, conv.synops, conv.spikes) == ("conv", 18, (54 + 60) / 2, (3 + 4) / 2)
    assert conv.active_updates + conv.idle_updates == 18 * 5


def test_the_layers_of_a_cutoff_are_also_one_part(network_of, result):
    lowered, facts = lower_cutoff(network_of(cutoff=CutoffPolicy("topk_gap", [1, 1, 1, 1])))
    ran = run(lowered, np.random.default_rng(1).random((2, 1, 5, 5, 4)) < 0.5)
    report = profile_run(lowered, ran, load_profile("loihi2"))
    last, part = report.layers[-2:], report.cutoff
    assert (part.name, part.neurons) == ("cutoff on chip", facts.neurons)
    assert part.synops == sum(layer.synops for layer in last)
    assert part.total_j.value == pytest.approx(sum(layer.total_j.value for layer in last), rel=1e-14)
    assert profile_run(network_of(), result, load_profile("loihi2")).cutoff is None
    both = LayerCost.together("both", report.layers[1:])
    assert both.spikes == sum(layer.spikes for layer in report.layers[1:])
    assert both.total_j.high == pytest.approx(sum(layer.total_j.high for layer in report.layers[1:]), rel=1e-14)


def test_every_constant_keeps_its_provenance(report):
    names = [constant.name for constant in report.constants]
    assert "energy.synop" in names
    assert "static_power" in names
    assert all(constant.quantity.source for constant in report.constants)


def test_without_labels_there_is_no_accuracy(network, result):
    assert profile_run(network, result, load_profile("loihi2")).accuracy is None


def test_labels_of_another_number_are_refused(network, result):
    with pytest.raises(ConfigError, match="run of tiny: 2 samples, 3 labels"):
        profile_run(network, result, load_profile("loihi2"), np.array([0, 1, 2]))


def test_every_chip_in_use_draws_its_power(network, result):
    """Two layers on 128 and 1 cores of Loihi 1 are two chips."""
    hardware = load_profile("loihi1")
    neurons, cores = np.array([18, 3]), np.array([128, 1])
    load = even_load(result.input_events, result.messages, result.synops, neurons, cores)
    report = profile_run(network, result, hardware, load=load)
    assert (report.cores, report.chips) == (129, 2)
    assert report.power_w["idle"].value == pytest.approx(2 * 0.104)
    assert report.ledger.static.value == pytest.approx(2 * 0.104 * report.time_s.value.sum())
    assert report.energy_j.value.sum() == pytest.approx(report.ledger.total.value)


def test_traffic_after_the_exit_is_not_charged(network, result):
    hardware = load_profile("loihi1")
    ones = np.ones_like(result.messages)
    load = replace(load_by_size(network, result, hardware), copies=ones, hops_x=2 * ones, hops_y=3 * ones)
    report = profile_run(network, result, hardware, load=load)
    steps = int(result.steps.sum())
    kinds = {"message": 1, "hop_x": 2, "hop_y": 3}
    assert {kind: report.ledger.count("conv", [kind]) for kind in kinds} == {k: n * steps for k, n in kinds.items()}
    assert report.layers[1].hops == 5 * steps / 2


def test_what_is_not_known_has_no_power(network, result):
    assert set(profile_run(network, result, load_profile("truenorth")).power_w) == {"dynamic"}
    assert set(profile_run(network, result, load_profile("speck")).power_w) == {"idle"}
    assert profile_run(network, result, load_profile("cpu-45nm")).power_w == {}
