"""Run stock lava-dl netx in a process of its own, so that nothing that hangs can hang the tests.

    python tests/export/netx_child.py FOLDER

It loads every `X.net` of the folder, runs it on the frames in `X.npz` and writes the spikes of all layers to
`answer-X.npz`; for the matrices in `weights.npz`, it writes what becomes of them to `answer-weights.npz`.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

from evsnn_lava import _lava as lava

warnings.simplefilter("ignore")


def run_network(path, frames, reset_step):
    """Spikes of every layer, shape (*layer shape, steps); frames are (C, H, W, steps)."""
    options = {} if reset_step < 0 else {"reset_interval": 10_000}
    network = lava.netx().hdf5.Network(net_config=str(path), **options)
    for layer in network.layers:
        if options:
            layer.neuron.proc_params.overwrite("reset_offset", int(reset_step))
    data = frames.transpose(2, 1, 0, 3)  # netx counts (x, y, channel)
    if network.inp.shape != data.shape[:-1]:
        data = frames.reshape(*network.inp.shape, -1)
    source = lava.SourceRingBuffer(data=data.astype(int))
    source.s_out.connect(network.inp)
    sinks = [lava.SinkRingBuffer(shape=layer.out.shape, buffer=frames.shape[-1]) for layer in network.layers]
    for layer, sink in zip(network.layers, sinks, strict=True):
        layer.out.connect(sink.a_in)
    network.run(condition=lava.RunSteps(num_steps=frames.shape[-1]), run_cfg=lava.Loihi2SimCfg(select_tag="fixed_pt"))
    spikes = [sink.data.get().astype(bool) for sink in sinks]
    network.stop()
    return {f"layer{i}": s.transpose(2, 1, 0, 3) if s.ndim == 4 else s for i, s in enumerate(spikes)}


def load_weights(matrices):
    """Weights that Lava's fixed-point dense model multiplies with after netx has loaded them; NaN if it cannot."""
    from lava.utils import weightutils

    answers = []
    for weights in matrices:
        try:
            shifted, bits, exponent, _ = lava.netx().utils.optimize_weight_bits(weights.astype(int))
        except (OverflowError, ValueError):
            answers.append(np.full(weights.shape, np.nan))
            continue
        sign = weightutils.determine_sign_mode(shifted)
        kept = weightutils.truncate_weights(weightutils.clip_weights(shifted, sign, num_bits=8), sign, bits)
        answers.append(kept * 2.0**exponent)
    return {"weights": np.stack(answers)}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with np.load(folder / "weights.npz") as job:
        np.savez(folder / "answer-weights.npz", **load_weights(job["weights"]))
    for net in sorted(folder.glob("*.net")):
        with np.load(net.with_suffix(".npz")) as job:
            np.savez(folder / f"answer-{net.stem}.npz", **run_network(net, job["frames"], int(job["reset_step"])))
