"""Budgets as people write them."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.reporting.gate import Budget, default_budget, read_budget
from evsnn_lava.reporting.gate.amounts import POWERS, amount

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "budget.toml"


@given(st.sampled_from([(kind, unit) for kind, units in POWERS.items() for unit in units]), st.integers(0, 10**6))
def test_every_unit_is_a_power_of_ten(which, number):
    kind, unit = which
    for text in (f"{number} {unit}", f"{number}{unit}", f" {number}.0   {unit} ", f"{number}e0 {unit}"):
        assert amount(text, kind) == pytest.approx(number * 10.0 ** POWERS[kind][unit], rel=1e-12)


@given(st.text(max_size=60), st.sampled_from(list(POWERS)))
def test_whatever_is_written_is_a_number_or_refused(text, kind):
    with contextlib.suppress(ValueError):
        assert 0 <= amount(text, kind) < float("inf")
        return
    with pytest.raises(ValueError, match="write ") as caught:
        amount(text, kind)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("max_energy", "12"),
        ("max_energy", 12),
        ("max_energy", "12 us"),
        ("max_energy", "12 MJ"),
        ("max_energy", "-1 uJ"),
        ("max_energy", "1e999 J"),
        ("max_time", "nan s"),
        ("max_time", "inf s"),
        ("min_accuracy", 93),
        ("min_accuracy", float("nan")),
        ("min_accuracy", True),
        ("max_accuracy_loss", "1 %"),
        ("max_accuracy_loss", 1),
        ("max_layer_growth", "-5 %"),
        ("max_cores", "20 cores"),
        ("max_cores", [20]),
        ("max_growth", "5 %"),
    ],
)
def test_wrong_limits_are_refused(key, written):
    with pytest.raises(ConfigError, match=f"command line: {key}: ") as caught:
        Budget().with_limits({key: written})
    assert "\n" not in str(caught.value)


def test_limits_of_the_command_line_replace_those_of_the_file():
    budget = Budget(min_accuracy=0.9, max_cores=3).with_limits({"max_cores": "4", "min_accuracy": None})
    assert (budget.min_accuracy, budget.max_cores) == (0.9, 4)


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("max_enrgy = '1 uJ'", ConfigError, "unknown key max_enrgy; choose one of: min_accuracy, "),
        ("[max_growth]\nenrgy = '1 %'", ConfigError, "unknown key max_growth.enrgy; choose one of: mean_steps, "),
        ("max_energy = 12\nx = 1\ny = 1", ConfigError, r"unknown key x \(and 2 more\)"),
        ("max_energy = ", FormatError, "is not a TOML file"),
        ("\xff", FormatError, "is not a TOML file"),
    ],
)
def test_wrong_files_are_refused(text, error, says, tmp_path):
    path = tmp_path / "budget.toml"
    path.write_bytes(text.encode("latin1"))
    with pytest.raises(error, match=says) as caught:
        read_budget(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot read"):
        read_budget(tmp_path / "absent.toml")


def test_the_example_sets_every_limit():
    written = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    budget = read_budget(EXAMPLE)
    assert set(written) == set(Budget.model_fields)
    assert set(budget.absolute) | set(budget.relative) == {
        *(set(written) - {"max_growth"}),
        *(f"max_growth.{key}" for key in type(budget.max_growth).model_fields),
    }


def test_defaults_leave_out_what_nobody_knows():
    assert default_budget().absolute == ()
    some = default_budget({"energy"})
    assert some.relative == ("max_layer_growth", "max_layer_spike_growth", "max_growth.energy")
