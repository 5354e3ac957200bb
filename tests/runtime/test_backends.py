"""The table of back-ends."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from evsnn_lava import simulation
from evsnn_lava.errors import BackendUnavailableError, ConfigError
from evsnn_lava.runtime.backends import BACKENDS
from evsnn_lava.runtime.backends import backend as look_up


def test_unknown_names_list_the_valid_ones():
    with pytest.raises(ConfigError, match="unknown back-end 'gpu'; choose one of: engine, lava, loihi2, reference"):
        look_up("gpu")


USABLE = pytest.mark.parametrize("name", ["reference", "engine", pytest.param("lava", marks=pytest.mark.lava)])


@USABLE
def test_usable_back_ends_give_the_same_result(make, name):
    chosen = look_up(name)
    if reason := chosen.available():
        pytest.skip(reason)
    network = make.small_network(steps=4)
    frames = make.frames(network, 5)
    seen = []
    result = chosen.run(network, frames, timeout_s=20, progress=lambda *done: seen.append(done))
    expected = simulation.run(network, frames)
    assert np.array_equal(result.messages, expected.messages)
    assert np.array_equal(result.scores, expected.scores)
    assert result.backend == name
    assert seen[-1] == (5, 5, int(expected.steps.sum()))


@USABLE
def test_blocks_give_what_one_run_gives_and_progress_counts_over_all_of_them(make, name):
    chosen = look_up(name)
    if reason := chosen.available():
        pytest.skip(reason)
    network = make.small_network(steps=4)
    frames, seen = make.frames(network, 5), []
    blocks = (frames[start : start + 2] for start in (0, 2, 4))
    results = list(chosen.evaluate(network, blocks, progress=lambda *done: seen.append(done)))
    expected = simulation.run(network, frames)
    assert [result.samples for result in results] == [2, 2, 1]
    for quantity in ("exit_step", "decision", "messages", "synops", "input_events"):
        found = np.concatenate([getattr(result, quantity) for result in results])
        assert np.array_equal(found, getattr(expected, quantity)), quantity
    assert seen[-1] == (5, 5, int(expected.steps.sum()))


def test_a_block_is_asked_for_when_the_one_before_it_is_done(make):
    network, asked = make.small_network(steps=4), []

    def blocks():
        for number in range(3):
            asked.append(number)
            yield make.frames(network, 1)

    results = look_up("engine").evaluate(network, blocks())
    assert asked == []
    next(results)
    assert asked == [0]


def test_options_that_a_back_end_does_not_know(make):
    network = make.small_network()
    frames = make.frames(network, 1)
    with pytest.raises(
        ConfigError,
        match="has no option threads, it knows none; leave it out or choose the back-end engine",
    ):
        look_up("reference").run(network, frames, threads=1)
    with pytest.raises(
        ConfigError,
        match="no option model, it knows threads, slots; leave it out or choose the back-end lava",
    ):
        look_up("engine").run(network, frames, model="fused")
    with pytest.raises(ConfigError, match="back-end engine has no option model"):
        look_up("engine").evaluate(network, [], model="fused")


def test_the_engine_takes_threads_and_slots(make):
    network = make.small_network(steps=4)
    frames = make.frames(network, 7)
    found = look_up("engine").run(network, frames, threads=2, slots=3)
    assert np.array_equal(found.messages, simulation.run(network, frames).messages)


@pytest.mark.skipif(importlib.util.find_spec("nxcore") is not None, reason="Intel's nxcore is installed")
def test_loihi2_says_who_has_it_and_what_to_do(make):
    network = make.small_network()
    with pytest.raises(BackendUnavailableError, match=r"back-end loihi2.*lava-loihi and nxcore.*INRC.*back-end lava"):
        look_up("loihi2").run(network, make.frames(network, 1))


def test_a_missing_lava_names_the_install_line(make, monkeypatch):
    def find_nothing(name, *_):
        return None

    network = make.small_network()
    monkeypatch.setattr(importlib.util, "find_spec", find_nothing)
    for name in [name for name in sys.modules if name == "lava" or name.startswith("lava.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "evsnn_lava._lava", raising=False)
    monkeypatch.setitem(sys.modules, "lava", None)
    with pytest.raises(BackendUnavailableError, match=r"back-end lava is not available.*make setup"):
        look_up("lava").run(network, make.frames(network, 1))


def test_every_back_end_has_a_summary():
    assert [item.name for item in BACKENDS.values() if not item.summary] == []
    assert list(BACKENDS) == [item.name for item in BACKENDS.values()]


@pytest.mark.lava
def test_the_child_does_without_torch_and_the_graph_without_the_engine():
    graph = "import evsnn_lava.runtime.child, evsnn_lava.runtime.graph"
    engine = "import evsnn_lava.simulation.engine"
    code = f"import sys; {graph}; print('numba' in sys.modules); {engine}; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\nFalse\n"
