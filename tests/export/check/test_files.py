"""Files of every kind: a check ends with findings, whatever is in them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.errors import EvsnnError
from evsnn_lava.export.check.files import check_file
from evsnn_lava.export.netx.survey import survey_blocks
from evsnn_lava.hw_profiles import load_chip

from ..foreign_files import conv, dense, input_block, write

VERSION_1 = Path(__file__).parents[1] / "data" / "version1.net"


def errors(path, chip="loihi2"):
    return [finding for finding in check_file(path, load_chip(chip)) if finding.level == "error"]


def test_our_own_file():
    findings = check_file(VERSION_1, load_chip("loihi2"))
    assert {"synapse_words", "stock_netx", "cores"} <= {finding.rule for finding in findings}


def test_a_netx_file(tmp_path):
    findings = check_file(write(tmp_path / "a.net", dense()), load_chip("loihi2"))
    assert {finding.object for finding in findings if finding.rule == "synapse_words"} == {"layer dense0"}


def test_every_bad_block_of_a_netx_file_is_a_finding(tmp_path):
    pool = {"type": "pool", "shape": [2, 1, 1], "weight": np.ones((1, 1, 2, 2)), "stride": [2, 2], "padding": [0, 0]}
    late = dense(weight=np.full((4, 4), 2), delay=np.full((4, 4), 63))
    silent = dense(weight=np.zeros((4, 4), int))
    adaptive = dense(weight=np.full((4, 4), 2), neuron={**dense_neuron(), "type": "ALIF"})
    path = write(tmp_path / "a.net", dense(), pool, late, silent, adaptive, dense(weight=np.full((4, 4), 2)))
    found = {finding.object: finding for finding in errors(path)}
    assert set(found) == {"block 1", "block 2", "layer dense3", "block 4"}
    assert {finding.rule for finding in found.values()} == {"readable", "stock_netx"}
    assert all(finding.change.words for finding in found.values())
    assert "all 16 dense weights are zero" in found["layer dense3"].fact
    assert "63" in found["block 2"].fact
    assert "ALIF" in found["block 4"].fact


def dense_neuron():
    return {"type": "CUBA", "vThMant": 60, "iDecay": 1024, "vDecay": 128, "refDelay": 1, "gradedSpike": False}


def test_what_is_behind_a_bad_block_is_read_by_its_own_shape(tmp_path):
    path = write(tmp_path / "a.net", conv(stride=[0, 2]), dense(weight=np.full((4, 12), 2)))
    assert [isinstance(block, EvsnnError) for _, block in survey_blocks(path)] == [True, False]


def test_a_survey_of_a_good_file_is_empty(tmp_path):
    blocks = [block for _, block in survey_blocks(write(tmp_path / "a.net", input_block(), dense()))]
    assert [block.layer.name for block in blocks] == ["input0", "dense1"]


def bad_files(folder):
    whole = VERSION_1.read_bytes()
    yield "empty", b""
    yield "text", b"no network at all\n" * 20
    yield "cut", whole[: len(whole) // 2]
    yield "no end", whole[:-1]
    yield "zeros", b"\0" * 4096
    yield "a flipped bit", bytes([*whole[:3000], whole[3000] ^ 4, *whole[3001:]])
    yield "only its head", whole[:8]


@pytest.mark.parametrize("name", [name for name, _ in bad_files(None)])
def test_what_cannot_be_read_is_one_finding(tmp_path, name):
    path = tmp_path / "bad.net"
    path.write_bytes(dict(bad_files(tmp_path))[name])
    (finding,) = check_file(path, load_chip("loihi2"))
    assert (finding.level, finding.rule, finding.object) == ("error", "readable", "file")
    assert finding.fact
    assert str(path) not in finding.fact


@pytest.mark.parametrize("place", range(0, 12_000, 400))
def test_any_damage_ends_in_findings(tmp_path, place):
    path = tmp_path / "bad.net"
    shutil.copy(VERSION_1, path)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 0xFF
    path.write_bytes(data)
    assert check_file(path, load_chip("loihi1"))
