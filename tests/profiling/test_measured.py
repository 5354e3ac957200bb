"""Readings of Loihi 2: both interfaces, the published figures, and what must not be believed."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.profiling.measured import (
    IO_BOUND,
    NO_STATIC,
    SHORT_RUN,
    from_callbacks,
    from_profiler,
    read_readings,
    write_readings,
)

STEP_US = 1e6 / 408.91 / 16
"""The PilotNet-LIF benchmark of lava-dl prints 408.91 frames a second at 16 steps a frame: 152.8 us a step."""

LIF = {
    "total_power": [0.579234, 0.779234],
    "vdd_power": [0.252728],
    "vddm_power": [0.422127],
    "vddio_power": [0.004379],
    "static_total_power": 0.232078,
    "avg_time_per_step": STEP_US,
    "num_steps": 10_000,
}
SDNN = {
    "total_power": 0.275709,
    "vdd_power": 0.103684,
    "vddm_power": 0.167086,
    "vddio_power": 0.004939,
    "static_total_power": 0.281775,
    "avg_time_per_step": 1e6 / 16.87,
    "num_steps": 2000,
}


@pytest.fixture(scope="module")
def lif():
    return from_callbacks(LIF, 16, board="oheogulch", source="lava-dl, netx PilotNet benchmark")


def test_pilotnet_lif_gives_the_published_energies(lif):
    """The figures are printed with six digits, the rate with five."""
    assert round(STEP_US, 1) == 152.8
    assert lif.energy_j == pytest.approx(1.661103e-3, rel=2e-5)
    assert lif.dynamic_j == pytest.approx(1.093544e-3, rel=2e-5)
    assert lif.dynamic_w("total") == pytest.approx(0.447156, abs=1e-6)
    assert lif.inference_s == pytest.approx(2.446e-3, rel=1e-3)
    assert (lif.usable, lif.doubts) == (True, ())


def test_negative_dynamic_power_is_no_energy():
    readings = from_callbacks(SDNN, 1, board="oheogulch")
    assert readings.dynamic_w("total") == pytest.approx(-0.006066, abs=1e-6)
    assert (readings.usable, readings.dynamic_j, readings.doubts) == (False, None, (IO_BOUND,))
    just = replace(readings, total_w=readings.static_total_w * 1.001)
    assert just.usable
    assert just.dynamic_j == pytest.approx(0.001 * 0.281775 / 16.87)


def test_both_interfaces_say_the_same(lif):
    power = {name: value for name, value in LIF.items() if name.startswith("vdd")}
    times = np.full(10_000, STEP_US * 1e-6)
    style_b = {**power, "power": LIF["total_power"], "static_power": 0.232078, "execution_time": times}
    found = from_profiler(style_b, 16, board="oheogulch", source=lif.source)
    assert found.steps == 10_000
    assert found.step_s == pytest.approx(lif.step_s)
    assert replace(found, step_s=lif.step_s) == lif


def test_series_of_times_are_averaged():
    values = {name: value for name, value in LIF.items() if name != "avg_time_per_step"}
    assert from_callbacks({**values, "execution_time_per_step": [100, 300]}, 16).step_s == pytest.approx(200e-6)


@pytest.mark.parametrize("board", ["kp", "kp_stack", "kp_build"])
def test_a_board_of_eight_chips_is_charged_for_those_that_work(board):
    """Static power of all eight is seen; the tutorials take seven eighths of it off, and so does this."""
    one = from_callbacks({**LIF, "total_power": 2.303780, "static_total_power": 8 * 0.232078}, 16, board=board)
    assert one.board_chips == 8
    assert one.static_w("total") == pytest.approx(0.232078)
    assert one.power_w("total") == pytest.approx(0.679234)
    assert one.dynamic_j == pytest.approx(1.093544e-3, rel=2e-5)
    two = replace(one, chips=2)
    assert two.static_w("total") == pytest.approx(2 * 0.232078)
    assert two.dynamic_w("total") == pytest.approx(one.dynamic_w("total"))


def test_readings_without_a_static_part(lif):
    readings = replace(lif, static_total_w=None, steps=999)
    assert readings.doubts == (NO_STATIC, SHORT_RUN)
    assert (readings.static_w("total"), readings.dynamic_w("total"), readings.dynamic_j) == (None, None, None)
    assert readings.energy_j == lif.energy_j


def test_a_file_holds_readings_or_what_an_interface_said(lif, tmp_path):
    write_readings(lif, tmp_path / "readings.json")
    assert read_readings(tmp_path / "readings.json") == lif
    raw = {"style": "callbacks", "values": LIF, "steps_per_inference": 16, "board": "oheogulch", "source": lif.source}
    (tmp_path / "raw.json").write_text(json.dumps(raw), encoding="utf-8")
    assert read_readings(tmp_path / "raw.json") == lif


@pytest.mark.parametrize(
    ("name", "value"),
    [("total_w", -1.0), ("vdd_w", float("nan")), ("step_s", 0.0), ("steps", 0), ("chips", 2), ("static_vdd_w", "much")],
)
def test_impossible_numbers_are_refused(lif, name, value):
    with pytest.raises(ConfigError, match="readings: "):
        replace(lif, **{name: value})


@pytest.mark.parametrize("missing", ["total_power", "vddio_power", "avg_time_per_step", "num_steps"])
def test_a_missing_series_is_named(missing):
    values = {name: value for name, value in LIF.items() if name != missing}
    named = "execution_time_per_step" if missing == "avg_time_per_step" else missing
    with pytest.raises(FormatError, match=f"{named} is missing"):
        from_callbacks(values, 16)
    with pytest.raises(FormatError, match="a series is empty"):
        from_callbacks({**LIF, "total_power": []}, 16)


@pytest.mark.parametrize("text", ["no json", "[1]", "{}", '{"style": "other"}', '{"style": "callbacks", "steps": 1}'])
def test_files_that_hold_no_readings(tmp_path, text):
    (tmp_path / "readings.json").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=r"readings\.json"):
        read_readings(tmp_path / "readings.json")
    with pytest.raises(ConfigError, match="cannot read"):
        read_readings(tmp_path / "nothing.json")


@pytest.mark.parametrize(
    "text",
    [
        '{"style": "callbacks", "values": {"total_power": "x"}}',
        '{"style": "callbacks", "values": {"total_power": 1, "avg_time_per_step": 1, "num_steps": 1e999}}',
        '{"total_w": null}',
        "[" * 100_000,
        "7",
    ],
)
def test_odd_readings_are_refused_in_one_line(tmp_path, text):
    path = tmp_path / "readings.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((ConfigError, FormatError)):
        read_readings(path)
