"""SLAYER's CUBA blocks, quick on the CPU: 2-D convolutions and the fused neuron."""

from __future__ import annotations

from typing import Any

from evsnn_lava._torch import F, Tensor, slayer, torch
from evsnn_lava.training.layout import as_rows
from evsnn_lava.training.neurons import FusedNeuron


class Responding:
    """What all blocks share: quantised weights, the fused neuron, spikes and voltage at once."""

    neuron: Any
    synapse: Any
    delay_shift: bool

    def respond(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Spikes and voltage of the block, without the delay of one step between blocks.

        Parameters
        ----------
        x : torch.Tensor of float32, shape (N, C, H, W, T) or (N, C, T)
            Spikes that come in.

        Returns
        -------
        spikes, voltage : torch.Tensor, shape (N, ..., T)
            What the neurons answer.
        """
        return self.neuron.respond(self.drive(x))

    def forward(self, x: Tensor) -> Tensor:
        """Spikes of the block, shape (N, ..., T); delayed by one step if ``delay_shift``."""
        spikes = self.respond(x)[0]
        return slayer.block.base.step_delay(self, spikes) if self.delay_shift else spikes

    def drive(self, x: Tensor) -> Tensor:
        """Weighted input of the neurons."""
        raise NotImplementedError


class Conv(Responding, slayer.block.cuba.Conv):
    """``slayer.block.cuba.Conv`` as a 2-D convolution over samples and steps.

    SLAYER convolves in 3-D with a kernel of one step in time; that is a 2-D convolution of every
    frame. Weights are multiples of 2/64 and inputs are spikes, so both orders of summation are
    exact in float32 and the results are bit-equal.
    """

    def __init__(self, neuron_params: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(neuron_params, *args, **kwargs)
        self.neuron = _fused(neuron_params)
        self.synapse.pre_hook_fx = self.neuron.quantize_8bit

    def drive(self, x: Tensor) -> Tensor:
        """Convolve every frame; shape (N, C_out, H_out, W_out, T)."""
        synapse = self.synapse
        weight = synapse.pre_hook_fx(synapse.weight)[..., 0].contiguous(memory_format=torch.channels_last)
        frames = x.movedim(-1, 1)
        z = F.conv2d(
            frames.flatten(0, 1).contiguous(memory_format=torch.channels_last),
            weight,
            None,
            synapse.stride[:2],
            synapse.padding[:2],
            synapse.dilation[:2],
            synapse.groups,
        )
        return z.unflatten(0, frames.shape[:2]).movedim(1, -1)


class Dense(Responding, slayer.block.cuba.Dense):
    """``slayer.block.cuba.Dense`` as one matrix product; flattens ``(C, H, W)`` itself."""

    def __init__(self, neuron_params: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(neuron_params, *args, **kwargs)
        self.neuron = _fused(neuron_params)
        self.synapse.pre_hook_fx = self.neuron.quantize_8bit

    def drive(self, x: Tensor) -> Tensor:
        """Multiply; shape (N, out, T)."""
        return dense_rows(self.synapse, x).movedim(1, -1)


class Sums(Dense):
    """A head that does not spike: each of its neurons sends what comes in, weighed.

    The synapse is that of :class:`Dense`; of the neuron only the quantisation of its weights is left.
    """

    def respond(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What the neurons send, shape (N, M, T), twice: it is also the largest thing that they hold."""
        drive = self.drive(x)
        self.neuron.know(drive)
        return drive, drive


def dense_rows(synapse: Any, x: Tensor) -> Tensor:
    """Weigh what comes in with a dense synapse of SLAYER, quantised.

    Parameters
    ----------
    synapse : slayer.synapse.Dense
        The weights.
    x : torch.Tensor, shape (N, C, H, W, T) or (N, C, T)
        Spikes; an image is flattened.

    Returns
    -------
    torch.Tensor, shape (N, T, out)
        One row for each sample and step.
    """
    weight = synapse.pre_hook_fx(synapse.weight).flatten(1)
    if x.dim() == 5:
        weight = weight.unflatten(1, x.shape[1:-1]).movedim(1, -1).flatten(1)  # channels last, as the rows are
    return F.linear(as_rows(x), weight)


def _fused(neuron_params: dict[str, Any]) -> FusedNeuron:
    return FusedNeuron(**neuron_params)
