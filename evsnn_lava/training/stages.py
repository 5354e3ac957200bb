"""The three stages of training: plain, soft masks, hard masks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import lightning
import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import Tensor, torch
from evsnn_lava.training.batches import augment
from evsnn_lava.training.config import MasksConfig, RunConfig
from evsnn_lava.training.gates import dice_loss
from evsnn_lava.training.losses import anytime_loss, settling_loss
from evsnn_lava.training.model import EventNetwork, hard_gate, thresholds

Batch = tuple[Tensor, Tensor]


class Stage(lightning.LightningModule):
    """One stage: the same network and the same loss, other gates.

    Parameters
    ----------
    network : EventNetwork
        The network that goes through the stages.
    config : RunConfig
        The whole configuration.
    epochs : int
        Length of the stage, for the learning-rate cycle.
    """

    def __init__(self, network: EventNetwork, config: RunConfig, epochs: int) -> None:
        super().__init__()
        self.network, self.config, self.epochs = network, config, epochs

    def gated(self, frames: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Responses of all blocks and the loss of the gates."""
        return self.network(frames), frames.new_zeros(())

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Loss of one batch."""
        frames, labels = batch
        data, cutoff = self.config.data, self.config.cutoff
        moved = augment(frames, data.shift_pixels, data.event_drop, data.rotate_degrees, data.zoom)
        responses, loss = self.gated(moved)
        loss = loss + self._task_loss(responses, labels)
        if cutoff.rcs_weight:
            settling = settling_loss(responses, thresholds(self.network), labels, cutoff.rcs_tail)
            loss = loss + cutoff.rcs_weight * settling
        self.log("train_loss", loss.detach(), on_epoch=True, on_step=False, batch_size=len(labels))
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        """Loss and accuracy of one held-out batch."""
        frames, labels = batch
        responses, _ = self.gated(frames)
        right = (responses[-1][0].sum(-1).argmax(1) == labels).float().mean()
        logged = {"val_loss": self._task_loss(responses, labels), "val_accuracy": right}
        self.log_dict(logged, batch_size=len(labels))

    def _task_loss(self, responses: list[tuple[Tensor, Tensor]], labels: Tensor) -> Tensor:
        train = self.config.train
        return anytime_loss(responses[-1][0], labels, train.logit_scale, train.anytime_weight)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Parameters of the network."""
        return [{"params": list(self.network.parameters())}]

    def configure_optimizers(self) -> dict[str, Any]:
        """AdamW with one learning-rate cycle over the stage."""
        train = self.config.train
        groups = self.parameter_groups()
        optimizer = torch.optim.AdamW(groups, lr=train.learning_rate, weight_decay=train.weight_decay)
        steps = math.ceil(self.trainer.estimated_stepping_batches)
        peaks = [group.get("lr", train.learning_rate) for group in groups]
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, peaks, total_steps=steps + 1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}


class SoftStage(Stage):
    """Learn which frames matter: every block's input passes a soft gate under a falling budget."""

    def __init__(self, network: EventNetwork, config: RunConfig, epochs: int, shares: list[float], steps: int) -> None:
        super().__init__(network, config, epochs)
        self.masks: MasksConfig = config.masks or MasksConfig()
        self.gates = network.soft_gates(self.masks, steps)
        self.shares = shares

    def gated(self, frames: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Responses under soft gates, and the diversity and budget loss of the gates."""
        losses: list[Tensor] = []

        def gate(index: int, x: Tensor) -> Tensor:
            values, token_masks = self.gates[index](x)
            excess = (values.mean(1) - self.budget(self.shares[index])).square().mean()
            losses.append(self.masks.dice_weight * dice_loss(token_masks) + self.masks.budget_weight * excess)
            return x * values.view(len(x), *(1,) * (x.dim() - 2), -1)

        responses = self.network(frames, gate)
        return responses, torch.stack(losses).sum()

    def budget(self, share: float) -> float:
        """Mean gate that is asked for now: falls from 1 to `share` over the first half of the stage."""
        progress = min(1.0, 2 * self.current_epoch / max(1, self.epochs))
        return 1 - (1 - share) * progress

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The network, and the gates at their own rate."""
        gates = {"params": list(self.gates.parameters()), "lr": self.masks.learning_rate, "weight_decay": 1e-3}
        return [*super().parameter_groups(), gates]

    def scores(self) -> npt.NDArray[np.float64]:
        """Mean gate of every frame over the training set, shape (L, T)."""
        return np.stack([gate.score.cpu().numpy() for gate in self.gates]).astype(np.float64)


class HardStage(Stage):
    """Train on as deployed: the frames come already without the skipped ones, blocks are muted by the masks."""

    def __init__(self, network: EventNetwork, config: RunConfig, epochs: int, keep: npt.NDArray[np.bool_]) -> None:
        super().__init__(network, config, epochs)
        self.gate: Final[Callable[[int, Tensor], Tensor]] = hard_gate(keep)

    def gated(self, frames: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Responses under the hard masks."""
        return self.network(frames, self.gate), frames.new_zeros(())
