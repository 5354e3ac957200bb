"""What is in a network, as plain data: the tables of ``evsnn inspect`` are drawn from it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.netfile.writer import content_hash
from evsnn_lava.export.part_words import part_kind, synapse_detail
from evsnn_lava.network import (
    NEVER,
    InputRecipe,
    Layer,
    NetworkDescription,
    Neuron,
    QuantisationFacts,
)
from evsnn_lava.network.policy import GUARANTEE

Parameter = int | str | tuple[int, int]
"""A number, a name, or the range of an array."""

USUAL: Final = {"bias_exp": 6, "spike_exp": 6, "state_exp": 6, "decay_bits": 12}
"""Parameters that say nothing while they have these values."""


@dataclass(frozen=True)
class LayerSummary:
    """One layer.

    Parameters
    ----------
    name, type : str
        Its name; ``conv``, ``dense``, ``complex`` or ``input``.
    detail : str
        Kernel, stride and so on of a convolution where they say something, delays, recurrence; else empty.
    input_shape, output_shape : tuple of int
        ``(C, H, W)`` or ``(N,)``.
    neurons, weights : int
        How many there are; a shared weight counts once, recurrent ones count too.
    nonzero_share : float
        Share of the weights that are not zero, 0..1.
    weight_bits : int
        Bits (with sign) that the weights take after their common power of two is taken out.
    neuron : str
        Its neuron type.
    parameters : tuple of (str, int or str or (int, int))
        Parameters of the neuron by name; of an array, the smallest and the largest value. Exponents that all files
        have are left out.
    mask : str
        One character per frame: 1 where the layer receives its input.
    """

    name: str
    type: str
    detail: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    neurons: int
    weights: int
    nonzero_share: float
    weight_bits: int
    neuron: str
    parameters: tuple[tuple[str, Parameter], ...]
    mask: str


@dataclass(frozen=True)
class CutoffSummary:
    """The cutoff policy.

    Parameters
    ----------
    kind : str
        How the thresholds came about.
    thresholds : tuple of (int or None)
        One per sent frame; None where the policy never stops.
    epsilon : float
        Tolerated share of wrong early stops.
    calibration_hash : str
        SHA-256 of the calibration data.
    calibration_samples : int
        Number of its samples.
    layers : int
        How many of the last layers are the decision itself.
    softmax_length : int
        Entries of the table of exponentials; 0 where the gap is compared.
    """

    kind: str
    thresholds: tuple[int | None, ...]
    epsilon: float
    calibration_hash: str
    calibration_samples: int
    layers: int = 0
    softmax_length: int = 0


@dataclass(frozen=True)
class GoldenSummary:
    """The golden vectors.

    Parameters
    ----------
    samples : int
        Number of recorded samples.
    exit_steps, decisions : tuple of int
        Where each stops and which class it gets.
    spikes : int
        Messages of all layers, steps and samples.
    """

    samples: int
    exit_steps: tuple[int, ...]
    decisions: tuple[int, ...]
    spikes: int


@dataclass(frozen=True)
class NetworkSummary:
    """A network in numbers and words.

    Parameters
    ----------
    name : str
        Name of the network.
    content_hash : str
        Hash that its file carries; empty when it cannot be written as a file.
    layers : tuple of LayerSummary
        From the input to the output.
    recipe : InputRecipe
        How recordings become frames.
    mask_semantics : str
        ``skip`` or ``mute``.
    frames_sent : int
        Frames of a sample that are sent (T').
    depth, max_steps : int
        Number of layers; steps of a sample that nothing stops.
    cutoff : CutoffSummary
        When a sample is decided.
    class_names : tuple of str
        One per output neuron.
    quantisation : tuple of QuantisationFacts
        What rounding did.
    provenance : tuple of (str, str)
        Where the network came from, sorted by key.
    golden : GoldenSummary or None
        What it must compute.
    """

    name: str
    content_hash: str
    layers: tuple[LayerSummary, ...]
    recipe: InputRecipe
    mask_semantics: str
    frames_sent: int
    depth: int
    max_steps: int
    cutoff: CutoffSummary
    class_names: tuple[str, ...]
    quantisation: tuple[QuantisationFacts, ...]
    provenance: tuple[tuple[str, str], ...]
    golden: GoldenSummary | None

    @property
    def guaranteed(self) -> bool:
        """Whether the provenance says what the cutoff promises: then not all of its samples were fitted on."""
        return GUARANTEE in dict(self.provenance)

    @property
    def neurons(self) -> int:
        """Neurons of all layers."""
        return sum(layer.neurons for layer in self.layers)

    @property
    def weights(self) -> int:
        """Stored weights of all layers."""
        return sum(layer.weights for layer in self.layers)


def summarise(network: NetworkDescription) -> NetworkSummary:
    """Look into a network.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    NetworkSummary
        What is in it.

    Examples
    --------
    >>> from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks
    >>> layer = Layer("fc", DenseSynapse([[2, -4], [0, 6]]), CubaNeuron(vth_mant=80, du=1023, dv=128), (2,))
    >>> recipe = InputRecipe(sensor_height=1, sensor_width=1, steps=4, dt_us=1000)
    >>> masks, cutoff = FrameMasks("skip", ([1, 1, 0, 1],)), CutoffPolicy.fixed(2, steps=3)
    >>> summary = summarise(NetworkDescription("tiny", (layer,), recipe, masks, cutoff, ("off", "on")))
    >>> summary.layers[0].mask, summary.layers[0].weight_bits, summary.cutoff.thresholds
    ('1101', 3, (None, -1, None))
    """
    cutoff = network.cutoff
    return NetworkSummary(
        name=network.name,
        content_hash=_hash_or_empty(network),
        layers=_layers(network),
        recipe=network.recipe,
        mask_semantics=network.masks.semantics,
        frames_sent=network.masks.stream_steps,
        depth=network.depth,
        max_steps=network.max_steps,
        cutoff=CutoffSummary(
            kind=cutoff.kind,
            thresholds=tuple(None if value >= NEVER else value for value in cutoff.thresholds.tolist()),
            epsilon=cutoff.epsilon,
            calibration_hash=cutoff.calibration_hash,
            calibration_samples=cutoff.calibration_samples,
            layers=cutoff.layers,
            softmax_length=len(cutoff.softmax),
        ),
        class_names=network.class_names,
        quantisation=network.quantisation,
        provenance=tuple(sorted(network.provenance.items())),
        golden=_golden(network),
    )


def weight_bits(weights: npt.NDArray[np.integer]) -> int:
    """Bits that a synapse needs for these weights.

    Parameters
    ----------
    weights : numpy.ndarray of int
        Weight mantissas.

    Returns
    -------
    int
        With the sign where both signs occur, without the common power of two; 0 when all are zero.

    Examples
    --------
    >>> weight_bits(np.array([-256, 254])), weight_bits(np.array([0, 4])), weight_bits(np.array([3, -2]))
    (8, 1, 3)
    """
    values = np.unique(weights[weights != 0]).astype(np.int64)
    if not values.size:
        return 0
    common = int(np.bitwise_or.reduce(values))
    values //= common & -common
    low, high = int(values.min()), int(values.max())
    if low < 0 < high:
        return max(high.bit_length(), (-low - 1).bit_length()) + 1
    return max(abs(low), abs(high)).bit_length()


def _hash_or_empty(network: NetworkDescription) -> str:
    try:
        return content_hash(network)
    except UnsupportedError:
        return ""


def _layers(network: NetworkDescription) -> tuple[LayerSummary, ...]:
    shapes = [network.input_shape, *(layer.shape for layer in network.layers)]
    rows = zip(network.layers, shapes[:-1], network.masks.keep, strict=True)
    return tuple(_layer(layer, shape, mask) for layer, shape, mask in rows)


def _layer(layer: Layer, input_shape: tuple[int, ...], mask: npt.NDArray[np.bool_]) -> LayerSummary:
    matrices = [matrix.reshape(-1) for synapse in layer.synapses for matrix in synapse.matrices]
    weights = np.concatenate([np.zeros(0, np.int32), *matrices])
    return LayerSummary(
        name=layer.name,
        type=part_kind(layer.synapse),
        detail=" ".join(word for word in (synapse_detail(layer.synapse), _recurrence(layer)) if word),
        input_shape=input_shape,
        output_shape=layer.shape,
        neurons=layer.neurons,
        weights=weights.size,
        nonzero_share=float(np.count_nonzero(weights) / max(1, weights.size)),
        weight_bits=max(map(weight_bits, matrices), default=0),
        neuron=part_kind(layer.neuron),
        parameters=neuron_parameters(layer.neuron),
        mask="".join("1" if bit else "0" for bit in mask),
    )


def neuron_parameters(neuron: Neuron) -> tuple[tuple[str, Parameter], ...]:
    """Parameters of a neuron, short enough for a table.

    Parameters
    ----------
    neuron : Neuron
        The neuron.

    Returns
    -------
    tuple of (str, int or str or (int, int))
        By name, in the order of the class; smallest and largest value of an array.

    Examples
    --------
    >>> from evsnn_lava.network import CubaNeuron
    >>> neuron_parameters(CubaNeuron(vth_mant=80, du=1023, dv=[0, 128]))
    (('vth_mant', 80), ('du', 1023), ('dv', (0, 128)))
    """
    named = {field.name: getattr(neuron, field.name) for field in fields(neuron)}
    return tuple(
        (name, (int(value.min()), int(value.max())) if isinstance(value, np.ndarray) else value)
        for name, value in named.items()
        if value is not None and (isinstance(value, np.ndarray) or USUAL.get(name) != value)
    )


def _recurrence(layer: Layer) -> str:
    return "" if layer.recurrent is None else f"recurrent {synapse_detail(layer.recurrent)}".rstrip()


def _golden(network: NetworkDescription) -> GoldenSummary | None:
    golden = network.golden
    if golden is None:
        return None
    return GoldenSummary(
        samples=len(golden.frames),
        exit_steps=tuple(golden.exit_step.tolist()),
        decisions=tuple(golden.decision.tolist()),
        spikes=int(golden.spike_counts.sum()),
    )
