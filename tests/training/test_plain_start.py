"""Masked stages begin from a plain network that exists, and give what the whole run would have given."""

from __future__ import annotations

import json

import pytest

from evsnn_lava.data import load, write_events
from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.training.artefact import load_model
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.trainer import train

pytestmark = pytest.mark.torch

SHORT = {"soft_epochs": 2, "hard_epochs": 2, "keep": [0.5]}


def config(settings, **masks):
    short = {**settings, "train": {**settings["train"], "epochs": 3}, "masks": {**SHORT, **masks}}
    return RunConfig.model_validate(short)


def same_weights(one, other):
    first, second = (load_model(path).network.state_dict() for path in (one, other))
    return all((first[name] == second[name]).all() for name in first)


@pytest.fixture(scope="module")
def whole(bars_settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    train(config(bars_settings), folder)
    return folder


def test_it_gives_the_same_masked_network_and_trains_no_plain_one(whole, bars_settings, tmp_path):
    reports = []
    paths = train(config(bars_settings), tmp_path / "run", reports.append, plain=whole / "plain.pt")
    assert {report.stage for report in reports} == {"soft", "hard"}
    assert paths[0].read_bytes() == (whole / "plain.pt").read_bytes()
    assert (tmp_path / "run" / "masks.json").read_text() == (whole / "masks.json").read_text()
    assert same_weights(paths[1], whole / "masked.pt")


def test_it_is_found_again_on_resuming_and_survives_its_own_folder(whole, bars_settings, tmp_path):
    train(config(bars_settings, method="first"), tmp_path / "run", plain=whole / "plain.pt")
    reports = []
    train(config(bars_settings, method="first"), tmp_path / "run", reports.append, resume=True)
    assert reports == []
    own = tmp_path / "run" / "plain.pt"
    train(config(bars_settings, method="uniform"), tmp_path / "run", plain=own)
    assert own.read_bytes() == (whole / "plain.pt").read_bytes()


METHODS = {"uniform": [0, 1, 0, 1, 0, 1], "first": [1, 1, 1, 0, 0, 0]}


@pytest.mark.parametrize("method", METHODS)
def test_controls_have_no_soft_stage_and_their_own_masks(method, whole, bars_settings, tmp_path):
    reports = []
    train(config(bars_settings, method=method), tmp_path / "run", reports.append, plain=whole / "plain.pt")
    assert {report.stage for report in reports} == {"hard"}
    assert load_model(tmp_path / "run" / "masked.pt").keep.astype(int).tolist() == [METHODS[method]] * 2
    assert json.loads((tmp_path / "run" / "masks.json").read_text()) == {
        "method": method, "keep": [METHODS[method]] * 2
    }  # fmt: skip


def test_the_busiest_frames_make_a_network_of_fewer_frames_whose_recipe_names_no_data_set(
    whole, bars_settings, tmp_path
):
    train(config(bars_settings, method="energy"), tmp_path / "run", plain=whole / "plain.pt")
    model = load_model(tmp_path / "run" / "masked.pt")
    assert model.keep.shape == (2, 3)
    assert model.keep.all()
    assert model.recipe.steps == 3
    with pytest.raises(ConfigError):
        load(model.recipe.dataset)


def test_what_does_not_belong_to_the_configuration_is_refused(whole, bars_settings, tmp_path):
    plain, folder = whole / "plain.pt", tmp_path / "run"
    for table, values in (("network", {"layers": []}), ("data", {**bars_settings["data"], "event_drop": 0.2})):
        with pytest.raises(ConfigError, match=rf"was trained with another \[{table}\] table"):
            train(config({**bars_settings, table: values}), folder, plain=plain)
    with pytest.raises(ConfigError, match=r"has no \[masks\] table"):
        train(config(bars_settings).model_copy(update={"masks": None}), folder, plain=plain)
    with pytest.raises(ConfigError, match="is the masked variant"):
        train(config(bars_settings), folder, plain=whole / "masked.pt")
    with pytest.raises(ConfigError, match="no trained model"):
        train(config(bars_settings), folder, plain=tmp_path / "plain.pt")
    (tmp_path / "broken.pt").write_text("x")
    with pytest.raises(FormatError, match="is not a trained model"):
        train(config(bars_settings), folder, plain=tmp_path / "broken.pt")
    assert not folder.exists()


def test_other_recordings_under_the_same_name_are_refused(bars, bars_settings, tmp_path):
    data = tmp_path / "bars"
    for split in ("train", "validation"):
        write_events(load(str(bars), split), data / f"bars_{split}.npz", False)
    settings = {**bars_settings, "data": {**bars_settings["data"], "dataset": str(data)}}
    train(config(settings).model_copy(update={"masks": None}), tmp_path / "plain")
    events = load(str(bars), "train")
    (data / "bars_train.npz").unlink()
    write_events(events.select(range(len(events) - 3)), data / "bars_train.npz", False)
    with pytest.raises(ConfigError, match="was trained on other recordings: train_"):
        train(config(settings), tmp_path / "run", plain=tmp_path / "plain" / "plain.pt")
