"""The file of a trained model: the same network back, or one line that says why not."""

from __future__ import annotations

import json
import pickle
import zipfile

import numpy as np
import pytest

from evsnn_lava._torch import torch
from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.network import InputRecipe
from evsnn_lava.training.artefact import TrainedModel, load_model, save_model
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.model import EventNetwork

pytestmark = pytest.mark.torch

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + b"\x08" * 64


@pytest.fixture
def model():
    torch.manual_seed(1)
    layers = [{"type": "conv", "channels": 3, "stride": 2}, {"type": "dense", "units": 6}]
    config = RunConfig.model_validate({"name": "m", "data": {"dataset": "digits"}, "network": {"layers": layers}})
    recipe = InputRecipe(9, 8, steps=5, dt_us=100, crop=(1, 0, 7, 8), dataset="digits")
    network = EventNetwork(config.network, recipe.input_shape, 2)
    keep = np.array([[1, 1, 0, 1, 1]] * 2 + [[1, 0, 0, 1, 0]], dtype=bool)
    return TrainedModel("masked", config, recipe, ("a", "ß"), keep, network, {"seed": "1"})


@pytest.fixture
def path(model, tmp_path):
    save_model(model, tmp_path / "masked.pt")
    return tmp_path / "masked.pt"


def test_a_model_comes_back_as_it_was(model, path):
    found = load_model(path)
    for name in ("variant", "config", "recipe", "class_names", "facts", "semantics"):
        assert getattr(found, name) == getattr(model, name)
    np.testing.assert_array_equal(found.keep, model.keep)
    x = (torch.rand(2, *model.recipe.input_shape, 5) < 0.4).float()
    for one, other in zip(found.network(x), model.network.eval()(x), strict=True):
        assert torch.equal(one[1], other[1])


def test_only_the_file_is_left(path):
    assert [file.name for file in path.parent.iterdir()] == ["masked.pt"]


def test_missing_file(tmp_path):
    with pytest.raises(ConfigError, match=r"no trained model .*plain\.pt; run `evsnn train`"):
        load_model(tmp_path / "plain.pt")


def cut(content, path):
    path.write_bytes(content[: len(content) // 2])


def not_an_archive(content, path):
    path.write_bytes(JPEG)


def empty(content, path):
    path.write_bytes(b"")


def pickled(content, path):
    path.write_bytes(pickle.dumps({"meta": "{}"}))


def pickled_object(content, path):
    torch.save({"meta": EventNetwork, "keep": 1, "state": {}}, path)


def other_archive(content, path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("note.txt", "hello")


def a_list(content, path):
    torch.save([1, 2], path)


def changed(**parts):
    """Replace parts of the contents; a function changes the `meta`."""

    def write(content, path):
        stored = torch.load(path, weights_only=True)
        for name, part in parts.items():
            stored[name] = json.dumps(part(json.loads(stored["meta"]))) if callable(part) else part
        torch.save(stored, path)

    return write


def without(content, path):
    stored = torch.load(path, weights_only=True)
    del stored["state"]
    torch.save(stored, path)


def without_a_weight(content, path):
    stored = torch.load(path, weights_only=True)
    stored["state"].popitem()
    torch.save(stored, path)


DAMAGE = {
    "cut in half": cut,
    "a JPEG": not_an_archive,
    "empty": empty,
    "a pickle of something else": pickled,
    "a pickled class": pickled_object,
    "another archive": other_archive,
    "a list": a_list,
    "no weights": without,
    "a weight is missing": without_a_weight,
    "broken JSON": changed(meta="{"),
    "JSON of something else": changed(meta="[]"),
    "an unknown key": changed(meta=lambda meta: {**meta, "config": {**meta["config"], "colour": 1}}),
    "a wrong recipe": changed(meta=lambda meta: {**meta, "recipe": {**meta["recipe"], "steps": -1}}),
    "masks of another length": changed(keep=torch.ones(3, 4, dtype=torch.bool)),
    "masks of another depth": changed(keep=torch.ones(2, 5, dtype=torch.bool)),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_is_refused_in_one_line(name, path):
    DAMAGE[name](path.read_bytes(), path)
    with pytest.raises(FormatError) as caught:
        load_model(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    assert message.endswith("train again")


def test_weights_that_are_no_numbers_are_refused(path):
    stored = torch.load(path, weights_only=True)
    name = next(name for name in stored["state"] if name.endswith("weight"))
    stored["state"][name].flatten()[3] = float("nan")
    torch.save(stored, path)
    with pytest.raises(FormatError, match=rf"{name}.* not finite.*train again"):
        load_model(path)


def test_the_same_model_gives_the_same_bytes(model, tmp_path):
    for name in ("first", "second"):
        save_model(model, tmp_path / f"{name}.pt")
    assert (tmp_path / "first.pt").read_bytes() == (tmp_path / "second.pt").read_bytes()
