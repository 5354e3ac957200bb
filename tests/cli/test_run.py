"""The facts of a run are those of its profile."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from evsnn_lava.cli import run
from evsnn_lava.cli.recordings import load_samples
from evsnn_lava.cli.run import run_facts
from evsnn_lava.export.calibration_file import with_guarantee
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.export.policies import decide
from evsnn_lava.network import CutoffPolicy
from evsnn_lava.profiling import Estimates
from evsnn_lava.simulation.engine import Engine


def test_percentiles_are_steps_that_happened_and_those_of_the_profile(net):
    exits = np.array([2, 2, 6, 12])
    zeros = np.zeros((4, 2, 8), dtype=np.int64)
    result = SimpleNamespace(
        backend="reference", samples=4, exit_step=exits, steps=exits + 2, messages=zeros, synops=zeros, wall_time_s=0.5
    )
    facts = run_facts(read_net(net), result, SimpleNamespace(known=None))
    spread = Estimates.exact(exits).distribution()
    assert (facts["exit_step_p50"], facts["exit_step_p95"]) == (2, 12) == (spread.p50.value, spread.p95.value)


def test_what_is_guaranteed_stands_beside_what_it_costs_here(net, evsnn, tmp_path, data):
    """A promise that the samples at hand break, so that there is something to count."""
    network = read_net(net)
    steps = network.masks.stream_steps
    hasty = with_guarantee(network.with_cutoff(CutoffPolicy.fixed(1, steps)), "Early exit costs nothing.")
    write_net(hasty, tmp_path / "hasty.net")
    samples = load_samples(hasty, str(data), None, None)
    scores = Engine(hasty).scores(np.concatenate(list(samples.blocks())))
    full = scores[:, -1].argmax(axis=1) == samples.known
    lost = full & (decide(hasty.cutoff, scores).decision != samples.known)
    code, out, _ = evsnn("run", tmp_path / "hasty.net", "--data", data, "--json")
    facts = json.loads(out)
    assert (code, facts["guarantee"]) == (0, "Early exit costs nothing.")
    assert (facts["lost_samples"], facts["accuracy_all_steps"]) == (lost.sum(), full.mean())
    assert lost.any()
    said = " ".join(evsnn("run", tmp_path / "hasty.net", "--data", data)[1].split())
    cost = 100 * (facts["accuracy"] - full.mean())
    assert f"guarantee Early exit costs nothing. cost here {cost:+.1f} points, {lost.sum()} lost" in said
    assert "guarantee" not in json.loads(evsnn("run", tmp_path / "hasty.net", "--no-cutoff", "--json")[1])
    assert "guarantee" not in json.loads(evsnn("run", net, "--json")[1])


@pytest.mark.parametrize(
    ("options", "passed"), [([], {}), (["--threads", "1", "--slots", "2"], {"threads": 1, "slots": 2})]
)
def test_the_second_run_takes_the_engine_options_of_the_first(net, evsnn, tmp_path, monkeypatch, options, passed):
    network, seen = read_net(net), []
    write_net(with_guarantee(network.with_cutoff(CutoffPolicy.fixed(1, 4)), "Sure."), tmp_path / "sure.net")
    real = run.evaluate

    def watched(network, samples, name, output, cutoff=True, **told):
        seen.append((name, cutoff, told))
        return real(network, samples, name, output, cutoff, **told)

    monkeypatch.setattr(run, "evaluate", watched)
    assert evsnn("run", tmp_path / "sure.net", *options)[0] == 0
    assert seen == [("engine", True, passed), ("engine", False, passed)]


def test_where_the_cost_is_unknown_it_says_why(net, evsnn, tmp_path):
    network = read_net(net)
    steps = network.masks.stream_steps
    sure = with_guarantee(network.with_cutoff(CutoffPolicy("topk_gap", [5] * steps)), "Sure.")
    write_net(sure, tmp_path / "sure.net")
    assert evsnn("export", tmp_path / "sure.net", "--cutoff", "on-chip", "-o", tmp_path / "chip.net")[0] == 0
    said = " ".join(evsnn("run", tmp_path / "chip.net")[1].split())
    assert "guarantee Sure. cost here unknown, its last layers decide, and nothing runs without them" in said
