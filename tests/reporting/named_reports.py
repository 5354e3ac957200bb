"""Cost reports of made-up counts on made-up profiles, so that no change of a real constant moves a golden file."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from evsnn_lava.hw_profiles import CostProfile
from evsnn_lava.profiling import CostReport, EventCounts, cost_of_counts, even_load
from evsnn_lava.reporting.named_report import NamedReport

ENERGIES = ("synop", "neuron_update_active", "neuron_update_idle", "spike", "message", "hop_x", "hop_y", "io")
ENERGIES = (*ENERGIES, "barrier", "host_operation")
TIMES = ("synop", "neuron_update", "message", "barrier")


def quantity(value: float, unit: str, scope: str = "core", **ends: float) -> dict[str, object]:
    told = {"source": "nobody", "year": 2026, "status": "assumed"}
    return {"value": value, "unit": unit, "scope": scope, **told, **ends}


def profile(name: str, **given: object) -> CostProfile:
    """A profile that explains everything it does not give."""
    named = [f"energy.{key}" for key in ENERGIES] + [f"time.{key}" for key in TIMES] + ["static_power"]
    known = {f"{group}.{key}" for group in ("energy", "time") for key in given.get(group, {})} | set(given)
    unpriced = {key: "not published" for key in named if key not in known}
    return CostProfile(name=name, title=name.title(), chip="none", description="made up", unpriced=unpriced, **given)


WHOLE = profile(
    "whole",
    energy={key: quantity(2 + place, "pJ", low=1, high=20) for place, key in enumerate(ENERGIES[::-1])},
    time={"synop": quantity(3, "ns"), "neuron_update": quantity(1, "ns"), "barrier": quantity(2000, "ns", high=3000)},
    static_power=quantity(0.5, "W", "chip", low=0.1, high=0.6),
)
BARE = profile("bare", energy={"synop": quantity(7, "pJ")})
POWER = profile(
    "power", time={"barrier": quantity(1, "ms")}, static_power=quantity(1, "mW"), working_power=quantity(2, "mW")
)
SILENT = profile("silent", time={"barrier": quantity(1, "ms")})
PROFILES = (WHOLE, BARE, POWER, SILENT)


def counts_of(steps: list[int], exits: list[int], depth: int, seed: int) -> EventCounts:
    """Random events in the executed steps of a few samples."""
    rng, executed = np.random.default_rng(seed), np.array(steps)
    live = (np.arange(max(steps) + 1) < executed[:, None])[:, None]
    neurons = rng.integers(20, 60, depth)
    inputs = rng.integers(0, 9, live.shape)[:, 0] * live[:, 0]
    messages, synops = (rng.integers(0, top, (len(steps), depth, live.shape[-1])) * live for top in (12, 400))
    return EventCounts(
        layers=tuple(f"layer{index}" for index in range(depth)),
        neurons=neurons,
        exit_step=np.array(exits),
        steps=executed,
        input_events=inputs,
        messages=messages,
        synops=synops,
        active_updates=rng.integers(0, 20, messages.shape) * live,
        readout_additions=executed * 10,
        cutoff_comparisons=executed * 10,
        mask_gates=executed * 0,
        load=even_load(inputs, messages, synops, neurons, np.ones(depth, dtype=np.int64)),
        on_host=("layer0",) if seed % 2 and depth > 1 else (),
    )


def report_of(hardware: CostProfile = WHOLE, steps: list[int] | None = None, accuracy: float | None = 0.975, seed=0):
    steps = steps or [4, 6, 9]
    counts = counts_of(steps, [max(1, step - 2) for step in steps], 2, seed)
    return cost_of_counts(counts, hardware, network="net", backend="engine", accuracy=accuracy)


def named(report: CostReport, file: str = "net") -> NamedReport:
    return NamedReport(file, report.hardware.name, f"{file}.net", report)


@st.composite
def reports(draw) -> CostReport:
    exits = draw(st.lists(st.integers(1, 8), min_size=1, max_size=4))
    depth, seed = draw(st.integers(1, 3)), draw(st.integers(0, 99))
    counts = counts_of([step + depth for step in exits], exits, depth, seed)
    return cost_of_counts(counts, draw(st.sampled_from(PROFILES)), network="net", backend="engine")
