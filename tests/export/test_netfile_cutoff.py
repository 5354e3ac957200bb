"""Cutoffs in the file: what version 4 adds, and that nothing changes for all others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError, FormatError, UnsupportedError
from evsnn_lava.export.inspect import summarise
from evsnn_lava.export.lowering.cutoff import lower_cutoff
from evsnn_lava.export.netfile.encoding import content_digest, encode
from evsnn_lava.export.netfile.reader import read_lifted, read_net
from evsnn_lava.export.netfile.schema import HASH_PATH
from evsnn_lava.export.netfile.storage import tree_to_bytes
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import NEVER, CutoffPolicy, NetworkDescription, softmax_table
from evsnn_lava.reporting.network_tables import threshold_runs

TABLE = [NEVER, 20000, 17000, 32768]
LIKELY = CutoffPolicy("confidence", TABLE, 0.02, "b" * 64, 90, softmax=softmax_table(1.5))
LONG = CutoffPolicy("confidence", TABLE, 0.02, "b" * 64, 90, softmax=softmax_table(400.0))
CONFORMAL = CutoffPolicy("conformal", [NEVER, 3, NEVER, 1], 0.02, "b" * 64, 90)


@pytest.mark.parametrize(
    ("policy", "version"), [(LIKELY, 4), (CONFORMAL, 4), (LONG, 5)], ids=["confidence", "conformal", "long"]
)
def test_new_kinds_come_back_as_the_version_that_has_them(tiny, tmp_path, policy, version):
    path = tmp_path / "a.net"
    write_net(tiny.with_cutoff(policy), path)
    network, lifted = read_lifted(path)
    assert (lifted.version, lifted.changes) == (version, ())
    for name in ("kind", "epsilon", "calibration_hash", "calibration_samples", "layers"):
        assert getattr(network.cutoff, name) == getattr(policy, name)
    assert network.cutoff.thresholds.tolist() == policy.thresholds.tolist()
    assert network.cutoff.softmax.tolist() == policy.softmax.tolist()
    write_net(network, tmp_path / "b.net")
    assert path.read_bytes() == (tmp_path / "b.net").read_bytes()


@pytest.mark.parametrize(("length", "version"), [(4096, 4), (4097, 5)])
def test_the_longest_table_of_version_4(tiny, length, version):
    table = np.append([2**15], np.ones(length - 1, dtype=int))
    assert int(encode(tiny.with_cutoff(replace(LIKELY, softmax=table)))["evsnn/format_version"]) == version


def test_all_others_stay_version_3(tiny, demo):
    for network in (tiny, demo, tiny.with_cutoff(CutoffPolicy.never(4))):
        tree = encode(network)
        assert int(tree["evsnn/format_version"]) == 3
        assert "evsnn/cutoff/softmax" not in tree


def forged(network, path, changes):
    tree = {name: array for name, array in (encode(network) | changes).items() if array is not None}
    tree[HASH_PATH] = np.array(content_digest(tree).encode())
    path.write_bytes(tree_to_bytes(tree))
    return path


SOFTMAX = "evsnn/cutoff/softmax"
DAMAGE = {
    "version 3 with a softmax": (LIKELY, {"evsnn/format_version": np.array(3, "<i8")}),
    "version 4 without need": (CutoffPolicy.never(4), {"evsnn/format_version": np.array(4, "<i8")}),
    "no table": (LIKELY, {SOFTMAX: None}),
    "table of a gap": (CONFORMAL, {SOFTMAX: softmax_table(1.0)}),
    "table that rises": (LIKELY, {SOFTMAX: np.array([32768, 4, 5], "<i8")}),
    "table with a zero": (LIKELY, {SOFTMAX: np.array([32768, 0], "<i8")}),
    "table that starts low": (LIKELY, {SOFTMAX: np.array([9, 4], "<i8")}),
    "empty table": (LIKELY, {SOFTMAX: np.zeros(0, "<i8")}),
    "table too long for version 4": (LIKELY, {SOFTMAX: np.full(4097, 32768, "<i8")}),
    "table too long": (LONG, {SOFTMAX: np.full(65537, 32768, "<i8")}),
    "table of bytes": (LIKELY, {SOFTMAX: np.array([3, 4], "|u1")}),
    "table of two dimensions": (LIKELY, {SOFTMAX: softmax_table(1.0)[None]}),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_tables_are_refused_in_one_line(name, tiny, tmp_path):
    policy, changes = DAMAGE[name]
    path = forged(tiny.with_cutoff(policy), tmp_path / "a.net", changes)
    with pytest.raises(FormatError) as caught:
        read_net(path)
    assert "\n" not in str(caught.value)
    assert "evsnn/" in str(caught.value)


def test_a_softmax_is_refused_on_the_chip(tiny):
    with pytest.raises(UnsupportedError, match="its cutoff compares a softmax, the comparators only a gap"):
        lower_cutoff(tiny.with_cutoff(LIKELY))
    lowered, _ = lower_cutoff(tiny.with_cutoff(CONFORMAL))
    assert lowered.cutoff.kind == "on_chip"


@pytest.mark.parametrize("policy", [LIKELY, CONFORMAL], ids=["confidence", "conformal"])
def test_one_output_has_no_lead(tiny, policy):
    layer = tiny.layers[0]
    single = type(layer)(layer.name, type(layer.synapse)([[2, -4]]), layer.neuron, (1,))
    with pytest.raises(ConfigError, match="it has one output neuron, a gap needs at least 2"):
        NetworkDescription("one", (single,), tiny.recipe, tiny.masks, policy, ("a",))


def test_the_summary_says_what_is_compared(tiny):
    found = summarise(tiny.with_cutoff(LIKELY)).cutoff
    assert (found.kind, found.softmax_length) == ("confidence", len(softmax_table(1.5)))
    assert threshold_runs(found.thresholds, "confidence")[1] == ("2", "confidence > 20000")
    assert summarise(tiny.with_cutoff(CONFORMAL)).cutoff.softmax_length == 0


def test_another_cutoff_drops_what_the_old_one_promised(tiny):
    promised = replace(tiny, provenance={"cutoff guarantee": "none lost", "seed": "1"})
    assert promised.with_cutoff(LIKELY).provenance == {"seed": "1"}
