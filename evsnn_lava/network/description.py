"""The whole network: layers, input recipe, frame masks, cutoff policy and where it came from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from evsnn_lava.errors import ConfigError
from evsnn_lava.network.golden import GoldenVectors
from evsnn_lava.network.masks import FrameMasks
from evsnn_lava.network.neurons import CubaNeuron
from evsnn_lava.network.policy import CutoffPolicy
from evsnn_lava.network.recipe import InputRecipe
from evsnn_lava.network.synapses import Shape, Synapse


@dataclass(frozen=True, eq=False)
class Layer:
    """One block: a synapse and the neurons it drives. A block delays by one step.

    Parameters
    ----------
    name : str
        Unique name, for tables and messages.
    synapse : DenseSynapse or ConvSynapse
        Connection from the layer before.
    neuron : CubaNeuron
        The neuron model, the same for all neurons of the layer.
    shape : tuple of int
        ``(C, H, W)`` or ``(N,)`` of the neurons.
    """

    name: str
    synapse: Synapse
    neuron: CubaNeuron
    shape: Shape

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class QuantisationFacts:
    """What the quantiser did to one layer.

    Parameters
    ----------
    layer : str
        Name of the layer.
    weight_scale : float
        Integer that stands for the weight 1.0.
    max_error : float
        Largest rounding error of a weight, in float units.
    clipped : int
        Number of weights that were clipped.
    zeros : int
        Number of weights that became, or were, zero.
    """

    layer: str
    weight_scale: float
    max_error: float
    clipped: int
    zeros: int


@dataclass(frozen=True, eq=False)
class NetworkDescription:
    """A compiled event network: the source of truth that every back-end must agree with.

    Parameters
    ----------
    name : str
        Name of the network.
    layers : tuple of Layer
        From the input to the output.
    recipe : InputRecipe
        How recordings become input frames.
    masks : FrameMasks
        One mask per layer.
    cutoff : CutoffPolicy
        One threshold per sent frame.
    class_names : tuple of str
        One name per output neuron; the class is the output neuron with most spikes, the first at a tie.
    quantisation : tuple of QuantisationFacts
        One entry per layer, or none.
    provenance : mapping of str to str
        Configuration, versions, seeds, commit, hashes.
    golden : GoldenVectors or None
        What the network must compute.

    Raises
    ------
    ConfigError
        If the parts do not fit together.
    """

    name: str
    layers: tuple[Layer, ...]
    recipe: InputRecipe
    masks: FrameMasks
    cutoff: CutoffPolicy
    class_names: tuple[str, ...]
    quantisation: tuple[QuantisationFacts, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    golden: GoldenVectors | None = None

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        object.__setattr__(self, "provenance", dict(self.provenance))
        if not self.layers:
            raise ConfigError(f"network {self.name}: it has no layer; add at least one")
        self._check_layers()
        self._check_lengths()

    def _check_layers(self) -> None:
        shape: Shape = self.input_shape
        for layer in self.layers:
            produced = layer.synapse.output_shape(shape)
            if produced != layer.shape:
                raise ConfigError(
                    f"layer {layer.name}: shape is {layer.shape}, its synapse makes {produced}; correct it"
                )
            bias = layer.neuron.bias_mant
            if bias is not None and bias.shape != layer.shape[:1]:
                raise ConfigError(
                    f"layer {layer.name}: bias has shape {bias.shape}, expected one per channel {layer.shape[:1]}"
                )
            shape = layer.shape
        if len({layer.name for layer in self.layers}) != self.depth:
            raise ConfigError(f"network {self.name}: two layers have the same name; rename one")

    def _check_lengths(self) -> None:
        pairs = (
            ("masks cover", self.masks.steps, "frames, the recipe makes", self.recipe.steps),
            ("there are masks for", len(self.masks.keep), "layers, the network has", self.depth),
            ("the cutoff has", self.cutoff.steps, "thresholds, frames sent are", self.masks.stream_steps),
            ("there are", len(self.class_names), "class names, output neurons are", self.layers[-1].neurons),
        )
        for before, found, between, expected in pairs:
            if found != expected:
                raise ConfigError(f"network {self.name}: {before} {found} {between} {expected}; make them equal")
        if self.layers[-1].neurons < 2:
            raise ConfigError(f"network {self.name}: it has one output neuron, a decision needs at least 2")

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape ``(C, H, W)`` of one input frame."""
        return self.recipe.input_shape

    @property
    def depth(self) -> int:
        """Number of layers, that is of steps between a frame and its effect on the output."""
        return len(self.layers)

    @property
    def max_steps(self) -> int:
        """Steps that a sample takes when nothing stops it: frames sent plus depth (``K``)."""
        return self.masks.stream_steps + self.depth

    def with_cutoff(self, cutoff: CutoffPolicy) -> NetworkDescription:
        """The same network with another cutoff policy and without golden vectors.

        Parameters
        ----------
        cutoff : CutoffPolicy
            The new policy; it must have one threshold per sent frame.

        Returns
        -------
        NetworkDescription
            A copy.
        """
        return replace(self, cutoff=cutoff, golden=None)
