"""A small network and recordings for it, and searches on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evsnn_lava.cli.search_work import Job, Part, Task
from evsnn_lava.data import EventSet, Recording, bin_set, load, write_events
from evsnn_lava.export.netfile.writer import content_hash, write_net
from evsnn_lava.export.search.candidates import Grid, candidates
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation import record_golden

STEPS = 8
PARTS = {"train": 6, "validation": 48, "test": 40}


def write_halves(folder):
    """Recordings of two classes, brighter above or below, in three parts, and a network that tells them apart."""
    rng = np.random.default_rng(8)
    for split, count in PARTS.items():
        recordings = []
        for sample in range(count):
            label, times = sample % 2, np.sort(rng.integers(0, STEPS * 1000, 30))
            y = np.where(rng.random(30) < 0.62, 2 * label + rng.integers(0, 2, 30), rng.integers(0, 4, 30))
            values = {"x": rng.integers(0, 4, 30), "y": y, "p": rng.integers(0, 2, 30)}
            recordings.append(Recording(t_us=times, label=label, sample_id=sample, **values))
        write_events(EventSet.from_recordings(recordings, "halves", (4, 4), ("up", "down")), folder / f"h_{split}.npz")
    write_net(halves(folder), folder / "halves.net")
    return folder / "halves.net"


def halves(folder):
    """The upper rows speak for one class, the lower ones for the other; weights of many bits."""
    rng = np.random.default_rng(3)
    upper = (np.arange(32) // 4 % 4 < 2).astype(int)
    first = 2 * rng.integers(-6, 24, (12, 32)) * np.where(np.arange(12)[:, None] % 2 == 0, upper, 1 - upper)
    second = 2 * np.stack([np.tile([25, -13], 6), np.tile([-13, 25], 6)])
    layers = (
        Layer("a", DenseSynapse(first), CubaNeuron(60, 2000, 300), (12,)),
        Layer("b", DenseSynapse(second), CubaNeuron(60, 2000, 300), (2,)),
    )
    recipe = InputRecipe(4, 4, STEPS, 1000, dataset=str(folder))
    never = CutoffPolicy.never(STEPS)
    provenance = {"seed": "3", "may_overflow": "b"}
    masks = FrameMasks.all_kept(STEPS, 2)
    made = NetworkDescription("halves", layers, recipe, masks, never, ("up", "down"), provenance=provenance)
    return replace(made, golden=record_golden(made, rng.random((2, 2, 4, 4, STEPS)) < 0.2))


def task_of(network, resamples=50, delta=None):
    """A search of that network on its own recordings."""
    events = {split: load(network.recipe.dataset, split) for split in ("validation", "test")}
    frames = {split: bin_set(found, network.recipe) for split, found in events.items()}
    fitted = np.arange(0, len(frames["validation"]), 3)
    parts = {
        "selection": Part.of(frames["validation"], events["validation"].labels, fitted),
        "test": Part.of(frames["test"], events["test"].labels, fitted[:0]),
    }
    rules = (4, delta, resamples, 1)
    return Task(replace(network, golden=None), content_hash(network), parts, load_profile("loihi2"), *rules)


def jobs_of(network, bits=(8, 5)):
    """Twelve units or so."""
    grid = Grid(keep=(1.0, 0.5), frames=(8, 6, 3), bits=bits)
    return [Job("selection", way, (0.0, 0.1), with_never=True) for way in candidates(network, grid)]
