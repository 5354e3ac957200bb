"""Random netx files in every spelling that netx loads: dialects, signs, parities, delays, shapes, neurons."""

import h5py
import numpy as np

STEPS = 40
SIGNS = {"mixed": (-50, 90), "odd": (-255, 250), "inhibitory": (-256, 0), "excitatory": (0, 256), "few bits": (-3, 9)}


def weights(rng, shape, *signs):
    """Weights of one of the signs, or of any."""
    low, high = SIGNS[rng.choice(signs or list(SIGNS))]
    return rng.integers(low, high, shape)


def cuba(rng, per_channel=None):
    """A neuron that fires easily, with the old or the new name."""
    decays = {name: rng.integers(100, 2000, per_channel) for name in ("iDecay", "vDecay")}
    return {"type": str(rng.choice(["CUBA", "LOIHI"])), "vThMant": int(rng.integers(5, 60)), **decays}


def dense(rng, outputs, values, neuron, **more):
    """A dense block with one of the spellings of its shape; the weights perhaps as a flat list of floats."""
    shape = [[outputs], [outputs, 1, 1], [1, 1, outputs]][rng.integers(3)]
    values = values.ravel().astype("f4") if rng.random() < 0.5 else values
    return {"type": "dense", "shape": shape, "weight": values, "neuron": neuron, **more}


def delayed(rng):
    """Two dense blocks with delays for all, per output or per input."""
    blocks = []
    for outputs, inputs, signs in ((9, 12, ["mixed"]), (5, 9, [])):
        delays = [rng.integers(0, 6), rng.integers(0, 6, outputs), rng.integers(0, 6, inputs).astype("f4")]
        values = weights(rng, (outputs, inputs), *signs)
        blocks.append(dense(rng, outputs, values, cuba(rng), delay=delays[rng.integers(3)]))
    return (1, 1, 12), [{"type": "input", "shape": [1, 1, 12]}, *blocks], 0


def recurrent(rng):
    """A recurrent block, its matrices of other signs, and a dense one."""
    back = 2 * weights(rng, (8, 8), "mixed", "few bits") - 60
    block = dense(rng, 8, 2 * weights(rng, (8, 10), "mixed"), cuba(rng, 8))
    block |= {"type": "dense_rec", "weight_rec": back.ravel() if block["weight"].ndim == 1 else back}
    return (10, 1, 1), [block, dense(rng, 4, weights(rng, (4, 8)), cuba(rng))], 0


def convolutional(rng):
    """Convolutions with groups, dilation and biases, and a dense block behind a flatten."""
    first = {"weight": weights(rng, (4, 2, 3, 2, 1), "mixed"), "stride": [1, 2], "dilation": [2, 1], "groups": 1}
    first |= {"type": "conv", "shape": [4, 6, 4], "padding": 1, "neuron": cuba(rng, 4)}
    second = {"weight": weights(rng, (6, 2, 3, 3), "mixed", "odd"), "stride": 1, "dilation": 1, "groups": 2}
    second |= {"type": "conv", "shape": [6, 4, 4], "padding": [0, 1], "neuron": cuba(rng)}
    biases = {"bias": rng.integers(-30, 60, 4).astype("f4")}, {"bias": rng.integers(-30, 60, (4, 4, 6))}
    last = dense(rng, 3, weights(rng, (3, 96)), cuba(rng), bias=rng.integers(0, 40, 3))
    flatten = {"type": "flatten", "shape": [96, 1, 1]}
    return (2, 8, 7), [{"type": "input", "shape": [2, 8, 7]}, first | biases[0], second | biases[1], flatten, last], 0


def resonating(rng):
    """Resonators of both kinds."""
    blocks = []
    for kind, outputs, inputs in (("RF_PHASE", 8, 10), ("RF_IZHIKEVICH", 5, 8)):
        decay, angle = rng.uniform(0.8, 0.99) * 4096, rng.uniform(0.2, 1.5)
        turn = {"sinDecay": int(decay * np.sin(angle)), "cosDecay": int(decay * np.cos(angle))}
        neuron = {"type": kind, "vThMant": int(rng.integers(20, 120)), **turn, "gradedSpike": False}
        parts = {f"weight/{part}": weights(rng, (outputs, inputs), "mixed", "odd") for part in ("real", "imag")}
        blocks.append({"type": "dense", "shape": [outputs], **parts, "neuron": neuron})
    return (10, 1, 1), blocks, 0


def sigma_delta(rng):
    """Delta, sigma-delta and sigma neurons."""
    neuron = {"type": "SDNN", "vThMant": int(rng.integers(1, 30)), "activation": "relu"}
    conv = {"type": "conv", "weight": rng.integers(-20, 30, (3, 2, 3, 3)), "stride": 2, "padding": 1, "dilation": 1}
    conv |= {"shape": [3, 3, 3], "groups": 1, "bias": rng.integers(-20, 40, 3), "neuron": neuron}
    hidden = dense(rng, 6, 2 * rng.integers(-9, 12, (6, 27)), neuron, bias=rng.integers(-20, 40, 6))
    out = dense(rng, 2, 2 * rng.integers(-9, 12, (2, 6)), {**neuron, "sigma_output": True})
    first = {"type": "input", "shape": [2, 6, 6], "neuron": neuron}
    return (2, 6, 6), [first, conv, {"type": "flatten", "shape": [27, 1, 1]}, hidden, out], 16


KINDS = {kind.__name__: kind for kind in (delayed, recurrent, convolutional, resonating, sigma_delta)}


def make(path, kind, seed):
    """Write a random file of a kind; gives frames (C, H, W, STEPS) for it and the bits of their values."""
    rng = np.random.default_rng(seed)
    shape, blocks, bits = KINDS[kind](rng)
    with h5py.File(path, "w") as file:
        for index, block in enumerate(blocks):
            neuron = {f"neuron/{name}": value for name, value in block.get("neuron", {}).items()}
            for name, value in ({**block, **neuron}).items():
                if name != "neuron":
                    file[f"layer/{index}/{name}"] = value
    frames = rng.integers(-64, 65, (*shape, STEPS)) if bits else (rng.random((*shape, STEPS)) < 0.25).astype(int)
    return frames, bits
