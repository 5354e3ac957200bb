"""The facts of a run are those of its profile."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from evsnn_lava.cli.run import run_facts
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.profiling import Estimates


def test_percentiles_are_steps_that_happened_and_those_of_the_profile(net):
    exits = np.array([2, 2, 6, 12])
    zeros = np.zeros((4, 2, 8), dtype=np.int64)
    result = SimpleNamespace(
        backend="reference", samples=4, exit_step=exits, steps=exits + 2, messages=zeros, synops=zeros, wall_time_s=0.5
    )
    facts = run_facts(read_net(net), result, SimpleNamespace(known=None))
    spread = Estimates.exact(exits).distribution()
    assert (facts["exit_step_p50"], facts["exit_step_p95"]) == (2, 12) == (spread.p50.value, spread.p95.value)
