"""The network that ran on a Loihi 1 chip, as a description, and the recordings that it is tested with."""

import numpy as np

from evsnn_lava.data import bin_set, read_events
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)

STEPS = 300


def chip_network(folder):
    """2312-512-10: thresholds 80, decays 1024 and 128 of 4096, frames of 1 ms."""
    with np.load(folder / "networks" / "slayer_nmnist" / "nmnist_full.npz") as file:
        matrices = {name: file[name] for name in ("fc1", "fc2")}
    layers = tuple(
        Layer(name, DenseSynapse(weights), CubaNeuron(vth_mant=80, du=1023, dv=128), (len(weights),))
        for name, weights in matrices.items()
    )
    return NetworkDescription(
        "nmnist_full",
        layers,
        InputRecipe(34, 34, STEPS, 1000, dataset="N-MNIST"),
        FrameMasks.all_kept(STEPS, len(layers)),
        CutoffPolicy.never(STEPS),
        tuple(map(str, range(10))),
    )


def recordings(folder, network, samples):
    """Frames and labels of the first test samples."""
    events = read_events(folder / "nmnist_small" / "nmnist_small_test.npz")
    return bin_set(events, network.recipe, range(samples)), np.asarray(events.labels[:samples])
