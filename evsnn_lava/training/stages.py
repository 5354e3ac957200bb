"""The stages of training that see frames as they are deployed: plain, and with hard masks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import lightning
import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import Tensor, torch
from evsnn_lava.training.batches import augment
from evsnn_lava.training.config import RunConfig
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

    moves_in_time = True
    """Whether training frames may be shifted and stretched in time; a mask means the same frame in every recording."""

    def __init__(self, network: EventNetwork, config: RunConfig, epochs: int) -> None:
        super().__init__()
        self.network, self.config, self.epochs = network, config, epochs

    @property
    def patience(self) -> int:
        """Epochs without a better validation loss after which the stage ends; 0 never ends it early."""
        return self.config.train.patience

    def gated(self, frames: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Responses of all blocks and the loss of the gates."""
        return self.network(frames), frames.new_zeros(())

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Loss of one batch."""
        frames, labels = batch
        data, cutoff = self.config.data, self.config.cutoff
        timing = (data.shift_steps, data.stretch) if self.moves_in_time else ()
        moved = augment(frames, data.shift_pixels, data.event_drop, data.rotate_degrees, data.zoom, *timing)
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
        spikes = responses[-1][0]
        return anytime_loss(spikes, labels, train.logit_scale, train.anytime_weight, train.anytime_from, train.evidence)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Parameters of the network."""
        return [{"params": list(self.network.parameters())}]

    def configure_optimizers(self) -> dict[str, Any]:
        """AdamW with one learning-rate cycle over the stage."""
        train = self.config.train
        return one_cycle(self.parameter_groups(), train.learning_rate, train.weight_decay, self.trainer)


def one_cycle(
    groups: list[dict[str, Any]], learning_rate: float, weight_decay: float, trainer: lightning.Trainer
) -> dict[str, Any]:
    """AdamW whose learning rate rises and falls once over a stage.

    Parameters
    ----------
    groups : list of dict
        Parameters, as AdamW takes them; a group may have its own ``lr`` and ``weight_decay``.
    learning_rate, weight_decay : float
        Of the others; the rate is the peak.
    trainer : lightning.Trainer
        Knows how many steps there are.

    Returns
    -------
    dict
        What ``configure_optimizers`` gives to Lightning.
    """
    optimizer = torch.optim.AdamW(groups, lr=learning_rate, weight_decay=weight_decay)
    steps = math.ceil(trainer.estimated_stepping_batches)
    peaks = [group.get("lr", learning_rate) for group in groups]
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, peaks, total_steps=steps + 1)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}


class HardStage(Stage):
    """Train on as deployed: the frames come already without the skipped ones, blocks are muted by the masks."""

    moves_in_time = False

    def __init__(self, network: EventNetwork, config: RunConfig, epochs: int, keep: npt.NDArray[np.bool_]) -> None:
        super().__init__(network, config, epochs)
        self.gate: Final[Callable[[int, Tensor], Tensor]] = hard_gate(keep)

    def gated(self, frames: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Responses under the hard masks."""
        return self.network(frames, self.gate), frames.new_zeros(())
