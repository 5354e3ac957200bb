"""An estimate under the names of NeuroBench's system track."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.profiling import profile_run
from evsnn_lava.profiling.system_track import system_facts


@pytest.fixture(name="facts")
def fixture_facts(network, result):
    report = profile_run(network, result, load_profile("loihi2"), np.array([0, 0]))
    return report, system_facts(report)


def test_dynamic_power_is_active_minus_idle(facts):
    _, found = facts
    power = [found[f"{name}_power_w"]["value"] for name in ("active", "idle", "dynamic")]
    assert power[0] - power[1] == pytest.approx(power[2], rel=1e-6)
    assert power[1] > 0


def test_energy_is_power_times_execution_time(facts):
    report, found = facts
    seconds = found["execution_time_s"]["value"]
    assert seconds == np.mean(report.time_s.value)
    for power, energy in (
        ("active_power_w", "energy_per_inference_j"),
        ("dynamic_power_w", "dynamic_energy_per_inference_j"),
    ):
        assert found[energy]["value"] == pytest.approx(found[power]["value"] * seconds, rel=1e-9)


def test_the_standard_error_is_that_of_the_mean_over_samples(facts):
    report, found = facts
    first, second = report.time_s.value
    assert found["execution_time_standard_error_s"] == pytest.approx(abs(first - second) / 2)


def test_it_says_that_nothing_was_measured(facts):
    _, found = facts
    assert found["estimated"] is True
    assert found["instrument"].startswith("none")
    assert (found["batch_size"], found["samples"], found["accuracy"], found["system"]) == (1, 2, 0.5, "loihi2")
    assert json.loads(json.dumps(found)) == found


ENERGIES = ("energy_per_inference_j", "dynamic_energy_per_inference_j")
POWERS = ("idle_power_w", "active_power_w", "dynamic_power_w")
TIMES = ("execution_time_s", "execution_time_standard_error_s")


@pytest.mark.parametrize(
    ("missing", "unknown"),
    [
        ("static_power", {*POWERS[:2], ENERGIES[0]}),
        ("time", {*TIMES, *POWERS, ENERGIES[0]}),
        ("energy", {*POWERS[1:], *ENERGIES}),
    ],
)
def test_what_is_not_published_is_none_with_its_reason(network, result, missing, unknown):
    loihi2 = load_profile("loihi2")
    group = getattr(loihi2, missing)
    nothing = None if missing == "static_power" else type(group)()
    names = [name for name in loihi2.costs() if name.split(".")[0] == missing]
    poor = loihi2.model_copy(update={missing: nothing, "unpriced": dict.fromkeys(names, "not published")})
    found = system_facts(profile_run(network, result, poor))
    assert {name for name in (*TIMES, *POWERS, *ENERGIES) if found[name] is None} == unknown
    assert set(found["not_known"]) == set(names)
