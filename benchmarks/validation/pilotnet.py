"""PilotNet on Loihi 2: the one public workload whose power, time and events were printed.

Source: lava-dl, tutorials/lava/lib/dl/netx/pilotnet_snn/benchmark.ipynb (Oheo Gulch, one chip, 10,000 steps, 16 steps
an inference, layers reset one step after each other). Its input never fired: biases drive the network, so that the
activity is known without data. The network comes with the package lava-dl.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.validation.targets import Target
from evsnn_lava.errors import BackendUnavailableError
from evsnn_lava.export.netx.reader import read_netx
from evsnn_lava.export.placement import LoadMeter, place
from evsnn_lava.hw_profiles import load_hardware
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.network.fanout import message_costs
from evsnn_lava.profiling import CostReport, Estimate, cost_of_counts, count_events
from evsnn_lava.simulation.streaming import stream

STEPS: Final = 16
PERIODS: Final = 3
"""From the second one on, every period of 16 steps is like the one before."""

NOTEBOOK: Final = "lava-dl, netx PilotNet-SNN benchmark"


@dataclass(frozen=True)
class PilotNet:
    """The published run, simulated.

    Parameters
    ----------
    report : CostReport
        One inference: the 16 steps of a period.
    layers : dict of str to float
        Synaptic operations per step.
    """

    report: CostReport
    layers: dict[str, float]


def network_path() -> Path:
    """The file that lava-dl brings along.

    Raises
    ------
    BackendUnavailableError
        If the package, or its folder of tests, is not installed.
    """
    try:
        path = Path(str(distribution("lava-dl").locate_file("tests/lava/lib/dl/netx/gts/pilotnet_lif/network.net")))
    except PackageNotFoundError:
        path = Path()
    if not path.is_file():
        raise BackendUnavailableError("PilotNet comes with lava-dl 0.6.0, which is not installed; run `make setup`")
    return path


def simulate_pilotnet(path: Path | None = None) -> PilotNet:
    """Run the published benchmark in the reference and price one inference of it.

    Parameters
    ----------
    path : Path, optional
        The network; that of the package lava-dl without.

    Returns
    -------
    PilotNet
        Costs and operations.
    """
    network, hardware = read_netx(path or network_path()).network, load_hardware("loihi2")
    sent = _one_period(network)
    load = LoadMeter(network, place(network, hardware)).count(sent)
    result = _as_run(network, sent)
    report = cost_of_counts(count_events(network, result, load), hardware, network="PilotNet-LIF", backend="reference")
    names = [layer.name for layer in network.layers]
    return PilotNet(report, dict(zip(names, (result.synops.sum(axis=(0, 2)) / STEPS).tolist(), strict=True)))


def _one_period(network: NetworkDescription) -> list[npt.NDArray[Any]]:
    """What input and layers send in 16 steps, each of shape (1, *shape, 16)."""
    silence = np.zeros((PERIODS + 1, *network.input_shape, STEPS), dtype=np.int32)
    messages = stream(network, silence, exact=False).messages
    period = slice((PERIODS - 1) * STEPS, PERIODS * STEPS)
    return [silence[:1], *(layer[None, ..., period] for layer in messages)]


def _as_run(network: NetworkDescription, sent: list[npt.NDArray[Any]]) -> RunResult:
    flat = [(each != 0).reshape(-1, STEPS) for each in sent]
    synops = [cost.reshape(-1) @ each for cost, each in zip(message_costs(network), flat[:-1], strict=False)]
    one = np.array([STEPS])
    return RunResult(
        backend="reference",
        exit_step=one,
        decision=np.zeros(1, dtype=np.int64),
        scores=np.zeros((1, network.layers[-1].neurons), dtype=np.int64),
        steps=one,
        input_events=flat[0].sum(axis=0)[None],
        messages=np.stack([each.sum(axis=0) for each in flat[1:]])[None],
        synops=np.stack(synops).astype(np.int64)[None],
    )


def pilotnet_targets(found: PilotNet) -> list[Target]:
    """Everything that was printed of the run, beside ours.

    Parameters
    ----------
    found : PilotNet
        From :func:`simulate_pilotnet`.

    Returns
    -------
    list of Target
        Events, energies, times, cores.
    """
    report = found.report
    ledger, step_s = report.ledger, report.time_s.total().scaled(1 / STEPS)
    subject = "PilotNet-LIF, Loihi 2"

    def row(quantity: str, unit: str, published: float, ours: Estimate, tolerance: float, **more: Any) -> Target:
        return Target(subject, quantity, unit, published, ours, tolerance, NOTEBOOK, **more)

    counts = {"": (2.285, sum(found.layers.values())), " (conv2)": (1.617, found.layers["conv2"])}
    counts[" (conv3)"] = (0.4524, found.layers["conv3"])
    steps_us = np.sort(report.step_times.value[0].reshape(-1, 4), axis=1).mean(axis=0) * 1e6
    return [
        *(
            row(f"synops{name}", "M/step", published, Estimate.exact(ours / 1e6), 0.01, kind="test")
            for name, (published, ours) in counts.items()
        ),
        row("dynamic energy", "mJ", 1.093544, ledger.dynamic.scaled(1e3), 0.1, kind="test", covered=True),
        row("energy", "mJ", 1.661103, ledger.total.scaled(1e3), 0.1, kind="fit", covered=True),
        row("time of a step", "us", 152.8, step_s.scaled(1e6), 0.15, kind="fit", covered=True),
        row("longest step", "us", 201, Estimate.exact(steps_us[-1]), 0.15, kind="fit"),
        row("cores", "", 74, Estimate.exact(report.cores), 0.0, kind="fit"),
    ]
