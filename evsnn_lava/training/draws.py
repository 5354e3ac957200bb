"""Random numbers of a stage that is taken up where it was interrupted: those it would have drawn."""

from __future__ import annotations

from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback

from evsnn_lava._torch import torch

State = dict[str, Any]


def draw_state() -> State:
    """State of torch's generators: on the CPU and, in a process that works on a GPU, on that one.

    Returns
    -------
    dict
        What :func:`go_on_from` takes.
    """
    gpu = {"gpu": torch.cuda.get_rng_state()} if torch.cuda.is_initialized() else {}
    return {"cpu": torch.get_rng_state(), **gpu}


def go_on_from(state: State) -> None:
    """Set torch's generators.

    Parameters
    ----------
    state : dict
        From :func:`draw_state`; what it says of a GPU counts in a process that works on one.
    """
    torch.set_rng_state(state["cpu"])
    if "gpu" in state and torch.cuda.is_initialized():
        torch.cuda.set_rng_state(state["gpu"])


class Draws(Callback):
    """Keep the state of the generators in every checkpoint, and go on from it.

    An epoch that is not the first of a process begins with the number that torch's ``DataLoader`` draws when it is
    iterated; Lightning iterates it before the first epoch of a process, when the state is not set yet.
    """

    def __init__(self) -> None:
        self.before: State | None = None

    def state_dict(self) -> State:
        """State of now; Lightning asks after every epoch."""
        return draw_state()

    def load_state_dict(self, state_dict: State) -> None:
        """State when the checkpoint was written; Lightning gives it before the first epoch, if there is any left."""
        self.before = state_dict

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Go on from the checkpoint, once, and draw what the ``DataLoader`` would have drawn."""
        if self.before is not None:
            self.go_on()
            torch.empty((), dtype=torch.int64).random_()

    def go_on(self) -> None:
        """Go on from the checkpoint, if there was one with a state."""
        if self.before is not None:
            go_on_from(self.before)
            self.before = None
