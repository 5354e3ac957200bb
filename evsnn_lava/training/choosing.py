"""Choose frame masks: learn them in the soft stage or by elimination, or take those of a control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.training.batches import FrameBatches
from evsnn_lava.training.config import MasksConfig, RunConfig
from evsnn_lava.training.elimination import ThinnedStage
from evsnn_lava.training.gates import BoolArray
from evsnn_lava.training.mask_controls import static_masks
from evsnn_lava.training.model import EventNetwork
from evsnn_lava.training.soft_stage import MaskStage, SoftStage

MASKS_FILE: Final = "masks.json"
"""What was chosen, in the folder of the run."""

LEARN: Final[dict[str, type[MaskStage]]] = {"learned": SoftStage, "elimination": ThinnedStage}
"""Methods with a soft stage."""


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
        Mean gate of every frame over the training set; None without gates.
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
    fit: Callable[[MaskStage], object],
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
    if masks.method not in LEARN:
        random = np.random.default_rng(config.seed)
        return ChosenMasks(masks.method, static_masks(masks.method, counts, train.events, random))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    stage = LEARN[masks.method](network, config, counts, train.steps)
    if stage.drops:
        fit(stage)
    chosen = ChosenMasks(masks.method, *stage.choose(train))
    if masks.rewind:
        network.load_state_dict(before)
    return chosen
