"""What of a network never changes during a run: a kernel for every synapse and for the neurons of every layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    Layer,
    NetworkDescription,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
    Synapse,
)
from evsnn_lava.network.fanout import message_costs, recurrent_costs
from evsnn_lava.network.synapses import Shape
from evsnn_lava.simulation.engine.conv import ConvDelivery
from evsnn_lava.simulation.engine.cuba import CubaKernel
from evsnn_lava.simulation.engine.delays import DelayedDelivery
from evsnn_lava.simulation.engine.delivery import Delivery
from evsnn_lava.simulation.engine.dense import ComplexDelivery, DenseDelivery, DirectDelivery
from evsnn_lava.simulation.engine.lists import engine_order, whole_blocks
from evsnn_lava.simulation.engine.plain import PlainKernel
from evsnn_lava.simulation.engine.wide_conv import WideConvDelivery, stays_narrow
from evsnn_lava.simulation.reference import gate_open

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Source:
    """What a synapse listens to.

    Parameters
    ----------
    shape : tuple of int
        Shape of the input or of a layer.
    graded : bool
        Whether it sends numbers.
    order : numpy.ndarray of int64, shape (neurons,)
        See `engine_order`.
    """

    shape: Shape
    graded: bool
    order: IntArray

    @classmethod
    def of(cls, shape: Shape, graded: bool) -> Source:
        """With the order that belongs to a shape."""
        return cls(shape, graded, engine_order(shape))


def _dense(synapse: DenseSynapse, source: Source, _: int) -> Delivery:
    if synapse.delays is not None:
        return DelayedDelivery(synapse, source.order)
    return DenseDelivery(synapse, source.order, source.graded)


def _conv(synapse: ConvSynapse, source: Source, _: int) -> Delivery:
    kernel = ConvDelivery if stays_narrow(synapse, source.graded) else WideConvDelivery
    return kernel(synapse, source.shape)


def _complex(synapse: ComplexSynapse, source: Source, places: int) -> Delivery:
    return ComplexDelivery(synapse, source.order, source.graded, places)


def _direct(synapse: DirectSynapse, source: Source, _: int) -> Delivery:
    return DirectDelivery(synapse, len(source.order), source.graded)


DELIVERIES: Final[dict[type, Callable[[Any, Source, int], Delivery]]] = {
    DenseSynapse: _dense,
    ConvSynapse: _conv,
    ComplexSynapse: _complex,
    DirectSynapse: _direct,
}
"""Who makes the kernel of a synapse, given its source and the places of the layer."""


@dataclass(frozen=True)
class NeuronKernel:
    """How the engine computes a type of neuron.

    Parameters
    ----------
    make : callable
        Makes the kernel from the neuron and the shape of the layer.
    states : tuple of str
        States that the kernel keeps, int32.
    inputs : int
        Kinds of synaptic input: two for resonators.
    """

    make: Callable[[Any, Shape], Any]
    states: tuple[str, ...]
    inputs: int = 1


_GRADED: Final = NeuronKernel(PlainKernel, ("sigma", "act", "residue"))
_RESONATOR: Final = NeuronKernel(PlainKernel, ("real", "imag"), inputs=2)

NEURON_KERNELS: Final[dict[type, NeuronKernel]] = {
    CubaNeuron: NeuronKernel(CubaKernel, ("u", "v")),
    DeltaNeuron: _GRADED,
    SigmaDeltaNeuron: _GRADED,
    SigmaNeuron: _GRADED,
    RfNeuron: _RESONATOR,
    RfIzNeuron: _RESONATOR,
}
"""Which kernel computes which neuron."""


@dataclass(frozen=True, eq=False)
class LayerPlan:
    """Kernels and tables of a layer.

    Parameters
    ----------
    layer : Layer
        What the description says.
    output : Source
        The layer as the source of the next one.
    delivery : Delivery
        Kernel of the synapse.
    back : Delivery or None
        Kernel of the recurrent synapse.
    neurons : object
        Kernel of the neurons.
    kind : NeuronKernel
        What that kernel keeps.
    gates : numpy.ndarray of uint8, shape (K,)
        Whether the layer sends in a step.
    costs : (numpy.ndarray, numpy.ndarray) of int32, shape (neurons,) or (0,)
        Synaptic operations that a message of the layer causes in the next one, and in the layer itself if it is
        recurrent.
    """

    layer: Layer
    output: Source
    delivery: Delivery
    back: Delivery | None
    neurons: Any
    kind: NeuronKernel
    gates: npt.NDArray[np.uint8]
    costs: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]

    @property
    def places(self) -> int:
        """Neurons in whole blocks."""
        return whole_blocks(self.layer.neurons)


@dataclass(frozen=True, eq=False)
class Plan:
    """A network, ready to run.

    Parameters
    ----------
    network : NetworkDescription
        What to compute.
    input : Source
        The input.
    cost : numpy.ndarray of int32, shape (inputs,)
        Synaptic operations that a message of the input causes.
    layers : tuple of LayerPlan
        Its layers.
    """

    network: NetworkDescription
    input: Source
    cost: npt.NDArray[np.int32]
    layers: tuple[LayerPlan, ...]

    @classmethod
    def of(cls, network: NetworkDescription) -> Plan:
        """Make the kernels of a network."""
        source = first = Source.of(network.input_shape, network.recipe.message_bits > 0)
        layers: list[LayerPlan] = []
        costs, own_costs = message_costs(network), recurrent_costs(network)
        for index, (cost, own_cost) in enumerate(zip(costs[1:], own_costs, strict=True)):
            layers.append(_plan_layer(network, index, source, cost, own_cost))
            source = layers[-1].output
        return cls(network, first, _costs(costs[0], first), tuple(layers))

    @property
    def places(self) -> int:
        """Places of all layers."""
        return sum(layer.places for layer in self.layers)


def _laid_out(synapse: DenseSynapse, output: Source) -> DenseSynapse:
    """A recurrent synapse whose outputs stand in the order of the engine, as its inputs will."""
    delays = None if synapse.delays is None else np.asarray(synapse.delays)[output.order]
    return replace(synapse, weights=synapse.weights[output.order], delays=delays)


def _plan_layer(
    network: NetworkDescription, index: int, source: Source, cost: IntArray, own_cost: IntArray | None
) -> LayerPlan:
    layer = network.layers[index]
    output = Source.of(layer.shape, layer.neuron.graded)
    kind = NEURON_KERNELS[type(layer.neuron)]
    places = whole_blocks(layer.neurons)

    def delivery(synapse: Synapse, origin: Source) -> Delivery:
        return DELIVERIES[type(synapse)](synapse, origin, places)

    return LayerPlan(
        layer,
        output,
        delivery(layer.synapse, source),
        None if layer.recurrent is None else delivery(_laid_out(layer.recurrent, output), output),
        kind.make(layer.neuron, layer.shape),
        kind,
        np.array([gate_open(network, index, step) for step in range(network.max_steps)], dtype=np.uint8),
        (_costs(cost, output), np.zeros(0, np.int32) if own_cost is None else _costs(own_cost, output)),
    )


def _costs(cost: IntArray, source: Source) -> npt.NDArray[np.int32]:
    return cost.reshape(-1)[source.order].astype(np.int32)
