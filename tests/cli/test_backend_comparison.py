"""`evsnn run --backend all`: every back-end on the same samples, and where one differs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.cli.run_difference import Difference, first_difference, unequal_quantities
from evsnn_lava.errors import CapacityError, RunError, UnsupportedError
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.runtime.backends import BACKENDS, Backend
from evsnn_lava.simulation import run

FRAMES = np.random.default_rng(0).random((5, 2, 1, 1, 4)) < 0.6


@pytest.fixture
def file(tmp_path):
    """A network of two layers, and a file of frames for it."""
    layers = (
        Layer("first", DenseSynapse([[99, 0], [0, 99]]), CubaNeuron(64, 4095, 0), (2,)),
        Layer("out", DenseSynapse([[99, 0], [0, 99]]), CubaNeuron(64, 4095, 0), (2,)),
    )
    recipe, masks = InputRecipe.frames((2, 1, 1), 4), FrameMasks.all_kept(4, 2)
    write_net(NetworkDescription("pair", layers, recipe, masks, CutoffPolicy.never(4), ("a", "b")), tmp_path / "a.net")
    np.save(tmp_path / "frames.npy", FRAMES)
    return tmp_path / "a.net"


@pytest.fixture
def compare(evsnn, file):
    """Compare the back-ends; give the exit code, what they did by name, and the printed table."""

    def call(*arguments):
        base = ("run", file, "--data", file.with_name("frames.npy"), "--backend", "all", *arguments)
        code, out, err = evsnn(*base, "--json")
        assert code in (0, 1), err
        again, table, _ = evsnn(*base)
        assert again == code
        found = json.loads(out)
        return code, {_name(item): item for item in found["backends"]}, " ".join(table.split())

    return call


def _name(item):
    return " ".join([item["backend"], *([item["options"]["model"]] if "model" in item["options"] else [])])


@pytest.fixture
def no_lava(monkeypatch):
    """Lava is not usable: its start takes seconds."""
    monkeypatch.setitem(BACKENDS, "lava", replace(BACKENDS["lava"], why_not=lambda: "it is switched off; switch it on"))


def altered(change):
    """A back-end that computes what the reference does, and changes it."""

    def runner(network, blocks, *_, **__):
        for frames in blocks:
            result = run(network, frames)
            yield replace(result, backend="wrong", **change(result))

    return Backend("wrong", "wrong", lambda: None, runner)


def plus_one(values, *place):
    found = values.copy()
    found[place] += 1
    return found


@pytest.mark.usefixtures("no_lava")
def test_back_ends_that_agree(compare):
    code, found, table = compare()
    assert code == 0
    assert list(found) == ["reference", "engine", "lava layers", "lava fused", "loihi2"]
    for name in ("reference", "engine"):
        assert found[name]["same"] is True
        assert found[name]["samples_per_s"] > 0
        assert (found[name]["accuracy"], found[name]["exit_step_mean"]) == (None, 4.0)
        assert found[name]["reason"] is None
    assert "engine" in table
    assert "the same" in table
    assert "unknown 4.00" in table


@pytest.mark.usefixtures("no_lava")
def test_what_is_not_usable_is_named_with_the_reason_and_is_no_failure(compare):
    code, found, table = compare()
    assert code == 0
    for name in ("lava layers", "lava fused"):
        assert found[name]["reason"] == "it is switched off; switch it on"
        assert found[name]["same"] is None
    assert "lava-loihi" in found["loihi2"]["reason"]
    assert "not run: it is switched off; switch it on" in table


@pytest.mark.usefixtures("no_lava")
def test_what_a_back_end_cannot_say_is_a_reason(compare, monkeypatch):
    def refuse(*_, **__):
        raise UnsupportedError("layer fc: too wide; make it narrow")

    monkeypatch.setitem(BACKENDS, "small", Backend("small", "small", lambda: None, refuse))
    code, found, _ = compare()
    assert code == 0
    assert found["small"]["reason"] == "layer fc: too wide; make it narrow"


@pytest.mark.usefixtures("no_lava")
def test_a_back_end_that_fails_does_not_hide_the_others(compare, monkeypatch):
    def hang(*_, **__):
        raise RunError("no progress for 30 s; raise timeout_s")

    monkeypatch.setitem(BACKENDS, "slow", Backend("slow", "slow", lambda: None, hang))
    code, found, table = compare()
    assert code == 1
    assert (found["slow"]["failed"], found["slow"]["reason"]) == (True, "no progress for 30 s; raise timeout_s")
    assert found["engine"]["same"] is True
    assert "failed: no progress for 30 s" in table


def late(error):
    """A back-end that gives one block and then fails."""

    def runner(network, blocks, *_, **__):
        yield run(network, next(iter(blocks)))
        raise error

    return runner


def short(network, blocks, *_, **__):
    yield from (run(network, frames[:-1]) for frames in blocks)


def nothing(*_, **__):
    yield from ()


@pytest.mark.usefixtures("no_lava")
@pytest.mark.parametrize(
    ("runner", "reason"),
    [
        (late(UnsupportedError("layer fc: too wide; make it narrow")), "layer fc: too wide; make it narrow"),
        (late(ValueError("shapes")), "ValueError: shapes"),
        (short, "4 of 5 samples came out"),
        (nothing, "0 of 5 samples came out"),
    ],
    ids=["in the middle", "with an error of Python", "a sample short", "without a result"],
)
def test_a_back_end_that_does_not_come_to_its_end_has_failed(compare, monkeypatch, runner, reason):
    monkeypatch.setitem(BACKENDS, "odd", Backend("odd", "odd", lambda: None, runner))
    code, found, _ = compare()
    assert code == 1
    assert (found["odd"]["failed"], found["odd"]["reason"]) == (True, reason)
    assert found["engine"]["same"] is True


def test_a_reference_that_fails_leaves_nothing_to_compare(evsnn, file, monkeypatch):
    def fail(*_, **__):
        raise CapacityError("layer fc: too much; scale it")

    monkeypatch.setitem(BACKENDS, "reference", Backend("reference", "it", lambda: None, fail))
    code, out, err = evsnn("run", file, "--data", file.with_name("frames.npy"), "--backend", "all")
    assert (code, out) == (2, "")
    assert "CapacityError: layer fc: too much; scale it" in err


@pytest.mark.usefixtures("no_lava")
def test_a_back_end_that_differs_is_found_and_the_place_is_named(compare, monkeypatch):
    monkeypatch.setitem(BACKENDS, "wrong", altered(lambda result: {"messages": plus_one(result.messages, 3, 1, 2)}))
    code, found, table = compare("--limit", "4")
    assert code == 1
    assert found["engine"]["same"] is True
    assert found["wrong"]["same"] is False
    assert found["wrong"]["unequal"] == ["messages"]
    first = found["wrong"]["difference"]
    assert (first["quantity"], first["sample"], first["layer"], first["step"]) == ("messages", 3, "out", 2)
    assert first["found"] == first["expected"] + 1
    assert "differs in messages; first messages of sample 3, layer out, step 2:" in table
    assert found["wrong"]["samples_per_s"] > 0


@pytest.mark.usefixtures("no_lava")
def test_options_go_to_the_back_end_that_knows_them(compare):
    code, found, _ = compare("--threads", "1")
    assert code == 0
    assert found["engine"]["options"] == {"threads": 1}
    assert found["reference"]["options"] == {}


@pytest.mark.lava
def test_lava_layers_and_fused_agree(compare):
    if reason := BACKENDS["lava"].available():
        pytest.skip(reason)
    code, found, _ = compare()
    assert [found[name]["same"] for name in ("lava layers", "lava fused")] == [True, True]
    assert code == 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"decision": (2,)}, ("decision", 2, None, None)),
        ({"scores": (1, 0)}, ("scores", 1, None, None)),
        ({"input_events": (1, 3)}, ("input_events", 1, "input", 3)),
        ({"synops": (4, 1, 2)}, ("synops", 4, "out", 2)),
        ({"synops": (1, 0, 3), "messages": (1, 1, 2)}, ("messages", 1, "out", 2)),
        ({"synops": (1, 0, 2), "messages": (1, 1, 2)}, ("synops", 1, "first", 2)),
        ({"messages": (2, 0, 1), "decision": (1,)}, ("decision", 1, None, None)),
        ({"messages": (2, 0, 1), "decision": (2,)}, ("messages", 2, "first", 1)),
    ],
)
def test_the_first_difference_is_of_the_first_sample_then_step_then_layer(file, changes, expected):
    network = read_net(file)
    good = run(network, FRAMES)
    bad = replace(good, **{name: plus_one(getattr(good, name), *place) for name, place in changes.items()})
    assert set(unequal_quantities(good, bad)) == set(changes)
    first = first_difference(network, good, bad)
    assert (first.quantity, first.sample, first.layer, first.step) == expected
    assert first.found == first.expected + 1


def test_equal_runs_have_no_difference(file):
    network = read_net(file)
    assert first_difference(network, run(network, FRAMES), run(network, FRAMES)) is None
    assert unequal_quantities(run(network, FRAMES), run(network, FRAMES)) == ()


def test_a_difference_in_words():
    said = str(Difference("messages", 3, "conv1", 5, 4, 2))
    assert said == "messages of sample 3, layer conv1, step 5: 4 expected, 2 found"
    assert str(Difference("decision", 0, None, None, 1, 2)) == "decision of sample 0: 1 expected, 2 found"
