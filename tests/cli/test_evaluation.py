"""Samples are run block by block, and memory does not grow with their number."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from rich.console import Console

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import _Clock, evaluate, run_samples
from evsnn_lava.cli.recordings import BLOCK_BYTES, BLOCK_SAMPLES, Samples, block_samples, load_samples
from evsnn_lava.cli.rows import Rows
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation import run

STEPS, INPUTS = 20, 50


@pytest.fixture
def network():
    layer = Layer("fc", DenseSynapse(np.arange(2 * INPUTS).reshape(2, INPUTS) % 7), CubaNeuron(64, 4095, 0), (2,))
    recipe = InputRecipe.frames((INPUTS, 1, 1), STEPS)
    cutoff = CutoffPolicy("topk_gap", [3] * STEPS)
    return NetworkDescription("n", (layer,), recipe, FrameMasks.all_kept(STEPS, 1), cutoff, ("a", "b"))


def made_on_demand(count, block=64):
    """Samples that exist only while they are run."""

    def read(start, stop):
        return np.random.default_rng(start).random((stop - start, INPUTS, 1, 1, STEPS)) < 0.2

    return Samples(read, np.zeros(count, np.int64), np.arange(count), block)


@pytest.mark.parametrize("name", ["reference", "engine"])
@pytest.mark.parametrize("block", [1, 7, 64])
def test_the_size_of_the_blocks_does_not_matter(network, name, block):
    samples = made_on_demand(20, block)
    found = run_samples(network, samples, name, Output(quiet=True))
    expected = run(network, np.concatenate(list(samples.blocks())))
    for quantity in ("decision", "exit_step", "steps", "scores", "input_events", "messages", "synops"):
        assert np.array_equal(getattr(found, quantity), getattr(expected, quantity)), quantity
    assert found.backend == name


def test_a_block_is_made_when_the_one_before_it_is_done(network):
    events, samples = [], made_on_demand(5, 2)

    def read(start, stop):
        events.append(("made", stop))
        return samples.read(start, stop)

    lazy = Samples(read, samples.labels, samples.sample_id, 2)
    for result in evaluate(network, lazy, "engine", Output(quiet=True)):
        events.append(("done", result.samples))
    assert events == [("made", 2), ("done", 2), ("made", 4), ("done", 2), ("made", 5), ("done", 1)]


def peak_bytes(network, count):
    tracemalloc.start()
    try:
        rows = Rows.of(evaluate(network, made_on_demand(count), "engine", Output(quiet=True)))
        assert rows.samples == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_of_ten_thousand_samples_is_that_of_their_rows(network):
    run_samples(network, made_on_demand(64), "engine", Output(quiet=True))  # what is allocated once
    few, many = peak_bytes(network, 1_000), peak_bytes(network, 10_000)
    bytes_per_row = 8 * (8 + 2)  # numbers of a row, its label and its name
    assert many - few < 9_000 * bytes_per_row * 2 + 2**17  # twice, as the parts are put together in the end
    assert 5 * (many - few) < 9_000 * INPUTS * STEPS, "the frames of all samples must not fit into the bound"


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (InputRecipe(34, 34, 10, 1000), BLOCK_SAMPLES),
        (InputRecipe(128, 128, 300, 1000), BLOCK_BYTES // (2 * 128 * 128 * 300)),
        (InputRecipe.frames((1, 1000, 1000), 10, message_bits=8), BLOCK_BYTES // (4 * 10**7)),
        (InputRecipe.frames((10, 1000, 1000), 100), 1),
    ],
)
def test_blocks_of_large_frames_have_fewer_samples(recipe, expected):
    assert block_samples(recipe) == expected >= 1


@pytest.mark.torch
def test_recordings_are_binned_when_they_are_run(net, data):
    network = read_net(net)
    samples = load_samples(network, str(data), "test", 4)
    assert (len(samples), str(samples)) == (4, "4 of 15 recordings (split test)")
    assert samples.read(1, 3).shape == (2, 2, 8, 8, 6)
    few = samples.first(2)
    assert (len(few), len(few.sample_id), few.available) == (2, 2, 15)
    assert np.array_equal(next(few.blocks()), samples.read(0, 2))


def test_progress_shows_samples_per_second(network):
    output, shown = Output(), io.StringIO()
    output.notes = Console(file=shown, force_terminal=True, color_system=None, width=140)
    steps = run_samples(network, made_on_demand(20, 8), "engine", output, threads=1).steps.sum()
    assert "20/20 samples" in shown.getvalue()
    assert f"samples/s, {steps} steps" in shown.getvalue()
    assert "engine  " in shown.getvalue()


def test_without_a_terminal_the_end_is_said_in_one_line(network, capsys):
    run_samples(network, made_on_demand(20, 8), "reference", Output())
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("reference: 20 samples  ")
    assert "samples/s" in lines[0]


def test_the_clock_starts_with_the_first_word_of_the_back_end(monkeypatch):
    times = iter([100.0, 100.5, 102.0])
    monkeypatch.setattr("evsnn_lava.cli.evaluation.time.perf_counter", lambda: next(times))
    clock = _Clock()
    assert [clock.rate(done) for done in (4, 4, 10)] == [None, None, 3.0]
