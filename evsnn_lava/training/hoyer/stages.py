"""The two stages of a Hoyer network: floats, then the folded integers."""

from __future__ import annotations

from typing import Any

import lightning

from evsnn_lava._torch import F, Tensor, torch
from evsnn_lava.training.batches import augment
from evsnn_lava.training.config import HoyerConfig, RunConfig
from evsnn_lava.training.hoyer.integers import IntegerNetwork
from evsnn_lava.training.hoyer.network import HoyerNetwork
from evsnn_lava.training.stages import one_cycle

Batch = tuple[Tensor, Tensor]


def mirrored(frames: Tensor) -> Tensor:
    """Exchange left and right in half of the pictures, chosen at random.

    Parameters
    ----------
    frames : torch.Tensor, shape (N, C, H, W, T)
        Pictures; not changed.

    Returns
    -------
    torch.Tensor
        Of the same shape.
    """
    chosen = torch.rand(len(frames), 1, 1, 1, 1, device=frames.device) < 0.5
    return torch.where(chosen, frames.flip(3), frames)


class _PictureStage(lightning.LightningModule):
    """What both stages share: pictures that are moved, cross entropy, one learning-rate cycle."""

    def __init__(self, config: RunConfig, hoyer: HoyerConfig, epochs: int, learning_rate: float) -> None:
        super().__init__()
        self.config, self.hoyer, self.epochs, self.learning_rate = config, hoyer, epochs, learning_rate

    @property
    def patience(self) -> int:
        """Epochs without a better validation loss after which the stage ends; 0 never ends it early."""
        return self.config.train.patience

    def respond(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits, and spikes per neuron of every hidden layer."""
        raise NotImplementedError

    def extra_loss(self) -> Tensor | float:
        """What is added to the cross entropy of a training batch."""
        return 0.0

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Loss of one batch."""
        frames, labels = batch
        data = self.config.data
        moved = augment(frames, data.shift_pixels, 0.0, data.rotate_degrees, data.zoom)
        moved = mirrored(moved) if self.hoyer.mirror else moved
        logits, _spikes = self.respond(moved)
        loss = F.cross_entropy(logits, labels, label_smoothing=self.hoyer.label_smoothing) + self.extra_loss()
        self.log("train_loss", loss.detach(), on_epoch=True, on_step=False, batch_size=len(labels))
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        """Loss, accuracy and spikes of one held-out batch."""
        frames, labels = batch
        logits, spikes = self.respond(frames)
        right = (logits.argmax(1) == labels).float().mean()
        logged = {"val_loss": F.cross_entropy(logits, labels), "val_accuracy": right}
        logged |= {f"spikes_{index}": value for index, value in enumerate(spikes)}
        self.log_dict(logged, batch_size=len(labels))

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Parameters and their weight decay."""
        return [{"params": list(self.parameters()), "weight_decay": 0.0}]

    def configure_optimizers(self) -> dict[str, Any]:
        """AdamW with one learning-rate cycle over the stage."""
        return one_cycle(self.parameter_groups(), self.learning_rate, 0.0, self.trainer)


class FloatStage(_PictureStage):
    """Train the float network with the Hoyer loss."""

    def __init__(self, network: HoyerNetwork, config: RunConfig, hoyer: HoyerConfig, brightest: int) -> None:
        super().__init__(config, hoyer, config.train.epochs, config.train.learning_rate)
        self.network, self.brightest = network, brightest

    def respond(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits and spikes of the float network; its brightest pixel is 1."""
        return self.network(frames / self.brightest)

    def extra_loss(self) -> Tensor | float:
        """The Hoyer measure, once the network has warmed up."""
        if not self.hoyer.loss_weight or self.current_epoch < self.hoyer.warmup_epochs:
            return 0.0
        return self.hoyer.loss_weight * self.network.measure()

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Weights with decay; norms and thresholds without."""
        return self.network.parameter_groups(self.config.train.weight_decay)


class IntegerStage(_PictureStage):
    """Train the integers that are deployed; rounding is passed over by the gradient."""

    def __init__(self, network: IntegerNetwork, config: RunConfig, hoyer: HoyerConfig) -> None:
        super().__init__(config, hoyer, hoyer.integer_epochs, hoyer.integer_learning_rate)
        self.network = network

    def respond(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Scores in the unit of the float head, and spikes."""
        scores, spikes = self.network(frames)
        return self.network.logits(scores), spikes
