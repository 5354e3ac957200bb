from __future__ import annotations

from importlib.resources import files

import pytest

from evsnn_lava.errors import ConfigError, EvsnnError, FormatError
from evsnn_lava.hw_profiles import (
    Chip,
    HardwareProfile,
    chip_names,
    hardware_names,
    load_chip,
    load_hardware,
    load_profile,
    profile_names,
)
from evsnn_lava.hw_profiles.load import built_in_names, load_any

ALL = ", ".join(
    [
        "cpu-45nm, cpu-45nm:fp16, cpu-45nm:fp32, loihi1, loihi1:fitted, loihi2",
        "speck, speck:live, spinnaker2, truenorth, xylo",
    ]
)
LIMITS = 'name = "mine"\ntitle = "Mine"\nchip = "a chip"\ndescription = "mine"\n' + "".join(
    f'[limits.{key}]\nvalue = 4\nunit = "count"\nsource = "s"\nyear = 2020\nscope = "core"\nstatus = "measured"\n'
    for key in ("cores_per_chip", "neurons_per_core", "synapse_words_per_core")
)
LOIHI1 = files("evsnn_lava.hw_profiles").joinpath("loihi1.toml").read_text()


def write(folder, text):
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def complaint_about(path, error: type[EvsnnError]) -> str:
    with pytest.raises(error) as caught:
        load_profile(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_names():
    assert chip_names() == ("loihi1", "loihi2", "speck")
    assert hardware_names() == ("loihi1", "loihi1:fitted", "loihi2")
    assert profile_names() == built_in_names() == tuple(ALL.split(", "))


def test_every_built_in_profile_is_what_its_keys_say():
    for name in built_in_names():
        found = load_any(name)
        assert found.name == name
        assert isinstance(found, Chip) == (name.partition(":")[0] in chip_names())
    assert {type(load_profile(name)) for name in hardware_names()} == {HardwareProfile}


@pytest.mark.parametrize("name", ["loihi3", "loihi1:fited", "loihi1:", "cpu-45nm:int8"])
def test_an_unknown_name_or_variant_lists_the_valid_ones(name):
    assert complaint_about(name, ConfigError) == f"unknown hardware profile '{name}'; choose one of: {ALL}"


def test_an_unknown_chip_lists_chips():
    with pytest.raises(ConfigError, match=r"^unknown hardware profile 'loihi3'; choose one of: loihi1, loihi2, speck$"):
        load_chip("loihi3")


def test_costs_are_no_chip():
    with pytest.raises(ConfigError, match=r"^xylo.toml: it holds costs, but not what fits .* loihi1, loihi2, speck$"):
        load_chip("xylo")


@pytest.mark.parametrize("name", ["truenorth", "speck"])
def test_without_a_placement_there_is_no_hardware(name):
    with pytest.raises(ConfigError, match=f"^{name}: how a network is cut .* loihi1, loihi1:fitted, loihi2$"):
        load_hardware(name)


def test_limits_are_no_costs(tmp_path):
    path = write(tmp_path, LIMITS)
    chip = load_chip(path)
    assert type(chip) is type(load_any(path)) is Chip
    assert complaint_about(path, ConfigError).startswith(f"{path}: it does not say what operations cost; choose one of")


@pytest.mark.parametrize("name", chip_names())
def test_every_limit_says_where_it_comes_from(name):
    chip = load_chip(name)
    limits = [limit for limit in dict(chip.limits).values() if limit is not None]
    assert chip.supports is not None
    stated = [*limits, *chip.ranges.values(), chip.supports]
    assert all(each.source and each.status and each.year > 2000 for each in stated)
    assert all(bounds.low <= bounds.high for bounds in chip.ranges.values())


def test_a_missing_file_is_named():
    assert complaint_about("nowhere/mine.toml", ConfigError) == (
        f"cannot read hardware profile nowhere/mine.toml: No such file or directory; give a .toml file or one of: {ALL}"
    )


def test_a_user_profile_is_read_by_path(tmp_path):
    path = write(tmp_path, LOIHI1.replace('name = "loihi1"', 'name = "mine"').replace("value = 104", "value = 50"))
    profile = load_profile(path)
    assert (profile.name, profile.static_power.si) == ("mine", 0.05)
    assert load_profile(str(path)) == profile


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "value = 104",
            "value = 104\nsorce = 1",
            "unknown key static_power.sorce; choose one of: value, unit, source,",
        ),
        (
            "[time.barrier]",
            "[time.barier]",
            "unknown key time.barier; choose one of: synop, neuron_update, message, barrier",
        ),
        ('name = "loihi1"', 'nmae = "loihi1"', "unknown key nmae (and 1 more); choose one of: name, title, chip,"),
        (
            'source = "Frady et al. 2020, Table 1: 3.34 W over 32 chips"',
            "",
            "key static_power.source is missing; add it",
        ),
        ('unit = "mW"', 'unit = "ns"', "static_power: unit is 'ns', expected a unit of power: W, mW, uW, nW"),
        ("value = 128", "value = 12.5", "limits.cores_per_chip: value is 12.5, expected a whole number of at least 1"),
        ("value = 104", "value = nan", "static_power.value: Input should be a finite number"),
        ("high = 1800", "high = 18", "time.barrier: value 465 lies outside its range 113..18 ns; correct one"),
        ("value = 52\nlow = 51.2", "value = 99", "energy: neuron_update_idle costs more than neuron_update_active"),
        (
            "[energy.neuron_update_idle]",
            "[energy.barrier]",
            "energy: neuron_update_idle and neuron_update_active belong",
        ),
        (
            '"energy.io" =',
            '"energy.synop" =',
            "profile: energy.synop has a value and stands under unpriced; remove one (and 1 more)",
        ),
        (
            '"energy.io" =',
            "# =",
            "profile: energy.io is missing; give it, or say under unpriced why it cannot be given",
        ),
        (
            '"energy.io" =',
            '"energy.oi" =',
            "profile: unpriced.energy.oi is no number of a profile; choose one of: energy.",
        ),
    ],
)
def test_a_wrong_key_or_value_is_named_with_the_file(tmp_path, old, new, expected):
    assert old in LOIHI1
    path = write(tmp_path, LOIHI1.replace(old, new, 1))
    assert complaint_about(path, ConfigError).startswith(f"{path}: {expected}")


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0 a picture", b"[energy", b"= 3"])
def test_what_is_not_toml_is_refused(tmp_path, content):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    assert "is not a TOML file" in complaint_about(path, FormatError)


@pytest.mark.parametrize("text", ["x = " + "[" * 5000 + "]" * 5000, "x = 1" + "0" * 5000, 'name = "a'])
def test_a_file_beyond_all_measure_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match="is not a TOML file"):
        load_profile(path)
