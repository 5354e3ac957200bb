"""Run three small Lava graphs and print what their neurons did, as JSON.

    python tests/golden/lava_graphs.py            # through evsnn_lava._lava, as a test does
    python tests/golden/lava_graphs.py --spawn    # the same in a program that has chosen another start method
    python tests/golden/lava_graphs.py --stock    # plain Lava: how lava_graphs.json was recorded

`lava_graphs.json` was recorded with `--stock` on Python 3.10.13, numpy 1.26.4 and lava-nc 0.10.0, the versions that
Lava itself asks for.
"""

import json
import multiprocessing
import sys

import numpy as np

if "--spawn" in sys.argv:
    multiprocessing.set_start_method("spawn")
if "--stock" not in sys.argv:
    import evsnn_lava._lava  # noqa: F401 - repairs Lava for the imports below

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.conv.process import Conv
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF, LIFReset

STEPS = 24


def run(neuron, sink):
    neuron.run(condition=RunSteps(num_steps=STEPS), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    result = {
        "spikes": sink.data.get().astype(int).tolist(),
        "u": neuron.u.get().astype(int).tolist(),
        "v": neuron.v.get().astype(int).tolist(),
    }
    neuron.stop()
    return result


def dense_lif(rng):
    source = Source(data=(rng.random((12, STEPS)) < 0.4).astype(int))
    dense = Dense(weights=rng.integers(-128, 127, (6, 12)) * 2, num_weight_bits=8, weight_exp=0)
    neuron = LIF(shape=(6,), vth=60, du=1023, dv=128, bias_mant=rng.integers(-20, 20, 6), bias_exp=6)
    sink = Sink(shape=(6,), buffer=STEPS)
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(neuron.a_in)
    neuron.s_out.connect(sink.a_in)
    return run(neuron, sink)


def conv_lif_dense_lif(rng):
    """A conv layer flattened into a dense one: the way through `ReshapePort`."""
    source = Source(data=(rng.random((8, 6, 2, STEPS)) < 0.3).astype(int))
    conv = Conv(weight=rng.integers(-60, 100, (3, 3, 3, 2)) * 2, input_shape=(8, 6, 2), stride=2, padding=1)
    hidden = LIF(shape=conv.output_shape, vth=80, du=2047, dv=200, bias_mant=0, bias_exp=6)
    dense = Dense(weights=rng.integers(-64, 80, (4, hidden.s_out.size)) * 2)
    neuron = LIF(shape=(4,), vth=9000, du=1023, dv=100, bias_mant=0, bias_exp=6)
    sink = Sink(shape=(4,), buffer=STEPS)
    source.s_out.connect(conv.s_in)
    conv.a_out.connect(hidden.a_in)
    hidden.s_out.transpose([2, 1, 0]).flatten().connect(dense.s_in)
    dense.a_out.connect(neuron.a_in)
    neuron.s_out.connect(sink.a_in)
    return run(neuron, sink)


def dense_lif_reset(rng):
    source = Source(data=(rng.random((5, STEPS)) < 0.5).astype(int))
    dense = Dense(weights=rng.integers(-100, 127, (5, 5)) * 2)
    neuron = LIFReset(shape=(5,), vth=90, du=511, dv=64, bias_mant=3, bias_exp=6, reset_interval=8, reset_offset=2)
    sink = Sink(shape=(5,), buffer=STEPS)
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(neuron.a_in)
    neuron.s_out.connect(sink.a_in)
    return run(neuron, sink)


def main():
    graphs = (dense_lif, conv_lif_dense_lif, dense_lif_reset)
    json.dump({graph.__name__: graph(np.random.default_rng(7)) for graph in graphs}, sys.stdout)


if __name__ == "__main__":
    main()
