from __future__ import annotations

from importlib.resources import files

import pytest

from evsnn_lava.errors import ConfigError, EvsnnError, FormatError
from evsnn_lava.hw_profiles import HardwareProfile, chip_names, load_chip, load_profile, profile_names

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
    assert profile_names() == ("loihi1", "loihi2")


def test_an_unknown_name_lists_the_valid_ones():
    message = complaint_about("loihi3", ConfigError)
    assert message == "unknown hardware profile 'loihi3'; choose one of: loihi1, loihi2, speck"


def test_a_chip_without_costs_is_a_chip_and_no_profile():
    assert complaint_about("speck", ConfigError) == (
        "hardware profile speck: what its operations cost is not published; choose one of: loihi1, loihi2"
    )
    with_costs = {name for name in chip_names() if isinstance(load_chip(name), HardwareProfile)}
    assert with_costs == set(profile_names()) == set(chip_names()) - {"speck"}


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
        "cannot read hardware profile nowhere/mine.toml: No such file or directory; "
        "give a .toml file or one of: loihi1, loihi2, speck"
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
            "unknown key time.barier (and 1 more); choose one of: synop, neuron_update,",
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
