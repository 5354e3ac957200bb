"""What this machine really takes: wall time, and energy where its counters can be read.

Nothing here is estimated. Energy counters are those of Linux (`powercap`), which Intel and AMD processors fill:
whatever else the machine does meanwhile is in them, so its idle power is measured first and told apart.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.profiling.powercap import LONGEST_GAP_S, POWERCAP, Meter, find_counters

FloatArray = npt.NDArray[np.float64]

CPUINFO: Final = Path("/proc/cpuinfo")


@dataclass(frozen=True, eq=False)
class HostReadings:
    """What N samples took on this machine, one at a time.

    Parameters
    ----------
    time_s : numpy.ndarray of float64, shape (N,)
        Wall time of every sample in seconds, mean over the rounds.
    energy_j : float or None
        Energy per sample in joules, of processor and memory, idle power included; None if it cannot be measured.
    idle_w : float or None
        Power in watt before, while nothing ran; None as for `energy_j`.
    cpu : str
        Name of the processor.
    reason : str
        Why there is no energy; empty if there is.
    rounds : int
        How often all samples were run.
    domains : tuple of str
        What `energy_j` covers, for example ``package-0``.

    Examples
    --------
    >>> readings = HostReadings(np.array([0.5, 1.5]), 30.0, 20.0, "a processor")
    >>> readings.mean_s, readings.dynamic_j
    (1.0, 10.0)
    """

    time_s: FloatArray
    energy_j: float | None
    idle_w: float | None
    cpu: str
    reason: str = ""
    rounds: int = 1
    domains: tuple[str, ...] = ()

    @property
    def mean_s(self) -> float:
        """Seconds per sample."""
        return float(self.time_s.mean())

    @property
    def idle_j(self) -> float | None:
        """Energy per sample in joules that the machine would have taken without it."""
        return None if self.idle_w is None else self.idle_w * self.mean_s

    @property
    def dynamic_j(self) -> float | None:
        """Energy per sample in joules beyond that; below zero where noise is larger than the work."""
        return None if self.energy_j is None or self.idle_j is None else self.energy_j - self.idle_j


def measure_host(
    run_one: Callable[[int], object],
    samples: int,
    *,
    least_s: float = 1.0,
    idle_s: float = 1.0,
    powercap: Path = POWERCAP,
    cpuinfo: Path = CPUINFO,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> HostReadings:
    """Run samples one at a time and say what they take.

    One sample is run beforehand and not counted, so that what is loaded or compiled once is there. All samples are
    run again until enough time has passed: energy counters move once a millisecond, and single samples are shorter.

    Parameters
    ----------
    run_one : callable
        Runs the sample of the given index, 0..N-1.
    samples : int
        How many samples N there are.
    least_s : float
        Run for at least this many seconds.
    idle_s : float
        Measure idle power for this many seconds; nothing is waited for where there are no counters.
    powercap, cpuinfo : pathlib.Path
        Where Linux shows energy counters and the processor.
    clock, sleep : callable
        Seconds that go on, and waiting.

    Returns
    -------
    HostReadings
        Time per sample, and energy or the reason why there is none.

    Raises
    ------
    ConfigError
        If there is no sample.
    """
    if samples < 1:
        raise ConfigError(f"measure on the host: {samples} samples; give at least one")
    run_one(0)
    counters, reason = find_counters(powercap)
    meter = Meter(counters, clock)
    idle_w = _idle_w(meter, idle_s, sleep)
    time_s, rounds = _timed(run_one, samples, least_s, meter)
    joules = meter.joules()
    if joules is None or idle_w is None:
        return HostReadings(time_s, None, None, cpu_name(cpuinfo), meter.reason or reason, rounds)
    domains = tuple(counter.name for counter in counters)
    return HostReadings(time_s, joules / (samples * rounds), idle_w, cpu_name(cpuinfo), "", rounds, domains)


def cpu_name(cpuinfo: Path = CPUINFO) -> str:
    """Name of the processor, as Linux tells it, or at least its kind.

    Parameters
    ----------
    cpuinfo : pathlib.Path
        Where Linux shows it.

    Returns
    -------
    str
        Not empty.
    """
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next((name for name in names if name), "") or platform.processor() or platform.machine() or "unknown"


def _idle_w(meter: Meter, idle_s: float, sleep: Callable[[float], None]) -> float | None:
    """Power while nothing runs; nothing without counters."""
    meter.start()
    while meter.counters and meter.seconds < idle_s:
        sleep(min(idle_s - meter.seconds, LONGEST_GAP_S))
        meter.keep_up()
    joules, seconds = meter.joules(), meter.seconds
    return None if joules is None or not seconds > 0 else joules / seconds


def _timed(run_one: Callable[[int], object], samples: int, least_s: float, meter: Meter) -> tuple[FloatArray, int]:
    """Mean wall time of every sample over rounds, and how many rounds there were."""
    total, rounds = np.zeros(samples), 0
    meter.start()
    while not rounds or meter.seconds < least_s:
        for index in range(samples):
            before = meter.clock()
            run_one(index)
            total[index] += meter.clock() - before
            meter.keep_up()
        rounds += 1
    return total / rounds, rounds
