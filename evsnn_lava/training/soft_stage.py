"""The stage that learns frame masks: soft gates, a falling budget, then hard bits with soft gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import Tensor, torch
from evsnn_lava.training.batches import FrameBatches
from evsnn_lava.training.config import MasksConfig, RunConfig
from evsnn_lava.training.gates import HARDEN, BoolArray, SoftGate, dice_loss, harden
from evsnn_lava.training.model import EventNetwork
from evsnn_lava.training.stages import Stage


class MaskStage(Stage):
    """A stage in which a trained network finds out which frames matter.

    Parameters
    ----------
    network : EventNetwork
        The network, trained without masks.
    config : RunConfig
        The whole configuration; ``masks.anytime_weight`` counts, where it is given.
    counts : sequence of int
        Frames that each layer keeps.
    steps : int
        Number of frames T.
    """

    moves_in_time = False

    def __init__(self, network: EventNetwork, config: RunConfig, counts: Sequence[int], steps: int) -> None:
        self.masks: MasksConfig = config.masks or MasksConfig()
        super().__init__(network, _asked(config, self.masks.anytime_weight), self.masks.soft_epochs)
        self.counts, self.steps = list(counts), steps

    @property
    def drops(self) -> bool:
        """Whether there is anything to find out."""
        return self.counts[-1] < self.steps

    def choose(self, samples: FrameBatches) -> tuple[BoolArray, npt.NDArray[np.float64] | None]:
        """Masks, and the score of every frame where there are scores, both of shape (L, T)."""
        raise NotImplementedError


class SoftStage(MaskStage):
    """Learn which frames matter: inputs pass soft gates under a falling budget.

    A layer has a gate of its own if it keeps fewer frames than the layer before; with one share for all layers that is
    the input alone. In the last part of the stage frames pass as hard masks would let them, and the gradient is that of
    the soft gates (a straight-through estimator, Bengio et al., arXiv 1308.3432): gates that merely weaken every frame
    a little do not solve the task there.
    """

    def __init__(self, network: EventNetwork, config: RunConfig, counts: Sequence[int], steps: int) -> None:
        super().__init__(network, config, counts, steps)
        before = [steps, *self.counts]
        self.gates = torch.nn.ModuleDict(
            {
                str(layer): SoftGate(network.shapes[layer][0], steps, self.masks.tokens, self.masks.sharpness)
                for layer, count in enumerate(self.counts)
                if count < before[layer]
            }
        )

    def gated(self, frames: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Responses under soft gates, and the diversity and budget loss of the gates."""
        passing = _Passing(self, self.straight_through)
        responses = self.network(frames, passing)
        self._note(passing.mean_gates)
        return responses, torch.stack([frames.new_zeros(()), *passing.losses]).sum()

    def budget(self, layer: int) -> float:
        """Mean gate that is asked for now: falls from 1 to the layer's share over the first half of the stage."""
        progress = min(1.0, 2 * self.current_epoch / max(1, self.epochs))
        return 1 - (1 - self.counts[layer] / self.steps) * progress

    @property
    def patience(self) -> int:
        """Never ends early: the loss rises with the falling budget."""
        return 0

    @property
    def straight_through(self) -> bool:
        """Whether frames pass as the hardened masks would let them."""
        return self.current_epoch >= self.epochs * (1 - self.masks.straight_through)

    def _note(self, mean_gates: dict[str, Tensor]) -> None:
        """Log how open the gates are and how far they differ between frames: one value for all says nothing learned."""
        if not self.training:
            return
        for layer, gate in mean_gates.items():
            values = {f"gate_mean_{layer}": gate.mean(), f"gate_spread_{layer}": gate.std(correction=0)}
            self.log_dict(values, on_epoch=True, on_step=False, batch_size=1)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The network, and the gates at their own rate."""
        gates = {"params": list(self.gates.parameters()), "lr": self.masks.learning_rate, "weight_decay": 1e-3}
        return [*super().parameter_groups(), gates]

    def choose(self, samples: FrameBatches) -> tuple[BoolArray, npt.NDArray[np.float64] | None]:
        """The frames with the best scores."""
        scores = self.scores(samples) if self.drops else np.ones((len(self.counts), self.steps))
        return harden(scores, self.counts, self.masks.harden), scores

    def scores(self, samples: FrameBatches) -> npt.NDArray[np.float64]:
        """Mean gate of every frame over samples.

        Parameters
        ----------
        samples : FrameBatches
            The training set; it is gone through once, in order and as it is.

        Returns
        -------
        numpy.ndarray of float64, shape (L, T)
            A layer without a gate of its own has ones.
        """
        table = np.ones((len(self.counts), self.steps))
        sums = {layer: np.zeros(self.steps) for layer in self.gates}
        training, device = self.training, next(self.parameters()).device
        self.eval()
        with torch.no_grad():
            for frames, labels in samples.loader(256, shuffle=False):
                passing = _Passing(self, hard=self.masks.straight_through > 0)
                self.network(frames.to(device), passing)
                for layer, gate in passing.mean_gates.items():
                    sums[layer] += len(labels) * gate.double().cpu().numpy()
        self.train(training)
        for layer, total in sums.items():
            table[int(layer)] = total / len(samples)
        return table


def _asked(config: RunConfig, anytime_weight: float | None) -> RunConfig:
    """The configuration with the loss that masks are learned with."""
    if anytime_weight is None:
        return config
    train = config.train.model_copy(update={"anytime_weight": anytime_weight})
    return config.model_copy(update={"train": train})


class _Passing:
    """One forward pass through the gates: what passes, the losses, the mean gate of each layer."""

    def __init__(self, stage: SoftStage, hard: bool) -> None:
        self.stage, self.masks, self.hard = stage, stage.masks, hard
        self.allowed = np.ones(stage.steps, dtype=bool)
        self.losses: list[Tensor] = []
        self.mean_gates: dict[str, Tensor] = {}

    def __call__(self, layer: int, x: Tensor) -> Tensor:
        """The input that a block gets."""
        if str(layer) not in self.stage.gates:
            return self._as_before(x)
        values, token_masks, budgeted = self.stage.gates[str(layer)](x)
        excess = (budgeted.mean(1) - self.stage.budget(layer)).square().mean()
        self.losses.append(self.masks.dice_weight * dice_loss(token_masks) + self.masks.budget_weight * excess)
        self.mean_gates[str(layer)] = values.detach().mean(0)
        passed = self._hard(layer, values) if self.hard else self._soft(values)
        return x * passed.view(len(x), *(1,) * (x.dim() - 2), -1)

    def _as_before(self, x: Tensor) -> Tensor:
        """A layer that keeps what the layer before keeps: nothing more is gated, but muted frames stay muted."""
        if self.masks.semantics == "skip" or self.allowed.all():
            return x
        return x * torch.as_tensor(self.allowed, dtype=x.dtype, device=x.device)

    def _soft(self, values: Tensor) -> Tensor:
        return values / values.mean(1, keepdim=True) if self.masks.keep_drive else values

    def _hard(self, layer: int, values: Tensor) -> Tensor:
        """Bits in the forward pass, gates in the backward pass."""
        score = self.mean_gates[str(layer)].cpu().numpy()
        self.allowed = HARDEN[self.masks.harden](score, self.stage.counts[layer], self.allowed)
        bits = torch.as_tensor(self.allowed, dtype=values.dtype, device=values.device)
        return bits + (values - values.detach())  # the bracket is exactly 0: spikes stay spikes
