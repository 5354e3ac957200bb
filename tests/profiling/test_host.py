from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.profiling.host import HostReadings, cpu_name, measure_host

RANGE_UJ = 80_000_000
IDLE_W = 20.0


class Machine:
    """A machine in a folder: its clock goes on while it sleeps and runs, and its counter counts what that takes."""

    def __init__(self, folder, dynamic_w=30.0, seconds=(0.25, 0.5)):
        self.powercap, self.cpuinfo = folder / "powercap", folder / "cpuinfo"
        self.cpuinfo.write_text("processor : 0\nmodel name\t: A Processor @ 1 GHz\n")
        self.folder = self.powercap / "intel-rapl:0"
        self.folder.mkdir(parents=True)
        (self.folder / "name").write_text("package-0\n")
        (self.folder / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
        self.now, self.count_uj, self.ran = 0.0, RANGE_UJ - 1, []
        self.dynamic_w, self.seconds = dynamic_w, seconds
        self.pass_time(0.0, 0.0)

    def pass_time(self, seconds, watt):
        self.now += seconds
        self.count_uj += round(seconds * watt * 1e6)
        (self.folder / "energy_uj").write_text(f"{self.count_uj % RANGE_UJ}\n")

    def sleep(self, seconds):
        self.pass_time(seconds, IDLE_W)

    def run_one(self, index):
        self.ran.append(index)
        self.pass_time(self.seconds[index], IDLE_W + self.dynamic_w)

    def measure(self, **options):
        ways = {"powercap": self.powercap, "cpuinfo": self.cpuinfo, "clock": lambda: self.now, "sleep": self.sleep}
        return measure_host(self.run_one, len(self.seconds), **{**ways, **options})


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_time_and_energy_of_a_sample(machine):
    readings = machine.measure(least_s=1.0, idle_s=2.5)
    assert readings.time_s.tolist() == pytest.approx([0.25, 0.5])
    assert readings.rounds == 2
    assert machine.ran == [0, 0, 1, 0, 1]  # the first one warms up
    assert readings.idle_w == pytest.approx(IDLE_W)
    assert readings.energy_j == pytest.approx(50.0 * 0.375)
    assert readings.idle_j == pytest.approx(20.0 * 0.375)
    assert readings.dynamic_j == pytest.approx(30.0 * 0.375)
    assert (readings.cpu, readings.reason, readings.domains) == ("A Processor @ 1 GHz", "", ("package-0",))


def test_counters_that_go_round_many_times(machine):
    readings = machine.measure(least_s=20.0, idle_s=10.0)  # 1000 J, a counter of 80 J
    assert readings.idle_w == pytest.approx(IDLE_W)
    assert readings.energy_j == pytest.approx(50.0 * 0.375)


def test_time_alone_without_counters(machine, tmp_path):
    readings = machine.measure(powercap=tmp_path / "nothing")
    assert readings.mean_s == pytest.approx(0.375)
    assert (readings.energy_j, readings.idle_w, readings.idle_j, readings.dynamic_j) == (None,) * 4
    assert readings.domains == ()
    assert readings.reason.startswith("there are no energy counters")
    assert machine.now == pytest.approx(0.25 + readings.rounds * 0.75)  # nothing was waited for


def test_a_counter_that_is_lost_on_the_way(machine):
    machine.sleep = lambda seconds: (machine.folder / "energy_uj").unlink(missing_ok=True)
    machine.run_one = lambda index: machine.ran.append(index) or setattr(machine, "now", machine.now + 0.25)
    readings = machine.measure(idle_s=1.0, clock=lambda: setattr(machine, "now", machine.now + 0.01) or machine.now)
    assert (readings.energy_j, readings.idle_w, readings.domains) == (None, None, ())
    assert "could not be read any more" in readings.reason
    assert readings.mean_s > 0.25


def test_errors_of_the_run_are_not_errors_of_the_counters(machine):
    machine.run_one = lambda index: (machine.folder / "no such file").read_text()
    with pytest.raises(FileNotFoundError):
        machine.measure()


def test_one_round_is_run_however_long_it_takes(machine):
    assert machine.measure(least_s=0.0).rounds == 1


def test_no_sample(machine):
    machine.seconds = ()
    with pytest.raises(ConfigError, match="0 samples; give at least one"):
        machine.measure()


@pytest.mark.parametrize("text", ["", "model name :\n", "vendor_id : x\n"])
def test_a_processor_without_a_name_has_at_least_a_kind(tmp_path, text):
    (tmp_path / "cpuinfo").write_text(text)
    assert cpu_name(tmp_path / "cpuinfo") == cpu_name(tmp_path / "nothing") != ""


def test_noise_may_be_larger_than_the_work():
    readings = HostReadings(np.array([1.0]), 19.0, 20.0, "a processor")
    assert readings.dynamic_j == -1.0


def test_this_machine_can_be_measured():
    readings = measure_host(lambda index: sum(range(1000)), 2, least_s=0.02, idle_s=0.02)
    assert (readings.time_s > 0).all()
    assert (readings.energy_j is None) == bool(readings.reason)
