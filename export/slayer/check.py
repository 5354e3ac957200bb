"""Blocks of a torch network against their integers: the first message that differs, or none.

`compile_blocks` reads a network; this runs it. Unmodified SLAYER computes the forward pass in floats, the reference
computes the layers in integers, and every message of every layer and step is compared.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import Tensor, torch
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.slayer.blocks import GRADED_ONE, KINDS, BlockKind
from evsnn_lava.network import (
    CutoffPolicy,
    DeltaNeuron,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.simulation import simulate

FloatArray = npt.NDArray[np.float64]

UNITS: Final[dict[type, Callable[[Any], int]]] = {
    DeltaNeuron: lambda neuron: 64 << neuron.spike_exp,
    SigmaDeltaNeuron: lambda neuron: 64 << neuron.spike_exp,
    SigmaNeuron: lambda _: GRADED_ONE * 64,
}
"""The message that stands for 1.0 in SLAYER, 1 where it is not said. Activations count in 1/64."""


@dataclass(frozen=True)
class BlockDifference:
    """The first message in which torch and the integers differ.

    Parameters
    ----------
    layer : str
        Name of the layer.
    sample, step : int
        Sample of the frames, and step on the time axis of :class:`evsnn_lava.simulation.Trace`.
    neuron : int
        Flat index in the layer, in ``(C, H, W)`` order.
    expected : float
        What torch sends, in units of the integers.
    found : int
        What the reference sends.
    """

    layer: str
    sample: int
    step: int
    neuron: int
    expected: float
    found: int

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"layer {self.layer}, step {self.step}, sample {self.sample}, neuron {self.neuron}: torch sends "
            f"{self.expected:g}, the integers send {self.found}"
        )


def compare_blocks(
    blocks: Sequence[Any],
    network: NetworkDescription | Sequence[Layer],
    frames: npt.NDArray[Any],
    input_scale: int = 1,
    kinds: Mapping[type, BlockKind] | None = None,
) -> BlockDifference | None:
    """Run the blocks in torch and the layers in the reference, and compare all messages.

    Parameters
    ----------
    blocks : sequence of slayer blocks
        What was compiled. They run in evaluation mode from a state of zero, and are left as they were.
    network : NetworkDescription or sequence of Layer
        What came out, for example read from a file. Frame masks and cutoff of a network are left out: the blocks know
        neither.
    frames : numpy.ndarray of whole numbers, shape (N, C, H, W, T) or (N, M, T)
        Input, as the blocks take it, times `input_scale`.
    input_scale : int
        As in :func:`evsnn_lava.export.slayer.blocks.compile_blocks`.
    kinds : mapping of type to BlockKind, optional
        As there.

    Returns
    -------
    BlockDifference or None
        The earliest difference, in the layer that is nearest to the input; None if every message of every layer and
        step is the same.

    Raises
    ------
    ConfigError
        If the frames are no whole numbers, or blocks, layers and frames do not fit together.
    """
    frames, blocks = _whole(frames), list(blocks)
    layers = network.layers if isinstance(network, NetworkDescription) else tuple(network)
    every = {**KINDS, **(kinds or {})}
    speaking = [type(block) in every and block.neuron is not None for block in blocks]
    if sum(speaking) != len(layers) or not layers:
        raise ConfigError(
            f"{sum(speaking)} blocks with neurons, {len(layers)} layers; give the blocks that were compiled to them"
        )
    found = _reference(layers, frames)
    with _borrowed(blocks), torch.no_grad():
        sent = _forward(blocks, [every.get(type(block)) for block in blocks], frames / input_scale, len(layers))
    expected = [_laid(layer, *part, found[0].shape[-1]) for layer, part in zip(layers, sent, strict=True)]
    return _first_difference(layers, expected, found)


def _whole(frames: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    array = np.asarray(frames)
    whole = array.astype(np.int64)
    if not whole.size or (whole != array).any():
        raise ConfigError("the frames are empty or no whole numbers; multiply them with input_scale and round them")
    return whole


def _reference(layers: tuple[Layer, ...], frames: npt.NDArray[np.int64]) -> list[FloatArray]:
    """Messages of every layer, shape (N, M, K), of a network that keeps all frames."""
    shape, steps = frames.shape[1:-1], frames.shape[-1]
    shape = shape if len(shape) == 3 else (int(np.prod(shape)), 1, 1)
    low, high = int(frames.min()), int(frames.max())
    bits = 0 if low >= 0 and high <= 1 else 1 + max(high, -low - 1, 1).bit_length()
    network = NetworkDescription(
        "check",
        layers,
        InputRecipe.frames(shape, steps, bits),
        FrameMasks.all_kept(steps, len(layers)),
        CutoffPolicy.never(steps),
        tuple(str(index) for index in range(layers[-1].neurons)),
    )
    messages = simulate(network, frames.reshape(len(frames), *shape, steps)).messages
    return [sent.reshape(len(frames), -1, sent.shape[-1]).astype(np.float64) for sent in messages]


def _forward(
    blocks: list[Any], kinds: list[BlockKind | None], frames: FloatArray, depth: int
) -> list[tuple[FloatArray, int]]:
    """What each block with neurons sends, with the step in which its first entry lies.

    Axonal delays stand on the connections of the next layer; only the last block keeps its own.
    """
    silence = np.zeros((*frames.shape[:-1], depth + 1))
    device = next((p.device for block in blocks for p in block.parameters()), None)
    x = torch.from_numpy(np.concatenate([frames, silence], axis=-1)).float().to(device)
    lag = 0
    heard: list[tuple[FloatArray, int]] = []
    for block, kind in zip(blocks, kinds, strict=True):
        before_delay, x = _sent(block, x)
        if kind is None or block.neuron is None:
            continue
        shift = kind.shift_of(block)
        sent = x if len(heard) == depth - 1 else before_delay
        heard.append((sent.flatten(1, -2).double().cpu().numpy(), 1 + lag - shift))
        lag += 1 - shift
    return heard


def _sent(block: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    """Output of a block before and after its axonal delays."""
    kept: list[Tensor] = []
    axon = getattr(block, "delay", None)
    hook = None if axon is None else axon.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0]))
    try:
        output = block(x)
    finally:
        if hook is not None:
            hook.remove()
    return (kept[0] if kept else output), output


def _laid(layer: Layer, sent: FloatArray, start: int, steps: int) -> FloatArray:
    """Messages of a layer on the steps of the reference, in its units."""
    silence = np.zeros((*sent.shape[:-1], start))
    return np.concatenate([silence, sent], axis=-1)[..., :steps] * UNITS.get(type(layer.neuron), lambda _: 1)(
        layer.neuron
    )


def _first_difference(
    layers: tuple[Layer, ...], expected: list[FloatArray], found: list[FloatArray]
) -> BlockDifference | None:
    places = []
    for index, (layer, here, there) in enumerate(zip(layers, expected, found, strict=True)):
        if here.shape != there.shape:
            raise ConfigError(
                f"layer {layer.name}: it has {there.shape[1]} neurons, its block {here.shape[1]}; give the blocks that "
                "were compiled to them"
            )
        differs = np.argwhere((here != there).transpose(2, 0, 1))
        if differs.size:
            places.append((int(differs[0][0]), index, *(int(i) for i in differs[0][1:])))
    if not places:
        return None
    step, index, sample, neuron = min(places)
    at = (sample, neuron, step)
    return BlockDifference(layers[index].name, sample, step, neuron, float(expected[index][at]), int(found[index][at]))


@contextlib.contextmanager
def _borrowed(blocks: list[Any]) -> Iterator[None]:
    """Blocks in evaluation mode and without memory, for the length of the block; then everything is as it was.

    A forward pass writes more than its output: states, shapes, weights under a mask or a weight norm.
    """
    modules = list({id(module): module for block in blocks for module in block.modules()}.values())
    tensors = [(module, vars(module)[store]) for module in modules for store in ("_parameters", "_buffers")]
    attributes = [dict(vars(module)) for module in modules]
    entries = [dict(store) for _, store in tensors]
    contents = [(t, t.detach().clone()) for _, store in tensors for t in store.values() if t is not None]
    try:
        for module in modules:
            module.training = False
            _forget(module)
        yield
    finally:
        for module, saved in zip(modules, attributes, strict=True):
            vars(module).update(saved)
        for (_, store), saved in zip(tensors, entries, strict=True):
            store.update(saved)
        for tensor, content in contents:
            tensor.data.copy_(content)


def _forget(module: Any) -> None:
    """What a persistent block keeps from one recording to the next."""
    for name, buffer in module.named_buffers(recurse=False):
        if name.endswith("_state"):
            vars(module)["_buffers"][name] = torch.zeros_like(buffer)
