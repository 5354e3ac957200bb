"""The smallest measurement of every part, end to end."""

import json
import subprocess
import sys

import pytest

from benchmarks.counters import measure_counters
from benchmarks.inference import measure_case
from benchmarks.memory import measure_memory
from benchmarks.networks import shortened, smallest
from benchmarks.startup import measure_startup
from benchmarks.subjects import COMPETITORS
from benchmarks.training import measure_training

SAME_SPIKES = {"netx", "lava_layers", "lava_fused", "reference", "slayer"}


@pytest.mark.lava
@pytest.mark.torch
@pytest.mark.slow
def test_everything_that_can_run_a_network_runs_it(shortest):
    found = measure_case(shortened(smallest(), 4), shortest)
    rows = {row["name"]: row for row in found["rows"]}
    assert set(rows) >= SAME_SPIKES | set(COMPETITORS)
    engines = {name for name in rows if name.startswith("engine")}
    assert len(engines) >= 3
    for name in SAME_SPIKES | engines:
        assert rows[name]["same"] is True
        assert rows[name]["times_netx"] > 0
    assert all(rows[name]["missing"] or rows[name]["sample_s"]["median"] > 0 for name in COMPETITORS)
    json.dumps(found)


@pytest.mark.torch
@pytest.mark.slow
def test_training(shortest):
    rows = measure_training(shortest, batch=2)["rows"]
    assert {row["name"] for row in rows} == {"slayer", "evsnn_lava", *COMPETITORS}
    assert all(row["missing"] or row["step_s"]["median"] > 0 for row in rows)


@pytest.mark.torch
@pytest.mark.slow
def test_memory_is_flat():
    found = measure_memory(1000)
    assert len(found["rss_mib"]) == 4
    assert found["memory_per_sample_bytes"] > 0
    assert found["growth_of_second_half_mib"] < 5


@pytest.mark.slow
def test_startup():
    found = measure_startup(smallest(), later=1)
    assert found["first"]["first_result_s"] > found["later"]["first_result_s"]["median"]


def test_counters(shortest):
    (row,) = measure_counters([smallest()], shortest)
    assert row["ratio"] > 0


def test_the_command_writes_what_it_measured(root, tmp_path):
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "growth", "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "growth.json").read_text())
    assert found["effort"] == "quick"
    assert found["machine"]["cores"] >= 1
    assert found["fit"]["largest_ratio"] >= 1
