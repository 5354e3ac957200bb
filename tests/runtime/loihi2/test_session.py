"""Running on stand-ins for Intel's packages: what the session does around the chip, not what the chip does."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError, RunError, UnsupportedError
from evsnn_lava.export.lowering.cutoff import lower_cutoff
from evsnn_lava.profiling.measured import SHORT_RUN, read_readings
from evsnn_lava.runtime.backends import backend
from evsnn_lava.simulation import run

pytestmark = [pytest.mark.lava, pytest.mark.torch]

CASES = {
    "biases and a mask, one step at a time": (lambda make: make.spiking(5, keep=[1, 1, 0, 1, 0, 1, 1, 1]), {}),
    "no memory of the voltage, three steps at a time": (lambda make: make.spiking(8, dv=4096), {"slice_steps": 3}),
    "recurrent": (lambda make: make.recurrent(11), {}),
    "the cutoff as neurons": (lambda make: lower_cutoff(make.spiking(5))[0], {}),
    "sigma-delta, the input block on the host": (lambda make: make.sigma_delta(4), {}),
    "a head of sums": (lambda make: make.sums(5), {}),
}


def equal(found, expected):
    names = ("exit_step", "decision", "scores", "steps", "messages", "synops", "input_events")
    return [name for name in names if not np.array_equal(getattr(found, name), getattr(expected, name))] == []


@pytest.mark.parametrize("name", CASES)
def test_decisions_are_those_of_the_reference(intel, chip_networks, name):
    make, options = CASES[name]
    network, seen = make(chip_networks), []
    frames = chip_networks.frames(network, 6)
    expected = run(network, frames)
    blocks = (frames[:4], frames[4:])
    results = list(backend("loihi2").evaluate(network, blocks, 60, lambda *done: seen.append(done), **options))
    assert [result.samples for result in results] == [4, 2]
    for result, part in zip(results, (slice(0, 4), slice(4, 6)), strict=True):
        assert equal(result, run(network, frames[part]))
        assert result.backend == "loihi2"
    assert len(set(expected.exit_step.tolist())) > 1, "nothing stopped early"
    assert len(set(expected.decision.tolist())) > 1, "all decisions are the same"
    assert seen[-1][:2] == (6, 6)


def test_adapters_that_take_time(intel, chip_networks, monkeypatch):
    """Told how many steps they take, the session is exact; not told, it is not, and golden vectors would show it."""
    monkeypatch.setenv("STUB_ADAPTER_DELAY", "1")
    network = chip_networks.spiking(1)
    frames = chip_networks.frames(network, 6)
    found = backend("loihi2").run(network, frames, 60, input_delay=1, output_delay=1)
    assert equal(found, run(network, frames))
    assert not equal(backend("loihi2").run(network, frames, 60), run(network, frames))


def test_one_uninterrupted_run_leaves_readings(intel, chip_networks, tmp_path):
    """The figures are those of the published benchmark, which the stand-ins of style A know."""
    network, path = chip_networks.spiking(7, bias=False), tmp_path / "readings.json"
    frames = chip_networks.frames(network, 6)
    options = {"reset": "interval", "probes": "callbacks", "readings": path, "partition": None}
    assert equal(backend("loihi2").run(network, frames, 60, **options), run(network, frames))
    assert len(set(run(network, frames).exit_step.tolist())) > 1
    held = json.loads(path.read_text(encoding="utf-8"))
    assert (held["style"], held["steps_per_inference"], held["values"]["num_steps"]) == ("callbacks", 16, 96)
    assert len(held["values"]["total_power"]) == 96
    assert held["values"]["syn_ops"] == [1]
    readings = read_readings(path)
    assert readings.energy_j == pytest.approx(1.6606e-3, rel=1e-4)
    assert readings.doubts == (SHORT_RUN,)


def test_the_other_interface_in_a_network_whose_samples_touch(intel, chip_networks, tmp_path):
    """With biases, spikes of one sample reach the next at a reset of LIFReset: for probes alone."""
    network, path = chip_networks.spiking(2), tmp_path / "readings.json"
    frames = chip_networks.frames(network, 2)
    with pytest.raises(UnsupportedError, match=r"let the host write the states \(reset='write'\), or add probes"):
        backend("loihi2").run(network, frames, 60, reset="interval")
    found = backend("loihi2").run(network, frames, 60, reset="interval", probes="profiler", readings=path)
    first = run(network, frames[:1])
    assert np.array_equal(found.scores[:1], first.scores), "the first sample begins at rest in any case"
    held = json.loads(path.read_text(encoding="utf-8"))
    assert (held["style"], len(held["values"]["power"])) == ("profiler", 32)
    assert read_readings(path).dynamic_j == pytest.approx(0.447156 * 16 * 152.8e-6)


def test_a_process_without_a_model_for_the_chip_is_refused(intel, chip_networks):
    """Left alone, Lava would take the model for the CPU in silence."""
    from evsnn_lava.network import SigmaNeuron

    network = chip_networks.sigma_delta(1)
    layers = (*network.layers[:-1], chip_networks.changed(network.layers[-1], neuron=SigmaNeuron()))
    network = chip_networks.changed(network, layers=layers)
    with pytest.raises(UnsupportedError, match="Sigma has no model for Loihi 2 in the installed lava-loihi"):
        backend("loihi2").run(network, chip_networks.frames(network, 1), 60)


def test_options_that_do_not_go_together(intel, chip_networks, tmp_path):
    network = chip_networks.spiking(1)
    frames = chip_networks.frames(network, 1)
    chip = backend("loihi2")
    for options, message in (
        ({"reset": "never"}, "unknown reset of Loihi 2 'never'; choose one of: interval, write"),
        ({"slice_steps": 0}, "slice_steps is 0, the limit is 1"),
        ({"probes": "callbacks"}, "add reset='interval'"),
        ({"probes": "callbacks", "reset": "interval"}, "go together"),
        ({"readings": tmp_path / "r.json"}, "go together"),
        ({"partition": "a", "board": "b"}, "exclude each other"),
        ({"generation": "N9"}, "generation is N9; choose one of: N2A2, N3B2"),
    ):
        with pytest.raises(ConfigError, match=message):
            chip.run(network, frames, 60, **options)
    assert not (tmp_path / "r.json").exists()


def test_a_hang_is_an_error(chip_networks):
    from evsnn_lava.runtime.loihi2.request import Walk
    from evsnn_lava.runtime.loihi2.session import Conversation

    with (
        Conversation("spiking") as conversation,
        pytest.raises(RunError, match=r"no progress for 0.05 s during a test"),
    ):
        conversation.ask(Walk(chip_networks.spiking(1)), "a test", 0.05)
