"""A first stage for event networks that finds thresholds the Hoyer way and leaves them in the weights.

Source: trainable threshold, Hoyer extremum and Hoyer loss of arXiv 2212.10170. For many steps and leaky neurons with a
hard reset they are ours: the extremum is shared by all steps, and as the neurons have no bias, a threshold that is
divided by a number is the same as weights that are multiplied by it. So nothing of it is left in the deployed network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from evsnn_lava._torch import Tensor, torch
from evsnn_lava.training.config import HoyerInitConfig, RunConfig
from evsnn_lava.training.model import EventNetwork
from evsnn_lava.training.stages import Stage

SYNAPSES: Final = ("synapse", "input_synapse", "recurrent_synapse")
SMALLEST: Final = 0.05
"""Thresholds do not fall below this share of the fixed one: a layer that is silent would lower them for ever."""


class HoyerThreshold(torch.nn.Module):
    r"""Threshold of one layer, as a share of the neuron's fixed threshold: :math:`|v_{th}|\,Ext`.

    With the voltage :math:`u` in units of the fixed threshold, :math:`z = u / |v_{th}|` and
    :math:`\hat z = \mathrm{clip}(z, 0, 1)`:

    .. math::
        Ext = \sum \hat z^2 / \sum \hat z, \qquad H = (\sum \hat z)^2 / \sum \hat z^2

    Parameters
    ----------
    config : HoyerInitConfig
        Momentum and whether the extremum is used.
    """

    def __init__(self, config: HoyerInitConfig) -> None:
        super().__init__()
        self.config = config
        self.v_th = torch.nn.Parameter(torch.ones(()))
        self.register_buffer("extremum", torch.ones(()))

    @property
    def share(self) -> Tensor:
        """Threshold as a share of the fixed one; gradients reach ``v_th``."""
        return (self.v_th.abs() * self.extremum.clone()).clamp_min(SMALLEST)  # it moves on in `observe`

    def observe(self, voltage: Tensor) -> Tensor:
        """Follow the extremum and give the Hoyer measure, as a share of its largest value.

        Parameters
        ----------
        voltage : torch.Tensor
            Voltage before the reset in units of the threshold that is in force, of all samples and steps.

        Returns
        -------
        torch.Tensor
            A scalar, 0..1: the Hoyer measure divided by the number of values.
        """
        clipped = (voltage * self.share / self.v_th.abs()).clamp(0, 1)
        total, square = clipped.sum(), clipped.square().sum()
        if self.training and self.config.extremum and total > 0:
            self.extremum.lerp_((square / total).detach(), self.config.momentum)
        return total.square() / (square + 1e-8) / clipped.numel()


class HoyerStage(Stage):
    """Train with Hoyer thresholds and the Hoyer loss; :meth:`fold` then puts the thresholds into the weights."""

    def __init__(self, network: EventNetwork, config: RunConfig, hoyer: HoyerInitConfig) -> None:
        super().__init__(network, config, hoyer.epochs)
        self.hoyer = hoyer
        self.hidden: list[Any] = list(network.blocks)[:-1]
        self.levels = torch.nn.ModuleList(HoyerThreshold(hoyer) for _ in self.hidden)

    def gated(self, frames: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Responses under the thresholds of now, and the Hoyer loss."""
        hooks = [(synapse, synapse.pre_hook_fx) for block in self.hidden for synapse in synapses_of(block)]
        try:
            for block, level in zip(self.hidden, self.levels, strict=True):
                for synapse in synapses_of(block):
                    synapse.pre_hook_fx = _divided(synapse.pre_hook_fx, level.share)
            responses = self.network(frames)
        finally:
            for synapse, hook in hooks:
                synapse.pre_hook_fx = hook
        pairs = zip(self.levels, self.hidden, responses, strict=False)
        measures = [level.observe(voltage / block.neuron.threshold) for level, block, (_, voltage) in pairs]
        total = torch.stack(measures).sum() if measures else frames.new_zeros(())
        return responses, self.hoyer.loss_weight * total

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The network, and the thresholds without weight decay."""
        return [*super().parameter_groups(), {"params": list(self.levels.parameters()), "weight_decay": 0.0}]

    def fold(self) -> list[float]:
        """Divide the weights by the thresholds.

        Returns
        -------
        list of float
            Threshold of every hidden layer, as a share of the fixed one.
        """
        with torch.no_grad():
            for block, level in zip(self.hidden, self.levels, strict=True):
                for synapse in synapses_of(block):
                    synapse.weight.div_(level.share.to(synapse.weight.device))
        return [float(level.share.detach()) for level in self.levels]


def synapses_of(block: Any) -> Iterator[Any]:
    """Give the synapses of a block."""
    return (getattr(block, name) for name in SYNAPSES if hasattr(block, name))


def _divided(hook: Callable[[Tensor], Tensor], share: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda weight: hook(weight / share)
