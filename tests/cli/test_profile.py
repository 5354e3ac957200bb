"""``evsnn profile --measured``: readings of a chip beside the estimate."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, InputRecipe, Layer
from evsnn_lava.network import NetworkDescription as Network
from evsnn_lava.profiling.measured import IO_BOUND, Readings, write_readings


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    layer = Layer("out", DenseSynapse(2 * rng.integers(-20, 30, (3, 8))), CubaNeuron(30, 1023, 122), (3,))
    recipe, masks = InputRecipe.frames((8, 1, 1), steps=15), FrameMasks.all_kept(15, 1)
    write_net(
        Network("small", (layer,), recipe, masks, CutoffPolicy.never(15), ("a", "b", "c")), tmp_path / "small.net"
    )
    np.savez(tmp_path / "test.npz", frames=rng.random((6, 8, 15)) < 0.2, labels=rng.integers(0, 3, 6))
    readings = Readings(0.679234, 0.252728, 0.422127, 0.004379, 2e-7, 10_000, 16, static_total_w=0.232078)
    write_readings(readings, tmp_path / "readings.json")
    return tmp_path


def test_readings_stand_beside_the_estimate(files, evsnn):
    arguments = ("profile", files / "small.net", "--data", files / "test.npz", "--quiet")
    code, out, _ = evsnn(*arguments, "--measured", files / "readings.json", "--json")
    assert code == 0
    found = json.loads(out)
    rows = {row["quantity"]: row for row in found["measured"]["quantities"]}
    assert rows["energy"]["measured"] == pytest.approx(0.679234 * 16 * 2e-7)
    assert rows["energy"]["estimated"]["value"] == pytest.approx(found["energy_per_inference_j"]["value"])
    assert rows["energy"]["ratio"] == pytest.approx(rows["energy"]["measured"] / rows["energy"]["estimated"]["value"])
    assert rows["steps"]["ratio"] == 1
    assert found["measured"]["readings"]["total_w"] == 0.679234
    assert "measured" not in json.loads(evsnn(*arguments, "--json")[1])
    text = evsnn(*arguments, "--measured", files / "readings.json")[1]
    assert "small: measured beside estimated, mean per inference" in text


def test_readings_that_say_nothing_of_energy(files, evsnn):
    bound = Readings(0.275709, 0.103684, 0.167086, 0.004939, 1 / 16.87, 2000, 1, static_total_w=0.281775)
    write_readings(bound, files / "bound.json")
    arguments = ("profile", files / "small.net", "--data", files / "test.npz", "--quiet", "--measured")
    rows = json.loads(evsnn(*arguments, files / "bound.json", "--json")[1])["measured"]
    assert rows["doubts"] == [IO_BOUND]
    assert {row["quantity"]: row["measured"] for row in rows["quantities"]}["energy"] is None
    assert evsnn(*arguments, files / "absent.json")[0] == 2
