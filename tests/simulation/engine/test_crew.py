"""Threads: progress, errors in one of them, and Ctrl-C."""

from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse
from evsnn_lava.simulation import run
from evsnn_lava.simulation.engine import Engine
from evsnn_lava.simulation.engine.flight import Flight

from . import building
from .comparing import differences, result_differences


@pytest.fixture
def small(rng):
    """A small network with 40 samples that stop at different times."""
    weights = rng.integers(-60, 100, (3, 12))
    policy = CutoffPolicy("topk_gap", [2] * 9)
    network = building.network(
        building.binary(2, 3, 9), (DenseSynapse(weights), CubaNeuron(60, 1023, 300)), policy=policy
    )
    return network, building.spikes(rng, network, 40)


def engine_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("evsnn-engine")]


@pytest.mark.parametrize(("threads", "slots"), [(1, 1), (1, 8), (3, 2)])
def test_progress_grows_to_the_end(small, threads, slots):
    network, frames = small
    reported = []
    result = Engine(network, threads, slots).run(frames, lambda *row: reported.append(row))
    done, samples, steps = map(list, zip(*reported, strict=True))
    assert set(samples) == {40}
    assert done == sorted(done)
    assert steps == sorted(steps)
    assert reported[-1] == (40, 40, result.steps.sum())
    assert all(row[2] == 0 for row in reported if row[0] == 0)


def test_progress_is_called_in_the_callers_thread(small):
    network, frames = small
    callers = set()
    Engine(network, 3, 1).run(frames, lambda *_: callers.add(threading.current_thread()))
    assert callers == {threading.current_thread()}
    assert engine_threads() == []


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_progress_ends_the_run(small, threads):
    network, frames = small
    engine = Engine(network, threads, 1)

    def fail(*_):
        raise OSError("the terminal is gone")

    with pytest.raises(OSError, match="the terminal is gone"):
        engine.run(frames, fail)
    assert engine_threads() == []
    assert differences(engine, network, frames) == []


def test_an_error_in_one_thread_ends_the_others(small, monkeypatch):
    """The first sample is bad; the other thread would work on for a long time."""
    network, frames = small
    bad = np.repeat(frames, 50, axis=0).astype(np.int32)
    bad[0, 0, 0, 0, 0] = 7
    engine, begun, real = Engine(network, 2, 1), [], Flight.begin

    def slow(flight, slot, frames):
        begun.append(slot)
        time.sleep(0.002)
        real(flight, slot, frames)

    monkeypatch.setattr(Flight, "begin", slow)
    with pytest.raises(ConfigError, match="values other than 0 and 1"):
        engine.run(bad)
    assert len(begun) < 500, "the other thread took all the samples"
    assert engine_threads() == []
    monkeypatch.setattr(Flight, "begin", real)
    assert result_differences(engine.run(frames), run(network, frames)) == []


@pytest.mark.parametrize(
    ("samples", "threads", "slots", "used"), [(0, 4, 1, 1), (1, 4, 9, 1), (3, 4, 9, 3), (9, 4, 9, 4)]
)
def test_few_samples_are_shared_out_among_the_threads(small, samples, threads, slots, used):
    network, frames = small
    engine = Engine(network, threads, slots)
    engine.run(frames[:samples])
    assert len(engine._idle) == used
    reached = [int((flight.exit_step > 0).sum()) for flight in engine._idle]
    assert max(reached) <= max(1, -(-samples // used))


INTERRUPTED = """
import json, os, signal, sys, threading, time
import numpy as np
from evsnn_lava.network import *
from evsnn_lava.simulation import run
from evsnn_lava.simulation.engine import Engine

threads = int(sys.argv[1])
rng = np.random.default_rng(1)
layer = Layer("out", DenseSynapse(rng.integers(-60, 100, (300, 512))), CubaNeuron(60, 1023, 300), (300,))
recipe, masks = InputRecipe(16, 16, steps=40, dt_us=1000), FrameMasks.all_kept(40, 1)
names = tuple(map(str, range(300)))
network = NetworkDescription("long", (layer,), recipe, masks, CutoffPolicy.never(40), names)
block = rng.random((4, 2, 16, 16, 40)) < 0.3
frames = np.broadcast_to(block[:1], (300_000, *block.shape[1:]))
engine = Engine(network, threads, 2)
engine.run(block)
pressed = []

def press():
    pressed.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.5, press).start()
try:
    engine.run(frames)
    ended = "ran to its end"
except KeyboardInterrupt:
    ended = "interrupted"
took = time.perf_counter() - pressed[0]
left = [thread.name for thread in threading.enumerate() if thread.name.startswith("evsnn-engine")]
found, wanted = engine.run(block), run(network, block)
same = all(np.array_equal(getattr(found, name), getattr(wanted, name)) for name in ("scores", "messages", "synops"))
print(json.dumps([ended, took, left, same]))
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_ends_a_run_soon_and_leaves_the_engine_usable(run_python, threads):
    ended, took_s, left, same = json.loads(run_python(INTERRUPTED, str(threads)))
    assert (ended, left, same) == ("interrupted", [], True)
    assert took_s < 2
