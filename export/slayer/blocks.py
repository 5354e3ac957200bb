"""Any list of SLAYER blocks as the chain of layers that sends the same messages, or a refusal that says what to change.

SLAYER computes a block on the whole recording and may shift what it sends by a step (``delay_shift``); a layer of ours
always takes a step. So time ``t`` of a neuron in SLAYER is step ``t + 1 + lag``, where `lag` counts the blocks before
it that do not shift. Every layer starts in step 1, which a neuron at rest does not notice; one with a bias does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import slayer
from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.export.slayer.neurons import READ_NEURON, has_bias, norm_divisor, spread_over
from evsnn_lava.export.slayer.refusals import refusal_of
from evsnn_lava.export.slayer.synapses import (
    Incoming,
    Wiring,
    wire_complex,
    wire_conv,
    wire_dense,
    wire_input,
    wire_pool,
    wire_recurrent,
    wire_transposed,
)
from evsnn_lava.network import ConvSynapse, DenseSynapse, DirectSynapse, Layer, QuantisationFacts, Synapse
from evsnn_lava.network.ranges import RANGES

Shape = tuple[int, ...]
GRADED_ONE: Final = 4096
"""The message that stands for 1.0 between sigma-delta layers."""

SPIKE_FED: Final = ("delta", "sums")
"""Graded neurons that take the messages of frames or spikes, in which 1.0 is 1."""


@dataclass(frozen=True)
class BlockKind:
    """How a type of block is read.

    Parameters
    ----------
    wire : callable
        Reads the synapse.
    neuron : str
        Key of ``READ_NEURON``.
    shifts : bool or None
        Whether what it sends is shifted by a step; None: as its ``delay_shift`` says.
    """

    wire: Callable[[str, Any, Incoming], Wiring]
    neuron: str = "cuba"
    shifts: bool | None = None

    def shift_of(self, block: Any) -> int:
        """Steps by which such a block shifts what its neurons send."""
        return int(block.delay_shift if self.shifts is None else self.shifts)


def compile_blocks(
    blocks: Iterable[Any],
    input_shape: Shape,
    input_scale: int = 1,
    kinds: Mapping[type, BlockKind] | None = None,
    quantised_input: bool = False,
) -> tuple[tuple[Layer, ...], tuple[QuantisationFacts, ...]]:
    """Compile blocks that follow each other.

    Parameters
    ----------
    blocks : iterable of slayer blocks
        From input to output, of ``slayer.block.cuba``, ``sigma_delta``, ``rf`` or ``rf_iz``. They are read as in
        evaluation mode and left as they are.
    input_shape : tuple of int
        ``(C, H, W)`` or ``(N,)`` of a frame.
    input_scale : int
        Number in a frame that stands for 1.0: 1 for spikes, 64 for graded values in units of 1/64.
    kinds : mapping of type to BlockKind, optional
        Further types of blocks, beside ``KINDS``.
    quantised_input : bool
        States that graded frames are what the hook of SLAYER's Input block leaves, as
        :func:`evsnn_lava.export.slayer.synapses.slayer_frames` makes them: even and within -256..254 at scale 64.
        SLAYER rounds and clamps all others, the integers do not.

    Returns
    -------
    layers : tuple of Layer
        One per block with neurons; layer ``l`` sends in step ``k`` what the neurons of its block send at SLAYER's
        time ``k - 1 - lag``.
    facts : tuple of QuantisationFacts
        What rounding did, one per layer.

    Raises
    ------
    UnsupportedError
        If the integers cannot say exactly what a block does.
    ConfigError
        If `blocks` is one module, which does not say in which order its blocks follow each other.
    """
    if not isinstance(blocks, Iterable):
        raise ConfigError(
            f"{type(blocks).__name__} is one module, the order of blocks is needed; give a list of them or what the "
            "module keeps them in, for example module.blocks"
        )
    chain = _Chain(input_shape, input_scale, {**KINDS, **(kinds or {})}, quantised_input)
    for block in blocks:
        chain.add(block)
    return chain.finish()


class _Chain:
    """The layers so far and what is still to be said about the last of them."""

    def __init__(
        self, input_shape: Shape, input_scale: int, kinds: Mapping[type, BlockKind], quantised_input: bool
    ) -> None:
        self._kinds = kinds
        self._quantised_input = quantised_input
        self._layers: list[Layer] = []
        self._facts: list[QuantisationFacts] = []
        self._shape = input_shape
        self._stored: Shape = input_shape if len(input_shape) == 3 else (*input_shape, 1, 1)
        self._grid = True
        self._one = input_scale
        self._lag = 0
        self._groups = 1
        self._delays: npt.NDArray[np.int32] | None = None

    def add(self, block: Any) -> None:
        """Read the next block."""
        kind = type(block)
        name = f"{kind.__name__.lower()}{len(self._layers) + 1}"
        if kind in _INPUT and block.neuron is None:
            return
        if kind in _FLATTEN:
            self._shape = (math.prod(self._shape),)
        elif kind in _AVERAGE:
            self._average(name, block)
        elif kind in self._kinds:
            self._add_layer(name, block, self._kinds[kind])
        else:
            raise UnsupportedError(f"layer {name}: {refusal_of(kind)}")

    def finish(self) -> tuple[tuple[Layer, ...], tuple[QuantisationFacts, ...]]:
        """The chain, after what the last block leaves open."""
        if not self._layers:
            raise UnsupportedError("the model has no block with neurons; add one")
        if self._groups > 1:
            raise UnsupportedError(
                f"layer {self._layers[-1].name}: an Average over its outputs decodes, it sends no spikes; "
                "take it out of the blocks and average the counts, or end with a Dense block"
            )
        if self._delays is not None and self._delays.any():
            self._layers[-1] = _delayed_itself(self._layers[-1], self._delays)
        return tuple(self._layers), tuple(self._facts)

    def _average(self, name: str, block: Any) -> None:
        neurons = math.prod(self._shape)
        if not self._layers or self._groups > 1 or neurons % block.num_outputs:
            raise UnsupportedError(
                f"layer {name}: it averages {neurons} values in {block.num_outputs} groups; put it once, behind a "
                "layer of a multiple of neurons"
            )
        self._groups = neurons // block.num_outputs
        self._shape = (block.num_outputs,)

    def _add_layer(self, name: str, block: Any, kind: BlockKind) -> None:
        self._require_fresh(name, block)
        wiring = kind.wire(name, block, Incoming(self._shape, self._grid, self._one, self._quantised_input))
        synapse = self._delayed(name, self._averaged(name, _divided(name, wiring.synapse, block.neuron)))
        neuron = READ_NEURON[kind.neuron](name, block.neuron, wiring.shape)
        stored = synapse.output_shape(self._stored)
        if len(stored) < len(wiring.shape):
            neuron = spread_over(neuron, wiring.shape)
        self._require_units(name, synapse, neuron.graded and kind.neuron not in SPIKE_FED)
        if self._lag and (has_bias(neuron) or (isinstance(synapse, DirectSynapse) and synapse.bias)):
            raise UnsupportedError(
                f"layer {name}: its bias starts with the first frame in SLAYER, in step 1 here, which is "
                f"{self._lag:+d} steps apart; set delay_shift=True in every block before it (sigma_delta.Input has "
                "none), or train without bias"
            )
        self._layers.append(Layer(name, synapse, neuron, stored, wiring.recurrent))
        self._facts.append(wiring.facts)
        self._stored, self._shape = stored, wiring.shape
        self._grid = len(stored) == len(wiring.shape) or len(wiring.shape) == 1
        self._one = GRADED_ONE if neuron.graded else 1
        self._lag += 1 - kind.shift_of(block)
        self._delays = _delays_of(name, block, wiring.shape)

    def _require_fresh(self, name: str, block: Any) -> None:
        if block.neuron.persistent_state and type(block) not in _RECURRENT:
            raise UnsupportedError(
                f"layer {name}: it keeps its state between recordings, deployment resets it; set "
                "persistent_state=False (a Recurrent block sets it in the dict that it is given: give each its own)"
            )
        if type(block) in _RECURRENT and block.neuron.norm is not None:
            raise UnsupportedError(
                f"layer {name}: a norm in a recurrent block changes the current that SLAYER keeps, and no bias does; "
                "train without norm"
            )

    def _require_units(self, name: str, synapse: Synapse, graded: bool) -> None:
        expected = GRADED_ONE if graded else 1
        if not isinstance(synapse, DirectSynapse) and self._one != expected:
            raise UnsupportedError(
                f"layer {name}: 1.0 arrives as {self._one}, its neurons take {expected}; keep spiking and sigma-delta "
                "blocks apart and begin graded networks with an Input block"
            )

    def _averaged(self, name: str, synapse: Synapse) -> Synapse:
        """An average before a dense layer is that layer with its weights divided and repeated."""
        size, self._groups = self._groups, 1
        if size == 1:
            return synapse
        if not isinstance(synapse, DenseSynapse) or (synapse.weights % size).any() or size & (size - 1):
            raise UnsupportedError(
                f"layer {name}: it follows an Average of {size}, its weights are no multiples of {size} or {size} is "
                "no power of two; use a Dense block in its place"
            )
        return replace(synapse, weights=np.repeat(synapse.weights // size, size, axis=1))

    def _delayed(self, name: str, synapse: Synapse) -> Synapse:
        """The axonal delays of the layer before, on the connections that leave it: exact, with a bias too."""
        delays, self._delays = self._delays, None
        if delays is None or not delays.any():
            return synapse
        if not isinstance(synapse, DenseSynapse):
            raise UnsupportedError(
                f"layer {name}: the block before it delays its spikes, a {type(synapse).__name__} cannot; "
                "set delay=False there, or follow it with a Dense block"
            )
        return replace(synapse, delays=delays[None])


def _divided(name: str, synapse: Synapse, neuron: Any) -> Synapse:
    """The synapse with what a norm divides by taken into its weights."""
    divisor = norm_divisor(name, neuron)
    if divisor == 1:
        return synapse
    low, high = RANGES["weight"]
    if isinstance(synapse, DenseSynapse | ConvSynapse):
        weights = synapse.weights / divisor
        if ((weights % 1 == 0) & (low <= weights) & (weights <= high)).all():
            return replace(synapse, weights=weights.astype(np.int32))
    raise UnsupportedError(
        f"layer {name}: its WgtScaleBatchNorm divides by {divisor:g}, which makes weights that are not whole or leave "
        f"{low}..{high}; use MeanOnlyBatchNorm"
    )


def _delays_of(name: str, block: Any, shape: Shape) -> npt.NDArray[np.int32] | None:
    """Whole steps that each neuron's spikes wait, in ``(C, H, W)`` order; None without delays."""
    axon = block.delay
    if axon is None:
        return None
    if not axon.init:
        raise UnsupportedError(f"layer {name}: its delays are not drawn yet; run the network once before compiling")
    value = axon.delay.detach().clamp(0, axon.max_delay).cpu().numpy() / axon.sampling_time
    return np.repeat(value.astype(np.int32), math.prod(shape) // value.size)


def _delayed_itself(layer: Layer, delays: npt.NDArray[np.int32]) -> Layer:
    """Delays of the last layer, on the connections into it: the same from rest, if nothing but input moves it."""
    synapse = layer.synapse
    if not isinstance(synapse, DenseSynapse) or layer.recurrent is not None or has_bias(layer.neuron):
        raise UnsupportedError(
            f"layer {layer.name}: it is the last and delays its spikes, which only dense blocks without bias and "
            "recurrence can; set delay=False"
        )
    total = delays[:, None] + (0 if synapse.delays is None else synapse.delays)
    if total.max() > RANGES["delay"][1]:
        raise UnsupportedError(
            f"layer {layer.name}: delays add up to {total.max()} steps, the limit is {RANGES['delay'][1]}; "
            "set delay=False in the last block"
        )
    return replace(layer, synapse=replace(synapse, delays=total))


_block = slayer.block
_MODULES = (_block.cuba, _block.sigma_delta, _block.rf, _block.rf_iz)
_FLATTEN: Final = {module.Flatten for module in _MODULES}
_AVERAGE: Final = {module.Average for module in _MODULES}
_INPUT: Final = {_block.cuba.Input}
_RECURRENT: Final = {_block.cuba.Recurrent}

KINDS: Final[dict[type, BlockKind]] = {
    _block.cuba.Input: BlockKind(wire_input),
    _block.cuba.Dense: BlockKind(wire_dense),
    _block.cuba.Conv: BlockKind(wire_conv),
    _block.cuba.Pool: BlockKind(wire_pool),
    _block.cuba.ConvT: BlockKind(wire_transposed),
    _block.cuba.Unpool: BlockKind(wire_transposed),
    _block.cuba.Recurrent: BlockKind(wire_recurrent),
    _block.sigma_delta.Input: BlockKind(wire_input, "delta", shifts=False),
    _block.sigma_delta.Dense: BlockKind(wire_dense, "sigma_delta"),
    _block.sigma_delta.Conv: BlockKind(wire_conv, "sigma_delta"),
    _block.sigma_delta.Pool: BlockKind(wire_pool, "sigma_delta"),
    _block.sigma_delta.ConvT: BlockKind(wire_transposed, "sigma_delta"),
    _block.sigma_delta.Unpool: BlockKind(wire_transposed, "sigma_delta"),
    _block.sigma_delta.Output: BlockKind(wire_dense, "sigma", shifts=False),
    _block.rf.Dense: BlockKind(wire_complex, "rf"),
    _block.rf_iz.Dense: BlockKind(wire_complex, "rf"),
}
"""How each block of SLAYER is read; `refusals.py` says why the others are not."""
