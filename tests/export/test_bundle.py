"""From the folder of a run to a finished network, with the calibration between."""

from __future__ import annotations

import json
import re
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from evsnn_lava.errors import CalibrationError, ConfigError, EvsnnError, FormatError
from evsnn_lava.export.calibration_file import FILE_NAME, read_calibration, trained_variants, write_calibration
from evsnn_lava.network import NEVER, InputRecipe
from evsnn_lava.simulation import record_golden, run

pytestmark = pytest.mark.torch

STEPS = 6
KEEP = np.array([[1, 1, 0, 1, 1, 1], [1, 1, 0, 1, 0, 1]], dtype=bool)


@pytest.fixture(scope="module")
def bundle():
    """The module under test, which needs torch."""
    from evsnn_lava.export import bundle

    return bundle


@pytest.fixture(scope="module")
def save():
    """Writes a model with random weights into a folder: `save(folder, variant, seed)`."""
    from evsnn_lava._torch import torch
    from evsnn_lava.training.artefact import TrainedModel, save_model
    from evsnn_lava.training.config import RunConfig
    from evsnn_lava.training.model import EventNetwork

    layers = [{"type": "conv", "channels": 3, "kernel": 3, "stride": 2}]
    content = {"name": "run", "data": {"dataset": "digits"}, "network": {"layers": layers}, "masks": {}}
    config, recipe = RunConfig.model_validate(content), InputRecipe(7, 6, STEPS, 1000)

    def save(folder, variant, seed=0, keep=KEEP):
        network = EventNetwork(config.network, recipe.input_shape, 3)
        rng = np.random.default_rng(seed)
        for block in network.blocks:
            weight = block.synapse.weight
            weight.data = torch.tensor(rng.normal(0.1, 0.5, weight.shape), dtype=torch.float32)
        keep = keep if variant == "masked" else np.ones_like(KEEP)
        model = TrainedModel(variant, config, recipe, ("a", "b", "c"), keep, network, {})
        save_model(model, folder / f"{variant}.pt")

    return save


@pytest.fixture
def folder(save, tmp_path):
    """A run with both variants."""
    for seed, variant in enumerate(["plain", "masked"]):
        save(tmp_path, variant, seed)
    return tmp_path


@pytest.fixture(scope="module")
def held_out(bundle, save, tmp_path_factory):
    """Frames, and labels that the masked model finds in three of four cases."""
    folder = tmp_path_factory.mktemp("run")
    save(folder, "masked", 1)
    frames = np.random.default_rng(1).random((40, 2, 7, 6, STEPS)) < 0.3
    labels = run(bundle.assemble(folder, None, False, None), frames).decision
    labels[::4] = (labels[::4] + 1) % 3
    return SimpleNamespace(frames=frames, labels=labels)


@pytest.fixture
def calibrated(bundle, folder, held_out):
    """The run after its calibration, and what was found."""
    found = {
        name: bundle.calibrate_variant(folder, name, held_out.frames, held_out.labels, 0.3, 5)
        for name in ("plain", "masked")
    }
    write_calibration(folder, found)
    return SimpleNamespace(folder=folder, found=found)


def test_calibration_says_how_it_does(bundle, calibrated, held_out):
    variant = calibrated.found["masked"]
    network = bundle.assemble(calibrated.folder, "masked", True, None)
    result = run(network, held_out.frames)
    assert variant.accuracy_full == pytest.approx(0.75)
    assert variant.accuracy_cutoff == result.accuracy(held_out.labels)
    assert variant.mean_exit_step == result.exit_step.mean() < KEEP[0].sum()
    assert variant.policy.calibration_samples == 40


def test_the_file_gives_every_policy_back(calibrated):
    for name, variant in calibrated.found.items():
        policy = read_calibration(calibrated.folder, name)
        assert policy.thresholds.tolist() == variant.policy.thresholds.tolist()
        for part in ("kind", "epsilon", "calibration_hash", "calibration_samples"):
            assert getattr(policy, part) == getattr(variant.policy, part)
    written = [path.name for path in calibrated.folder.iterdir()]
    assert sorted(written) == [FILE_NAME, "masked.pt", "plain.pt"]


def test_the_masked_variant_is_taken_if_there_is_one(bundle, folder):
    assert trained_variants(folder) == ["plain", "masked"]
    assert bundle.choose_variant(folder, None) == "masked"
    assert bundle.choose_variant(folder, "plain") == "plain"
    (folder / "masked.pt").unlink()
    assert bundle.choose_variant(folder, None) == "plain"


def test_the_network_has_the_masks_and_the_policy_of_its_variant(bundle, calibrated):
    masked = bundle.assemble(calibrated.folder, None, True, None)
    assert np.array_equal(np.stack(masked.masks.keep), KEEP)
    assert masked.cutoff.thresholds.tolist() == calibrated.found["masked"].policy.thresholds.tolist()
    assert masked.cutoff.thresholds.min() < NEVER
    plain = bundle.assemble(calibrated.folder, "plain", True, None)
    assert (plain.masks.stream_steps, plain.cutoff.steps) == (STEPS, STEPS)
    assert plain.provenance["model_sha256"] != masked.provenance["model_sha256"]


def test_without_cutoff_nothing_needs_to_be_calibrated(bundle, folder):
    network = bundle.assemble(folder, None, False, None)
    assert (network.cutoff.kind, network.golden) == ("never", None)


def test_golden_vectors_are_those_of_the_finished_network(bundle, calibrated, held_out):
    network = bundle.assemble(calibrated.folder, None, True, held_out.frames[:3])
    expected = record_golden(network, held_out.frames[:3])
    for name in ("frames", "spike_counts", "spike_hashes", "exit_step", "decision"):
        assert np.array_equal(getattr(network.golden, name), getattr(expected, name))
    assert network.golden.spike_counts.any()
    assert bundle.assemble(calibrated.folder, None, True, held_out.frames[:0]).golden is None


def test_the_same_run_gives_the_same_network_wherever_it_is_exported(bundle, folder, tmp_path_factory, monkeypatch):
    here = bundle.assemble(folder, None, False, None)
    project = tmp_path_factory.mktemp("project")
    monkeypatch.chdir(project)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    assert bundle.assemble(folder, None, False, None).provenance == here.provenance


def refused(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert isinstance(caught.value, EvsnnError)
    assert "\n" not in str(caught.value)


def test_a_run_that_is_not_calibrated_is_refused(bundle, folder):
    refused(
        lambda: bundle.assemble(folder, None, True, None),
        ConfigError,
        "is not calibrated; run `evsnn calibrate .*` or export --no-cutoff$",
    )


def test_a_run_of_one_frame_needs_no_calibration(bundle, save, tmp_path):
    save(tmp_path, "masked", keep=np.arange(STEPS)[None] == np.array([[2], [2]]))
    network = bundle.assemble(tmp_path, None, True, None)
    assert (network.cutoff.kind, network.cutoff.steps) == ("never", 1)


def test_a_model_that_was_trained_again_is_refused(bundle, calibrated, save):
    save(calibrated.folder, "masked", 77)
    refused(
        lambda: bundle.assemble(calibrated.folder, None, True, None),
        ConfigError,
        rf"{FILE_NAME} is not for the masked model of now; run `evsnn calibrate .*` again$",
    )
    assert bundle.assemble(calibrated.folder, "plain", True, None).cutoff.kind == "topk_gap"


def test_a_calibration_of_the_other_variant_is_refused(bundle, calibrated):
    write_calibration(calibrated.folder, {"plain": calibrated.found["plain"]})
    refused(lambda: bundle.assemble(calibrated.folder, "masked", True, None), ConfigError, "not for the masked model")


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "\x00\xff",
        lambda text: '{"variants": {"masked": 7}}',
        lambda text: text.replace('"kind"', '"knd"'),
        lambda text: text.replace('"variants"', '"version": 2, "variants"'),
        lambda text: text.replace('"topk_gap"', '"topk"'),
        lambda text: re.sub(r'"thresholds": \[[^\]]*\]', '"thresholds": []', text),
        lambda text: re.sub(r'"thresholds": \[[^\]]*\]', '"thresholds": [0.5]', text),
        lambda text: re.sub(r'"thresholds": \[[^\]]*\]', f'"thresholds": [{2**70}]', text),
    ],
)
def test_a_broken_file_is_refused(calibrated, broken):
    path = calibrated.folder / FILE_NAME
    path.write_text(broken(path.read_text()))
    words = rf"{FILE_NAME} is not a calibration; run `evsnn calibrate .*` again$"
    refused(lambda: read_calibration(calibrated.folder, "masked"), FormatError, words)


def test_thresholds_for_other_frames_are_refused(bundle, calibrated):
    path = calibrated.folder / FILE_NAME
    content = json.loads(path.read_text())
    content["variants"]["masked"]["thresholds"].append(1)
    path.write_text(json.dumps(content))
    refused(lambda: bundle.assemble(calibrated.folder, None, True, None), ConfigError, "the cutoff has 6 thresholds")


def test_a_folder_without_a_model_is_refused(bundle, tmp_path):
    words = "holds no trained model; run `evsnn train` first or give the folder of a run$"
    refused(lambda: bundle.choose_variant(tmp_path, None), ConfigError, words)


def test_an_unknown_variant_lists_the_trained_ones(bundle, folder):
    (folder / "masked.pt").unlink()
    words = r"^unknown variant of .* 'masked'; choose one of: plain$"
    refused(lambda: bundle.choose_variant(folder, "masked"), ConfigError, words)


def test_a_missing_folder_is_refused(bundle, folder, tmp_path):
    assert bundle.require_folder(folder) == folder
    words = "^no folder .*nowhere; give the folder that `evsnn train` wrote$"
    refused(lambda: bundle.require_folder(tmp_path / "nowhere"), ConfigError, words)
    refused(lambda: bundle.require_folder(folder / "plain.pt"), ConfigError, r"^no folder .*plain\.pt; give the folder")


def test_too_little_data_is_refused_and_nothing_is_written(bundle, folder, held_out):
    refused(
        lambda: bundle.calibrate_variant(folder, "plain", held_out.frames, held_out.labels, 0.01, 41),
        CalibrationError,
        "^calibration has 40 samples, min_support asks for 41",
    )
    assert not (folder / FILE_NAME).exists()


def test_an_unfinished_run_is_refused_unless_the_plain_network_is_asked_for(bundle, folder):
    (folder / "masked.pt").unlink()
    (folder / "config.json").write_text('{"masks": {"keep": [0.5]}}')
    refused(lambda: bundle.choose_variant(folder, None), ConfigError, "not finished")
    assert bundle.choose_variant(folder, "plain") == "plain"
    (folder / "config.json").write_text('{"masks": null}')
    assert bundle.choose_variant(folder, None) == "plain"
