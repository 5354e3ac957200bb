"""The facts of a run are those of its profile."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np

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
