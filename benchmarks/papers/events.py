"""What is measured of a trained event network: compile it, run the integers, stop them in every way, price it all."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.papers.cutoffs import every_cutoff, exits_of
from benchmarks.papers.deployed import Change, Deployed, deploy, save_scores
from benchmarks.papers.figures import answers, costs_on, network_facts
from benchmarks.papers.plan import HEADLINE, policies_of
from benchmarks.papers.records import packed
from benchmarks.papers.variants import Variant
from evsnn_lava.export.frontend import compile_file
from evsnn_lava.export.policies.settled import optimal_cutoff_time
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.mask_controls import busiest_frames


def measure_variant(config: RunConfig, variant: Variant, folder: Path) -> dict[str, Any]:
    """Everything that is measured of a trained network, without what training took.

    Parameters
    ----------
    config : RunConfig
        What it was trained with.
    variant : Variant
        What it is.
    folder : pathlib.Path
        Where it was trained; its scores are kept there.

    Returns
    -------
    dict
        The content of its result.
    """
    network = compile_file(folder / f"{variant.trained}.pt")
    deployed = deploy(network, config.data, _change(variant, network.recipe.steps))
    save_scores(folder / "scores.npz", deployed)
    support = config.cutoff.min_support
    found = every_cutoff(deployed, support, policies_of(variant))
    return {
        "measure_s": deployed.seconds,
        "network": network_facts(deployed),
        "validation": answers(deployed.validation),
        "test": answers(deployed.test),
        "full": {
            "hardware_steps": deployed.test.steps + deployed.network.depth,
            "events": float(deployed.full.input_events.sum(axis=1).mean()),
            "messages": deployed.full.messages.sum(axis=2).mean(axis=0).tolist(),
            "synops": deployed.full.synops.sum(axis=2).mean(axis=0).tolist(),
            "chips": costs_on(deployed.network, deployed.chips, deployed.full, ("energy_j", "dynamic_j", "time_s")),
        },
        **found,
        "per_sample": _per_sample(deployed, exits_of(deployed, HEADLINE, found["chosen"][HEADLINE], support)),
    }


def _change(variant: Variant, sent: int) -> Change:
    """Masks of single samples are made before the network sees them; all others are in the network."""
    if variant.method != "energy":
        return lambda frames: frames
    return partial(busiest_frames, keep=sent)


def _per_sample(deployed: Deployed, exit_step: np.ndarray[Any, Any]) -> dict[str, str]:
    """What was decided when, with the headline cutoff and without, packed."""
    test = deployed.test
    at_exit = test.scores[np.arange(len(test.labels)), exit_step - 1]
    return {
        "label": packed(test.labels),
        "decision_full": packed(test.scores[:, -1].argmax(-1)),
        "exit_step": packed(exit_step),
        "decision": packed(at_exit.argmax(-1)),
        "oct": packed(optimal_cutoff_time(test.scores, test.labels)),
    }
