"""The demo runs every verb; on a tiny configuration, to its end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.cli.demo import _require_same
from evsnn_lava.errors import MismatchError
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


@pytest.mark.torch
@pytest.mark.lava
@pytest.mark.slow
def test_the_demo_ends_with_what_masks_and_cutoff_are_worth(config, evsnn, tmp_path):
    code, out, err = evsnn("demo", "--config", config, "-o", tmp_path / "demo", "--lava-limit", 2)
    assert code == 0, err
    assert "Lava and the reference agree on every decision, exit step and message." in out
    assert "bars on lava" in out
    for variant in ("plain", "masks", "cutoff", "masks + cutoff"):
        assert variant in out
    assert "engine: 15 samples" in err
    assert "15 of 15 recordings (split test)" in err
    assert (tmp_path / "demo" / "bars.net").is_file()


def test_a_run_that_differs_ends_the_demo():
    layer = Layer("fc", DenseSynapse([[99, 0], [0, 99]]), CubaNeuron(64, 4095, 0), (2,))
    recipe, masks = InputRecipe.frames((2, 1, 1), 4), FrameMasks.all_kept(4, 1)
    network = NetworkDescription("n", (layer,), recipe, masks, CutoffPolicy.never(4), ("a", "b"))
    good = run(network, np.ones((3, 2, 1, 1, 4), dtype=bool))
    _require_same(network, replace(good, backend="lava"), good)
    bad = replace(good, backend="lava", exit_step=np.add(good.exit_step, [0, 1, 0]))
    with pytest.raises(MismatchError, match="lava differs from reference: exit_step of sample 1: 4 expected, 5 found"):
        _require_same(network, bad, good)
