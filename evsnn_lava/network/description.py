"""The whole network: layers, input recipe, frame masks, cutoff policy and where it came from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network.golden import GoldenVectors
from evsnn_lava.network.masks import FrameMasks
from evsnn_lava.network.neurons import CubaNeuron
from evsnn_lava.network.policy import COMPARING, GUARANTEE, CutoffPolicy
from evsnn_lava.network.recipe import InputRecipe
from evsnn_lava.network.resonators import RfIzNeuron, RfNeuron
from evsnn_lava.network.sigma_delta import DeltaNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.network.synapses import ComplexSynapse, DenseSynapse, DirectSynapse, Shape, Synapse

NEURON_LIMIT: Final = 1 << 24
"""Most neurons of a layer, and most values of an input frame: sixteen Loihi 2 chips' worth."""

Neuron = CubaNeuron | DeltaNeuron | SigmaDeltaNeuron | SigmaNeuron | RfNeuron | RfIzNeuron


@dataclass(frozen=True, eq=False)
class Layer:
    """One block: a synapse and the neurons it drives. A block delays by one step.

    A network is a chain of layers. Connections that skip layers are lowered to relay neurons by the exporter, which
    is also what keeps their time: every layer takes a step.

    Parameters
    ----------
    name : str
        Unique name, for tables and messages.
    synapse : DenseSynapse, ConvSynapse, ComplexSynapse or DirectSynapse
        Connection from the layer before.
    neuron : CubaNeuron, DeltaNeuron, SigmaDeltaNeuron, SigmaNeuron, RfNeuron or RfIzNeuron
        The neuron model, the same for all neurons of the layer.
    shape : tuple of int
        ``(C, H, W)`` or ``(N,)`` of the neurons.
    recurrent : DenseSynapse, optional
        Connection from the layer to itself: what it sends in a step arrives in the next one, after its delay.
    """

    name: str
    synapse: Synapse
    neuron: Neuron
    shape: Shape
    recurrent: DenseSynapse | None = None

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return math.prod(self.shape)

    @property
    def synapses(self) -> tuple[Synapse, ...]:
        """All connections into the layer: the one from the layer before, then the recurrent one."""
        return (self.synapse,) if self.recurrent is None else (self.synapse, self.recurrent)

    def check(self, input_shape: Shape) -> None:
        """Check that the parts of the layer fit together and fit what comes in.

        Raises
        ------
        ConfigError
            If they do not.
        """
        produced = self.synapse.output_shape(input_shape)
        if self.neurons > NEURON_LIMIT:
            raise CapacityError(
                f"layer {self.name}: it has {self.neurons} neurons, the limit is {NEURON_LIMIT}; shrink it"
            )
        if produced != self.shape:
            raise ConfigError(f"layer {self.name}: shape is {self.shape}, its synapse makes {produced}; correct it")
        for name, value in self.neuron.per_channel.items():
            if value.shape != self.shape[:1] and (name != "bias_mant" or value.shape != self.shape):
                raise ConfigError(
                    f"layer {self.name}: {name} has shape {value.shape}, "
                    f"expected one per channel {self.shape[:1]}; reshape it"
                )
        if isinstance(self.neuron, RfNeuron) != isinstance(self.synapse, ComplexSynapse):
            raise ConfigError(
                f"layer {self.name}: {type(self.neuron).__name__} behind {type(self.synapse).__name__}; resonators, "
                "and only they, take a ComplexSynapse"
            )
        self._check_recurrence()

    def _check_recurrence(self) -> None:
        if self.recurrent is None:
            return
        if isinstance(self.neuron, RfNeuron):
            raise ConfigError(f"layer {self.name}: resonators cannot be recurrent; leave the recurrent synapse out")
        if self.recurrent.weights.shape != (self.neurons, self.neurons):
            raise ConfigError(
                f"layer {self.name}: recurrent weights are {self.recurrent.weights.shape}, "
                f"expected {(self.neurons, self.neurons)}; correct them"
            )


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
        self._check_texts()
        self._check_layers()
        self._check_lengths()

    def _check_texts(self) -> None:
        """Texts come from files and go to terminals and pages: control characters have no business in them."""
        if taken := [layer.name for layer in self.layers if layer.name[:1] + layer.name[-1:] == "()"]:
            raise ConfigError(f"layer {taken[0]}: names in parentheses are those of the ledger; take another name")
        names = (self.name, *self.class_names, *(layer.name for layer in self.layers), *self.provenance)
        values = (str(value).replace("\n", "").replace("\t", "") for value in self.provenance.values())
        for text in (*map(str, names), *values):
            if not text.isprintable():
                raise ConfigError(
                    f"network {self.name!r}: the text {text[:40]!r} holds control characters; remove them"
                )

    def _check_layers(self) -> None:
        shape: Shape = self.input_shape
        if math.prod(shape) > NEURON_LIMIT:
            raise CapacityError(f"network {self.name}: a frame {shape} is beyond {NEURON_LIMIT} values; shrink it")
        for index, layer in enumerate(self.layers):
            layer.check(shape)
            if index and isinstance(layer.synapse, DirectSynapse):
                raise ConfigError(f"layer {layer.name}: a DirectSynapse only takes the input; put it first")
            shape = layer.shape
        names = [layer.name for layer in self.layers]
        if len(set(names)) != self.depth:
            raise ConfigError(f"network {self.name}: two layers have the same name; rename one")
        facts = [fact.layer for fact in self.quantisation]
        if len(set(facts)) != len(facts) or not set(facts) <= set(names):
            raise ConfigError(
                f"network {self.name}: quantisation facts name {facts}, layers are {names}; give one each"
            )

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
        if self.cutoff.layers >= self.depth:
            raise ConfigError(
                f"network {self.name}: {self.cutoff.layers} of its {self.depth} layers are the cutoff; "
                "there must be one before them"
            )
        if self.layers[-1].neurons < 2 and self.cutoff.kind in COMPARING:
            raise ConfigError(f"network {self.name}: it has one output neuron, a gap needs at least 2; use `never`")

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

    @property
    def guarantee(self) -> str:
        """What the cutoff promises on new data; empty if nothing, or if it never stops early and needs no promise."""
        return "" if self.cutoff.kind == "never" else self.provenance.get(GUARANTEE, "")

    def with_cutoff(self, cutoff: CutoffPolicy) -> NetworkDescription:
        """The same network with another cutoff policy, without golden vectors and what the old policy promised.

        Parameters
        ----------
        cutoff : CutoffPolicy
            The new policy; it must have one threshold per sent frame.

        Returns
        -------
        NetworkDescription
            A copy.
        """
        provenance = {key: value for key, value in self.provenance.items() if key != GUARANTEE}
        return replace(self, cutoff=cutoff, golden=None, provenance=provenance)
