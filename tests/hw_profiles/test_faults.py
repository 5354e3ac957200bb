from __future__ import annotations

import sys
from copy import deepcopy
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from evsnn_lava.hw_profiles.faults import Fault, faults
from evsnn_lava.hw_profiles.load import model_for

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILES = {name: files("evsnn_lava.hw_profiles").joinpath(f"{name}.toml") for name in ("loihi1", "speck", "xylo")}
CONTENTS = {name: tomllib.loads(file.read_text()) for name, file in FILES.items()}
FACTS = ("value", "unit", "source", "year", "scope", "status")


def keys_of(content):
    return {fault.key for fault in faults(content, model_for(content), "mine.toml")}


def found(content):
    return set(faults(content, model_for(content), "mine.toml"))


@pytest.fixture
def loihi1():
    return deepcopy(CONTENTS["loihi1"])


@pytest.mark.parametrize("name", CONTENTS)
def test_the_built_in_files_are_right(name):
    assert found(CONTENTS[name]) == set()


def test_no_fault_hides_another(loihi1):
    """One of each kind at once: of a field, of a number, of a pair, of the whole, and of a variant."""
    del loihi1["energy"]["synop"]["source"]
    loihi1["energy"]["synop"]["low"] = 99.0
    loihi1["energy"]["synop"]["unit"] = "kWh"
    loihi1["energy"]["neuron_update_idle"]["value"] = 82
    loihi1["time"]["barrier"]["unit"] = "pJ"
    loihi1["limits"]["neurons_per_core"]["value"] = 0.5
    loihi1["ranges"]["weight"] |= {"low": 5, "high": 1}
    loihi1["static_power"]["status"] = "guessed"
    loihi1["colour"] = "red"
    del loihi1["unpriced"]["energy.io"]
    loihi1["unpriced"]["time.synop"] = "why"
    loihi1["variants"]["fitted"]["energy"]["message"]["unit"] = "s"
    assert {(fault.key, fault.words.split("; ")[0]) for fault in found(loihi1)} == {
        ("energy.synop.source", "it is missing"),
        ("energy.synop", "value 23.6 lies outside its range 99..35.5 kWh"),
        ("energy.synop", "unit is 'kWh', expected a unit of energy: J, mJ, uJ, nJ, pJ, fJ"),
        ("energy", "neuron_update_idle costs more than neuron_update_active"),
        ("time.barrier", "unit is 'pJ', expected a unit of time: s, ms, us, ns, ps"),
        ("limits.neurons_per_core", "value is 0.5, expected a whole number of at least 1"),
        ("ranges.weight", "low is 5, high is 1"),
        ("static_power.status", "Input should be 'measured', 'published', 'fitted' or 'assumed'"),
        ("colour", "unknown key"),
        ("energy.io", "is missing"),
        ("time.synop", "has a value and stands under unpriced"),
        ("variants.fitted.energy.message", "unit is 's', expected a unit of energy: J, mJ, uJ, nJ, pJ, fJ"),
    }


@given(data=st.data())
def test_every_fact_that_is_taken_away_is_missed(data):
    """Of any number of facts of any numbers, at once."""
    content = deepcopy(CONTENTS[data.draw(st.sampled_from(sorted(CONTENTS)))])
    numbers = {f"{group}.{key}": each for group in ("energy", "time") for key, each in content.get(group, {}).items()}
    numbers["static_power"] = content["static_power"]
    content.pop("variants", None)
    places = st.tuples(st.sampled_from(sorted(numbers)), st.sampled_from(FACTS))
    gone = data.draw(st.sets(places, min_size=1, max_size=6))
    for name, fact in gone:
        del numbers[name][fact]
    assert keys_of(content) == {f"{name}.{fact}" for name, fact in gone}


VALUES = st.one_of(
    st.sampled_from([0, 1, 30, 81, 500, -1, 1e400, True, None, "pJ", "ns", "mW", "", "core"]), st.floats()
)


@given(data=st.data())
def test_a_file_has_no_faults_if_and_only_if_it_can_be_read(data):
    content = deepcopy(CONTENTS[data.draw(st.sampled_from(sorted(CONTENTS)))])
    content.pop("variants", None)
    for _ in range(data.draw(st.integers(1, 3))):
        group = data.draw(st.sampled_from(sorted(key for key, each in content.items() if isinstance(each, dict))))
        places = [content[group], *(each for each in content[group].values() if isinstance(each, dict))]
        place = data.draw(st.sampled_from(places))
        place[data.draw(st.sampled_from([*sorted(place), "low", "high", "energy.synop"]))] = data.draw(VALUES)
    try:
        model_for(content).model_validate(content)
    except ValidationError:
        assert found(content)
    else:
        assert found(content) == set()


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"energy": 3}, "energy", "Input should be a valid dictionary or instance of Energies"),
        ({"name": "My chip"}, "name", "write lower-case letters, digits and hyphens"),
        ({"title": " "}, "title", "it is empty; fill it in"),
        ({"variants": 3}, "variants", "it is no table; write numbers below [variants.NAME]"),
        ({"variants": {"a": 3}}, "variants.a", "mine.toml: variants.a is no table; write numbers below [variants.a]"),
        ({"variants": {"A": {}}}, "variants.A.name", "write lower-case letters, digits and hyphens"),
        ({"unpriced": ["energy.io"]}, "unpriced", "Input should be a valid dictionary"),
        ({"limits": {}}, "limits.cores_per_chip", "it is missing; add it"),
        ({"cores": [{"count": 0}]}, "cores.0.count", "Input should be greater than or equal to 1"),
        ({"time": {"barrier": "long"}}, "time.barrier", "Input should be a valid dictionary or instance of Quantity"),
        ({"static_power": {"value": True, "unit": 3}}, "static_power.unit", "Input should be a valid string"),
    ],
)
def test_tables_of_another_kind_are_named(loihi1, change, key, words):
    assert Fault(key, words) in found({**loihi1, **change})


def test_a_variant_does_not_repeat_the_faults_of_the_profile(loihi1):
    del loihi1["time"]["barrier"]["source"]
    del loihi1["variants"]["fitted"]["time"]["barrier"]
    assert keys_of(loihi1) == {"time.barrier.source"}


def test_an_empty_file_misses_everything():
    missed = keys_of({})
    assert {"name", "title", "chip", "description", "energy.synop", "time.barrier", "static_power"} <= missed
    assert len(missed) == 4 + 10 + 4 + 1
