"""Stock lava-dl netx on Lava, as it is, in a process of its own.

    python -m benchmarks.netx_child FOLDER

First it runs the job's first sample with a sink behind every layer and keeps what they sent. Then it loads the network
anew with one sink behind the last layer, as users do, and gives seconds per step of it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.jobs import NETX, Job
from benchmarks.serve import serve
from evsnn_lava import _lava as lava
from evsnn_lava.network import DirectSynapse, NetworkDescription

TIMED_S = 1.0
SLOW_TO_READ = 1 << 14
"""From so many neurons on, reading the sinks takes longer than the steps: Lava hands out value by value."""


def prepare() -> tuple[dict[str, Any], dict[str, Callable[[], float]]]:
    """Check, load for timing, and take the first step, which compiles."""
    job = Job(Path(sys.argv[1]))
    network = job.network
    keep_messages(job, network)
    begin = time.perf_counter()
    loaded = load(job, network)
    sink_of(loaded.layers[-1], 16)
    step = stepper(loaded)
    step(1)
    facts = {"load_and_first_step_s": time.perf_counter() - begin}
    seconds = step(2)
    count = int(min(max(TIMED_S / seconds, 2), network.max_steps))
    return facts, {"step": lambda: step(count)}


def early(network: NetworkDescription) -> int:
    """The first step of netx is our step 1 when the input block delivers at once, else our step 0."""
    return int(isinstance(network.layers[0].synapse, DirectSynapse))


def load(job: Job, network: NetworkDescription) -> Any:
    """The network with its input connected."""
    bits = network.recipe.message_bits
    loaded = lava.netx().hdf5.Network(net_config=str(job.folder / NETX), input_message_bits=bits)
    silence = np.zeros((*network.input_shape, network.depth), dtype=int)
    frames = np.concatenate([job.frames[0].astype(int), silence], axis=-1)
    data = frames.transpose(2, 1, 0, 3)  # netx counts (x, y, channel)
    first = network.layers[0].synapse
    if isinstance(first, DirectSynapse):  # an image is the bias of its input neurons, which does not change
        loaded.in_layer.neuron.bias_mant.init = first.weight * data[..., 0] + first.bias
        return loaded
    if loaded.inp.shape != data.shape[:-1]:
        data = frames.reshape(*loaded.inp.shape, -1)
    lava.SourceRingBuffer(data=data).s_out.connect(loaded.inp)
    return loaded


def sink_of(layer: Any, steps: int) -> Any:
    """A sink behind a layer."""
    sink = lava.SinkRingBuffer(shape=layer.out.shape, buffer=steps)
    layer.out.connect(sink.a_in)
    return sink


def stepper(loaded: Any) -> Callable[[int], float]:
    """Runs so many steps and gives seconds per step."""
    configuration = lava.Loihi2SimCfg(select_tag="fixed_pt")

    def step(count: int) -> float:
        begin = time.perf_counter()
        loaded.run(condition=lava.RunSteps(num_steps=count), run_cfg=configuration)
        return (time.perf_counter() - begin) / count

    return step


def keep_messages(job: Job, network: NetworkDescription) -> None:
    """Run the first sample and keep the messages of all layers."""
    loaded, first = load(job, network), early(network)
    steps = network.max_steps - first
    if sum(layer.neurons for layer in network.layers) > SLOW_TO_READ:
        steps = min(steps, network.depth + 2)  # by then every layer has worked
    sinks = [sink_of(layer, steps) for layer in loaded.layers]
    stepper(loaded)(steps)
    messages = [as_ours(sink.data.get())[None].astype(np.int32) for sink in sinks]
    loaded.stop()
    if first:  # the image stays after our last frame; layer `l` hears of it `l` steps later
        messages = [sent[..., : network.masks.steps + depth] for depth, sent in enumerate(messages)]
    job.save_messages(messages, [first] * len(messages))


def as_ours(sent: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(x, y, channel, t) to (channel, y, x, t)."""
    return sent.transpose(2, 1, 0, 3) if sent.ndim == 4 else sent


if __name__ == "__main__":
    serve(prepare)
