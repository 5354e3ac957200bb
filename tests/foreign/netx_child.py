"""Run stock lava-dl netx, as it is, in a process of its own, so that nothing that hangs can hang the tests.

    python tests/foreign/netx_child.py FOLDER

For every `X.npz` of the folder it loads the netx file named in it, runs it and writes the messages of all layers, each
of shape (*layer shape, steps) in the order (channel, row, column), to `answer-X.npz`, with the last states of the last
layer, if it has a current and a voltage. A file with spiking input neurons takes a constant image, as their bias.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

from evsnn_lava import _lava as lava

warnings.simplefilter("ignore")


def run(path, frames, blocks, message_bits, reset_interval):
    """Messages of every layer; frames are (C, H, W, steps)."""
    options = {"num_layers": blocks or None, "input_message_bits": message_bits}
    network = lava.netx().hdf5.Network(net_config=path, reset_interval=reset_interval or None, **options)
    feed(network, frames)
    steps = frames.shape[-1]
    sinks = [lava.SinkRingBuffer(shape=layer.out.shape, buffer=steps) for layer in network.layers]
    for layer, sink in zip(network.layers, sinks, strict=True):
        layer.out.connect(sink.a_in)
    network.run(condition=lava.RunSteps(num_steps=steps), run_cfg=lava.Loihi2SimCfg(select_tag="fixed_pt"))
    messages = [sink.data.get().astype(np.int64) for sink in sinks]
    last = network.layers[-1].neuron
    kept = [name for name in ("u", "v") if hasattr(last, name)]
    answer = {name: getattr(last, name).get().astype(np.int64).transpose() for name in kept}
    network.stop()
    for index, sent in enumerate(messages):
        answer[f"layer{index}"] = sent.transpose(2, 1, 0, 3) if sent.ndim == 4 else sent
    return answer


def feed(network, frames):
    """Give the input to whatever takes it."""
    data = frames.transpose(2, 1, 0, 3).astype(int)  # netx counts (x, y, channel)
    if network.inp.shape != data.shape[:-1]:
        data = frames.reshape(*network.inp.shape, -1).astype(int)
    first = network.in_layer
    if hasattr(first, "transform") and hasattr(first.neuron, "bias_mant"):
        first.neuron.bias_mant.init = data[..., 0]
        return
    source = lava.SourceRingBuffer(data=data)
    source.s_out.connect(first.neuron.a_in if hasattr(first, "transform") else network.inp)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for job in sorted(folder.glob("[!a]*.npz")):
        with np.load(job) as values:
            options = {key: int(values[key]) for key in ("blocks", "message_bits", "reset_interval")}
            answer = run(str(values["path"]), values["frames"], **options)
        np.savez(folder / f"answer-{job.stem}.npz", **answer)
