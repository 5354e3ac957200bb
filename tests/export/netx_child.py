"""Run stock lava-dl netx in a process of its own, so that nothing that hangs can hang the tests.

    python tests/export/netx_child.py FOLDER

It loads every `X.net` of the folder, runs it on the frames in `X.npz` and writes the messages of all layers to
`answer-X.npz`; it also writes what becomes of the matrices in `weights.npz` and `recurrent.npz` and of the decays in
`decays.npz`.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

from evsnn_lava import _lava as lava

warnings.simplefilter("ignore")


HELD_DOWN = -(2**23 - 1)
"""Where the voltages start before the reset, so that no bias fires in netx's first step."""


def run_network(path, frames, reset_step, message_bits):
    """Messages of every layer, shape (*layer shape, steps); frames are (C, H, W, steps)."""
    options = {} if reset_step < 0 else {"reset_interval": 10_000}
    network = lava.netx().hdf5.Network(net_config=str(path), input_message_bits=message_bits, **options)
    for layer in network.layers:
        if options and hasattr(layer.neuron, "v"):
            layer.neuron.proc_params.overwrite("reset_offset", reset_step)
            layer.neuron.v.init = layer.neuron.u.init = HELD_DOWN
    data, entry = frames.transpose(2, 1, 0, 3).astype(int), network.inp  # netx counts (x, y, channel)
    if network.inp.shape != data.shape[:-1]:
        data = frames.reshape(*network.inp.shape, -1).astype(int)
    if hasattr(network.in_layer, "transform"):  # an input block leaves its input to the user
        entry = network.in_layer.neuron.a_in
        data = network.in_layer.transform["weight"] * data + network.in_layer.transform["bias"]
    source = lava.SourceRingBuffer(data=data)
    source.s_out.connect(entry)
    sinks = [lava.SinkRingBuffer(shape=layer.out.shape, buffer=frames.shape[-1]) for layer in network.layers]
    for layer, sink in zip(network.layers, sinks, strict=True):
        layer.out.connect(sink.a_in)
    network.run(condition=lava.RunSteps(num_steps=frames.shape[-1]), run_cfg=lava.Loihi2SimCfg(select_tag="fixed_pt"))
    messages = [sink.data.get().astype(np.int64) for sink in sinks]
    network.stop()
    return {f"layer{i}": sent.transpose(2, 1, 0, 3) if sent.ndim == 4 else sent for i, sent in enumerate(messages)}


def load_weights(matrices, own):
    """Weights that Lava's fixed-point dense models multiply with after netx has loaded them; NaN if it cannot.

    The last `own` columns belong to the recurrent synapse of the layer.
    """
    from lava.utils import weightutils

    answers = []
    for weights in matrices:
        try:
            shifted, bits, exponent, _ = lava.netx().utils.optimize_weight_bits(weights.astype(int))
        except (OverflowError, ValueError):
            answers.append(np.full(weights.shape, np.nan))
            continue
        kept = []
        for part in np.split(shifted, [weights.shape[1] - own], axis=1)[: 2 if own else 1]:
            sign = weightutils.determine_sign_mode(part)
            kept.append(weightutils.truncate_weights(weightutils.clip_weights(part, sign, num_bits=8), sign, bits))
        answers.append(np.hstack(kept) * 2.0**exponent)
    return {"weights": np.stack(answers)}


def load_decays(decays):
    """Integers that resonators rotate with after netx has loaded `(sinDecay, cosDecay)`."""
    from lava.lib.dl.slayer.neuron.rf import neuron_params
    from lava.proc.rf.process import RF

    answers = []
    for sin, cos in decays:
        loaded = neuron_params({"sinDecay": sin, "cosDecay": cos, "vThMant": 64})
        resonator = RF(shape=(1,), period=loaded["period"], alpha=loaded["decay"], state_exp=6, decay_bits=12)
        answers.append((int(resonator.sin_decay.init), int(resonator.cos_decay.init)))
    return {"decays": np.array(answers)}


def load(path):
    """The arrays of a job; single numbers as numbers."""
    with np.load(path) as job:
        return {key: value if value.ndim else int(value) for key, value in job.items()}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for stem, answer in {"weights": load_weights, "recurrent": load_weights, "decays": load_decays}.items():
        np.savez(folder / f"answer-{stem}.npz", **answer(**load(folder / f"{stem}.npz")))
    for net in sorted(folder.glob("*.net")):
        np.savez(folder / f"answer-{net.stem}.npz", **run_network(net, **load(net.with_suffix(".npz"))))
