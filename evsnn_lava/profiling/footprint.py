"""What a network stores, as NeuroBench counts it: parameters and buffers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evsnn_lava.network import (
    CubaNeuron,
    DeltaNeuron,
    DirectSynapse,
    Layer,
    NetworkDescription,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)

FLOAT32_BYTES: Final = 4
"""Bytes of every number of the equivalent torch network."""

STORED_BYTES: Final = {"weights": 2, "biases": 2, "delays": 8, "constants": 8}
"""Bytes of one number in the file: ``int16`` for weights and biases, ``int64`` for the others (docs/format.md)."""

CONSTANTS: Final[dict[type, tuple[str, ...]]] = {
    CubaNeuron: ("vth_mant", "du", "dv"),
    DeltaNeuron: ("vth_mant",),
    SigmaDeltaNeuron: ("vth_mant",),
    SigmaNeuron: (),
    RfNeuron: ("vth_mant", "sin_decay", "cos_decay"),
    RfIzNeuron: ("vth_mant", "sin_decay", "cos_decay"),
}
"""Numbers that describe a neuron, each one for the layer or one per channel; exponents are part of the format."""


@dataclass(frozen=True)
class Footprint:
    """How many numbers a network stores; states of neurons are not among them.

    Parameters
    ----------
    weights, biases : int
        Parameters; zeros count.
    delays, constants : int
        Buffers: steps that connections wait, thresholds and decays of neurons.

    Examples
    --------
    >>> size = Footprint(weights=100, biases=10, delays=0, constants=3)
    >>> size.parameters, size.float32_bytes, size.file_bytes
    (110, 452, 244)
    """

    weights: int
    biases: int
    delays: int
    constants: int

    @property
    def parameters(self) -> int:
        """Trained numbers: the package's ``ParameterCount``."""
        return self.weights + self.biases

    @property
    def float32_bytes(self) -> int:
        """Bytes of the equivalent torch network, in which every number is a ``float32``: the package's ``Footprint``.

        The package reports the type that a simulation uses, not what a chip would store.
        """
        return FLOAT32_BYTES * (self.parameters + self.delays + self.constants)

    @property
    def file_bytes(self) -> int:
        """Bytes of the same numbers with the widths of the ``.net`` file."""
        return sum(width * getattr(self, name) for name, width in STORED_BYTES.items())


def footprint(network: NetworkDescription) -> Footprint:
    """Count what a network stores.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    Footprint
        Of all layers together.
    """
    layers = [_layer(layer) for layer in network.layers]
    return Footprint(*(sum(getattr(part, name) for part in layers) for name in Footprint.__dataclass_fields__))


def _layer(layer: Layer) -> Footprint:
    """An input block's factor and summand are one weight and one bias."""
    direct = int(isinstance(layer.synapse, DirectSynapse))
    delays = [getattr(synapse, "delays", None) for synapse in layer.synapses]
    bias = layer.neuron.per_channel.get("bias_mant")
    return Footprint(
        weights=direct + sum(weights.size for each in layer.synapses for weights in each.matrices),
        biases=direct + (0 if bias is None else bias.size),
        delays=sum(each.size for each in delays if each is not None),
        constants=sum(np.size(getattr(layer.neuron, name)) for name in CONSTANTS[type(layer.neuron)]),
    )
