"""The gate: what passes, what does not, and whom it blames."""

from __future__ import annotations

import copy
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.reporting.gate import Budget, gate_facts, headline, judge, profile_of, read_profile
from evsnn_lava.reporting.gate.blame import find_blame
from evsnn_lava.reporting.gate.comparison import KindChange, LayerChange, Spent
from evsnn_lava.reporting.gate.words import blame_sentences

from . import gate_profiles
from .gate_profiles import BASE, facts, profile

COUNTS = st.integers(0, 10**7)
EVENTS = st.tuples(*[st.tuples(COUNTS, COUNTS)] * len(BASE)).map(lambda counts: dict(zip(BASE, counts, strict=True)))


def budget(**limits):
    return Budget.model_validate(limits)


def changed(**layers):
    return {**BASE, **layers}


@settings(max_examples=50)
@given(EVENTS, st.floats(3, 100), st.integers(1, 1000))
def test_identical_profiles_pass_with_no_growth(events, steps, samples):
    one, other = (profile(events, steps=steps, samples=samples) for _ in range(2))
    strict = budget(
        max_layer_growth="0 %",
        max_layer_spike_growth=0,
        max_accuracy_loss="0 points",
        max_growth={"energy": 0, "time": 0},
    )
    for limits in (None, strict):
        verdict = judge(one, other, limits)
        assert verdict.passed
        assert verdict.blame is None
        assert verdict.cause == ""
        assert verdict.doubts == ()
        assert all(check.new == check.old for check in verdict.checks)
        assert {layer.change.ratio for layer in verdict.layers} == {1.0}


@settings(max_examples=50)
@given(EVENTS, EVENTS)
def test_the_named_layer_is_the_one_with_the_largest_increase_of_energy(before, after):
    verdict = judge(profile(after), profile(before))
    grown = {each.change.name: each.change.grown_j for each in verdict.layers if each.change.is_layer}
    if max(grown.values()) <= 0:
        assert verdict.blame is None or "no layer costs more" in blame_sentences(verdict.blame)[0]
        return
    assert grown[verdict.blame.layer.name] == max(grown.values())
    kinds = {kind.kind: kind.grown_j for kind in verdict.blame.layer.kinds}
    assert kinds[verdict.blame.kind.kind] == max(kinds.values())
    source = list(BASE).index(verdict.blame.source.name)
    assert source <= list(BASE).index(verdict.blame.layer.name)


@settings(max_examples=50)
@given(EVENTS, EVENTS, st.sampled_from(["energy", "dynamic_energy"]), st.floats(0, 3))
def test_growth_fails_exactly_above_the_limit(before, after, name, limit):
    old, new = profile(before), profile(after)
    verdict = judge(new, old, budget(max_growth={name: limit}))
    allowed = old.values[name] * (1 + limit)
    if not math.isclose(new.values[name], allowed, rel_tol=1e-6):
        assert verdict.passed == (new.values[name] <= allowed)
        assert len(verdict.checks) == 1


@pytest.mark.parametrize("name", ["conv1", "conv2", "dense"])
@pytest.mark.parametrize("factor", [1.5, 2, 8])
def test_a_layer_that_sends_more_is_the_cause_and_the_next_one_follows(name, factor):
    names = list(BASE)
    after = names[names.index(name) + 1 : names.index(name) + 2]
    events = dict(BASE)
    events[name] = (BASE[name][0], BASE[name][1] * factor)
    for each in after:
        events[each] = (BASE[each][0] * factor, BASE[each][1])
    verdict = judge(profile(events), profile())
    assert not verdict.passed
    assert verdict.cause == name
    assert verdict.blame.layer.name == (after or [name])[0]
    assert verdict.blame.followers == tuple(after)
    assert headline(verdict).endswith(f"cause: {name}")
    grew, cause = blame_sentences(verdict.blame)
    assert grew.startswith(f"{verdict.blame.layer.name} grew most: ")
    assert cause.startswith(f"The cause is {name}")
    assert f"{factor:.2f} times the spikes" in cause
    assert all(f"; {each} follows" in cause for each in after)


def test_a_layer_whose_synapses_grew_is_the_cause_itself():
    verdict = judge(profile(changed(conv2=(80_000, 300))), profile())
    assert (verdict.blame.reason, verdict.cause) == ("own", "conv2")
    assert "mostly synops 40.0 k -> 80.0 k (2.00 times)" in blame_sentences(verdict.blame)[0]
    assert "conv2 itself: no layer before it sends more spikes" in blame_sentences(verdict.blame)[1]


def test_amplified_growth_goes_back_to_where_it_began():
    events = changed(conv1=(50_000, 1600), conv2=(80_000, 1200), dense=(12_000, 60))
    verdict = judge(profile(events), profile())
    assert verdict.cause == "conv1"
    assert verdict.blame.followers == ("conv2", "dense")


def test_a_little_growth_before_a_large_one_is_not_its_cause():
    events = changed(conv1=(50_000, 808), conv2=(40_400, 900), dense=(9000, 12))
    assert judge(profile(events), profile()).cause == "conv2"


def test_an_input_that_sends_more_is_said_twice():
    verdict = judge(profile({"(input)": (0, 2000), "conv1": (100_000, 800), **dict(list(BASE.items())[2:])}), profile())
    assert verdict.cause == "(input)"
    assert "the input sends 1.00 k -> 2.00 k spikes per inference" in verdict.doubts[0]


def test_longer_runs_are_no_layers_fault():
    longer = {name: (1.4 * synops, 1.4 * spikes) for name, (synops, spikes) in BASE.items()}
    verdict = judge(profile(longer, steps=14), profile())
    assert (verdict.blame.reason, verdict.blame.source, verdict.cause) == ("steps", None, "longer runs")
    assert "10.00 -> 14.00 steps per sample (1.40 times)" in blame_sentences(verdict.blame)[1]
    assert {layer.role for layer in verdict.layers} == {""}


def test_a_layer_from_silence():
    verdict = judge(profile(changed(conv2=(40_000, 300))), profile(changed(conv2=(40_000, 0), dense=(0, 12))))
    assert verdict.cause == "conv2"
    assert "it sends spikes and did not before" in blame_sentences(verdict.blame)[1]
    json.dumps(gate_facts(verdict), allow_nan=False)


def test_layers_that_came_and_went_are_listed_and_not_limited():
    events = {name: BASE[name] for name in ("(input)", "conv1", "dense")} | {"more": (90_000, 3)}
    verdict = judge(profile(events), profile(), budget(max_layer_growth=0, max_layer_spike_growth=0))
    states = {each.change.name: each.change.state for each in verdict.layers}
    assert states == {
        **dict.fromkeys(("(input)", "conv1", "dense", "(readout)", "(chip)"), "kept"),
        "more": "added",
        "conv2": "removed",
    }
    assert verdict.passed
    assert verdict.doubts == ("added: more", "removed: conv2")
    assert blame_sentences(verdict.blame)[0].startswith("more, an added layer, grew most: 0 J -> ")
    deeper = judge(profile({**BASE, "more": (1, 1)}), profile(), budget(max_layer_growth=0))
    assert deeper.doubts == ("other depth: the baseline has 3 layers, the profile 4", "added: more")


def test_what_differs_is_said():
    old = profile_of({**facts(), "data": "digits, 20 of 300 recordings (split test)"}, "old")
    new = profile_of({**facts(samples=30, network="other", accuracy=None), "data": "mine"}, "new")
    said = judge(new, old, budget(max_energy="1 J")).doubts
    assert [text.partition(":")[0] for text in said] == [
        "other number of samples",
        "other data",
        "only the baseline has labels",
        "other name",
    ]


def test_other_prices_do_not_compare():
    with pytest.raises(ConfigError, match="priced for loihi1, the profile for loihi2; profile both with the same --hw"):
        judge(profile(), profile(hardware="loihi1"))
    other = facts()
    other["constants"][0]["quantity"]["value"] = 25.0
    with pytest.raises(ConfigError, match=r"energy.synop 25 \(10..25\) pJ -> 20 \(10..20\) pJ; profile the baseline"):
        judge(profile(), profile_of(other, "other"))


@pytest.mark.parametrize(
    ("limits", "value", "passes"),
    [
        ({"min_accuracy": 0.95}, 0.95, True),
        ({"min_accuracy": "95.1 %"}, 0.95, False),
        ({"max_p95_steps": 15}, 15, True),
        ({"max_p95_steps": 14}, 15, False),
        ({"max_mean_steps": 9.9}, 10, False),
        ({"max_p95_exit_steps": 10.5}, 10.5, True),
        ({"max_time": "100 us"}, 1e-4, True),
        ({"max_time": "99 us"}, 1e-4, False),
        ({"max_energy": "1 mJ"}, None, True),
        ({"max_energy": "1 uJ"}, None, False),
        ({"max_dynamic_energy": "1nJ"}, None, False),
        ({"max_cores": 6}, 6, True),
        ({"max_cores": 5}, 6, False),
    ],
)
def test_absolute_limits(limits, value, passes):
    verdict = judge(profile(), None, budget(**limits))
    (check,) = verdict.checks
    assert (verdict.passed, check.passed, check.key) == (passes, passes, next(iter(limits)))
    assert value is None or check.new == pytest.approx(value)
    assert verdict.layers == ()


def test_accuracy_may_drop_by_points():
    old, new = profile(accuracy=0.95), profile(accuracy=0.94)
    assert judge(new, old, budget(max_accuracy_loss="1 point")).passed
    verdict = judge(new, old, budget(max_accuracy_loss="0.9 points"))
    assert verdict.failed[0].reason == "accuracy 95.0 % -> 94.0 % (-1.00 points), allowed >= -0.90 points"
    assert verdict.cause == ""


@pytest.mark.parametrize("limits", [{"min_accuracy": 0.1}, {"max_accuracy_loss": "90 points"}])
@pytest.mark.parametrize("old", [0.95, None])
def test_an_accuracy_that_is_not_known_fails_its_limit(limits, old):
    verdict = judge(profile(accuracy=None), profile(accuracy=old), budget(**limits))
    assert not verdict.passed
    assert verdict.failed[0].reason == "accuracy of the profile is not known: not every sample has a label"


def test_defaults_ask_for_no_accuracy_that_nobody_knows():
    assert judge(profile(accuracy=None), profile(accuracy=None)).passed
    assert not judge(profile(accuracy=None), profile(accuracy=0.9)).passed


def test_a_time_that_is_not_published_is_not_known():
    untimed = facts()
    untimed["constants"] = untimed["constants"][:1]
    untimed["distributions"]["time_s"] = gate_profiles.spread(0.0)
    verdict = judge(profile_of(untimed, "x"), None, budget(max_time="1 s", max_energy="1 J"))
    assert [check.reason for check in verdict.failed] == [
        "time of the profile is not known: not published for this chip"
    ]


def test_options_go_before_the_budget_and_beside_the_defaults():
    assert judge(profile(), None, budget(max_energy="1 nJ"), {"max_energy": "1 J"}).passed
    verdict = judge(profile(), profile(), None, {"max_energy": "1 nJ", "min_accuracy": None})
    assert [check.key for check in verdict.failed] == ["max_energy"]
    assert len(verdict.checks) == 9


def test_nothing_to_check_is_refused():
    for limits in (None, budget()):
        with pytest.raises(ConfigError, match="there is nothing to check"):
            judge(profile(), None, limits)
    with pytest.raises(ConfigError, match=r"sets max_growth\.energy, which needs a baseline"):
        judge(profile(), None, budget(max_growth={"energy": "5 %"}))


def places(value, path=()):
    """Every key of a profile that the gate reads."""
    ignored = {"backend", "chips", "low_j", "high_j", "note", "static_energy_per_inference_j", "p50", "max"}
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, below in items:
        if (
            key not in ignored
            and (path[-1:] != ("mean",) or key == "value")
            and (path[-1:] != ("p95",) or key == "value")
        ):
            yield (*path, key)
            yield from places(below, (*path, key))


def set_at(found, path, value):
    *above, last = path
    for key in above:
        found = found[key]
    if value is None:
        del found[last]
    else:
        found[last] = value


NUMBERS = [path for path in places(facts()) if isinstance(path[-1], str) and path[-1] in ("value", "count", "samples")]


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, "many", [], {}])
@pytest.mark.parametrize("path", NUMBERS, ids=str)
def test_impossible_numbers_are_refused(path, value, tmp_path):
    found = facts()
    set_at(found, path, value)
    (tmp_path / "p.json").write_text(json.dumps(found))
    with pytest.raises(FormatError) as caught:
        read_profile(tmp_path / "p.json")
    assert str(path[-1]) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["network", "hardware", "accuracy", "samples", "cores", "distributions", "ledger", "constants"]
)
def test_missing_keys_are_refused(key):
    found = copy.deepcopy(facts())
    del found[key]
    with pytest.raises(FormatError, match=f"x: {key} is missing; write it with `evsnn profile --json`"):
        profile_of(found, "x")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '"a"', "[" * 100_000, '{"ledger": 1e999}', "\x00", "{}"])
def test_what_is_no_profile_is_refused_in_a_line(text, tmp_path):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(FormatError) as caught:
        read_profile(tmp_path / "p.json")
    assert "\n" not in str(caught.value)


def summed(found):
    """Energy of an inference that the ledger sums to."""
    return sum(row["energy_j"] for row in found["ledger"]) / found["samples"]


def synops(old, new, price_j):
    return KindChange("synop", Spent(old, old * price_j), Spent(new, new * price_j))


@pytest.mark.parametrize("change", ["twice", "cut", "total", "text", "doubled"])
def test_a_damaged_profile_is_refused(tmp_path, change):
    """Rows that are missing or there twice, another total, numbers as text, a key that is said twice."""
    found, path = facts(), tmp_path / "profile.json"
    if change == "twice":
        found["ledger"] = found["ledger"] * 2
    elif change == "cut":
        found["ledger"] = found["ledger"][:1]
    elif change == "total":
        found["energy_per_inference_j"]["value"] *= 10
    elif change == "text":
        found["energy_per_inference_j"]["value"] = str(found["energy_per_inference_j"]["value"])
    text = json.dumps(found)
    path.write_text(text.replace('"samples"', '"samples": 3, "samples"', 1) if change == "doubled" else text)
    with pytest.raises(FormatError, match=r"profile\.json"):
        read_profile(path)


def test_in_longer_runs_the_layer_that_sends_more_a_step_is_the_cause():
    """A last layer that sends twice as much a step also makes runs a little longer: it is to blame, not they."""
    chain = [
        LayerChange("a", "kept", True, 1e-6, 1.05e-6, 100, 104, (synops(1000, 1040, 1e-9),)),
        LayerChange("b", "kept", True, 2e-7, 2.1e-7, 50, 104, (synops(200, 208, 1e-9),)),
    ]
    blame = find_blame(chain, (10.0, 10.4))
    assert (blame.source.name, blame.role("b")) == ("b", "cause")


def test_rows_of_one_kind_are_added_up():
    found = facts()
    found["ledger"] += found["ledger"]
    found["energy_per_inference_j"]["value"] = summed(found)
    assert profile_of(found, "x").parts[1].kinds["synop"].count == 2 * BASE["conv1"][0]


def test_a_chip_without_prices_of_layers_still_has_a_cause():
    """Only its power is known: the spikes say which layer changed."""
    reports = [facts(events) for events in (changed(conv2=(40_000, 900), dense=(9000, 18)), BASE)]
    for report in reports:
        for each in report["ledger"]:
            each["energy_j"] *= each["layer"] == "(chip)"
    for report in reports:
        report["energy_per_inference_j"]["value"] = summed(report)
    verdict = judge(*(profile_of(report, "x") for report in reports))
    assert (verdict.cause, verdict.blame.followers) == ("conv2", ("dense",))
    assert blame_sentences(verdict.blame)[0] == (
        "conv2 grew most, in spikes: 300 -> 900 (3.00 times); no layer costs more."
    )


def test_the_input_sends_spikes_and_not_their_copies():
    found = facts()
    copies = gate_profiles.row("(input)", "message", 4000, 0.0, 20)
    spikes = gate_profiles.row("(input)", "io", 1000, 0.0, 20)
    found["ledger"] = [copies, spikes, *found["ledger"][1:]]
    found["energy_per_inference_j"]["value"] = summed(found)
    assert profile_of(found, "x").parts[0].spikes == 1000
