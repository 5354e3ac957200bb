"""What it means that the engine is the reference: every field, every message, every state, and their types."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np

from evsnn_lava.network import NEVER, CutoffPolicy, softmax_table
from evsnn_lava.simulation import run, simulate
from evsnn_lava.simulation.engine import Stepper
from evsnn_lava.simulation.reference import gate_open

COUNTERS = ("input_events", "messages", "synops")


def unlike(ours, other):
    """Whether two arrays differ in type, shape or content."""
    return ours.dtype != other.dtype or ours.shape != other.shape or not np.array_equal(ours, other)


def expected(network, frames, policy=None):
    """The reference's result."""
    return run(network if policy is None else replace(network, cutoff=policy), frames)


def result_differences(found, wanted, without=()):
    """Names of the fields of a RunResult that differ; who computed it and how long it took do not count."""
    names = [field.name for field in dataclasses.fields(wanted) if field.name not in ("backend", "wall_time_s")]
    return [name for name in names if name not in without and unlike(getattr(found, name), getattr(wanted, name))]


def trace_differences(found, wanted):
    """What differs in two traces: layer and quantity."""
    pairs = {"stream": (found.stream, wanted.stream)}
    for index, (ours, other) in enumerate(zip(found.messages, wanted.messages, strict=True)):
        pairs[f"messages {index}"] = ours, other
    for index, (ours, other) in enumerate(zip(found.states, wanted.states, strict=True)):
        if list(ours) != list(other):
            return [f"states {index}"]
        pairs |= {f"{name} {index}": (ours[name], other[name]) for name in other}
    return [name for name, (ours, other) in pairs.items() if unlike(ours, other)]


def differences(engine, network, frames):
    """Everything in which an engine differs from the reference."""
    return [
        *result_differences(engine.run(frames), run(network, frames)),
        *trace_differences(engine.trace(frames, states=True), simulate(network, frames, states=True)),
    ]


def policies(rng, network):
    """Policies of all kinds for a network, mixed ones among them."""
    steps = network.masks.stream_steps
    yield CutoffPolicy.never(steps)
    yield CutoffPolicy.fixed(int(rng.integers(1, steps + 1)), steps)
    if network.layers[-1].neurons > 1:  # a gap needs two
        yield CutoffPolicy("topk_gap", rng.choice([NEVER, -1, 0, 1, 3], steps, p=[0.4, 0.1, 0.2, 0.2, 0.1]))
        likely = rng.choice([NEVER, -1, 2**14, 20000, 32000, 2**15 - 1], steps)
        yield CutoffPolicy("confidence", likely, softmax=softmax_table(rng.choice([0.2, 1.5, 40.0, 5909.0])))


def stepped_differences(network, frames, stepper=None):
    """What a stepper does differently, sample by sample on the same buffers."""
    trace, stepper = simulate(network, frames, states=True), stepper or Stepper(network)
    full = run(replace(network, cutoff=CutoffPolicy.never(network.masks.stream_steps)), frames)
    found = []
    for sample in range(len(frames)):
        for step in range(network.max_steps):
            sent = trace.stream[sample, ..., step] if step < trace.stream.shape[-1] else None
            stepper.advance(sent) if step else stepper.begin(sent)
            silence = np.zeros_like(trace.stream[sample, ..., 0])
            pairs = [("input", stepper.messages(-1), silence if sent is None else sent)]
            for index, messages in enumerate(trace.messages):
                pairs.append((f"messages {index}", stepper.messages(index), messages[sample, ..., step]))
                for name, history in trace.states[index].items():
                    ours = stepper.states(index)[name].astype(np.int64)
                    pairs.append((f"{name} {index}", ours, history[sample, ..., step]))
            counts = stepper.counts()
            pairs.append(("sent", counts[0, 0], full.input_events[sample, step]))
            pairs.append(("sent on", counts[1:, 0], full.messages[sample, :, step]))
            pairs.append(("operations", counts[:-1, 1] + counts[1:, 2], full.synops[sample, :, step]))
            found += [f"{name} in step {step}" for name, ours, other in pairs if unlike(ours, other)]
    return found


def fired(network, frames):
    """Messages before the gates, shape (N, L, K), from the reference of the network whose gates are open.

    Behind a closed gate nothing is sent, so every layer is run on its own, on what its source really sent.
    """
    return np.stack([_fired(network, frames, index) for index in range(network.depth)], axis=1)


def _fired(network, frames, index):
    from evsnn_lava.simulation.neurons import DYNAMICS
    from evsnn_lava.simulation.reference import arriving

    layer, trace = network.layers[index], simulate(network, frames, states=True)
    source, own = (trace.stream, *trace.messages)[index], trace.messages[index]
    dynamics = DYNAMICS[type(layer.neuron)]
    states, counts = dynamics.rest(len(frames), layer.shape), np.zeros((len(frames), network.max_steps), np.int64)
    for step in range(1, network.max_steps):
        states, messages = dynamics.step(layer.neuron, layer.shape, states, arriving(layer, source, own, step))
        counts[:, step] = (messages.reshape(len(frames), -1) != 0).sum(axis=1)
        sent = (own[..., step].reshape(len(frames), -1) != 0).sum(axis=1)
        assert np.array_equal(sent, counts[:, step] * gate_open(network, index, step))
    return counts
