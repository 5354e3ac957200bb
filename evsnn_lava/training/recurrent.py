"""SLAYER's recurrent CUBA block: every spike comes back to the layer in the next step."""

from __future__ import annotations

from typing import Any

import numpy as np

from evsnn_lava._torch import Tensor, slayer, torch
from evsnn_lava.training.blocks import Responding, dense_rows
from evsnn_lava.training.kernels import cuba_step
from evsnn_lava.training.layout import as_rows, from_rows
from evsnn_lava.training.neurons import FusedNeuron, advance_torch, surrogate_slope, surrogate_width


class RecurrentDynamics(torch.autograd.Function):
    """Synaptic input and feedback weights to spikes and voltage, ``(N, T, M)`` throughout.

    Forward is bit-equal to ``slayer.utils.recurrent.custom_recurrent`` with SLAYER's CUBA neuron: what a neuron sends
    in a step is weighed and added to the input of the next one. The gradient has SLAYER's surrogate and goes back
    through feedback, current and voltage; SLAYER's own stops at the states, as it runs every step by itself.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, neuron: Any) -> tuple[Tensor, Tensor]:
        """Run the neurons; `neuron` is the SLAYER neuron that holds the parameters."""
        keep_u, keep_v = (4096 - int(decay) for decay in (neuron.cx_current_decay, neuron.cx_voltage_decay))
        fire = neuron.threshold + neuron.threshold_eps
        step = _Step(x[:, 0], keep_u, keep_v, neuron.s_scale, fire)
        voltage, spikes = torch.empty_like(x), torch.empty_like(x)
        sent = torch.zeros_like(x[:, 0])
        for t in range(x.shape[1]):
            sent, reached = step(torch.addmm(x[:, t], sent, weight.t()) if t else x[:, 0].contiguous())
            spikes[:, t], voltage[:, t] = sent, reached
        ctx.save_for_backward(spikes, voltage, weight)
        ctx.facts = (keep_u / 4096, keep_v / 4096, fire, *surrogate_width(neuron))
        ctx.set_materialize_grads(False)
        return spikes, voltage

    @staticmethod
    def backward(ctx: Any, grad_spikes: Tensor | None, grad_voltage: Tensor | None) -> tuple[Any, Any, None]:
        """Walk back through time; the feedback brings what a step's input got to the spikes of the step before."""
        spikes, voltage, weight = ctx.saved_tensors
        keep_u, keep_v, fire, tau, scale = ctx.facts
        slope = surrogate_slope(voltage, fire, tau, scale)
        grad_x = torch.empty_like(voltage)
        at_u = at_v = torch.zeros_like(voltage[:, 0])
        for t in reversed(range(voltage.shape[1])):
            at_spikes = at_u @ weight if t + 1 < voltage.shape[1] else torch.zeros_like(at_u)
            if grad_spikes is not None:
                at_spikes = at_spikes + grad_spikes[:, t]
            at_v = torch.addcmul(keep_v * at_v, slope[:, t], at_spikes)
            if grad_voltage is not None:
                at_v = at_v + grad_voltage[:, t]
            at_u = keep_u * at_u + at_v
            grad_x[:, t] = at_u
        grad_weight = grad_x[:, 1:].flatten(0, 1).t() @ spikes[:, :-1].flatten(0, 1)
        return grad_x, grad_weight, None


class _Step:
    """One step of the neurons of a batch, with their states."""

    def __init__(self, like: Tensor, keep_u: int, keep_v: int, scale: int, fire: float) -> None:
        self.u = torch.zeros(like.shape, dtype=torch.int64, device=like.device)
        self.v = torch.zeros_like(self.u)
        self.facts = (keep_u, keep_v, scale, fire)

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Spikes and voltage before the reset, shape (N, M)."""
        keep_u, keep_v, scale, fire = self.facts
        if x.is_cuda:
            self.u, self.v, voltage = advance_torch(self.u, self.v, x, *self.facts)
            return (voltage >= fire).to(x.dtype), voltage
        spikes, voltage = torch.empty_like(x), torch.empty_like(x)
        decays, limits = (np.int64(keep_u), np.int64(keep_v)), (np.float32(fire * scale), np.float32(fire))
        arrays = (self.u.numpy(), self.v.numpy(), spikes.numpy(), voltage.numpy())
        cuba_step(x.detach().numpy(), *decays, np.float32(scale), *limits, *arrays)
        return spikes, voltage


class Recurrent(Responding, slayer.block.cuba.Recurrent):
    """``slayer.block.cuba.Recurrent`` with one compiled step for all its neurons."""

    def __init__(self, neuron_params: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(dict(neuron_params), *args, **kwargs)  # SLAYER writes into the dictionary
        self.neuron = FusedNeuron(**neuron_params)
        for synapse in (self.input_synapse, self.recurrent_synapse):
            synapse.pre_hook_fx = self.neuron.quantize_8bit

    def respond(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Spikes and voltage of the block, without the delay of one step between blocks.

        Parameters
        ----------
        x : torch.Tensor of float32, shape (N, C, H, W, T) or (N, C, T)
            Spikes that come in.

        Returns
        -------
        spikes, voltage : torch.Tensor, shape (N, M, T)
            What the neurons answer; the voltage is that before the reset.
        """
        own, drive = self.recurrent_synapse, self.drive(x)
        self.neuron.know(drive)
        back = own.pre_hook_fx(own.weight).flatten(1)
        outcome = RecurrentDynamics.apply(as_rows(drive), back, self.neuron)
        spikes, voltage = (from_rows(y, drive.shape) for y in outcome)
        return (spikes if self.neuron.drop is None else self.neuron.drop(spikes)), voltage

    def drive(self, x: Tensor) -> Tensor:
        """What comes in from outside, weighed; shape (N, M, T)."""
        return dense_rows(self.input_synapse, x).movedim(1, -1)
