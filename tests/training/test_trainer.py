"""Training end to end on a data set that is learned in seconds."""

from __future__ import annotations

import copy
import json
import re
import shutil
import signal
import subprocess

import numpy as np
import pytest

from evsnn_lava._torch import torch
from evsnn_lava.data import EventSet, Recording, load, write_events
from evsnn_lava.errors import ConfigError, FormatError, RunError
from evsnn_lava.training.artefact import load_model
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.trainer import read_frames, train

pytestmark = pytest.mark.torch

STAGES = [("plain", 8), ("soft", 3), ("hard", 4)]


def run(settings, folder, **options):
    """Train and give the reports of the epochs and the models."""
    reports = []
    paths = train(RunConfig.model_validate(settings), folder, reports.append, **options)
    return reports, [load_model(path) for path in paths]


def changed(settings, table, **values):
    settings = copy.deepcopy(settings)
    settings[table] = {**settings.get(table, {}), **values}
    return settings


def weights(model):
    return {name: value.numpy() for name, value in model.network.state_dict().items()}


@pytest.fixture(scope="module")
def trained(bars_settings, tmp_path_factory):
    """One whole run: settings, folder, reports, models."""
    folder = tmp_path_factory.mktemp("run") / "bars"
    return bars_settings, folder, *run(bars_settings, folder)


def test_every_stage_reports_every_epoch(trained):
    _, _, reports, _ = trained
    expected = [(stage, epoch, epochs) for stage, epochs in STAGES for epoch in range(1, epochs + 1)]
    assert [(report.stage, report.epoch, report.epochs) for report in reports] == expected
    assert all(np.isfinite(list(report.metrics.values())).all() for report in reports)


def test_it_learns(trained):
    _, _, reports, (plain, _) = trained
    accuracy = {report.stage: report.metrics["val_accuracy"] for report in reports}
    assert accuracy["plain"] >= 0.9
    assert accuracy["hard"] >= 0.9
    assert float(plain.facts["val_accuracy"]) == pytest.approx(accuracy["plain"], abs=1e-4)
    losses = [report.metrics["train_loss"] for report in reports if report.stage == "plain"]
    assert losses[-1] < losses[0]


def test_the_saved_network_is_as_right_as_was_reported(trained):
    settings, _, reports, (plain, _) = trained
    frames, labels = read_frames(RunConfig.model_validate(settings)).validation
    with torch.no_grad():
        out = plain.network(torch.from_numpy(frames).float())[-1][0]
    accuracy = (out.sum(-1).argmax(1).numpy() == labels).mean()
    reported = [report for report in reports if report.stage == "plain"][-1].metrics["val_accuracy"]
    assert accuracy == pytest.approx(reported, abs=1e-4)


def test_the_models_say_what_they_are(trained):
    settings, _, _, (plain, masked) = trained
    assert (plain.variant, masked.variant) == ("plain", "masked")
    assert plain.class_names == ("left", "middle", "right")
    assert plain.recipe.input_shape == (2, 8, 8)
    assert (plain.recipe.steps, plain.recipe.dt_us) == (6, 1000)
    assert plain.recipe.dataset == settings["data"]["dataset"]
    assert plain.keep.all()
    assert masked.keep.sum(1).tolist() == [4, 3]
    assert not (masked.keep[1] & ~masked.keep[0]).any()


def test_the_run_leaves_its_configuration_checkpoints_and_tensorboard_logs(trained):
    settings, folder, _, _ = trained
    assert RunConfig.model_validate_json((folder / "config.json").read_text()) == RunConfig.model_validate(settings)
    assert {path.name for path in folder.iterdir()} == {
        "config.json", "plain.pt", "masked.pt", "masks.json", "plain", "soft", "hard"
    }  # fmt: skip
    for stage, _ in STAGES:
        assert (folder / stage / "last.ckpt").is_file()
        (log,) = (folder / stage).glob("events.out.tfevents.*")
        assert log.stat().st_size > 0


@pytest.mark.slow
def test_same_seed_gives_the_same_weights_and_another_seed_others(settings, tmp_path):
    short = changed(changed(settings, "train", epochs=2), "masks", soft_epochs=1, hard_epochs=1)
    found = [weights(run({**short, "seed": seed}, tmp_path / str(i))[1][-1]) for i, seed in enumerate((1, 1, 2))]
    for name, values in found[0].items():
        np.testing.assert_array_equal(values, found[1][name])
    assert any((values != found[2][name]).any() for name, values in found[0].items())


def interrupted(settings, folder, stage, epoch):
    """Train until Ctrl-C at the end of an epoch."""

    def interrupt(report):
        if (report.stage, report.epoch) == (stage, epoch):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(RunConfig.model_validate(settings), folder, interrupt)


def assert_same_weights(model, expected):
    for name, values in weights(model).items():
        np.testing.assert_array_equal(values, weights(expected)[name])


@pytest.mark.parametrize(("stage", "epoch"), [("plain", 3), ("hard", 2)])
def test_an_interrupted_run_is_taken_up_where_it_was(stage, epoch, settings, trained, tmp_path):
    before = signal.getsignal(signal.SIGINT)
    interrupted(settings, tmp_path / "run", stage, epoch)
    assert signal.getsignal(signal.SIGINT) is before  # Lightning ignores Ctrl-C from the first one on
    assert not (tmp_path / "run" / "masked.pt").exists()
    resumed, models = run(settings, tmp_path / "run", resume=True)
    assert [model.variant for model in models] == ["plain", "masked"]
    for model, whole in zip(models, trained[-1], strict=True):  # as if nothing had happened
        assert_same_weights(model, whole)
    assert (resumed[-1].stage, resumed[-1].epoch) == ("hard", 4)
    seen = {(report.stage, report.epoch) for report in resumed}
    assert (stage, 1) not in seen  # what was done is not done again
    assert (stage, dict(STAGES)[stage]) in seen


def test_a_stage_after_one_that_was_complete_draws_what_it_would_have_drawn(settings, tmp_path):
    del settings["masks"]
    short = {**changed(settings, "train", epochs=2), "hoyer_init": {"epochs": 1}}
    _, (whole,) = run(short, tmp_path / "whole")
    interrupted(short, tmp_path / "run", "plain", 1)
    _, (resumed,) = run(short, tmp_path / "run", resume=True)
    assert_same_weights(resumed, whole)


def test_resuming_a_finished_run_trains_nothing_and_gives_the_same_models(trained):
    settings, folder, _, (plain, masked) = trained
    before, facts = (weights(plain), weights(masked)), [plain.facts, masked.facts]
    reports, models = run(settings, folder, resume=True)
    assert reports == []
    assert [model.facts for model in models] == facts
    for model, expected in zip(models, before, strict=True):
        for name, values in weights(model).items():
            np.testing.assert_array_equal(values, expected[name])


def test_a_run_of_before_a_key_was_new_is_taken_up(trained, tmp_path):
    settings, folder, _, _ = trained
    copied = shutil.copytree(folder, tmp_path / "run")
    begun = json.loads((copied / "config.json").read_text())
    del begun["masks"]["anytime_weight"]
    (copied / "config.json").write_text(json.dumps(begun))
    assert run(settings, copied, resume=True)[0] == []


def test_resuming_from_a_broken_checkpoint_is_refused(trained, tmp_path):
    settings, folder, _, _ = trained
    copied = shutil.copytree(folder, tmp_path / "run")
    checkpoint = copied / "plain" / "last.ckpt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(FormatError, match=r"last\.ckpt is broken; delete it"):
        run(settings, copied, resume=True)


def test_resuming_with_another_configuration_is_refused(trained):
    settings, folder, _, _ = trained
    with pytest.raises(ConfigError, match="begun with another configuration"):
        run({**settings, "seed": 5}, folder, resume=True)


def test_patience_ends_a_stage_early(settings, tmp_path):
    del settings["masks"]
    patient = changed(settings, "train", epochs=40, patience=1, learning_rate=1e-9)
    reports, (model,) = run(patient, tmp_path / "run")
    assert len(reports) < 10
    assert model.variant == "plain"
    more, (same,) = run(patient, tmp_path / "run", resume=True)
    assert more == []  # a stage that ended early is over
    assert same.facts == model.facts
    assert_same_weights(same, model)


def test_a_loss_that_is_no_number_ends_the_run(settings, tmp_path):
    del settings["masks"]
    reason = "(the loss is not a number|the weights are not finite numbers)"
    with pytest.raises(RunError, match=rf"stage plain: {reason} any more; lower train\.learning_rate"):
        run(changed(settings, "train", learning_rate=1e38, epochs=3), tmp_path / "run")
    assert not (tmp_path / "run" / "plain.pt").exists()


@pytest.mark.parametrize("keep", [[0.7, 0.6, 0.5], [0.9, 0.8, 0.7, 0.6]])
def test_masks_must_fit_the_layers(keep, settings, tmp_path):
    with pytest.raises(ConfigError, match=rf"masks\.keep has {len(keep)} shares, the network 2 layers"):
        run(changed(settings, "masks", keep=keep), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_layers_must_fit_the_frames(settings, tmp_path):
    settings["network"] = {"layers": [{"type": "conv", "channels": 2, "kernel": 9}]}
    with pytest.raises(ConfigError):
        run(settings, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_conv_block_cannot_follow_a_dense_one(settings, tmp_path):
    del settings["masks"]
    settings["network"] = {"layers": [{"type": "dense", "units": 4}, {"type": "conv", "channels": 2}]}
    with pytest.raises(ConfigError, match="put conv blocks first"):
        run(settings, tmp_path / "run")


def test_a_file_needs_steps_and_their_length(settings, tmp_path):
    for name in ("steps", "dt_us"):
        partial = copy.deepcopy(settings)
        del partial["data"][name]
        with pytest.raises(ConfigError, match=rf"data\.{name}"):
            run(partial, tmp_path / "run")


def test_data_sets_with_a_recipe_keep_it_unless_told_otherwise():
    config = {"name": "d", "data": {"dataset": "digits", "steps": 5}}
    recipe = read_frames(RunConfig.model_validate(config)).recipe
    assert (recipe.steps, recipe.dt_us, recipe.dataset) == (5, 10_000, "digits")
    assert recipe.sensor_height == load("digits").sensor[0]


def test_a_folder_that_cannot_be_made_is_refused(settings, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="cannot write "):
        run(settings, tmp_path / "file" / "run")


def test_resuming_from_a_damaged_checkpoint_is_refused(trained, tmp_path):
    settings, folder, _, _ = trained
    copied = shutil.copytree(folder, tmp_path / "run")
    checkpoint = copied / "plain" / "last.ckpt"
    content = bytearray(checkpoint.read_bytes())
    content[100:1500] = bytes(byte ^ 0x55 for byte in content[100:1500])
    checkpoint.write_bytes(content)
    with pytest.raises(FormatError, match=r"last\.ckpt is broken; delete it"):
        run(settings, copied, resume=True)


@pytest.mark.parametrize(
    ("label", "names", "words"), [(-1, ("a", "b"), "without a label"), (0, ("a",), "a decision needs at least 2")]
)
def test_data_that_cannot_be_trained_on_is_refused_first(label, names, words, settings, tmp_path):
    random = np.random.default_rng(0)
    recordings = [
        Recording(t_us=np.arange(9) * 500, label=label, sample_id=i, **dict.fromkeys("xyp", random.integers(0, 2, 9)))
        for i in range(40)
    ]
    write_events(EventSet.from_recordings(recordings, "few", (8, 8), names), tmp_path / "few.npz")
    with pytest.raises(ConfigError, match=words):
        run(changed(settings, "data", dataset=str(tmp_path / "few.npz")), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_commit_of_the_users_folder_is_written_down(tmp_path, monkeypatch):
    from evsnn_lava.training import trainer

    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert trainer._commit() == {}
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    assert re.fullmatch("[0-9a-f]{40}", trainer._commit()["git_commit"])
    monkeypatch.setenv("PATH", "")
    assert trainer._commit() == {}
