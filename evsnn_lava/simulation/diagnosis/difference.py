"""The first place where a back-end goes wrong: layer, step and neuron, with the numbers on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import GoldenVectors, NetworkDescription
from evsnn_lava.simulation.arithmetic import IntArray
from evsnn_lava.simulation.diagnosis.connections import Suspect
from evsnn_lava.simulation.diagnosis.replay import History, history, layer_input
from evsnn_lava.simulation.diagnosis.suspects import suspects
from evsnn_lava.simulation.reference import Trace, simulate
from evsnn_lava.simulation.witness import trace_counts, trace_hashes

Rows = Mapping[str, tuple[int | None, ...]]
"""By name: ``input`` (``input real`` and ``input imag``), the states, ``message``; a number per step, None unknown."""

BEFORE = 3
"""Steps that are shown before the one that differs."""
NAMED = 8
"""Neurons that are named."""


@dataclass(frozen=True)
class NeuronDifference:
    """The first neuron that sent something else, on both sides.

    Parameters
    ----------
    index : int
        Its flat index in the layer.
    place : tuple of int
        Its index in ``(C, H, W)`` or ``(N,)``.
    since : int
        First step in which its states or messages differ.
    steps : tuple of int
        The steps that are shown, the last one is where the messages differ.
    expected, found : mapping from str to tuple of int
        What the reference and the back-end say, see :data:`Rows`. Without states of the back-end `found` has its
        messages only. Its input is what its states imply if the neuron is right.
    suspects : tuple of Suspect
        What explains everything that the neuron did in all golden samples, if a single thing is wrong; empty without
        the states of the back-end.
    """

    index: int
    place: tuple[int, ...]
    since: int
    steps: tuple[int, ...]
    expected: Rows
    found: Rows
    suspects: tuple[Suspect, ...] = ()

    def __str__(self) -> str:
        """One line for people."""
        expected, found = self.expected["message"][-1], self.found["message"][-1]
        return f"neuron {self.index} at {self.place}: message {expected} expected, {found} found"


@dataclass(frozen=True)
class Difference:
    """The first place where a back-end and the file disagree.

    Parameters
    ----------
    layer : str
        Name of the layer.
    sample, step : int
        Golden sample and step of it, from 0.
    expected, found : int
        Messages of the layer in that step.
    reference_agrees : bool
        Whether the reference says there what the file says. If not, the file is not that of this network, or not of
        this version of the code, and nothing is known of single neurons: the file has counts and hashes of what they
        sent, no more.
    neurons : tuple of int
        Flat indices of the first neurons that differ from the reference, at most 8.
    neuron : NeuronDifference or None
        The first of them.
    """

    layer: str
    sample: int
    step: int
    expected: int
    found: int
    reference_agrees: bool = True
    neurons: tuple[int, ...] = ()
    neuron: NeuronDifference | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """One line for people."""
        where = f"layer {self.layer}, step {self.step}, sample {self.sample}"
        counts = f"{where}: {counted(self.expected, 'message')} expected, {self.found} found"
        return f"{counts}; {self.neuron}" if self.neuron else counts


def counted(number: int, noun: str) -> str:
    """A number and what is counted.

    Examples
    --------
    >>> counted(1, "frame"), counted(2, "frame")
    ('1 frame', '2 frames')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def locate(
    network: NetworkDescription, golden: GoldenVectors, found: Trace, differs: npt.NDArray[np.bool_]
) -> Difference:
    """Find the first difference: earliest step, then the layer nearest to the input, then the first sample.

    Parameters
    ----------
    network : NetworkDescription
        What should have been computed.
    golden : GoldenVectors
        What it must give.
    found : Trace
        What the back-end gave on the golden frames; with its states if it has them.
    differs : numpy.ndarray of bool, shape (N, L, K)
        Where counts or hashes differ; somewhere they do.

    Returns
    -------
    Difference
        The place and what is known of it.
    """
    step, layer, sample = (int(i) for i in np.argwhere(differs.transpose(2, 1, 0))[0])
    reference = simulate(network, golden.frames[sample : sample + 1], states=True)
    same = trace_hashes(reference)[0] == golden.spike_hashes[sample]
    same &= trace_counts(reference)[0] == golden.spike_counts[sample]
    agrees = bool(same[:, :step].all() and same[layer, step])
    got = found.messages[layer][sample, ..., step]
    wrong = np.flatnonzero(reference.messages[layer][0, ..., step] != got) if agrees else np.zeros(0, dtype=int)
    return Difference(
        network.layers[layer].name,
        sample,
        step,
        expected=int(golden.spike_counts[sample, layer, step]),
        found=int(np.count_nonzero(got)),
        reference_agrees=agrees,
        neurons=tuple(int(i) for i in wrong[:NAMED]),
        neuron=_neuron(network, reference, found, (sample, layer, step, int(wrong[0]))) if wrong.size else None,
    )


def _neuron(
    network: NetworkDescription, reference: Trace, found: Trace, place: tuple[int, int, int, int]
) -> NeuronDifference:
    sample, layer, step, index = place
    expected = _expected_rows(network, reference, layer, index)
    one = _sample(found, sample)
    told = bool(found.states) and bool(found.states[layer])
    lived = history(network, found, layer, index) if told else None
    rows = _rows(one, layer, index, {})
    if lived is not None:
        rows = _rows(one, layer, index, _implied_rows(lived, sample, network.max_steps))
    since = _since(expected, rows, step)
    steps = tuple(sorted({since - 1, since, *range(step - BEFORE, step + 1)} - set(range(-BEFORE, 0))))
    return NeuronDifference(
        index=index,
        place=tuple(int(i) for i in np.unravel_index(index, network.layers[layer].shape)),
        since=since,
        steps=steps,
        expected={name: tuple(values[k] for k in steps) for name, values in expected.items()},
        found={name: tuple(values[k] for k in steps) for name, values in rows.items()},
        suspects=() if lived is None else suspects(lived, _same_frames(network, reference, one, layer)),
    )


def _same_frames(network: NetworkDescription, reference: Trace, one: Trace, layer: int) -> bool:
    return layer > 0 or np.array_equal(reference.stream, one.stream)


def _since(expected: Rows, found: Rows, step: int) -> int:
    """First step in which a state or a message differs."""
    told = [name for name in found if not name.startswith("input")]
    return next(k for k in range(step + 1) if any(expected[name][k] != found[name][k] for name in told))


def _sample(trace: Trace, sample: int) -> Trace:
    one = slice(sample, sample + 1)
    states = tuple({name: value[one] for name, value in layer.items()} for layer in trace.states)
    return Trace(trace.stream[one], tuple(layer[one] for layer in trace.messages), states)


def _expected_rows(network: NetworkDescription, reference: Trace, layer: int, index: int) -> Rows:
    arrived = layer_input(network, reference, layer).reshape(-1, network.layers[layer].neurons, network.max_steps)
    return _rows(reference, layer, index, _input_rows([part[index].tolist() for part in arrived]))


def _implied_rows(lived: History, sample: int, steps: int) -> Rows:
    """The input that the states of the back-end imply, None where they imply none."""
    implied = lived.implied_input
    fits = lived.input_fits(implied)
    moments = slice(sample * (steps - 1), (sample + 1) * (steps - 1))
    parts = implied.reshape(-1, len(fits))[:, moments].tolist()
    known = fits[moments].tolist()
    return _input_rows([[0, *(v if ok else None for v, ok in zip(part, known, strict=True))] for part in parts])


def _input_rows(parts: list[list[int | None]]) -> Rows:
    names = ("input",) if len(parts) == 1 else ("input real", "input imag")
    return {name: tuple(part) for name, part in zip(names, parts, strict=True)}


def _rows(trace: Trace, layer: int, index: int, inputs: Rows) -> Rows:
    def line(values: npt.NDArray[np.generic]) -> tuple[int, ...]:
        numbers: IntArray = values.reshape(-1, values.shape[-1])[index].astype(np.int64)
        return tuple(numbers.tolist())

    states = trace.states[layer] if trace.states else {}
    return {
        **inputs,
        **{name: line(values) for name, values in states.items()},
        "message": line(trace.messages[layer]),
    }
