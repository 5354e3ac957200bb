"""A configuration is checked to the last key, and what is wrong is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from evsnn_lava.errors import ConfigError
from evsnn_lava.training.config import (
    ConvConfig,
    CutoffConfig,
    DataConfig,
    DenseConfig,
    MasksConfig,
    NetworkConfig,
    NeuronConfig,
    RunConfig,
    TrainConfig,
    read_config,
)

TABLES = {
    "": RunConfig,
    "data": DataConfig,
    "network": NetworkConfig,
    "network.neuron": NeuronConfig,
    "train": TrainConfig,
    "masks": MasksConfig,
    "cutoff": CutoffConfig,
}
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LAYERS = {"conv": ("channels = 4", ConvConfig), "dense": ("units = 4", DenseConfig)}


def toml(key="", table=""):
    """A configuration of every table, with one line more in one of them."""
    tables = {"": 'name = "demo"', "data": 'dataset = "digits"', **dict.fromkeys(list(TABLES)[2:], "")}
    tables[table] += f"\n{key}"
    return "\n".join([tables.pop(""), *(f"[{name}]\n{lines}" for name, lines in tables.items())])


@pytest.fixture
def refused(tmp_path):
    """The message about a configuration that is wrong."""

    def read(text):
        path = tmp_path / "demo.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            read_config(path)
        message = str(caught.value)
        assert "\n" not in message
        assert message.startswith(f"{path}")
        return message

    return read


def test_a_right_configuration_is_read(tmp_path):
    path = tmp_path / "demo.toml"
    path.write_text(toml("epochs = 3", "train"), encoding="utf-8")
    config = read_config(path)
    assert (config.name, config.data.dataset, config.train.epochs) == ("demo", "digits", 3)
    with pytest.raises(ValidationError, match="frozen"):
        config.name = "other"


def test_examples_are_valid(root):
    paths = sorted(path for path in (root / "examples").glob("*.toml") if path.stem != "budget")  # for evsnn gate
    assert paths
    assert [read_config(path).name for path in paths] == [path.stem for path in paths]


@pytest.mark.parametrize("table", TABLES)
def test_an_unknown_key_is_named_with_the_valid_ones(table, refused):
    message = refused(toml("colour = 1", table))
    name = f"{table}.colour" if table else "colour"
    valid = ", ".join(sorted(TABLES[table].model_fields))
    assert message.endswith(f"unknown key {name!r}; valid keys there are: {valid}")


@pytest.mark.parametrize("kind", LAYERS)
def test_an_unknown_key_of_a_layer_is_named_with_the_valid_ones(kind, refused):
    line, model = LAYERS[kind]
    message = refused(f'{toml()}\n[[network.layers]]\ntype = "{kind}"\n{line}\ncolour = 1')
    assert "colour" in message
    assert message.endswith(f"valid keys there are: {', '.join(sorted(model.model_fields))}")


def test_an_unknown_table_is_named_with_the_valid_ones(refused):
    message = refused(f"{toml()}\n[optimiser]\nname = 1")
    assert "unknown key 'optimiser'" in message
    assert message.endswith("cutoff, data, hoyer, hoyer_init, masks, name, network, seed, train")


WRONG = {
    ("seed = -1", ""): "seed",
    ('seed = "one"', ""): "seed",
    ("steps = 0", "data"): "data.steps",
    ("dt_us = 0", "data"): "data.dt_us",
    ("shift_pixels = -1", "data"): "data.shift_pixels",
    ("event_drop = 1.5", "data"): "data.event_drop",
    ("output_weight_scale = 0", "network"): "network.output_weight_scale",
    ("threshold = 0.01", "network.neuron"): "network.neuron.threshold",
    ("threshold = 64", "network.neuron"): "network.neuron.threshold",
    ("current_decay = 1.1", "network.neuron"): "network.neuron.current_decay",
    ("voltage_decay = -0.1", "network.neuron"): "network.neuron.voltage_decay",
    ("tau_grad = 0", "network.neuron"): "network.neuron.tau_grad",
    ("epochs = 0", "train"): "train.epochs",
    ("epochs = 1.5", "train"): "train.epochs",
    ("batch_size = 0", "train"): "train.batch_size",
    ("learning_rate = 0", "train"): "train.learning_rate",
    ("learning_rate = nan", "train"): "train.learning_rate",
    ("learning_rate = inf", "train"): "train.learning_rate",
    ("weight_decay = inf", "train"): "train.weight_decay",
    ("anytime_weight = 2", "train"): "train.anytime_weight",
    ("patience = -1", "train"): "train.patience",
    ('accelerator = "tpu"', "train"): "train.accelerator",
    ("keep = []", "masks"): "masks.keep",
    ("keep = [-0.5]", "masks"): "masks.keep.0",
    ("keep = [0.5, 1.5]", "masks"): "masks.keep.1",
    ("keep = [0.5, 0.6]", "masks"): "masks.keep",
    ('semantics = "drop"', "masks"): "masks.semantics",
    ("tokens = 0", "masks"): "masks.tokens",
    ("soft_epochs = 0", "masks"): "masks.soft_epochs",
    ("rcs_weight = -1", "cutoff"): "cutoff.rcs_weight",
    ("rcs_tail = 0", "cutoff"): "cutoff.rcs_tail",
    ("epsilon = 1.2", "cutoff"): "cutoff.epsilon",
    ("min_support = 0", "cutoff"): "cutoff.min_support",
}


@pytest.mark.parametrize(("line", "table"), WRONG)
def test_a_wrong_value_is_named_and_shown(line, table, refused):
    message = refused(toml(line, table))
    assert f": {WRONG[line, table]}: " in message
    assert "found" in message
    assert message.endswith(("correct it", "correct it (and 1 more)"))  # a tuple may have a wrong item and be wrong


@pytest.mark.parametrize("name", ["", "../up", "a b", ".hidden", "-o"])
def test_a_name_must_do_as_the_name_of_a_folder(name, refused):
    assert ": name: " in refused(f'name = "{name}"\n[data]\ndataset = "digits"')


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ('[data]\ndataset = "digits"', "name"),
        ('name = "demo"', "data"),
        ('name = "demo"\n[data]', "data.dataset"),
        (f'{toml()}\n[[network.layers]]\ntype = "conv"', "channels"),
        (f"{toml()}\n[[network.layers]]\nunits = 4", "network.layers.0"),
        (f'{toml()}\n[[network.layers]]\ntype = "pool"', "network.layers.0"),
    ],
)
def test_a_missing_key_is_named(text, missing, refused):
    assert missing in refused(text)


def test_several_problems_are_counted(refused):
    assert refused(toml("steps = 0\ndt_us = 0", "data")).endswith("(and 1 more)")


@pytest.mark.parametrize("text", ["name = ", "[data", 'name = "a"\nname = "b"'])
def test_no_toml(text, refused):
    assert "is not valid TOML" in refused(text)


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "photo.toml"
    path.write_bytes(b"\xff\xd8\xff\xe0" * 20)
    with pytest.raises(ConfigError, match=r"photo\.toml is not valid TOML"):
        read_config(path)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError, match=r"cannot read configuration .*; give the path of a TOML file"):
            read_config(path)


@pytest.mark.parametrize("name", sorted({path.stem for path in EXAMPLES.glob("*.toml")} - {"budget"}))
def test_the_examples_are_configurations(name):
    assert read_config(EXAMPLES / f"{name}.toml").name == name
