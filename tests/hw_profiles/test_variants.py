from __future__ import annotations

from importlib.resources import files

import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.hw_profiles import load_chip, load_hardware, load_profile
from evsnn_lava.hw_profiles.variants import changed

LOIHI1 = files("evsnn_lava.hw_profiles").joinpath("loihi1.toml").read_text()
SLOW = """
[variants.slow.time.barrier]
value = 9
unit = "ms"
source = "a stopwatch"
year = 2024
scope = "board"
status = "measured"

[variants.cold]
title = "Loihi 1, cold"

[variants.cold.unpriced]
static_power = "switched off"
"energy.hop_x" = "not looked at"
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(LOIHI1.replace('name = "loihi1"', 'name = "mine"') + SLOW)
    return path


def test_a_variant_of_a_file_is_named_behind_its_path(mine):
    base, slow = load_profile(mine), load_profile(f"{mine}:slow")
    assert (base.name, slow.name, slow.title) == ("mine", "mine:slow", base.title)
    assert (base.time.barrier.si, slow.time.barrier.si) == (465e-9, 9e-3)
    assert (slow.energy, slow.static_power, slow.unpriced) == (base.energy, base.static_power, base.unpriced)
    assert slow.time.synop == base.time.synop


def test_limits_belong_to_a_variant_too(mine):
    assert load_hardware(f"{mine}:slow").limits == load_chip(mine).limits == load_chip(f"{mine}:fitted").limits


def test_a_reason_takes_the_place_of_a_number(mine):
    cold = load_profile(f"{mine}:cold")
    assert (cold.static_power, cold.energy.hop_x) == (None, None)
    assert cold.unpriced["static_power"] == "switched off"
    assert set(cold.unpriced) == {*load_profile(mine).unpriced, "static_power", "energy.hop_x"}


def test_a_number_takes_the_place_of_a_reason():
    fitted = {"energy": {"io": {"value": 1}}}
    content = {"name": "a", "unpriced": {"energy.io": "why", "static_power": "why"}, "variants": {"b": fitted}}
    assert changed(content, "b", "a.toml") == {
        "name": "a:b",
        "unpriced": {"static_power": "why"},
        "energy": {"io": {"value": 1}},
    }


@pytest.mark.parametrize(
    ("variants", "complaint"),
    [
        ({"fast": {}, "hot": {}}, "unknown variant of a.toml 'slow'; choose one of: fast, hot"),
        ({}, "a.toml has no variants; leave :slow out, or add a table variants.slow"),
        (3, "a.toml has no variants; leave :slow out, or add a table variants.slow"),
        ({"slow": 3}, "a.toml: variants.slow is no table; write numbers below [variants.slow]"),
    ],
)
def test_what_is_no_variant(variants, complaint):
    with pytest.raises(ConfigError) as caught:
        changed({"name": "a", "variants": variants}, "slow", "a.toml")
    assert str(caught.value) == complaint


def test_an_unknown_variant_of_a_file_lists_the_valid_ones(mine):
    with pytest.raises(ConfigError, match="'hot'; choose one of: cold, fitted, slow"):
        load_profile(f"{mine}:hot")
