from __future__ import annotations

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.profiling.powercap import LONGEST_GAP_S, Counter, Meter, find_counters

RANGE_UJ = 1000


def counter(folder, name, count=0):
    folder.mkdir()
    for file, text in (("name", name), ("energy_uj", str(count)), ("max_energy_range_uj", str(RANGE_UJ))):
        (folder / file).write_text(f"{text}\n")
    return folder / "energy_uj"


@pytest.fixture
def powercap(tmp_path):
    """Two packages with their parts, the whole platform, and the same package through another door."""
    names = {
        "intel-rapl:0": "package-0",
        "intel-rapl:0:0": "core",
        "intel-rapl:0:1": "uncore",
        "intel-rapl:0:2": "dram",
        "intel-rapl:1": "package-1",
        "intel-rapl:2": "psys",
        "intel-rapl-mmio:0": "package-0",
    }
    for folder, name in names.items():
        counter(tmp_path / folder, name)
    (tmp_path / "intel-rapl").mkdir()
    return tmp_path


def test_packages_and_their_memory_are_counted_once(powercap):
    counters, reason = find_counters(powercap)
    assert reason == ""
    assert {each.file.parent.name: each.name for each in counters} == {
        "intel-rapl:0": "package-0",
        "intel-rapl:0:2": "dram",
        "intel-rapl:1": "package-1",
    }


def test_no_counters(tmp_path):
    assert find_counters(tmp_path) == (
        (),
        f"there are no energy counters: no intel-rapl:* in {tmp_path}; virtual machines rarely have them",
    )


def test_no_permission(powercap, monkeypatch):
    forbidden = powercap / "intel-rapl:0" / "energy_uj"
    monkeypatch.setattr(
        Counter, "read_uj", lambda self: (_ for _ in ()).throw(PermissionError(13, "no", str(forbidden)))
    )
    assert find_counters(powercap) == (
        (),
        f"no permission to read the energy counter {forbidden}; run as root, or have it made readable",
    )


@pytest.mark.parametrize("broken", ["max_energy_range_uj", "energy_uj"])
def test_what_is_no_number_is_no_counter(powercap, broken):
    (powercap / "intel-rapl:1" / broken).write_text("many")
    counters, reason = find_counters(powercap)
    assert counters == ()
    assert reason.startswith("energy counters cannot be read: ")


def test_parts_of_a_processor_are_not_taken_for_it(powercap):
    for package in ("intel-rapl:0", "intel-rapl:1"):
        shutil.rmtree(powercap / package)
    assert find_counters(powercap) == ((), f"there is no energy counter of a whole processor in {powercap}")


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self):
        return self.now


def test_counters_go_round(tmp_path):
    files = [counter(tmp_path / f"intel-rapl:{package}", f"package-{package}", 900) for package in range(2)]
    meter = Meter(find_counters(tmp_path)[0], Clock())
    assert meter.joules() == 0
    files[0].write_text("100")  # 200 uJ, through the end of the range
    files[1].write_text("950")  # 50 uJ
    assert meter.joules() == pytest.approx(250e-6)
    files[0].write_text("90")  # 990 uJ more
    assert meter.joules() == pytest.approx(1240e-6)
    meter.start()
    assert meter.joules() == 0


@given(steps=st.lists(st.integers(0, RANGE_UJ - 1), max_size=20), start=st.integers(0, RANGE_UJ - 1))
def test_no_reading_loses_energy(tmp_path_factory, steps, start):
    """However often it is read, as long as it goes round at most once in between."""
    folder = tmp_path_factory.mktemp("powercap")
    file = counter(folder / "intel-rapl:0", "package-0", start)
    clock = Clock()
    meter, count = Meter(find_counters(folder)[0], clock), start
    for step in steps:
        count += step
        file.write_text(str(count % RANGE_UJ))
        clock.now += 1.01 * LONGEST_GAP_S
        meter.keep_up()
    assert meter.joules() == pytest.approx(sum(steps) * 1e-6)
    assert meter.seconds == pytest.approx(clock.now)


def test_fresh_readings_are_not_repeated(tmp_path):
    file = counter(tmp_path / "intel-rapl:0", "package-0")
    clock = Clock()
    meter = Meter(find_counters(tmp_path)[0], clock)
    file.unlink()
    clock.now = 0.99 * LONGEST_GAP_S
    meter.keep_up()
    assert meter.reason == ""
    clock.now = 1.01 * LONGEST_GAP_S
    meter.keep_up()
    assert meter.reason.startswith("an energy counter could not be read any more: ")
    assert (meter.joules(), meter.counters) == (None, ())
