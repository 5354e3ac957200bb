"""Run a `.net` file in stock lava-dl netx and compare every message with the reference.

    python examples/stock_netx.py FILE.net

It takes the first golden sample of the file, as `evsnn demo`, `evsnn export --golden 2` or `record_golden` put it
there, and prints one line per layer. netx knows neither frame masks nor cutoff, so the reference runs without them.
Exit code: 0 if all messages agree, 1 if not.

Lava hangs when one of its processes fails. The work is therefore done in a child process, which is ended, with all that
it started, when it takes longer than LIMIT_S seconds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np

from evsnn_lava.stock import netx  # isort: split

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source

from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.network import CutoffPolicy, DirectSynapse, FrameMasks, NetworkDescription, passes_on
from evsnn_lava.simulation import simulate

LIMIT_S = 300
LOWEST = -(2**23 - 1)  # where voltages and currents start that must not fire before the reset


def unmasked(network: NetworkDescription) -> NetworkDescription:
    """The network that netx sees: every frame goes through every layer, and nothing stops early."""
    steps = network.recipe.steps
    masks = FrameMasks.all_kept(steps, network.depth)
    return replace(network, masks=masks, cutoff=CutoffPolicy.never(steps), golden=None)


def load(path: str, network: NetworkDescription) -> netx.hdf5.Network:
    """The process that netx makes of the file; with a bias, all layers start anew in netx's step 2."""
    biased = any(getattr(layer.neuron, "bias_mant", None) is not None for layer in network.layers)
    reset = biased and not isinstance(network.layers[0].synapse, DirectSynapse)
    options = {"reset_interval": 10 * network.max_steps} if reset else {}  # one reset, the next lies behind the end
    loaded = netx.hdf5.Network(net_config=path, input_message_bits=network.recipe.message_bits, **options)
    for layer in loaded.layers:
        if reset and hasattr(layer.neuron, "v"):
            layer.neuron.proc_params.overwrite("reset_offset", 2)
            layer.neuron.v.init = layer.neuron.u.init = LOWEST
    return loaded


def connect_input(loaded: netx.hdf5.Network, frames: np.ndarray) -> None:
    """Send frames (C, H, W, steps) in the order that the first layer of netx takes them."""
    image = frames.transpose(2, 1, 0, 3)  # netx counts (x, y, channel)
    if hasattr(loaded.in_layer, "transform"):  # an input block leaves its input to the user
        scale = loaded.in_layer.transform
        source, entry = Source(data=scale["weight"] * image + scale["bias"]), loaded.in_layer.neuron.a_in
    else:
        data = image if loaded.inp.shape == image.shape[:-1] else frames.reshape(*loaded.inp.shape, -1)
        source, entry = Source(data=data), loaded.inp
    source.s_out.connect(entry)


def run(loaded: netx.hdf5.Network, steps: int) -> list[np.ndarray]:
    """Messages of every layer, (C, H, W, steps) or (N, steps)."""
    sinks = [Sink(shape=layer.out.shape, buffer=steps) for layer in loaded.layers]
    for layer, sink in zip(loaded.layers, sinks, strict=True):
        layer.out.connect(sink.a_in)
    loaded.run(condition=RunSteps(num_steps=steps), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    messages = [sink.data.get().astype(int) for sink in sinks]
    loaded.stop()
    return [sent.transpose(2, 1, 0, 3) if sent.ndim == 4 else sent for sent in messages]


def compare(path: str) -> int:
    """Run both and print what came out."""
    network = read_net(path)
    if passes_on(network.layers[-1].neuron):
        raise SystemExit(f'{path} has a head of sums, which netx does not have; train it with head = "spikes"')
    if network.golden is None:
        raise SystemExit(f"{path} carries no golden vectors; export it with --golden 2 or use record_golden")
    frames, network = network.golden.frames[:1], unmasked(network)
    expected = simulate(network, frames).messages
    loaded = load(path, network)
    silence = np.zeros((*network.input_shape, network.depth), dtype=int)  # until the last layer has answered
    connect_input(loaded, np.concatenate([frames[0].astype(int), silence], axis=-1))
    found = run(loaded, network.max_steps)
    early = int(isinstance(network.layers[0].synapse, DirectSynapse))  # netx's first step is our step 1 then, else 0
    wrong = 0
    for layer, ours, theirs in zip(network.layers, expected, found, strict=True):
        ours, theirs = ours[0][..., early:], theirs[..., : theirs.shape[-1] - early]
        different = int(np.count_nonzero(ours != theirs))
        print(f"layer {layer.name}: {np.count_nonzero(ours)} messages of the reference, {different} differences")
        wrong += different
    return int(wrong > 0)


def watched(path: str) -> int:
    """The same in a child process that ends in any case."""
    child = subprocess.Popen([sys.executable, __file__, "--here", path], start_new_session=True)
    try:
        return child.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        raise SystemExit(
            f"netx did not finish within {LIMIT_S} s: one of its processes failed, or LIMIT_S is too short"
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit("usage: python examples/stock_netx.py FILE.net")
    sys.exit(compare(sys.argv[2]) if sys.argv[1] == "--here" else watched(sys.argv[1]))
