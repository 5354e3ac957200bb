"""Netx files as h5py and lava-dl write them, block by block."""

import h5py
import numpy as np

DENSE = np.array([[2, -4, 6], [8, 10, -12], [14, 16, 18], [-20, 22, 24]])
CUBA = {"type": "CUBA", "vThMant": 60, "iDecay": 1024, "vDecay": 128, "refDelay": 1, "gradedSpike": False}
SDNN = {"type": "SDNN", "vThMant": 6, "activation": "relu"}
RF = {"type": "RF_PHASE", "vThMant": 64, "sinDecay": 1234, "cosDecay": 3800, "gradedSpike": False}


def _block(defaults, changes):
    fields = {**defaults, **changes}
    neuron = fields.pop("neuron", {})
    return {**fields, **{f"neuron/{name}": value for name, value in neuron.items()}}


def dense(**changes):
    """A dense block 3-4."""
    return _block({"type": "dense", "shape": [4, 1, 1], "weight": DENSE, "neuron": CUBA}, changes)


def conv(**changes):
    """A convolution from (1, 4, 6) to (2, 2, 3)."""
    kernel = np.arange(-8, 10).reshape(2, 1, 3, 3)
    pairs = {"stride": [2, 2], "padding": [1, 1], "dilation": [1, 1], "groups": 1}
    return _block({"type": "conv", "shape": [2, 2, 3], "weight": kernel, **pairs, "neuron": CUBA}, changes)


def input_block(**changes):
    """Three input neurons."""
    return _block({"type": "input", "shape": [3], "neuron": {**CUBA, "iDecay": 4096}}, changes)


def write(path, *blocks, **root):
    """Write blocks in order, and further data sets by their path; gives the path back."""
    with h5py.File(path, "w") as file:
        for index, block in enumerate(blocks):
            for name, value in block.items():
                file[f"layer/{index}/{name}"] = value
        for name, value in root.items():
            file[name] = value
    return path
