"""Whatever a user gets wrong: one line of the right class, exit code 2, and nothing is written."""

from __future__ import annotations

import os
import shutil
import sys

import h5py
import numpy as np
import pytest

from evsnn_lava._torch import torch

pytestmark = pytest.mark.torch

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + b"\x08" * 64
READERS = ("inspect", "verify", "run", "profile")


@pytest.fixture
def own_net(net, tmp_path):
    """A copy of the file, to be damaged."""
    return shutil.copy(net, tmp_path / "own.net")


@pytest.fixture
def own_run(trained, tmp_path):
    """A copy of the trained run, to be damaged."""
    return shutil.copytree(trained, tmp_path / "run")


@pytest.fixture
def events(tmp_path):
    """Write a file of two recordings, with some arrays changed."""

    def write(**changes):
        count = 8
        arrays = {
            "t_us": np.tile(np.arange(count // 2) * 100, 2),
            "x": np.arange(count) % 8,
            "y": np.arange(count) % 8,
            "p": np.arange(count) % 2,
            "offset": np.array([0, 4, 8]),
            "label": np.array([0, 1]),
            "sample_id": np.array([0, 1]),
            "sensor": np.array([8, 8]),
            "class_names": np.array(["left", "middle", "right"]),
        }
        folder = tmp_path / "events"
        folder.mkdir(exist_ok=True)
        np.savez(folder / "own_test.npz", **{**arrays, **changes})
        return folder

    return write


@pytest.mark.parametrize("verb", READERS)
def test_a_missing_file(verb, refused, tmp_path):
    message = refused("ConfigError", verb, tmp_path / "none.net")
    assert message.endswith("none.net: No such file or directory; check the path")


@pytest.mark.parametrize("verb", READERS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_truncated_file(verb, share, refused, own_net):
    content = own_net.read_bytes()
    own_net.write_bytes(content[: int(share * len(content))])
    assert str(own_net) in refused("FormatError", verb, own_net)


@pytest.mark.parametrize("verb", READERS)
def test_a_jpeg_named_net(verb, refused, own_net):
    own_net.write_bytes(JPEG)
    assert refused("FormatError", verb, own_net).endswith(
        "it is not an HDF5 file; give a .net file that `evsnn export` wrote"
    )


def test_a_folder_instead_of_a_file(refused, tmp_path):
    refused("ConfigError", "inspect", tmp_path)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_of_a_file_that_are_no_numbers(bad, refused, own_net):
    with h5py.File(own_net, "r+") as file:
        weights = file["layer/1/weight"][()].astype(np.float32)
        weights.flat[0] = bad
        del file["layer/1/weight"]
        file["layer/1/weight"] = weights
    for verb in READERS:
        assert "layer/1/weight" in refused("FormatError", verb, own_net)


def test_a_changed_weight(refused, own_net):
    with h5py.File(own_net, "r+") as file:
        file["layer/1/weight"][0, 0, 0, 0] += 2
    assert str(own_net) in refused("FormatError", "inspect", own_net)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x": np.array([0, 1, 2, 3, 4, 9, 6, 7])}, "sample 1, event 1: x is 9, the range is 0..7"),
        ({"y": np.array([0, 1, -2, 3, 4, 5, 6, 7])}, "sample 0, event 2: y is -2, the range is 0..7"),
        ({"p": np.array([0, 1, 0, 1, 0, 1, 0, 2])}, "sample 1, event 3: p is 2, the range is 0..1"),
        ({"t_us": np.array([0, 5, 4, 6, 0, 1, 2, 3])}, "sample 0, event 2: t_us falls from 5 to 4; sort the events"),
        ({"t_us": np.array([-1, 5, 5, 6, 0, 1, 2, 3])}, "t_us is -1"),
        ({"offset": np.array([0, 8, 8])}, "sample 1: no events, at least 1 is needed; leave the sample out"),
        ({"label": np.array([0, 3])}, "sample 1: label is 3, there are 3 classes"),
        ({"x": np.array([0, 1, 2, 3, np.nan, 5, 6, 7])}, "x[4] is nan, it must be a whole number"),
        ({"x": np.zeros(7, int)}, "the event arrays differ in length"),
        ({"sensor": np.array([9, 8])}, None),
    ],
)
def test_events_that_cannot_be_true(changes, said, refused, net, events):
    error = "FormatError" if said else "ConfigError"
    message = refused(error, "run", net, "--data", events(**changes))
    assert (said or "the sensor is 9 x 8 (height x width), the input recipe is for 8 x 8") in message


def test_events_that_cannot_be_true_end_training_too(refused, config, events, tmp_path):
    folder = events(t_us=np.array([0, 5, 4, 6, 0, 1, 2, 3]))
    for split in ("train", "validation"):
        shutil.copy(folder / "own_test.npz", folder / f"own_{split}.npz")
    own = tmp_path / "own.toml"
    line = next(line for line in config.read_text(encoding="utf-8").splitlines() if line.startswith("dataset"))
    own.write_text(config.read_text(encoding="utf-8").replace(line, f'dataset = "{folder}"'), encoding="utf-8")
    assert "t_us falls from 5 to 4" in refused("FormatError", "train", "--config", own, "-o", tmp_path / "new")


def test_more_classes_than_the_network_has(refused, net, events):
    folder = events(label=np.array([0, 3]), class_names=np.array(list("abcd")))
    assert "label 3, the network 3 classes" in refused("ConfigError", "run", net, "--data", folder)


@pytest.mark.parametrize("name", ["photo.npz", "photo.npy"])
def test_events_that_are_a_jpeg(name, refused, net, tmp_path):
    (tmp_path / name).write_bytes(JPEG)
    assert "it is not a whole .npz or .npy file" in refused("FormatError", "run", net, "--data", tmp_path / name)


def test_an_unknown_data_set(refused, net):
    message = refused("ConfigError", "run", net, "--data", "imagenet")
    assert message.startswith(
        "ConfigError: unknown data set 'imagenet'; choose one of: braille, cifar10, cifar10_dvs, digit"
    )


@pytest.mark.parametrize("limit", [0, -3])
def test_a_limit_that_runs_nothing(limit, refused, net):
    assert f"--limit is {limit}, it must be at least 1" in refused("ConfigError", "run", net, "--limit", limit)


def test_an_unknown_key_in_the_toml(refused, config, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(config.read_text(encoding="utf-8") + "colour = 1\n", encoding="utf-8")
    message = refused("ConfigError", "train", "--config", path, "-o", tmp_path / "new")
    assert message.endswith(
        "unknown key 'cutoff.colour'; valid keys there are: delta, epsilon, min_support, monotone, policy, rcs_tail, "
        "rcs_weight"
    )


def test_a_missing_configuration(refused, tmp_path):
    refused("ConfigError", "train", "--config", tmp_path / "none.toml", "-o", tmp_path / "new")


def test_an_unknown_hardware_name(refused, net):
    message = refused("ConfigError", "profile", net, "--hw", "loihi9")
    assert "'loihi9'" in message
    assert "loihi1, loihi1:fitted, loihi2" in message


def test_an_unknown_back_end(refused, net):
    message = refused("ConfigError", "run", net, "--backend", "gpu")
    assert message == "ConfigError: unknown back-end 'gpu'; choose one of: engine, lava, loihi2, reference"
    assert "unknown back-end 'gpu'" in refused("ConfigError", "verify", net, "--backends", "reference,gpu")


def test_a_back_end_that_is_not_there(refused, net):
    message = refused("BackendUnavailableError", "run", net, "--backend", "loihi2", "--limit", 1)
    assert "lava-loihi" in message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--backend", "lava", "--threads", 2),
            "has no option threads, it knows model; leave it out or choose the back-end engine",
        ),
        (("--slots", 2, "--backend", "reference"), "back-end reference has no option slots, it knows none; leave it"),
        (
            ("--model", "fused"),
            "no option model, it knows threads, slots; leave it out or choose the back-end lava",
        ),
        (("--threads", 0), "threads"),
        (("--slots", -1), "slots"),
    ],
)
def test_what_a_back_end_cannot_be_told(arguments, said, refused, net):
    for verb in ("run", "profile"):
        assert said in refused("ConfigError", verb, net, *arguments)


def test_what_a_comparison_of_all_back_ends_does_not_do(refused, net, tmp_path):
    both = refused("ConfigError", "run", net, "--backend", "all", "--model", "fused")
    assert "--model fused does nothing with --backend all, which runs both; leave it out" in both
    rows = refused("ConfigError", "run", net, "--backend", "all", "-o", tmp_path / "rows.npz")
    assert "-o writes the rows of one back-end, --backend is all; name one or leave -o out" in rows
    assert "unknown back-end 'all'" in refused("ConfigError", "profile", net, "--backend", "all")


@pytest.mark.parametrize("name", ["rows", "rows.csv", "rows.npy"])
def test_results_of_another_format(name, refused, net, tmp_path):
    message = refused("ConfigError", "run", net, "-o", tmp_path / name)
    assert message.endswith(f"{name}: results go to .npz or .parquet files; choose one of these suffixes")


def test_results_in_a_folder_that_is_not_there(refused, net, tmp_path):
    assert f"no folder {tmp_path / 'none'}" in refused("ConfigError", "run", net, "-o", tmp_path / "none" / "a.npz")


def test_results_do_not_replace_what_is_run(refused, net, tmp_path):
    frames = tmp_path / "frames.npz"
    frames.write_bytes(b"mine")
    assert "it is the recordings to run" in refused("ConfigError", "run", net, "--data", frames, "-o", frames)
    assert frames.read_bytes() == b"mine"
    folder = tmp_path / "rows.npz"
    folder.mkdir()
    assert "it is a folder" in refused("ConfigError", "run", net, "-o", folder)


def test_parquet_without_pyarrow(refused, net, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    message = refused("BackendUnavailableError", "run", net, "-o", tmp_path / "rows.parquet")
    assert "pyarrow is not installed; run `pip install 'evsnn-lava[parquet]'`" in message


def test_a_run_that_is_not_calibrated(refused, own_run, tmp_path):
    (own_run / "calibration.json").unlink()
    message = refused("ConfigError", "export", own_run, "-o", tmp_path / "a.net")
    assert message.endswith(f"is not calibrated; run `evsnn calibrate {own_run}` or export --no-cutoff")


def test_a_calibration_of_another_model(refused, own_run, tmp_path):
    shutil.copy(own_run / "plain.pt", own_run / "masked.pt")
    refused("ConfigError", "export", own_run, "-o", tmp_path / "a.net")


def test_a_broken_calibration(refused, own_run, tmp_path):
    (own_run / "calibration.json").write_text("{", encoding="utf-8")
    refused("FormatError", "export", own_run, "-o", tmp_path / "a.net")


def test_a_folder_without_a_trained_model(refused, tmp_path):
    for verb in (("calibrate",), ("export", "-o", tmp_path / "a.net")):
        assert "run `evsnn train` first" in refused("ConfigError", verb[0], tmp_path, *verb[1:])
        refused("ConfigError", verb[0], tmp_path / "none", *verb[1:])


def test_an_unknown_variant(refused, trained, tmp_path):
    message = refused("ConfigError", "export", trained, "--variant", "best", "-o", tmp_path / "a.net")
    assert message.endswith("choose one of: masked, plain")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_trained_model_with_weights_that_are_no_numbers(bad, refused, own_run, tmp_path):
    path = own_run / "masked.pt"
    content = torch.load(path, weights_only=True)
    content["state"]["blocks.0.synapse.weight"].flatten()[0] = bad
    torch.save(content, path)
    for arguments in (("export", own_run, "--no-cutoff", "-o", tmp_path / "a.net"), ("calibrate", own_run)):
        message = refused("FormatError", *arguments, "--quiet")
        assert "blocks.0.synapse.weight has values that are not finite numbers; train again" in message


@pytest.mark.parametrize("damage", ["cut", "jpeg"])
def test_a_broken_trained_model(damage, refused, own_run, tmp_path):
    path = own_run / "masked.pt"
    path.write_bytes(JPEG if damage == "jpeg" else path.read_bytes()[:2000])
    message = refused("FormatError", "export", own_run, "-o", tmp_path / "a.net")
    assert message.endswith("train again")


@pytest.mark.parametrize(("option", "value"), [("--epsilon", 1.5), ("--epsilon", -0.1), ("--min-support", 0)])
def test_numbers_of_the_calibration_out_of_range(option, value, refused, trained):
    refused("ConfigError", "calibrate", trained, option, value)


def test_too_little_data_for_the_calibration(refused, trained):
    message = refused("CalibrationError", "calibrate", trained, "--min-support", 31, "--quiet")
    assert "calibration has 30 samples, min_support asks for 31" in message


def test_a_negative_number_of_golden_samples(refused, trained, tmp_path):
    refused("ConfigError", "export", trained, "--golden", -1, "-o", tmp_path / "a.net")


def test_an_output_below_a_file(refused, trained, config, net, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    path = tmp_path / "file" / "a"
    refused("ConfigError", "export", trained, "-o", path)
    refused("ConfigError", "train", "--config", config, "-o", path)


def test_an_output_that_is_a_folder(refused, trained, tmp_path):
    (tmp_path / "taken").mkdir()
    refused("ConfigError", "export", trained, "-o", tmp_path / "taken")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_in_a_folder_without_permission(refused, trained, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    refused("ConfigError", "export", trained, "-o", tmp_path / "locked" / "a.net")


def test_results_that_cannot_be_written_are_not_printed_as_if_they_were(evsnn, net, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    code, _, err = evsnn("run", net, "-o", tmp_path / "file" / "rows.npz", "--quiet")
    assert code == 2
    assert err.startswith("ConfigError: cannot write")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "x"
