"""How the cost of the engine grows: a family of dense networks, one size changed at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.measure import Effort, stopwatch, take_turns
from benchmarks.networks import plain
from evsnn_lava.network import CubaNeuron, DenseSynapse, InputRecipe, Layer, NetworkDescription
from evsnn_lava.simulation.engine import Engine

SAMPLES: Final = 32
VALUES: Final[dict[str, tuple[float, ...]]] = {
    "neurons": (256, 512, 1024, 2048, 4096, 8192),
    "fan_in": (128, 256, 512, 1024, 2048, 4096),
    "steps": (16, 32, 64, 128, 256, 512),
    "rate": (0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
}
"""What is changed, and to what."""


@dataclass(frozen=True)
class Member:
    """A network of the family: `fan_in` inputs that fire at a `rate`, one layer of `neurons`, an output of ten."""

    neurons: int = 1024
    fan_in: int = 512
    steps: int = 64
    rate: float = 0.02

    def network(self) -> NetworkDescription:
        """Random weights; the threshold grows with the drive, so that a few per cent of the neurons fire."""
        rng = np.random.default_rng(8)
        drive = 30 * np.sqrt(max(self.fan_in * self.rate, 1.0))
        hidden = CubaNeuron(vth_mant=int(8 * drive), du=1023, dv=128)
        layers = (
            Layer("hidden", DenseSynapse(rng.integers(-60, 61, (self.neurons, self.fan_in))), hidden, (self.neurons,)),
            Layer("out", DenseSynapse(rng.integers(-60, 61, (10, self.neurons))), hidden, (10,)),
        )
        return plain("member", layers, InputRecipe.frames((self.fan_in, 1, 1), self.steps))

    def frames(self) -> npt.NDArray[np.bool_]:
        """Random input."""
        rng = np.random.default_rng(9)
        return rng.random((SAMPLES, self.fan_in, 1, 1, self.steps)) < self.rate


def members() -> dict[str, tuple[str, float, Member]]:
    """All networks by a name of their own, with what was changed in them."""
    found = {}
    for axis, values in VALUES.items():
        kind = type(getattr(Member(), axis))
        for value in values:
            found[f"{axis} {value:g}"] = (axis, value, replace(Member(), **{axis: kind(value)}))
    return found


def measure_growth(effort: Effort) -> dict[str, Any]:
    """Measure all networks on one core and fit the cost by events and updates.

    Parameters
    ----------
    effort : Effort
        How long to measure.

    Returns
    -------
    dict
        ``points``: for every network its size, counts and seconds per sample. ``fit``: nanoseconds per synaptic
        operation, per neuron update and per sample, and the largest ratio between measured and fitted.
    """
    work: dict[str, Callable[[], float]] = {}
    points = []
    for name, (axis, value, member) in members().items():
        engine, frames = Engine(member.network(), threads=1), member.frames()
        result = engine.run(frames)
        updates = (member.neurons + 10) * (engine.network.max_steps - 1)
        points.append(
            {
                "axis": axis,
                "value": value,
                "synops": float(result.synops.sum() / SAMPLES),
                "updates": float(updates),
                "events": float((result.input_events.sum() + result.messages.sum()) / SAMPLES),
                "memory_per_sample_bytes": engine.memory_per_sample_bytes,
            }
        )
        work[name] = stopwatch(lambda engine=engine, frames=frames: engine.run(frames), effort.shortest_s / 2)
    timings = take_turns(work, effort)
    for point, timing in zip(points, timings.values(), strict=True):
        point["sample_s"] = timing.per(SAMPLES)
    return {"points": points, "fit": fit(points)}


def fit(points: list[dict[str, Any]]) -> dict[str, float]:
    """Least squares of relative errors, with costs that cannot be negative.

    Examples
    --------
    >>> point = {"synops": 10.0, "updates": 5.0, "events": 1.0, "sample_s": {"median": 3e-8}}
    >>> round(fit([point, {**point, "synops": 20.0, "sample_s": {"median": 4e-8}}])["largest_ratio"], 3)
    1.0
    """
    from scipy.optimize import nnls

    counts = np.array([[p["synops"], p["updates"], p["events"], 1.0] for p in points])
    seconds = np.array([p["sample_s"]["median"] for p in points])
    costs, _ = nnls(counts / seconds[:, None], np.ones(len(points)))
    ratio = counts @ costs / seconds
    names = ("synop_ns", "update_ns", "event_ns", "sample_ns")
    largest = float(max(ratio.max(), 1 / max(ratio.min(), 1e-9)))
    return {**dict(zip(names, (costs * 1e9).tolist(), strict=True)), "largest_ratio": largest}
