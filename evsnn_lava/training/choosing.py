"""Choose frame masks: learn them in the soft stage, or take those of a control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.training.batches import FrameBatches
from evsnn_lava.training.config import MasksConfig, RunConfig
from evsnn_lava.training.gates import BoolArray, harden
from evsnn_lava.training.mask_controls import static_masks
from evsnn_lava.training.model import EventNetwork
from evsnn_lava.training.soft_stage import SoftStage

MASKS_FILE: Final = "masks.json"
"""What was chosen, in the folder of the run."""


@dataclass(frozen=True, eq=False)
class ChosenMasks:
    """Hard masks and how they came about.

    Parameters
    ----------
    method : str
        As in the configuration.
    keep : numpy.ndarray of bool, shape (L, T)
        The masks.
    scores : numpy.ndarray of float64, shape (L, T), or None
        Mean gate of every frame over the training set; None for a control.
    """

    method: str
    keep: BoolArray
    scores: npt.NDArray[np.float64] | None = None

    def facts(self) -> dict[str, Any]:
        """For ``MASKS_FILE``."""
        scores = {} if self.scores is None else {"scores": self.scores.round(6).tolist()}
        return {"method": self.method, "keep": self.keep.astype(int).tolist(), **scores}


def choose_masks(
    config: RunConfig,
    masks: MasksConfig,
    network: EventNetwork,
    counts: list[int],
    train: FrameBatches,
    fit: Callable[[SoftStage], object],
) -> ChosenMasks:
    """Static masks by the method of the configuration.

    Parameters
    ----------
    config : RunConfig
        The configuration.
    masks : MasksConfig
        Its ``[masks]`` table.
    network : EventNetwork
        The plain network. The soft stage trains it, too; it comes out as it went in unless ``masks.rewind`` is false.
    counts : list of int
        Frames that each layer keeps.
    train : FrameBatches
        The training set, with all frames.
    fit : callable
        Fits the soft stage on it.

    Returns
    -------
    ChosenMasks
        The masks.
    """
    steps = train.steps
    if masks.method != "learned":
        random = np.random.default_rng(config.seed)
        return ChosenMasks(masks.method, static_masks(masks.method, counts, train.events, random))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    stage, scores = SoftStage(network, config, counts, steps), np.ones((len(counts), steps))
    if stage.gates:  # masks that drop nothing have none
        fit(stage)
        scores = stage.scores(train)
    if masks.rewind:
        network.load_state_dict(before)
    return ChosenMasks("learned", harden(scores, counts, masks.harden), scores)
