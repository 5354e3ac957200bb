"""From a configuration to a deployed network: both stages, files, resume, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evsnn_lava._torch import torch
from evsnn_lava.cli import main
from evsnn_lava.data.images import load_images
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.frontend import compile_file
from evsnn_lava.simulation.engine import Engine
from evsnn_lava.training.artefact import load_model
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.hoyer.stages import FloatStage, mirrored
from evsnn_lava.training.trainer import train

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on the digits of scikit-learn."""
    folder = tmp_path_factory.mktemp("hoyer")
    layers = [{"type": "conv", "channels": 16, "kernel": 3, "stride": 2, "padding": 1}, {"type": "dense", "units": 64}]
    values = {
        "name": "digits-once",
        "data": {"dataset": "digit_images", "shift_pixels": 0},
        "network": {"layers": layers},
        "train": {"epochs": 8, "batch_size": 64, "learning_rate": 1e-2, "accelerator": "cpu"},
        "hoyer": {"integer_epochs": 2},
    }
    config, seen = RunConfig.model_validate(values), []
    (path,) = train(config, folder, seen.append)
    return config, folder, path, seen


def test_both_stages_learn_and_the_integers_are_deployed(trained, tmp_path):
    _, _, path, seen = trained
    assert [report.stage for report in seen] == ["float"] * 8 + ["integer"] * 2
    assert {"val_loss", "val_accuracy", "spikes_0", "spikes_1"} <= set(seen[-1].metrics)
    model, network = load_model(path), compile_file(path)
    assert {"float_accuracy", "folded_accuracy", "val_accuracy", "train_data_sha256"} <= set(model.facts)
    part = load_images("digit_images", "validation", tmp_path)
    frames = part.frames(network.recipe)
    scores = Engine(network).scores(frames)[:, -1]
    with torch.no_grad():
        assert np.array_equal(scores, model.network(torch.from_numpy(frames).float())[0].numpy())
    accuracy = (scores.argmax(axis=1) == part.labels).mean()
    assert accuracy > 0.9
    assert float(model.facts["val_accuracy"]) == pytest.approx(accuracy, abs=1e-4)


def test_a_finished_run_is_resumed_as_it_was(trained):
    config, folder, path, _ = trained
    before = compile_file(path)
    seen = []
    train(config, folder, seen.append, resume=True)
    after = compile_file(path)
    assert not seen
    for one, other in zip(before.layers, after.layers, strict=True):
        assert np.array_equal(one.synapse.weights, other.synapse.weights)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": {"dataset": "digits"}}, "digit_images"),
        ({"masks": {}}, "leave one out"),
        ({"network": {"head": "sums"}}, "always a sigma neuron"),
        ({"network": {"layers": []}}, "needs a hidden layer"),
    ],
)
def test_what_does_not_fit_is_refused(configure, tmp_path, changes, message):
    values = {**configure().model_dump(mode="json"), **changes}
    with pytest.raises(ConfigError, match=message):
        train(RunConfig.model_validate(values), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_plain_network_to_begin_with_is_refused(configure, tmp_path):
    with pytest.raises(ConfigError, match="leave it out"):
        train(configure(), tmp_path / "run", plain=tmp_path / "plain.pt")


def test_the_command_line_exports_and_runs_it(trained, tmp_path, capsys):
    _, folder, path, _ = trained
    net = str(tmp_path / "once.net")
    assert main(["export", str(folder), "--no-cutoff", "-o", net]) == 0
    assert main(["run", net, "--backend", "engine", "--json"]) == 0
    out = capsys.readouterr().out
    said = json.loads(out[out.index("{") :])
    network = compile_file(path)
    part = load_images("digit_images", "test", tmp_path)
    right = (Engine(network).scores(part.frames(network.recipe))[:, -1].argmax(axis=1) == part.labels).mean()
    assert right > 0.9
    assert said["accuracy"] == pytest.approx(right, abs=1e-4)
    assert said["exit_step_mean"] == 1


def test_the_loss_waits_for_the_warm_up(configure, network_of, monkeypatch):
    for weight, warm, epoch, counts in ((0.5, 2, 1, False), (0.5, 2, 2, True), (0.5, 0, 0, True), (0.0, 0, 5, False)):
        config = configure(loss_weight=weight, warmup_epochs=warm)
        stage = FloatStage(network_of(config, 1), config, config.hoyer, 15)
        monkeypatch.setattr(FloatStage, "current_epoch", epoch)
        stage.respond(torch.full((4, 1, 8, 8, 1), 9.0))
        expected = weight * float(stage.network.measure().detach()) if counts else 0.0
        assert float(torch.as_tensor(stage.extra_loss()).detach()) == pytest.approx(expected)
        assert (expected > 0) == counts


def test_about_half_of_the_pictures_are_mirrored():
    torch.manual_seed(1)
    frames = torch.arange(3.0).view(1, 1, 1, 3, 1).repeat(200, 1, 2, 1, 1)
    found = mirrored(frames)
    turned = found[:, 0, 0, 0, 0] == 2
    assert 60 < int(turned.sum()) < 140
    assert torch.equal(found[turned], frames[turned].flip(3))
    assert torch.equal(found[~turned], frames[~turned])
