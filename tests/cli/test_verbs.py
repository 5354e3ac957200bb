"""Every verb on a tiny run, from the configuration to the cost of an inference."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evsnn_lava.cli import main
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.simulation import run

pytestmark = pytest.mark.torch


def as_json(answer):
    code, out, _ = answer
    assert code == 0
    return json.loads(out)


def test_train_names_the_models_it_wrote(config, evsnn, tmp_path):
    text = config.read_text(encoding="utf-8").partition("[masks]")[0].replace("epochs = 8", "epochs = 1")
    short = tmp_path / "short.toml"
    short.write_text(text, encoding="utf-8")
    code, out, err = evsnn("train", "--config", short, "-o", tmp_path / "run")
    assert code == 0
    assert " ".join(out.split()).replace(" ", "") == f"wrote{tmp_path}/run/plain.pt"
    assert "plain: 1 epochs" in err
    assert "validation accuracy" in err


def test_a_run_goes_to_its_own_folder_by_default(config, evsnn, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = config.read_text(encoding="utf-8").partition("[masks]")[0].replace("epochs = 8", "epochs = 1")
    (tmp_path / "short.toml").write_text(text, encoding="utf-8")
    assert evsnn("train", "--config", "short.toml", "--quiet")[0] == 0
    assert (tmp_path / "runs" / "bars" / "plain.pt").is_file()


def test_calibrate_says_how_each_variant_does(trained, evsnn):
    code, out, err = evsnn("calibrate", trained)
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert [row[0] for row in rows] == ["variant", "plain", "masked"]
    assert rows[2][1:4] == ["4", "of", "6"]
    assert "calibrating on 30 held-out samples" in err


def test_export_describes_the_file(trained, evsnn, tmp_path):
    path = tmp_path / "a.net"
    code, out, _ = evsnn("export", trained, "-o", path)
    assert code == 0
    said = " ".join(out.split())
    assert "2 layers, 4 of 6 frames sent, cutoff topk_gap, 3 golden samples" in said
    assert f"{path.stat().st_size} bytes" in said


def test_same_run_gives_the_same_bytes(trained, net, tmp_path, evsnn):
    assert evsnn("export", trained, "-o", tmp_path / "again.net")[0] == 0
    assert (tmp_path / "again.net").read_bytes() == net.read_bytes()


def test_export_of_the_plain_variant_without_cutoff_and_golden_samples(trained, evsnn, tmp_path):
    path = tmp_path / "plain.net"
    assert evsnn("export", trained, "--variant", "plain", "--no-cutoff", "--golden", 0, "-o", path)[0] == 0
    network = read_net(path)
    assert network.masks.stream_steps == 6
    assert network.golden is None
    assert run(network, np.zeros((1, 2, 8, 8, 6), dtype=bool)).exit_step.tolist() == [6]


def test_export_with_the_cutoff_on_chip_from_a_run_and_from_a_file(trained, net, evsnn, tmp_path):
    """The decisions are those of the host, two steps later; the same bytes both ways."""
    paths = tmp_path / "run.net", tmp_path / "file.net"
    code, out, _ = evsnn("export", trained, "--cutoff", "on-chip", "-o", paths[0])
    assert code == 0
    said = " ".join(out.split())
    assert "cutoff on chip: 6 comparators" in said
    assert "2 more steps of delay" in said
    assert "4 layers, 4 of 6 frames sent, cutoff on_chip, 3 golden samples" in said
    assert evsnn("export", net, "--cutoff", "on-chip", "-o", paths[1])[0] == 0
    assert paths[0].read_bytes() == paths[1].read_bytes()
    answers = []
    for path in (net, paths[0]):
        rows = tmp_path / f"{path.stem}.npz"
        assert evsnn("run", path, "-o", rows)[0] == 0
        with np.load(rows) as found:
            answers.append({key: found[key].tolist() for key in ("exit_step", "decision", "steps")})
    host, chip = answers
    assert chip == {**host, "steps": [steps + 2 for steps in host["steps"]]}


def test_export_of_a_file_without_its_cutoff(net, evsnn, tmp_path):
    path = tmp_path / "none.net"
    assert evsnn("export", net, "--cutoff", "none", "-o", path)[0] == 0
    before, after = read_net(net), read_net(path)
    assert (before.cutoff.kind, after.cutoff.kind) == ("topk_gap", "never")
    assert after.golden.frames.tolist() == before.golden.frames.tolist()
    assert after.golden.exit_step.tolist() == [4, 4, 4]


def test_a_cutoff_on_chip_does_not_go_away(net, evsnn, tmp_path):
    chip = tmp_path / "chip.net"
    assert evsnn("export", net, "--cutoff", "on-chip", "-o", chip)[0] == 0
    for arguments in (("export", chip, "-o", tmp_path / "b.net"), ("run", chip, "--no-cutoff")):
        code, _, err = evsnn(*arguments)
        assert code == 2
        assert "layers" in err
    assert not (tmp_path / "b.net").exists()
    code, _, err = evsnn("export", net, "--variant", "plain", "-o", tmp_path / "b.net")
    assert (code, "holds one network; leave it out" in err) == (2, True)


def test_inspect(net, evsnn):
    code, out, err = evsnn("inspect", net)
    assert (code, err) == (0, "")
    assert all(len(line) <= 100 for line in out.splitlines())
    summary = as_json(evsnn("inspect", net, "--json"))
    assert summary["name"] == "bars"
    assert [layer["name"] for layer in summary["layers"]] == ["conv1", "dense2"]


def test_verify_finds_every_back_end_equal(net, evsnn):
    code, out, _ = evsnn("verify", net, "--backends", "slayer,reference")
    assert code == 0
    assert out.count("the same") == 2
    found = as_json(evsnn("verify", net, "--backends", "slayer,reference", "--json"))
    assert all(agreement["difference"] is None for agreement in found.values())


@pytest.mark.lava
def test_verify_in_lava(net, evsnn):
    code, out, err = evsnn("verify", net, "--backends", "lava")
    assert code == 0, err
    assert "the same, exit steps and decisions too" in " ".join(out.split())


def test_run_on_the_engine(net, evsnn):
    facts = as_json(evsnn("run", net, "--json"))
    assert (facts["network"], facts["backend"], facts["samples"]) == ("bars", "engine", 15)
    assert facts["accuracy"] >= 0.8
    assert 1 <= facts["exit_step_mean"] <= facts["frames_sent_at_most"] == 4
    assert facts["steps_executed"] == pytest.approx(15 * (facts["exit_step_mean"] + facts["pipeline_depth_steps"]))
    code, out, _ = evsnn("run", net)
    assert code == 0
    assert f"{100 * facts['accuracy']:.1f} %" in out


def test_run_on_the_reference_says_the_same(net, evsnn):
    facts = [as_json(evsnn("run", net, "--backend", name, "--json")) for name in ("engine", "reference")]
    assert [fact.pop("backend") for fact in facts] == ["engine", "reference"]
    assert min(fact.pop("wall_time_s") for fact in facts) > 0
    assert facts[0] == facts[1]


def test_run_without_cutoff_takes_every_step(net, evsnn):
    facts = as_json(evsnn("run", net, "--no-cutoff", "--json"))
    assert facts["exit_step_mean"] == facts["exit_step_p95"] == 4


def test_limit_split_and_other_data(net, data, evsnn):
    assert as_json(evsnn("run", net, "--limit", 4, "--json"))["samples"] == 4
    assert as_json(evsnn("run", net, "--split", "validation", "--json"))["samples"] == 30
    assert as_json(evsnn("run", net, "--data", data, "--json"))["samples"] == 15


def test_rows_of_a_run_are_written(net, evsnn, tmp_path):
    assert evsnn("run", net, "-o", tmp_path / "rows.npz")[0] == 0
    with np.load(tmp_path / "rows.npz") as rows:
        assert rows["sample_id"].tolist() == list(range(15))
        assert rows["label"].tolist() == [index % 3 for index in range(15)]
        assert rows["scores"].shape == (15, 3)
        assert rows["decision"].tolist() == rows["scores"].argmax(1).tolist()
        assert (rows["decision"] == rows["label"]).mean() >= 0.8


@pytest.mark.lava
def test_run_in_lava_gives_what_the_reference_gives(net, evsnn):
    facts = [as_json(evsnn("run", net, "--limit", 5, "--backend", name, "--json")) for name in ("lava", "reference")]
    assert facts[0].pop("backend") == "lava"
    facts[1].pop("backend")
    for fact in facts:
        fact.pop("wall_time_s")
    assert facts[0] == facts[1]


@pytest.mark.parametrize("hardware", ["loihi1", "loihi2"])
def test_profile(net, evsnn, hardware):
    facts = as_json(evsnn("profile", net, "--hw", hardware, "--json"))
    assert (facts["network"], facts["hardware"], facts["samples"]) == ("bars", hardware, 15)
    assert facts["ledger"]
    code, out, _ = evsnn("profile", net, "--hw", hardware)
    assert code == 0
    assert "conv1" in out
    assert all(len(line) <= 100 for line in out.splitlines())


def test_a_profile_on_the_engine_is_that_on_the_reference(net, evsnn):
    facts = [as_json(evsnn("profile", net, "--backend", name, "--json")) for name in ("engine", "reference")]
    assert [fact.pop("backend") for fact in facts] == ["engine", "reference"]
    assert facts[0] == facts[1]
    assert as_json(evsnn("profile", net, "--json"))["backend"] == "engine"


def test_doctor(evsnn):
    found = as_json(evsnn("doctor", "--json"))
    assert {"back-end reference"} <= {finding["name"] for finding in found}
    assert evsnn("doctor")[0] == 0


def test_quiet_says_only_the_result(net, capsys):
    assert main(["run", str(net), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "accuracy" in captured.out


def test_export_of_a_file_refuses_what_it_cannot_do(evsnn, net, tmp_path):
    before = net.read_bytes()
    for arguments, words in (
        (("-o", net), "is the file that is read"),
        (("-o", tmp_path / "a.net", "--golden", 7), "keeps the samples that it has"),
        (("-o", tmp_path / "a.net", "--variant", "plain"), "holds one network"),
    ):
        code, out, err = evsnn("export", net, "--cutoff", "on-chip", *arguments)
        assert (code, out) == (2, "")
        assert words in err
    assert net.read_bytes() == before
    assert not (tmp_path / "a.net").exists()
