"""``evsnn profile``: readings beside the estimate, files and profiles side by side, tables and traces to files."""

from __future__ import annotations

import csv
import functools
import json
import math

import numpy as np
import pytest

from evsnn_lava.cli import profile_host
from evsnn_lava.cli.profile_trace import masked_frames
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, InputRecipe, Layer
from evsnn_lava.network import NetworkDescription as Network
from evsnn_lava.profiling.host import measure_host
from evsnn_lava.profiling.ledger import INPUT
from evsnn_lava.profiling.measured import IO_BOUND, Readings, write_readings
from evsnn_lava.simulation import run as simulation_run


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


@pytest.fixture
def profile(files, evsnn):
    """Call the verb on the files and their frames."""
    write_net(masked_network(), files / "masked.net")

    def call(*arguments, nets=("small.net",)):
        paths = [files / each for each in nets]
        return evsnn("profile", *paths, "--data", files / "test.npz", "--quiet", *arguments)

    return call


def masked_network():
    rng = np.random.default_rng(1)
    first = Layer("hidden", DenseSynapse(2 * rng.integers(-20, 40, (5, 8))), CubaNeuron(30, 1023, 122), (5,))
    last = Layer("out", DenseSynapse(2 * rng.integers(-20, 40, (3, 5))), CubaNeuron(30, 1023, 122), (3,))
    outer, inner = np.arange(15) % 4 != 1, np.arange(15) % 4 == 0
    masks = FrameMasks("skip", (outer, inner))
    steps = masks.stream_steps
    return Network(
        "masked", (first, last), InputRecipe.frames((8, 1, 1), 15), masks, CutoffPolicy.never(steps), tuple("abc")
    )


def test_json_of_one_report_keeps_its_keys_and_has_more(profile, files):
    code, out, _ = profile("--json")
    assert code == 0
    found = json.loads(out)
    old = {"network", "backend", "hardware", "accuracy", "samples", "chips", "cores", "distributions", "ledger"}
    old |= {"energy_per_inference_j", "dynamic_energy_per_inference_j", "static_energy_per_inference_j", "constants"}
    assert old < set(found)
    assert found["file"] == str(files / "small.net")
    assert found["data"].endswith("6 of 6 samples")
    assert set(found["power_w"]) == {"idle", "active", "dynamic"}
    assert found["unpriced"]["energy.io"]
    steps = found["distributions"]["steps"]["mean"]["value"]
    times = found["step_time_s"]
    assert times["mean"]["value"] * steps == pytest.approx(found["distributions"]["time_s"]["mean"]["value"])
    assert times["p50"]["value"] <= times["p95"]["value"] <= times["max"]["value"]
    layers = {layer["name"]: layer for layer in found["layers"]}
    rows = {(row["layer"], row["kind"]): row["count"] for row in found["ledger"]}
    assert layers["out"]["messages"] * found["samples"] == pytest.approx(rows["out", "message"])
    hops = rows["out", "hop_x"] + rows["out", "hop_y"]
    assert layers["out"]["hops"] * found["samples"] == pytest.approx(hops)


def test_a_profile_without_time_says_null_and_not_zero(profile):
    found = json.loads(profile("--hw", "cpu-45nm", "--json")[1])
    assert found["step_time_s"] is None
    assert found["power_w"] == {}
    assert "static_power" in found["unpriced"]
    alone = profile("--hw", "cpu-45nm")[1]
    assert "not published" in alone


def test_several_reports_are_a_list_of_what_each_is_alone(profile):
    hardware, nets = ("loihi2", "loihi1"), ("small.net", "masked.net")
    found = json.loads(profile("--hw", ",".join(hardware), "--json", nets=nets)[1])
    assert list(found) == ["reports"]
    alone = [json.loads(profile("--hw", chip, "--json", nets=(net,))[1]) for net in nets for chip in hardware]
    assert found["reports"] == alone


def test_several_are_shown_side_by_side(profile):
    code, out, _ = profile("--hw", "loihi2,cpu-45nm", "--constants", nets=("small.net", "masked.net"))
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    firsts = [words[0] for words in lines if words and words[0] in ("small", "masked", "loihi2", "cpu-45nm")]
    assert firsts[:6] == ["small", "loihi2", "cpu-45nm", "masked", "loihi2", "cpu-45nm"]
    assert out.count("Constants of profile") == 2
    assert max(map(len, out.splitlines())) <= 100


def test_files_of_one_name_are_called_by_their_path(profile, files):
    (files / "other").mkdir()
    (files / "other" / "small.net").write_bytes((files / "small.net").read_bytes())
    squeezed = "".join(profile(nets=("small.net", "other/small.net"))[1].split())
    table = squeezed.partition("Cores")[2]
    assert "othe" in table
    found = json.loads(profile("--json", nets=("small.net", "other/small.net"))[1])
    assert [each["file"] for each in found["reports"]] == [
        str(files / "small.net"),
        str(files / "other" / "small.net"),
    ]


def test_constants_are_shown_on_demand(profile):
    assert "Constants of profile" not in profile()[1]
    assert "Constants of profile loihi2" in profile("--constants")[1]


def test_the_csv_has_every_row_of_every_report(profile, files):
    nets = ("small.net", "masked.net")
    out = profile("--hw", "loihi2,loihi1", "--csv", files / "rows.csv", "--json", nets=nets)[1]
    with (files / "rows.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for report in json.loads(out)["reports"]:
        mine = [row for row in rows if (row["file"], row["profile"]) == (report["file"], report["hardware"])]
        assert [row["kind"] for row in mine] == [row["kind"] for row in report["ledger"]]
        total = math.fsum(float(row["energy_j"]) for row in mine) / report["samples"]
        assert total == pytest.approx(report["energy_per_inference_j"]["value"])


def test_the_trace_draws_the_samples_asked_for(profile, files):
    assert profile("--trace", files / "trace.json", nets=("masked.net",))[0] == 0
    events = json.loads((files / "trace.json").read_text())["traceEvents"]
    assert {event["pid"] for event in events} == {1, 2, 3, 4}
    titles = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert titles[0].startswith("masked on loihi2: sample 0, decided ")
    assert any(event["name"].startswith("masked for out") for event in events)
    profile("--trace", files / "trace.json", "--trace-samples", "1")
    assert {event["pid"] for event in json.loads((files / "trace.json").read_text())["traceEvents"]} == {1}


def test_masked_frames_stand_at_the_step_in_which_the_sender_would_send():
    """In every run the masked sender sends nothing in that step, and what is skipped takes no step."""
    network = masked_network()
    found = masked_frames(network)
    skipped = [(each.step, each.frame) for each in found if each.receiver == "hidden"]
    assert skipped == [(1, 1), (4, 5), (7, 9), (10, 13)]
    assert {each.sender for each in found} == {INPUT, "hidden"}
    muted = [each for each in found if each.receiver == "out"]
    assert [(each.step, each.frame) for each in muted[:3]] == [(2, 2), (3, 3), (5, 6)]
    frames = np.random.default_rng(0).random((5, 8, 1, 1, 15)) < 0.5
    sent = simulation_run(network, frames).messages[:, 0].sum(axis=0)
    assert not sent[[each.step for each in muted]].any()
    assert sent.any()


def test_neurobench_metrics_are_written(profile, files):
    assert profile("--neurobench", files / "nb.json")[0] == 0
    assert json.loads((files / "nb.json").read_text())["samples"] == 6


def test_this_machine_is_measured(profile, files, monkeypatch):
    quick = functools.partial(measure_host, least_s=0.0, powercap=files / "none")
    monkeypatch.setattr(profile_host, "measure_host", quick)
    code, out, _ = profile("--hw", "loihi2,measured-host", "--json")
    assert code == 0
    found = json.loads(out)
    assert [each["hardware"] for each in found["reports"]] == ["loihi2"]
    (host,) = found["measured_host"]
    assert host["time_s"]["mean"]["value"] > 0
    assert host["samples"] == 6
    assert host["energy_j"] is None
    assert host["reason"]
    shown = profile("--hw", "measured-host")[1]
    assert "measured-host" in shown
    assert "loihi2" not in shown
    assert profile("--hw", "measured-host", "--json")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hw", "loihi3"], "unknown hardware profile 'loihi3'"),
        (["--hw", "loihi2,loihi3"], "unknown hardware profile 'loihi3'"),
        (["--hw", ","], "--hw names no profile"),
        (["--csv", "absent/rows.csv"], "no folder absent"),
        (["--trace", "absent/trace.json"], "no folder absent"),
        (["--neurobench", "absent/nb.json"], "no folder absent"),
        (["--csv", "."], "no place for a file"),
        (["--csv", "a", "--trace", "a"], "is what --csv writes"),
        (["--trace-samples", "2"], "does nothing without --trace"),
        (["--trace", "t.json", "--trace-samples", "0"], "at least 1"),
        (["--constants", "--json"], "does nothing with --json"),
        (["--hw", "loihi2,loihi1", "--measured", "r.json"], "give one file and one profile"),
        (["--hw", "loihi2,measured-host", "--measured", "r.json"], "give one file and one profile"),
        (["--hw", "loihi2,loihi1", "--neurobench", "n.json"], "give one file and one profile"),
        (["--hw", "measured-host", "--csv", "a"], "does nothing with measured-host alone"),
        (["--hw", "xylo"], "no slices of time"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(profile, tmp_path, monkeypatch, arguments, said):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr("evsnn_lava.cli.profile.run_file", None)
    code, out, err = profile(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert not list((tmp_path / "work").iterdir())


def test_files_are_neither_given_twice_nor_overwritten(profile, files):
    assert "given twice" in profile(nets=("small.net", "../" + files.name + "/small.net"))[2]
    before = (files / "small.net").read_bytes()
    assert "is read, too" in profile("--csv", files / "small.net")[2]
    assert (files / "small.net").read_bytes() == before


def test_readings_of_one_chip_do_not_stand_beside_two_files(profile, files):
    code, _, err = profile("--measured", files / "readings.json", nets=("small.net", "masked.net"))
    assert code == 2
    assert "give one file and one profile" in err


def test_a_network_that_does_not_run_on_a_chip_is_named_beside_its_price(files, evsnn):
    """Loihi 1 has no graded messages."""
    rng, recipe = np.random.default_rng(0), InputRecipe.frames((8, 1, 1), steps=15, message_bits=5)
    layer = Layer("out", DenseSynapse(2 * rng.integers(-20, 30, (3, 8))), CubaNeuron(30, 1023, 122), (3,))
    masks, cutoff = FrameMasks.all_kept(15, 1), CutoffPolicy.never(15)
    write_net(Network("graded", (layer,), recipe, masks, cutoff, ("a", "b", "c")), files / "graded.net")
    np.savez(files / "graded.npz", frames=rng.integers(0, 16, (6, 8, 15)), labels=rng.integers(0, 3, 6))

    def said(name, *chips):
        code, _, err = evsnn("profile", files / f"{name}.net", "--data", files / f"{name}.npz", "--hw", ",".join(chips))
        assert code == 0
        return [line for line in err.splitlines() if "does not run on" in line]

    (files / "test.npz").rename(files / "small.npz")
    assert said("small", "loihi1", "loihi2") == said("graded", "loihi2") == []
    assert said("graded", "loihi1", "loihi2") == [
        "graded does not run on Loihi 1 as it is, and this is what it would cost: "
        "`evsnn check` finds errors (message_bits)"
    ]
