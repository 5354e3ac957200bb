"""``evsnn graph``: works without Intel's package, and says 1 where something cannot run on the chip."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import (
    ComplexSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    RfNeuron,
    SigmaDeltaNeuron,
)

pytestmark = [pytest.mark.lava, pytest.mark.torch]


def file_of(path, *layers):
    recipe = InputRecipe(2, 2, 4, 1000, polarities=1)
    masks, cutoff = FrameMasks.all_kept(4, len(layers)), CutoffPolicy.never(4)
    write_net(NetworkDescription("small", layers, recipe, masks, cutoff, ("a", "b")), path)
    return path


def dense(outputs, inputs, step=2):
    return DenseSynapse(step * (np.arange(outputs * inputs).reshape(outputs, inputs) % 5 - 2))


def test_a_network_that_fits(tmp_path, evsnn):
    hidden = Layer("hidden", dense(3, 4), CubaNeuron(20, 1023, 122, [1, -2, 3]), (3,))
    path = file_of(tmp_path / "fits.net", hidden, Layer("out", dense(2, 3), CubaNeuron(20, 1023, 122), (2,)))
    code, out, err = evsnn("graph", path)
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "PyToNxAdapter * 4 embedded" in lines
    assert any(line.startswith("hidden LIF 3 neuro-core vth_mant 20, du 1023") for line in lines)
    assert "* part of Intel's lava-loihi, which is not installed here" in lines
    assert "All 8 processes have a place as far as is known, and all parameters fit their registers." in lines


def test_a_head_of_sums_has_no_threshold(tmp_path, evsnn):
    hidden = Layer("hidden", dense(3, 4), CubaNeuron(20, 1023, 122), (3,))
    path = file_of(tmp_path / "sums.net", hidden, Layer("out", dense(2, 3), SigmaDeltaNeuron.sums(), (2,)))
    code, out, _ = evsnn("graph", path)
    assert code == 0
    assert "out SigmaDelta 2 neuro-core all 0" in [" ".join(line.split()) for line in out.splitlines()]


def test_what_the_chip_does_not_have(tmp_path, evsnn, root):
    """A resonator of which nothing public says that it runs there, a decay without a register, and a tighter chip."""
    first = Layer("turns", ComplexSynapse(dense(3, 4), dense(3, 4, 4)), RfNeuron(10, 1024, 3900), (3,))
    path = file_of(tmp_path / "no.net", first, Layer("out", dense(2, 3), CubaNeuron(20, -1, 122), (2,)))
    usual = (root / "hw_profiles" / "loihi2.toml").read_text(encoding="utf-8")
    (tmp_path / "tight.toml").write_text(usual.replace("high = 131071", "high = 19"), encoding="utf-8")
    code, out, err = evsnn("graph", path, "--json", "--hw", tmp_path / "tight.toml")
    assert (code, err) == (1, "")
    found = json.loads(out)
    assert len(found["problems"]) == 3
    assert found["problems"][0].startswith("turns: RF: Intel showed resonators on the chip")
    assert found["problems"][1:] == [
        "out: vth_mant 20..20 does not fit 0..19",
        "out: du -1..-1 does not fit 0..4095",
    ]
    classes = [each["class"] for each in found["processes"] if each["layer"] == "turns"]
    assert classes == ["Dense", "Dense", "RF"]
    assert {each["known_from"] for each in found["processes"]} >= {"unknown", "tutorial", "public code", "ours"}


def test_the_published_networks(evsnn, evsnn_data):
    """PilotNet-SDNN, a plain netx file: nine layers, whose input block the host computes."""
    code, out, _ = evsnn("graph", evsnn_data / "networks" / "lava_dl" / "pilotnet_sdnn" / "network.net", "--json")
    assert code == 0
    processes = json.loads(out)["processes"]
    assert len(processes) == 22
    assert [each["class"] for each in processes].count("SigmaDelta") == 8
    assert [each["layer"] for each in processes[:2]] == ["input0", ""]
    assert {each["runs_on"] for each in processes} == {"neuro-core", "embedded", "host"}


def test_files_that_are_neither(tmp_path, evsnn):
    (tmp_path / "text.net").write_text("nothing", encoding="utf-8")
    assert evsnn("graph", tmp_path / "text.net")[0] == 2
    assert evsnn("graph", tmp_path / "absent.net")[0] == 2
    assert evsnn("graph", tmp_path / "text.net", "--hw", "nothing")[0] == 2
