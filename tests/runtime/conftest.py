"""Small random networks, and a count of everything that Lava leaves behind."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import numpy as np
import psutil
import pytest

from evsnn_lava.network import (
    NEVER,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.runtime.layout import MODELS

MARK = "EVSNN_TEST_MARK"
SHAPE, STEPS = (2, 9, 7), 8


def random_masks(rng, semantics, layers):
    """Nested masks that drop frames of every layer and keep the last one."""
    keep = np.cumprod(rng.random((layers, STEPS)) < 0.75, axis=0).astype(bool)
    keep[:, -1] = True
    return FrameMasks(semantics, tuple(keep))


def random_neuron(rng, channels):
    bias = rng.integers(-40, 60, channels) if rng.random() < 0.8 else None
    vth, du, dv = int(rng.integers(60, 300)), int(rng.choice([-1, 1023, 4095])), int(rng.choice([0, 128, 4096]))
    return CubaNeuron(vth, du, dv, bias, int(rng.integers(4, 7)))


def random_network(seed, semantics="skip", policy="topk_gap"):
    """Two convolutions (one of them in groups, neither square) and a dense layer; some weights odd, some -256."""
    rng = np.random.default_rng(seed)
    synapses = [
        ConvSynapse(rng.integers(-60, 90, (4, 2, 3, 2)), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        ConvSynapse(rng.integers(-256, 256, (6, 2, 3, 2)), stride=(1, 2), padding=(1, 1), groups=2),
    ]
    shape, layers = SHAPE, []
    for index in range(3):
        if index == 2:
            synapses.append(DenseSynapse(rng.integers(-60, 90, (4, int(np.prod(shape)))), int(rng.integers(-2, 3))))
        shape = synapses[index].output_shape(shape)
        layers.append(Layer(f"layer{index}", synapses[index], random_neuron(rng, shape[0]), shape))
    masks = random_masks(rng, semantics, len(layers))
    thresholds = rng.choice([NEVER, -1, 0, 1, 2], masks.stream_steps, p=[0.2, 0.05, 0.25, 0.25, 0.25])
    cutoff = CutoffPolicy(policy, thresholds) if policy == "topk_gap" else CutoffPolicy.never(masks.stream_steps)
    return NetworkDescription(
        "random", tuple(layers), InputRecipe(*SHAPE[1:], STEPS, 1000), masks, cutoff, tuple("abcd")
    )


def small_network(weights=((2, -4, 6, 80), (81, -256, 3, 0)), steps=3, **neuron):
    """One dense layer, for tests of the machinery."""
    options = {"vth_mant": 10, "du": 1023, "dv": 128, **neuron}
    dense = DenseSynapse(np.array(weights))
    layer = Layer("out", dense, CubaNeuron(**options), (len(dense.weights),))
    return NetworkDescription(
        "small",
        (layer,),
        InputRecipe(2, 2, steps, 1000, polarities=1),
        FrameMasks.all_kept(steps, 1),
        CutoffPolicy.never(steps),
        tuple(map(str, range(len(dense.weights)))),
    )


def random_frames(network, samples, seed=0):
    shape = (samples, *network.input_shape, network.masks.steps)
    return np.random.default_rng(seed).random(shape) < 0.3


class Remains:
    """Processes, shared memory and files of the sessions that this test starts, found by a mark in the environment."""

    def __init__(self, mark):
        self.mark = mark
        self.folders, self.prefixes = set(), set()

    def processes(self):
        """Live processes of all sessions; also notes their folders and the prefixes of their shared memory."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) != self.mark or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                arguments = process.cmdline()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if any("evsnn_lava.runtime.child" in argument for argument in arguments):
                self.folders.add(Path(arguments[-2]))
                self.prefixes.add(arguments[-1].strip("/"))
            if process.pid != os.getpid():
                found.append(process)
        return found

    def segments(self):
        return [name for name in os.listdir("/dev/shm") if name.startswith(tuple(self.prefixes))]

    def counted(self):
        """Numbers of processes, segments and folders that are there now."""
        processes = self.processes()
        return len(processes), len(self.segments()), sum(folder.exists() for folder in self.folders)


@pytest.fixture
def remains(monkeypatch):
    mark = uuid.uuid4().hex
    monkeypatch.setenv(MARK, mark)
    return Remains(mark)


@pytest.fixture(params=MODELS)
def model(request):
    """Every model of the network in Lava, one after the other."""
    return request.param


@pytest.fixture(scope="session")
def built():
    """Makes a model of a process as Lava's builder does, without ports."""

    def build(model_class, process):
        model = model_class(process.proc_params)
        for var in process.vars:
            kind = getattr(model_class, var.name)
            value = var.init
            if kind.cls is np.ndarray:
                value = np.ndarray(var.shape, kind.d_type)
                value[:] = var.init
            setattr(model, var.name, value)
        return model

    return build


@pytest.fixture(scope="session")
def make():
    """Makers of networks and frames."""

    class Make:
        random_network = staticmethod(random_network)
        small_network = staticmethod(small_network)
        frames = staticmethod(random_frames)

    return Make
