"""The engine's kernels one by one, each against the part of the roof that it stands under."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.measure import Effort, stopwatch, take_turns
from benchmarks.networks import plain
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, InputRecipe, Layer
from evsnn_lava.simulation.engine.lists import BLOCK, MessageLists
from evsnn_lava.simulation.engine.plan import Plan
from evsnn_lava.simulation.engine.running import NOTHING, Inbox, Running
from evsnn_lava.simulation.engine.sending import ROWS

Shape = tuple[int, int, int]
SLOTS: Final = 64
STEPS: Final = 64
NEURON: Final = CubaNeuron(vth_mant=80, du=1023, dv=128)

UPDATE_OPERATIONS: Final = 38
"""Integer operations of one neuron update: two decays of 9, current 8, voltage 6, spike and change 6."""

UPDATE_BYTES: Final = 28
"""Bytes of one neuron update: current, voltage and input in and out, the bias in."""


@dataclass(frozen=True)
class KernelCase:
    """A kernel on one layer.

    Parameters
    ----------
    name, title : str
        Key for files, and words for tables.
    layer : Layer
        What it computes.
    shape : (int, int, int)
        Shape of the source.
    share : float
        Share of the source's neurons that fire in a step.
    roof : str
        Which loop of the roof it stands under.
    bytes_each : float
        Bytes that it moves for each addition, where the roof is a bandwidth; 0 where the roof counts additions.
    """

    name: str
    title: str
    layer: Layer
    shape: Shape
    share: float
    roof: str
    bytes_each: float = 0.0


def _weights(*shape: int) -> npt.NDArray[np.int64]:
    """Weights of which none is zero, so that every addition is a synaptic operation."""
    rng = np.random.default_rng(2)
    return rng.integers(1, 60, shape) * rng.choice((-1, 1), shape)


def _dense(inputs: int, outputs: int) -> Layer:
    return Layer("dense", DenseSynapse(_weights(outputs, inputs)), NEURON, (outputs,))


def _conv(shape: Shape, outputs: int, kernel: int, stride: int) -> Layer:
    synapse = ConvSynapse(_weights(outputs, shape[0], kernel, kernel), (stride, stride), (kernel // 2,) * 2)
    return Layer("conv", synapse, NEURON, synapse.output_shape(shape))


def _conv_case(name: str, title: str, shape: Shape, outputs: int, kernel: int, stride: int, share: float) -> KernelCase:
    roof = "int16, operand in L1" if share > 0.05 else "int32, sums in L1"
    return KernelCase(name, title, _conv(shape, outputs, kernel, stride), shape, share, roof)


def deliveries() -> list[KernelCase]:
    """The synapse kernels."""
    return [
        KernelCase("rows_l2", "rows, 512 to 512, 20 %", _dense(512, 512), (512, 1, 1), 0.2, "read L2", 1.0),
        KernelCase("rows_l3", "rows, 8192 to 512, 2 %", _dense(8192, 512), (2, 64, 64), 0.02, "read L3", 1.0),
        _conv_case("conv_dense", "convolution, 32 to 64, 50 %", (32, 24, 24), 64, 3, 1, 0.5),
        _conv_case("conv_dense_pilotnet", "convolution, 24 to 36, 30 %", (24, 32, 99), 36, 3, 2, 0.3),
        _conv_case("conv_sparse", "convolution, 32 to 64, 0.5 %", (32, 24, 24), 64, 3, 1, 0.005),
        _conv_case("conv_sparse_narrow", "convolution, 2 to 8, 1 %", (2, 34, 34), 8, 5, 2, 0.01),
    ]


@dataclass(frozen=True, eq=False)
class Tile:
    """A layer with everything that its kernels take: one tile, the same again and again."""

    running: Running
    lists: MessageLists
    cost: npt.NDArray[np.int32]
    inbox: Any
    clock: Any

    @classmethod
    def of(cls, case: KernelCase) -> Tile:
        """Fill a tile with random messages."""
        network = plain("kernel", [case.layer], InputRecipe.frames(case.shape, STEPS + 1))
        plan = Plan.of(network)
        tally = np.zeros((SLOTS, ROWS, network.max_steps), dtype=np.int64)
        running = Running.of(plan.layers[0], tally, STEPS)
        lists = _random_lists(int(np.prod(case.shape)), case.share)
        inbox = Inbox.for_layers([running]).views(*running.tile_shapes)
        clock = np.ones(SLOTS, dtype=np.int64), np.full(SLOTS, STEPS, dtype=np.int64)
        return cls(running, lists, plan.cost, inbox, clock)

    @property
    def place(self) -> tuple[int, int, int, int]:
        """What a call does."""
        return 0, self.running.slots, 0, self.running.steps

    @property
    def additions(self) -> int:
        """Synaptic operations of a call."""
        index, _, start, count = self.lists.arrays
        starts = [
            (start[slot, step], count[slot, step]) for slot in range(self.place[1]) for step in range(self.place[3])
        ]
        return int(sum(self.cost[index[begin : begin + number]].sum() for begin, number in starts))

    @property
    def updates(self) -> int:
        """Neuron updates of a call."""
        return self.running.slots * self.running.steps * self.running.plan.places

    def deliver(self, place: tuple[int, int, int, int]) -> None:
        """Call the kernel of the synapse."""
        self.running.plan.delivery.deliver(self.lists, self.clock, place, self.inbox, self.running.memory)

    def advance(self, place: tuple[int, int, int, int]) -> None:
        """Call the kernel of the neurons, none of which sleeps: their bias keeps them busy."""
        running = self.running
        rest = (running.plan.gates, (NOTHING, NOTHING), self.clock, place, self.inbox, running.tally)
        running.plan.neurons.advance(running.states, running.awake, running.lists.arrays, *rest)


def _random_lists(neurons: int, share: float) -> MessageLists:
    rng = np.random.default_rng(4)
    lists = MessageLists.empty(SLOTS, STEPS + 1, neurons + BLOCK, graded=False)
    for slot in range(SLOTS):
        for step in range(STEPS):
            fired = np.flatnonzero(rng.random(neurons) < share)
            begin = lists.start[slot, step]
            lists.index[begin : begin + len(fired)] = fired
            lists.count[slot, step] = len(fired)
    return lists


def updates_case(neurons: int) -> KernelCase:
    """The neuron update on so many neurons, which a bias makes fire now and then."""
    bias = np.random.default_rng(6).integers(2, 20, neurons)
    busy = CubaNeuron(vth_mant=80, du=1023, dv=128, bias_mant=bias)
    layer = Layer("busy", DenseSynapse(_weights(neurons, 1)), busy, (neurons,))
    return KernelCase(f"update_{neurons}", f"neuron update, {neurons} CUBA neurons", layer, (1, 1, 1), 0.0, "")


def measure_kernels(roof: Mapping[str, Any], effort: Effort) -> list[dict[str, Any]]:
    """Measure every kernel on one core.

    Parameters
    ----------
    roof : mapping
        Rates of one core, from `measure_roof`.
    effort : Effort
        How long to measure.

    Returns
    -------
    list of dict
        For each kernel what it does in a second, what the roof allows, and the share.
    """
    cases = [*deliveries(), updates_case(1024), updates_case(16384)]
    tiles = {case.name: Tile.of(case) for case in cases}
    calls: dict[str, Callable[[], float]] = {}
    for case in cases:
        tile = tiles[case.name]
        work = tile.deliver if case.roof else tile.advance
        idle = (*tile.place[:3], 0)
        calls[case.name] = stopwatch(lambda work=work, place=tile.place: work(place), effort.shortest_s / 4)
        calls[f"{case.name} idle"] = stopwatch(lambda work=work, place=idle: work(place), effort.shortest_s / 20)
    timings = take_turns(calls, effort)
    rows = []
    for case in cases:
        called, idle_s = timings[case.name], timings[f"{case.name} idle"].median
        amount = tiles[case.name].additions if case.roof else tiles[case.name].updates
        seconds = {"best": min(called.seconds), "median": called.median, "worst": max(called.seconds)}
        rates = {name: amount / max(value - idle_s, 1e-9) / 1e9 for name, value in seconds.items()}
        rows.append({"name": case.name, "title": case.title, "call_s": idle_s, **_standing(case, rates, roof)})
    return rows


def _standing(case: KernelCase, rates: dict[str, float], roof: Mapping[str, Any]) -> dict[str, Any]:
    """A kernel against the roof: the part that allows least."""
    if case.roof:
        limits = {case.roof: roof[case.roof]["best"] / (case.bytes_each or 1)}
    else:
        limits = {
            "int32, in registers": roof["int32, in registers"]["best"] / UPDATE_OPERATIONS,
            "triad L2": roof["triad L2"]["best"] / UPDATE_BYTES,
        }
    binding = min(limits, key=lambda name: limits[name])
    unit = "G additions/s" if case.roof else "G updates/s"
    return {
        "rate": rates,
        "unit": unit,
        "roof": binding,
        "limit": limits[binding],
        "share": rates["best"] / limits[binding],
    }
