"""``evsnn profile --hw measured-host``: what a run really takes on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.profile_runs import FileRun
from evsnn_lava.profiling import Estimate, Estimates
from evsnn_lava.profiling.host import HostReadings, measure_host
from evsnn_lava.reporting.side_by_side import MeasuredRow

HOST: Final = "measured-host"
"""What it is called among the hardware profiles."""

BINNING: Final = "making frames of events is not in it"


@dataclass(frozen=True, eq=False)
class HostRun:
    """Readings of one file.

    Parameters
    ----------
    run : FileRun
        The file, which ran before.
    readings : HostReadings
        What it took, one sample at a time.
    """

    run: FileRun
    readings: HostReadings


def measure_file(run: FileRun, output: Output) -> HostRun:
    """Run the first block of samples again on the engine, one sample at a time, and measure.

    Parameters
    ----------
    run : FileRun
        The file and its samples.
    output : Output
        Where to say what is going on.

    Returns
    -------
    HostRun
        Time, and energy or the reason why there is none.
    """
    from evsnn_lava.simulation.engine import Engine  # here: numba takes most of a second to import

    network, frames = run.file.network, next(run.samples.blocks())
    engine = Engine(network, threads=1, slots=1)

    def run_one(index: int) -> object:
        return engine.run(frames[index : index + 1], counters=False)

    output.note(f"{run.file.label}: measuring {len(frames)} samples on this machine, one at a time")
    return HostRun(run, measure_host(run_one, len(frames)))


def host_row(host: HostRun) -> MeasuredRow:
    """The readings as a row beside estimates.

    Parameters
    ----------
    host : HostRun
        The readings.

    Returns
    -------
    MeasuredRow
        Its note says what was measured, on what, and why there is no energy.
    """
    found = host.readings
    said = [f"measured on {found.cpu}: engine, one thread, one sample at a time; {BINNING}"]
    said.append(found.reason or f"energy of {', '.join(found.domains)}")
    energies = (found.energy_j, found.dynamic_j, found.idle_j)
    return MeasuredRow(HOST, "; ".join(said), Estimate.exact(found.mean_s), *(_exact(each) for each in energies))


def host_facts(host: HostRun) -> dict[str, Any]:
    """The readings as plain numbers.

    Parameters
    ----------
    host : HostRun
        The readings.

    Returns
    -------
    dict
        ``file``, ``cpu``, ``samples`` that were measured, the distribution ``time_s`` over them, and energies per
        sample, null where ``reason`` says why.
    """
    found = host.readings
    return {
        "file": str(host.run.file.path),
        "network": host.run.file.network.name,
        "hardware": HOST,
        "cpu": found.cpu,
        "samples": len(found.time_s),
        "rounds": found.rounds,
        "time_s": Estimates(found.time_s, found.time_s, found.time_s).distribution(),
        "energy_j": found.energy_j,
        "dynamic_j": found.dynamic_j,
        "idle_power_w": found.idle_w,
        "domains": found.domains,
        "reason": found.reason,
    }


def _exact(value: float | None) -> Estimate | None:
    return None if value is None else Estimate.exact(value)
