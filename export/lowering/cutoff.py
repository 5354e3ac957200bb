"""Lowering the cutoff to neurons: two layers of plain CUBA neurons that stop where the policy of the host stops.

*Compare* has a neuron for every pair of classes. Its current adds up the spikes of one class and subtracts those of
the other; its voltage forgets everything (``dv`` 4095), so it fires in every step in which the lead exceeds the
threshold. A thermometer in the same layer, a row of neurons of which one more fires in every step, moves the
thresholds from step to step. *Decide* has a neuron for each class, which fires when all of its comparators do.

Source: the Top-K gap rule of arXiv 2301.09522; the circuit is ours, ``docs/cutoff.md`` derives it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.lowering.cutoff_scale import LARGEST_WEIGHT, Scale, choose_scale
from evsnn_lava.export.lowering.cutoff_table import PairTable, pair_table
from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, Layer, NetworkDescription
from evsnn_lava.network.policy import ON_CHIP_LAYERS
from evsnn_lava.network.ranges import RANGES
from evsnn_lava.simulation import simulate

IntArray = npt.NDArray[np.int64]

COMPARE: Final = "cutoff_compare"
DECIDE: Final = "cutoff_decide"
DEPTH: Final = ON_CHIP_LAYERS
"""Steps that the decision takes."""

MOST_CLASSES: Final = 64
"""Then the comparators' own matrix has some 17 million weights, most of them zero; netx stores them all."""


@dataclass(frozen=True)
class CutoffLowering:
    """What was built, and what is known about it.

    Parameters
    ----------
    comparators, thermometer, deciders : int
        Neurons.
    synapses : int
        Connections that are not zero.
    scale : Scale
        Weight of a spike, decay of the currents, and the proof that the leak changes nothing.
    """

    comparators: int
    thermometer: int
    deciders: int
    synapses: int
    scale: Scale

    @property
    def neurons(self) -> int:
        """All neurons of the decision."""
        return self.comparators + self.thermometer + self.deciders


def lower_cutoff(network: NetworkDescription) -> tuple[NetworkDescription, CutoffLowering]:
    """Build the cutoff policy of a network into its layers.

    Parameters
    ----------
    network : NetworkDescription
        With the policy of the host.

    Returns
    -------
    network : NetworkDescription
        Two layers deeper; its policy stops at the first spike. Classes and exit steps are those of the old network.
    lowering : CutoffLowering
        What was built.

    Raises
    ------
    UnsupportedError
        If the network decides on chip already, has one output, outputs that are no spikes, or steps by ten thousands.

    Examples
    --------
    >>> from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, InputRecipe
    >>> layer = Layer("fc", DenseSynapse([[2, -4], [0, 6]]), CubaNeuron(vth_mant=1, du=4095, dv=0), (2,))
    >>> recipe = InputRecipe(sensor_height=1, sensor_width=2, steps=4, dt_us=1000, polarities=1)
    >>> masks, cutoff = FrameMasks.all_kept(4, layers=1), CutoffPolicy("topk_gap", [1, 1, 1, 1])
    >>> network = NetworkDescription("tiny", (layer,), recipe, masks, cutoff, ("off", "on"))
    >>> lowered, lowering = lower_cutoff(network)
    >>> [layer.name for layer in lowered.layers], lowering.comparators, lowering.thermometer
    (['fc', 'cutoff_compare', 'cutoff_decide'], 2, 4)
    """
    _require_spikes(network)
    circuit = _circuit(network)
    return _appended(network, circuit.layers), _facts(circuit)


def _require_spikes(network: NetworkDescription) -> None:
    last = network.layers[-1]
    if network.cutoff.layers:
        raise UnsupportedError(f"network {network.name}: its last layers decide already; export it as it is")
    if network.cutoff.kind == "confidence":
        raise UnsupportedError(
            f"network {network.name}: its cutoff compares a softmax, the comparators only a gap; let the host decide "
            "or calibrate with --policy topk_gap"
        )
    if last.neurons < 2:
        raise UnsupportedError(f"layer {last.name}: a lead needs at least 2 outputs, found 1; leave the cutoff out")
    if last.neurons > MOST_CLASSES:
        raise UnsupportedError(
            f"layer {last.name}: {last.neurons} outputs take {last.neurons * (last.neurons - 1)} comparators, the "
            f"limit is {MOST_CLASSES} outputs, as their weights grow with the fourth power; let the host decide"
        )
    if last.neuron.graded:
        raise UnsupportedError(
            f"layer {last.name}: its messages are numbers, comparators count spikes; end with spiking neurons"
        )


@dataclass(frozen=True, eq=False)
class _Circuit:
    layers: tuple[Layer, Layer]
    scale: Scale
    comparators: int
    thermometer: int


def _circuit(network: NetworkDescription) -> _Circuit:
    depth, classes = network.depth, network.layers[-1].neurons
    table = pair_table(network.cutoff, classes)
    early = _early_spikes(network)
    scale = choose_scale(_leads(table, depth, early))
    if scale is None:
        raise UnsupportedError(
            f"network {network.name}: a lead over {network.cutoff.steps} steps leaves the 24 bits of a current; "
            "stop earlier or leave the cutoff to the host"
        )
    missing = np.array([early[i] - early[j] for i, j in table.pairs])
    thermometer = _thermometer(_ramps(table, depth), LARGEST_WEIGHT // scale.weight)
    compare = _compare(table, thermometer, missing, scale, classes)
    decide = _decide(table, compare.neurons, classes, scale)
    return _Circuit((compare, decide), scale, len(table.pairs), len(thermometer.stage))


def _early_spikes(network: NetworkDescription) -> IntArray:
    """Output spikes before the first frame can have an effect: a bias makes them, and the host does not count them."""
    frames = np.zeros((1, *network.input_shape, network.masks.steps), dtype=np.int32)
    sent = simulate(network, frames).messages[-1].reshape(network.layers[-1].neurons, network.max_steps)
    spikes: IntArray = sent[:, : network.depth].sum(axis=1, dtype=np.int64)
    return spikes


def _ramps(table: PairTable, depth: int) -> IntArray:
    """What each stage of the thermometer adds to every comparator, in spikes, shape (stages, pairs).

    Stage ``s`` fires from step ``s`` on and is heard one step later; comparators look at frame ``t`` in step
    ``t + depth``. All that are heard in a step must add up to the fall of the thresholds.
    """
    steps, pairs = table.thresholds.shape
    falls = np.zeros((depth + steps + 1, pairs), dtype=np.int64)
    falls[depth + 2 :] = table.changes
    ramps: IntArray = np.diff(falls, axis=0)[1:]
    used = np.flatnonzero(ramps.any(axis=1))
    return ramps[: used[-1] + 1] if used.size else ramps[:0]


@dataclass(frozen=True, eq=False)
class _Thermometer:
    """Its neurons: the stage of each, from 0, and what each adds to the comparators, shape (neurons, pairs)."""

    stage: IntArray
    adds: IntArray


def _thermometer(ramps: IntArray, limit: int) -> _Thermometer:
    """One neuron a stage; more that share the work where a weight would exceed its limit."""
    needed = -(-np.abs(ramps).max(axis=1, initial=1) // limit)
    stage = np.repeat(np.arange(len(ramps)), needed)
    nth = np.arange(len(stage)) - np.searchsorted(stage, stage)
    before, after = (limit * (nth + each)[:, None] for each in (0, 1))
    whole = ramps[stage]
    return _Thermometer(stage, np.clip(whole, -after, after) - np.clip(whole, -before, before))


def _leads(table: PairTable, depth: int, early: IntArray) -> IntArray:
    """The largest lead that a comparator can hold in each step, the shifts of its threshold included."""
    shifts = np.abs(table.thresholds[0] - table.thresholds).max(axis=1)
    before = np.full(depth + 1, int(early.max()), dtype=np.int64)
    frames = np.arange(1, len(shifts) + 1) + int(early.max()) + shifts
    return np.concatenate([before, frames])


def _compare(table: PairTable, thermometer: _Thermometer, missing: IntArray, scale: Scale, classes: int) -> Layer:
    pairs, stage, weight = len(table.pairs), thermometer.stage, scale.weight
    below = weight * (table.thresholds[0] + missing) + weight // 2
    vth_mant = max(0, int(below.max()) + RANGES["bias_mant"][0] // 2)
    half = np.where(stage == 0, weight // 2, -(weight // 2))  # the first stage fires by itself
    inputs = np.zeros((pairs + len(stage), classes), dtype=np.int32)
    for row, (ahead, behind) in enumerate(table.pairs):
        inputs[row, ahead], inputs[row, behind] = weight, -weight
    neuron = CubaNeuron(vth_mant, scale.du, scale.dv, vth_mant + np.concatenate([-below, half]))
    recurrent = DenseSynapse(_own_weights(thermometer, weight)) if len(stage) else None
    return Layer(COMPARE, DenseSynapse(inputs), neuron, (len(inputs),), recurrent)


def _own_weights(thermometer: _Thermometer, weight: int) -> npt.NDArray[np.int32]:
    """From the thermometer to the comparators, and from each of its stages to the next."""
    stage, pairs = thermometer.stage, thermometer.adds.shape[1]
    own = np.zeros((pairs + len(stage),) * 2, dtype=np.int32)
    own[:pairs, pairs:] = weight * thermometer.adds.T
    later = np.flatnonzero(stage)
    own[pairs + later, pairs + np.searchsorted(stage, stage[later] - 1)] = weight
    return own


def _decide(table: PairTable, inputs: int, classes: int, scale: Scale) -> Layer:
    weights = np.zeros((classes, inputs), dtype=np.int32)
    for column, (ahead, _) in enumerate(table.pairs):
        weights[ahead, column] = 2
    neuron = CubaNeuron(2 * (classes - 1) - 1, RANGES["du"][1], scale.dv)
    return Layer(DECIDE, DenseSynapse(weights), neuron, (classes,))


def _appended(network: NetworkDescription, layers: tuple[Layer, ...]) -> NetworkDescription:
    masks = FrameMasks(network.masks.semantics, (*network.masks.keep, *[network.masks.keep[-1]] * DEPTH))
    old = network.cutoff
    first_spike = CutoffPolicy(
        "on_chip", np.zeros(old.steps, np.int64), old.epsilon, old.calibration_hash, old.calibration_samples, DEPTH
    )
    return replace(network, layers=(*network.layers, *layers), masks=masks, cutoff=first_spike, golden=None)


def _facts(circuit: _Circuit) -> CutoffLowering:
    matrices = [matrix for layer in circuit.layers for synapse in layer.synapses for matrix in synapse.matrices]
    return CutoffLowering(
        comparators=circuit.comparators,
        thermometer=circuit.thermometer,
        deciders=circuit.layers[1].neurons,
        synapses=sum(int(np.count_nonzero(matrix)) for matrix in matrices),
        scale=circuit.scale,
    )
