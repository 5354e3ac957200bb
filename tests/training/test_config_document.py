"""docs/config.md names every key of the configuration with its true default, and no other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from evsnn_lava.training import config

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "config.md").read_text(encoding="utf-8")
TABLES = {
    "Top level": [config.RunConfig],
    "[data]": [config.DataConfig],
    "[[network.layers]]": [config.ConvConfig, config.DenseConfig, config.RecurrentConfig],
    "[network]": [config.NetworkConfig, config.NeuronConfig],
    "[train]": [config.TrainConfig],
    "[hoyer]": [config.HoyerConfig],
    "[hoyer_init]": [config.HoyerInitConfig],
    "[masks]": [config.MasksConfig],
    "[cutoff]": [config.CutoffConfig],
}
WORDS = ("required", "the data set's", "none")
SUB_TABLES = {"data", "network", "train", "hoyer", "hoyer_init", "masks", "cutoff", "layers", "neuron"}


def documented(title: str) -> dict[str, str]:
    section = next(part for part in DOCUMENT.split("\n## ")[1:] if part.replace("`", "").startswith(title))
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.M))


def default(name, field) -> str:
    if field.default is PydanticUndefined:
        return "required"
    absent = "the data set's" if name in ("steps", "dt_us") else "none"
    return absent if field.default is None else json.dumps(field.default)


@pytest.mark.parametrize("title", TABLES)
def test_keys_and_defaults(title):
    fields = {name: f for model in TABLES[title] for name, f in model.model_fields.items() if name not in SUB_TABLES}
    rows = {name: value.replace("`", "").strip() for name, value in documented(title).items()}
    assert {name: value if value in WORDS else str(json.loads(value)) for name, value in rows.items()} == {
        name: value if value in WORDS else str(json.loads(value))
        for name, value in ((name, default(name, field)) for name, field in fields.items())
    }
