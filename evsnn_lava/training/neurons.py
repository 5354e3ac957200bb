"""SLAYER's CUBA neuron with a fused step over the whole recording."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from evsnn_lava._torch import Tensor, slayer, torch
from evsnn_lava.training.kernels import cuba_backward, cuba_forward
from evsnn_lava.training.layout import as_rows, from_rows


class CubaDynamics(torch.autograd.Function):
    """Synaptic input to spikes and voltage, ``(N, T, M)`` throughout.

    Forward is bit-equal to ``slayer.neuron.cuba.Neuron`` without norm; the gradient is SLAYER's
    (exponential surrogate, no gradient through the reset). On the CPU it runs compiled loops, on
    a GPU the same integer arithmetic in torch, one launch per step.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, neuron: Any) -> tuple[Tensor, Tensor]:
        """Run the neurons; `neuron` is the SLAYER neuron that holds the parameters."""
        keep_u = 4096 - int(neuron.cx_current_decay)
        keep_v = 4096 - int(neuron.cx_voltage_decay)
        fire = neuron.threshold + neuron.threshold_eps
        run = _forward_torch if x.is_cuda else _forward_numba
        spikes, voltage = run(x.contiguous(), keep_u, keep_v, neuron.s_scale, fire)
        ctx.save_for_backward(voltage)
        ctx.facts = (keep_u, keep_v, fire, *surrogate_width(neuron))
        ctx.set_materialize_grads(False)
        return spikes, voltage

    @staticmethod
    def backward(ctx: Any, grad_spikes: Tensor | None, grad_voltage: Tensor | None) -> tuple[Tensor | None, None]:
        """Walk back through time."""
        (voltage,) = ctx.saved_tensors
        keep_u, keep_v, fire, tau, scale = ctx.facts
        total = grad_voltage
        if grad_spikes is not None:
            slope = surrogate_slope(voltage, fire, tau, scale).mul_(grad_spikes)
            total = slope if total is None else slope.add_(total)
        if total is None:
            return None, None
        run = _backward_torch if voltage.is_cuda else _backward_numba
        return run(total.contiguous(), keep_u, keep_v), None


def surrogate_width(neuron: Any) -> tuple[float, float]:
    """Width and height of SLAYER's surrogate gradient for this neuron: ``(tau_rho, scale_rho)``."""
    cuba = slayer.neuron.cuba
    return neuron.tau_rho * cuba.TAU_RHO_MULT, neuron.scale_rho * cuba.SCALE_RHO_MULT


class FusedNeuron(slayer.neuron.cuba.Neuron):
    """``slayer.neuron.cuba.Neuron`` whose whole recording is one compiled step.

    The parameters, the quantisation and the export are SLAYER's own. Options that the fused step
    does not cover (norm, learnable or per-channel decays, persistent state, graded spikes) take
    SLAYER's path.
    """

    shape: Any
    """Shape of the neurons; None until SLAYER has seen an input."""

    @property
    def fusable(self) -> bool:
        """Whether the fused step computes what this neuron is asked for."""
        plain = self.norm is None and self.shared_param and not self.requires_grad
        return plain and not self.persistent_state and not self.graded_spike

    def respond(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Spikes and voltage for a synaptic input.

        Parameters
        ----------
        x : torch.Tensor of float32, shape (N, ..., T)
            Synaptic input; best in the memory layout of :mod:`evsnn_lava.training.layout`.

        Returns
        -------
        spikes, voltage : torch.Tensor, shape (N, ..., T)
            The voltage is that before the reset.
        """
        if not self.fusable:
            _, voltage = self.dynamics(x)
            return self.spike(voltage), voltage
        self.know(x)
        spikes, voltage = (from_rows(y, x.shape) for y in CubaDynamics.apply(as_rows(x), self))
        return (spikes if self.drop is None else self.drop(spikes)), voltage

    def know(self, x: Tensor) -> None:
        """Take the shape of the neurons from their first input, (N, ..., T), as SLAYER does."""
        if self.shape is None:
            self.shape = x.shape[1:-1]
            self.num_neurons = math.prod(x.shape[1:-1])

    def forward(self, x: Tensor) -> Tensor:
        """Spikes for a synaptic input, shape (N, ..., T)."""
        return self.respond(x)[0]


def _forward_numba(x: Tensor, keep_u: int, keep_v: int, scale: int, fire: float) -> tuple[Tensor, Tensor]:
    spikes, voltage = torch.empty_like(x), torch.empty_like(x)
    cuba_forward(
        x.detach().numpy(),
        np.int64(keep_u),
        np.int64(keep_v),
        np.float32(scale),
        np.float32(fire * scale),
        np.float32(fire),
        spikes.numpy(),
        voltage.numpy(),
    )
    return spikes, voltage


def _forward_torch(x: Tensor, keep_u: int, keep_v: int, scale: int, fire: float) -> tuple[Tensor, Tensor]:
    u = v = torch.zeros_like(x[:, 0], dtype=torch.int64)
    voltage = torch.empty_like(x)
    for t in range(x.shape[1]):
        u, v, voltage[:, t] = advance_torch(u, v, x[:, t], keep_u, keep_v, scale, fire)
    return (voltage >= fire).to(x.dtype), voltage


def advance_torch(
    u: Tensor, v: Tensor, x: Tensor, keep_u: int, keep_v: int, scale: int, fire: float
) -> tuple[Tensor, Tensor, Tensor]:
    """One step in torch's integers: current, voltage after and before the reset, each of shape (N, M)."""
    u = _decayed(u * keep_u) + (scale * x).to(torch.int64)
    new_v = _decayed(v * keep_v) + (scale * (u / scale)).to(torch.int64)
    return u, torch.where(new_v >= fire * scale, 0, new_v), new_v / scale


def surrogate_slope(voltage: Tensor, fire: float, tau: float, scale: float) -> Tensor:
    """SLAYER's surrogate gradient of a spike: exponential in the distance of the voltage from the threshold."""
    return voltage.sub(fire).abs_().mul_(-1 / tau).exp_().mul_(scale / 2 / tau)


def _decayed(product: Tensor) -> Tensor:
    """Divide by 4096, rounding toward zero."""
    return (product + ((product >> 63) & 4095)) >> 12


def _backward_numba(grad: Tensor, keep_u: int, keep_v: int) -> Tensor:
    out = torch.empty_like(grad)
    cuba_backward(grad.numpy(), np.float32(keep_u / 4096), np.float32(keep_v / 4096), out.numpy())
    return out


def _backward_torch(grad: Tensor, keep_u: int, keep_v: int) -> Tensor:
    out = torch.empty_like(grad)
    at_u = at_v = torch.zeros_like(grad[:, 0])
    for t in reversed(range(grad.shape[1])):
        at_v = keep_v / 4096 * at_v + grad[:, t]
        at_u = keep_u / 4096 * at_u + at_v
        out[:, t] = at_u
    return out
