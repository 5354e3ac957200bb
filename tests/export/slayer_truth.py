"""What SLAYER's own forward pass sends, laid on the steps of the reference."""

from __future__ import annotations

import copy

import numpy as np

from evsnn_lava.network import CutoffPolicy, FrameMasks, InputRecipe, NetworkDescription
from evsnn_lava.simulation import simulate

MESSAGE_ONE = 4096
SIGMA_ONE = 4096 * 64


def speaker(block):
    """The module of a block that sends."""
    module, kind = type(block).__module__.rpartition(".")[2], type(block).__name__
    if module == "sigma_delta" and kind in ("Input", "Output"):
        return block.neuron.delta if kind == "Input" else block.neuron.sigma
    return block.neuron


def own_shift(block):
    """Steps by which a block shifts what it sends."""
    if type(block).__module__.rpartition(".")[2] == "sigma_delta" and type(block).__name__ in ("Input", "Output"):
        return 0
    return int(block.delay_shift)


def slayer_messages(blocks, frames, depth):
    """Messages per layer, shape (N, ..., K), and the outputs of the blocks as SLAYER gives them.

    `frames` is (N, ..., T) in SLAYER's own units and shape.
    """
    from evsnn_lava._torch import torch

    heard = []
    steps = frames.shape[-1] + depth
    silence = np.zeros((*frames.shape[:-1], depth + 1), dtype=frames.dtype)
    x = torch.tensor(np.concatenate([frames, silence], axis=-1)).float()
    lag, outputs = 0, []
    with torch.no_grad():
        for block in blocks:
            parts = []
            speaking = getattr(block, "neuron", None) is not None
            if speaking:
                hook = speaker(block).register_forward_hook(lambda *a, parts=parts: parts.append(a[2]))
            x = block(x)
            outputs.append(x.numpy())
            if speaking:
                hook.remove()
                sent = torch.cat(parts, dim=-1).numpy()
                heard.append(np.concatenate([np.zeros((*sent.shape[:-1], 1 + lag)), sent], axis=-1)[..., :steps])
                lag += 1 - own_shift(block)
    return heard, outputs


def described(layers, shape, steps, bits=0):
    """A network of the layers that takes frames as they are."""
    shape = shape if len(shape) == 3 else (*shape, 1, 1)
    recipe = InputRecipe.frames(shape, steps, bits)
    masks, names = FrameMasks.all_kept(steps, len(layers)), tuple(map(str, range(layers[-1].neurons)))
    return NetworkDescription("it", tuple(layers), recipe, masks, CutoffPolicy.never(steps), names)


def compared(blocks, frames, input_scale=1, bits=0, quantised=False):
    """Layers, what they send in the reference and what SLAYER sends; the second two lists of (N, M, K) arrays.

    `frames` is (N, ..., T) of whole numbers, `input_scale` of them stand for 1.0; `quantised`: as SLAYER's hook leaves
    them.
    """
    from evsnn_lava.export.slayer.blocks import compile_blocks

    if not all(drawn(block) for block in blocks):
        run_once(blocks, frames)
    before = [copy.deepcopy(block.state_dict()) for block in blocks]
    shape, steps = frames.shape[1:-1], frames.shape[-1]
    layers, facts = compile_blocks(blocks, shape, input_scale, quantised_input=quantised)
    assert all(same_state(block, state) for block, state in zip(blocks, before, strict=True)), "a block was changed"
    network = described(layers, shape, steps, bits)
    found = simulate(network, frames.reshape(len(frames), *network.input_shape, steps)).messages
    heard, _ = slayer_messages(blocks, frames / input_scale, network.depth)
    forget(blocks)
    assert len(facts) == len(layers) == len(heard)
    scaled = [sent * _unit(layer) for sent, layer in zip(heard, layers, strict=True)]
    rows = [[a.reshape(len(frames), -1, a.shape[-1]).astype(float) for a in side] for side in (found, scaled)]
    return layers, *rows


def drawn(block):
    """Whether SLAYER has drawn what it draws in the first forward pass only."""
    neuron, delay = getattr(block, "neuron", None), getattr(block, "delay", None)
    return not hasattr(neuron, "current_decay_min") and (delay is None or delay.init)


def same_state(block, state):
    """Whether a block has just these parameters and buffers."""
    now = block.state_dict()
    return now.keys() == state.keys() and all(now[key].equal(value) for key, value in state.items())


def run_once(blocks, frames):
    """The first forward pass draws what SLAYER draws late: shapes, decays and delays."""
    slayer_messages(blocks, frames[..., :2] * 0, 0)
    forget(blocks)


def forget(blocks):
    """Zero what persistent blocks keep."""
    for block in blocks:
        for module in block.modules():
            for name, buffer in module.named_buffers(recurse=False):
                if name.endswith("_state"):
                    buffer.zero_()


def _unit(layer):
    kind = type(layer.neuron).__name__
    return {"SigmaNeuron": SIGMA_ONE, "DeltaNeuron": MESSAGE_ONE, "SigmaDeltaNeuron": MESSAGE_ONE}.get(kind, 1)
