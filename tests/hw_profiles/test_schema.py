from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from evsnn_lava.hw_profiles import Quantity, load_profile, profile_names
from evsnn_lava.hw_profiles.costs import COSTS, OPTIONAL, unexplained
from evsnn_lava.hw_profiles.quantity import UNITS

FACTS = {"source": "a data sheet", "year": 2020, "scope": "chip", "status": "measured"}
NUMBERS = st.floats(min_value=1e-6, max_value=1e6)


@pytest.mark.parametrize("missing", ["source", "year", "scope", "status", "unit", "value"])
def test_a_number_without_its_facts_is_refused(missing):
    complete = {"value": 1.0, "unit": "pJ", **FACTS}
    Quantity(**complete)
    with pytest.raises(ValidationError, match=missing):
        Quantity(**{key: fact for key, fact in complete.items() if key != missing})


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"source": "  "}, "source"),
        ({"unit": "kWh"}, "choose one of: J, mJ"),
        ({"value": -1.0}, "greater than or equal"),
        ({"value": float("nan")}, "finite"),
        ({"status": "guessed"}, "measured"),
        ({"low": 2.0}, r"outside its range 2\.\.1 pJ"),
        ({"high": 0.5}, r"outside its range 1\.\.0\.5 pJ"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_wrong_fact_is_refused(change, match):
    with pytest.raises(ValidationError, match=match):
        Quantity(**{"value": 1.0, "unit": "pJ", **FACTS, **change})


@given(value=NUMBERS, unit=st.sampled_from([unit for units in UNITS.values() for unit in units]))
def test_the_range_brackets_the_value_in_si_too(value, unit):
    quantity = Quantity(value=value, unit=unit, low=value * 0.5, high=value * 2, **FACTS)
    assert quantity.low_si <= quantity.si <= quantity.high_si
    assert Quantity(value=value, unit=unit, **FACTS).low_si == quantity.si


@pytest.mark.parametrize(
    ("unit", "si"), [("pJ", 23.6e-12), ("nJ", 23.6e-9), ("ns", 23.6e-9), ("mW", 23.6e-3), ("J", 23.6), ("count", 23.6)]
)
def test_units_become_si(unit, si):
    assert Quantity(value=23.6, unit=unit, **FACTS).si == si


def test_quantities_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Quantity(value=1.0, unit="pJ", **FACTS).value = 2.0


@pytest.mark.parametrize("name", profile_names())
def test_built_in_profiles_name_all_their_sources_and_reasons(name):
    profile = load_profile(name)
    stated = profile.quantities()
    assert all(quantity.source and quantity.low_si <= quantity.si for quantity in stated.values())
    assert all(len(why) > 8 for why in profile.unpriced.values())
    assert set(COSTS) - set(OPTIONAL) <= set(stated) | set(profile.unpriced) <= set(COSTS) | set(stated)
    assert profile.timed == (name.partition(":")[0] not in ("cpu-45nm", "spinnaker2"))


@given(given_names=st.sets(st.sampled_from(COSTS)), explained=st.sets(st.sampled_from([*COSTS, "energy.spkie"])))
def test_every_cost_is_given_or_explained_and_not_both(given_names, explained):
    faults = unexplained(given_names, explained)
    wrong = (given_names & explained) | (set(COSTS) - set(OPTIONAL) - given_names - explained) | explained - set(COSTS)
    assert {fault.split()[0].removeprefix("unpriced.") for fault in faults} == wrong
    assert len(faults) == len(wrong)


def test_energies_of_loihi_2_are_marked_as_assumed():
    energies = {key: value for key, value in load_profile("loihi2").quantities().items() if key.startswith("energy.")}
    assert {quantity.status for quantity in energies.values()} == {"assumed"}
    published = load_profile("loihi1").quantities()
    assert all(quantity.si == published[key].si for key, quantity in energies.items())


def test_the_lower_end_of_a_loihi_2_synop_follows_from_the_pilotnet_measurement():
    # Measured dynamic energy less SANA-FE's costs: access, update of all but the input, spike-out, 1.1 messages.
    others_pj = 51.2 * 158_509 + 21.6 * 118_909 + (69.3 + 1.1 * 111.0) * 34_595
    synop_pj = (1.093544e-3 / 1e-12 / 16 - others_pj) / 2.270e6
    assert synop_pj == pytest.approx(load_profile("loihi2").energy.synop.low, rel=0.005)
