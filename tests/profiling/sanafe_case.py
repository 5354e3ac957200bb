"""One network told to both tools: ours as a description with its placement, SANA-FE's as a chip with mapped neurons.

SANA-FE (``sanafe`` on PyPI) is called as it is installed. The chip it simulates is written here, from our own profile.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np

from evsnn_lava.export.placement import CorePlan, LayerPlan, Placement, Tile
from evsnn_lava.export.placement.traffic import CORES_PER_ROUTER, ROWS, position
from evsnn_lava.export.placement.words import Words
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation.synapses import deliver

FRAMES, CORES_PER_CHIP = 9, 128
QUADRANTS = [Tile((0, 2), rows, columns) for rows in ((0, 2), (2, 4)) for columns in ((0, 2), (2, 4))]
PAIRS = [Tile((low, low + 2)) for low in range(0, 32, 2)]
TILES = (QUADRANTS, PAIRS, PAIRS[:4])
"""Parts of the layers: the first layer fills the first router, the second one four routers in two columns."""

FIRST_CORES = np.cumsum([0, *(len(tiles) for tiles in TILES)])
IDLE = 2
"""Neurons of the second layer that nothing reaches."""


def drawn_network(rng: np.random.Generator) -> NetworkDescription:
    """A convolution, a recurrent layer with some biases, a dense layer; one neuron in two of a core gets each message.

    Our placement sends a message to every core of a dense layer, SANA-FE only where it finds a connection; so every
    core gets at least one weight that is not zero.
    """
    conv = Layer("conv", ConvSynapse(_weights(rng, 2, 1, 3, 3), padding=(1, 1)), _neuron(rng, 16), (2, 4, 4))
    biases = rng.integers(-8, 24, 32) * (rng.random(32) < 0.25)
    biases[::2][:IDLE] = 0
    hidden = Layer(
        "hidden", DenseSynapse(_matrix(rng, 32)), _neuron(rng, 40, biases), (32,), DenseSynapse(_matrix(rng, 32))
    )
    out = Layer("out", DenseSynapse(_matrix(rng, 8)), _neuron(rng, 24), (8,))
    masks = FrameMasks.all_kept(FRAMES, 3)
    recipe = InputRecipe(4, 4, FRAMES, 1000, polarities=1)
    never = CutoffPolicy.never(masks.stream_steps)
    return NetworkDescription("shared", (conv, hidden, out), recipe, masks, never, tuple("abcdefgh"))


def _weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Even and not zero, more often positive."""
    return 2 * rng.integers(1, 8, shape) * rng.choice([1, 1, 1, -1], shape)


def _matrix(rng: np.random.Generator, rows: int) -> np.ndarray:
    weights = _weights(rng, rows, 32)
    weights[::2] *= rng.random((rows // 2, 32)) < 0.4
    if rows == 32:
        weights[::2][:IDLE] = 0
    return weights


def _neuron(rng: np.random.Generator, threshold: int, biases: np.ndarray | None = None) -> CubaNeuron:
    """Current without a memory: SANA-FE computes it in floats, where ours is cut to whole numbers. Voltage with one."""
    return CubaNeuron(threshold + int(rng.integers(0, 8)), 4095, int(rng.integers(0, 2048)), biases)


def placement_of(network: NetworkDescription) -> Placement:
    """Four cores, sixteen cores, four cores."""
    nothing = Words(0, 0, 0, 0)
    plans = (
        LayerPlan(layer.name, 8, 1, tuple(CorePlan(index, tile, nothing) for tile in tiles))
        for index, (layer, tiles) in enumerate(zip(network.layers, TILES, strict=True))
    )
    return Placement(network.name, "loihi1", "by hand", CORES_PER_CHIP, tuple(plans))


def homes_of(network: NetworkDescription, layer: int) -> list[tuple[int, int]]:
    """SANA-FE's router and core of every neuron: routers are numbered down the columns, ours along a snake."""
    shape = network.layers[layer].shape
    home = np.zeros(shape if len(shape) == 3 else (*shape, 1, 1), dtype=int)
    for number, tile in enumerate(TILES[layer]):
        home[slice(*tile.channels), slice(*tile.rows), slice(*tile.columns)] = FIRST_CORES[layer] + number
    routers = [position(core, CORES_PER_CHIP) for core in home.ravel().tolist()]
    return [(x * ROWS + y, core % CORES_PER_ROUTER) for (_, x, y), core in zip(routers, home.ravel(), strict=True)]


def matrix_of(synapse: ConvSynapse | DenseSynapse, shape: tuple[int, ...]) -> np.ndarray:
    """What every source adds to every neuron, shape (neurons, sources)."""
    sources = int(np.prod(shape))
    one_by_one = np.eye(sources, dtype=np.int64).reshape(sources, *shape)
    return deliver(synapse, lambda _: one_by_one).reshape(sources, -1).T


@dataclass(frozen=True)
class Prices:
    """What SANA-FE's chip charges, in a unit of our choice."""

    synop: float
    synop_conv: float
    access: float
    update: float
    spike: float
    message: float
    hop_x: float
    hop_y: float

    @classmethod
    def of(cls, decimals: dict[str, Decimal], unit: Decimal) -> Prices:
        """Decimal prices in joules as floats of a unit; the update is what an active neuron costs beyond access."""
        idle = decimals["neuron_update_idle"]
        named = {**decimals, "access": idle, "update": decimals["neuron_update_active"] - idle}
        return cls(**{name: float(named[name] / unit) for name in cls.__dataclass_fields__})


def chip_text(prices: Prices, sources: int) -> str:
    """SANA-FE's description of the chip; it reads YAML, and JSON is YAML.

    A source neuron needs a unit of its own, because a unit plays one spike train. It stands for the host, and is free.
    """
    free = {"energy_access_neuron": 0.0, "energy_update_neuron": 0.0, "energy_spike_out": 0.0}
    neuron = dict(zip(free, (prices.access, prices.update, prices.spike), strict=True))
    times = {name.replace("energy", "latency"): 0.0 for name in free}
    core = {
        "name": f"core[0..{CORES_PER_ROUTER - 1}]",
        "attributes": {"buffer_position": "soma", "buffer_inside_unit": False, "max_neurons_supported": 64},
        "axon_in": [_unit("in", energy_message_in=0.0, latency_message_in=0.0)],
        "synapse": [
            _unit(name, model="current_based", energy_process_spike=price, latency_process_spike=0.0)
            for name, price in (("dense", prices.synop), ("conv", prices.synop_conv), ("wire", 0.0))
        ],
        "dendrite": [_unit("sum", model="accumulator", energy_update=0.0, latency_update=0.0)],
        "soma": [
            _unit("lif", model="leaky_integrate_fire", **neuron, **times),
            _unit(f"host[0..{sources}]", model="input", **free, **times),
        ],
        "axon_out": [_unit("out", energy_message_out=prices.message, latency_message_out=0.0)],
    }
    ways = {"north": prices.hop_y, "south": prices.hop_y, "east": prices.hop_x, "west": prices.hop_x}
    hops = {f"energy_{way}_hop": price for way, price in ways.items()} | {f"latency_{way}_hop": 0.0 for way in ways}
    mesh = {"topology": "mesh", "width": 8, "height": ROWS, "link_buffer_size": 16, "sync_model": "fixed"}
    chip = {
        "name": "chip",
        "attributes": {**mesh, "latency_sync": 0.0},
        "tile": [{"name": f"tile[0..{8 * ROWS - 1}]", "attributes": hops, "core": [core]}],
    }
    return json.dumps({"architecture": chip}, indent=1)


def _unit(name: str, **attributes: float | str) -> dict:
    return {"name": name, "attributes": attributes}


class Told:
    """SANA-FE's copy of a network with one sample at its input.

    The host that sends the input lies in the first router, with the first layer; the host that takes the output
    lies with the last layer. So neither costs hops, as in our ledger. A message to the host meets a wire of weight 0
    that costs nothing.
    """

    def __init__(self, sanafe, chip_file, network: NetworkDescription, frames: np.ndarray) -> None:
        self._chip_file, self._sanafe = chip_file, sanafe
        self._arch = sanafe.load_arch(str(chip_file))
        self._net, self._network = sanafe.Network(), network
        trains = frames.reshape(-1, frames.shape[-1])
        groups = [self._sources(trains), *map(self._layer, range(network.depth))]
        shapes = [network.input_shape, *(layer.shape for layer in network.layers)]
        for (source, group), shape, layer in zip(pairwise(groups), shapes, network.layers, strict=False):
            self._connect(source, group, matrix_of(layer.synapse, shape))
            if layer.recurrent is not None:
                self._connect(group, group, matrix_of(layer.recurrent, (layer.neurons,)))
        self._hear(groups[-1], len(trains))

    def run(self) -> dict:
        """Every step of the sample, with all traces; each spike, voltage and message of it."""
        chip = self._sanafe.SpikingChip(self._arch)
        chip.load(self._net)
        traces = {f"{name}_trace": True for name in ("spike", "potential", "perf", "message")}
        return chip.sim(self._network.max_steps, timing_model="simple", processing_threads=1, **traces)

    def _core(self, router: int, core: int):
        return self._arch.tiles[router].cores[core]

    def _sources(self, trains: np.ndarray):
        group = self._net.create_neuron_group("input", len(trains), {}, log_spikes=True)
        for number, (neuron, train) in enumerate(zip(group.neurons, trains.tolist(), strict=True)):
            neuron.set_attributes(soma_hw_name=f"host[{number}]", model_attributes={"spikes": list(map(bool, train))})
            neuron.map_to_core(self._core(0, 0))
        return group

    def _layer(self, index: int):
        layer = self._network.layers[index]
        unit = "conv" if isinstance(layer.synapse, ConvSynapse) else "dense"
        group = self._net.create_neuron_group(
            layer.name, layer.neurons, {}, unit, "sum", log_potential=True, log_spikes=True, soma_hw_name="lif"
        )
        biases = np.broadcast_to(layer.neuron.bias(layer.shape), layer.shape).ravel() / 64
        for neuron, bias, home in zip(group.neurons, biases.tolist(), homes_of(self._network, index), strict=True):
            # SANA-FE adds the bias in its first step, too, ours only resets in that step: begin below zero by as much.
            numbers = {"threshold": layer.neuron.vth_mant, "leak_decay": 1 - layer.neuron.dv / 4096, "bias": bias}
            neuron.set_attributes(model_attributes={**numbers, "potential": -bias})
            neuron.map_to_core(self._core(*home))
        return group

    @staticmethod
    def _connect(source, group, matrix: np.ndarray) -> None:
        for to, come in np.argwhere(matrix).tolist():
            source[come].connect_to_neuron(group[to], {"weight": float(matrix[to, come])})

    def _hear(self, outputs, unit: int) -> None:
        host = self._net.create_neuron_group("host", 1, {}, "wire", "sum", soma_hw_name=f"host[{unit}]")
        host[0].map_to_core(self._core(*homes_of(self._network, self._network.depth - 1)[0]))
        for output in outputs.neurons:
            output.connect_to_neuron(host[0], {"weight": 0.0})
