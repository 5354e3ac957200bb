"""Comparing a back-end with the golden vectors: agreement, or the first difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, MismatchError
from evsnn_lava.network import GoldenVectors, NetworkDescription, RunResult
from evsnn_lava.simulation.diagnosis.difference import Difference, counted, locate
from evsnn_lava.simulation.reference import Trace, checked_stream
from evsnn_lava.simulation.witness import silent_layers, trace_counts, trace_hashes


@dataclass(frozen=True)
class DecisionDifference:
    """The first sample that a back-end decides in another way than the file says.

    Parameters
    ----------
    sample : int
        Golden sample, from 0.
    expected, found : (int, int)
        Exit step and class.
    """

    sample: int
    expected: tuple[int, int]
    found: tuple[int, int]

    def __str__(self) -> str:
        """One line for people."""
        (expected_step, expected), (step, chosen) = self.expected, self.found
        return (
            f"sample {self.sample}: class {expected} after {counted(expected_step, 'frame')} expected, "
            f"class {chosen} after {step} found"
        )


@dataclass(frozen=True)
class Agreement:
    """How a back-end did on the golden vectors.

    Parameters
    ----------
    backend : str
        Who was checked.
    samples, layers, steps : int
        What was compared.
    messages : int
        Messages compared.
    difference : Difference or None
        The first difference in the messages.
    decisions_agree : bool or None
        Whether exit steps and decisions are those of the file; None if the back-end makes none.
    decision : DecisionDifference or None
        The first sample in which they are not.
    silent_layers : tuple of str
        Layers that must send nothing in any golden sample: nothing is proven about what they send.
    """

    backend: str
    samples: int
    layers: int
    steps: int
    messages: int
    difference: Difference | None
    decisions_agree: bool | None
    decision: DecisionDifference | None = None
    silent_layers: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True when nothing differs."""
        return self.difference is None and self.decisions_agree is not False


def golden_of(network: NetworkDescription) -> GoldenVectors:
    """The golden vectors of a network.

    Raises
    ------
    ConfigError
        If it carries none.
    """
    if network.golden is None:
        raise ConfigError(
            f"network {network.name} carries no golden vectors; record them with `evsnn convert FILE FILE2 --golden 2` "
            "or evsnn_lava.simulation.record_golden"
        )
    return network.golden


def require_comparable(expected: NetworkDescription, other: NetworkDescription) -> None:
    """Refuse to hold two networks against each other neuron by neuron when they differ in more than numbers.

    Parameters
    ----------
    expected, other : NetworkDescription
        The networks.

    Raises
    ------
    ConfigError
        If input, steps or a layer have another shape, or neurons are of another model.
    """
    facts = [
        {
            "the shape of the input": (*network.input_shape, network.masks.steps),
            "the number of bits of an input value": network.recipe.message_bits,
            "the list of layers": tuple((layer.shape, type(layer.neuron).__name__) for layer in network.layers),
            "the number of steps of a sample": network.max_steps,
        }
        for network in (expected, other)
    ]
    for name, value in facts[0].items():
        if facts[1][name] != value:
            raise ConfigError(
                f"network {other.name} cannot be held against {expected.name}: {name} differs, {facts[1][name]} and "
                f"{value}; give files that differ in numbers only, or use `evsnn diff`"
            )


def compare_messages(
    network: NetworkDescription,
    backend: str,
    messages: Sequence[npt.NDArray[Any]],
    result: RunResult | None = None,
) -> Agreement:
    """Compare the messages of a back-end that tells nothing else; as :func:`compare_trace`.

    Parameters
    ----------
    network : NetworkDescription
        The network with golden vectors.
    backend : str
        Who computed the messages.
    messages : sequence of numpy.ndarray of bool or int, each of shape (N, *layer shape, K)
        Complete runs over the golden frames.
    result : RunResult, optional
        The back-end's own decisions on the golden frames.

    Returns
    -------
    Agreement
        With the first difference in time, if there is one.
    """
    stream = checked_stream(network, golden_of(network).frames)
    return compare_trace(network, backend, Trace(stream, tuple(messages)), result)


def compare_trace(
    network: NetworkDescription, backend: str, trace: Trace, result: RunResult | None = None
) -> Agreement:
    """Compare what a back-end did with the golden vectors of the file.

    Messages are compared with the file by their counts and hashes. Where one differs, the reference says what each
    neuron should have sent; with the states of the back-end the difference says, too, what can have caused it.

    Parameters
    ----------
    network : NetworkDescription
        The network with golden vectors.
    backend : str
        Who computed the trace.
    trace : Trace
        Complete runs over the golden frames, with or without states.
    result : RunResult, optional
        The back-end's own decisions on the golden frames.

    Returns
    -------
    Agreement
        With the first difference in time, if there is one.

    Raises
    ------
    ConfigError
        If the network carries no golden vectors.
    MismatchError
        If the trace does not hold complete runs of the golden samples.
    """
    golden = golden_of(network)
    _require_complete(network, backend, [layer.shape for layer in trace.messages])
    trace = _typed(network, trace)
    differs = (trace_hashes(trace) != golden.spike_hashes) | (trace_counts(trace) != golden.spike_counts)
    decision = None if result is None else _decision_difference(golden, result)
    return Agreement(
        backend,
        samples=len(golden.frames),
        layers=network.depth,
        steps=network.max_steps,
        messages=int(golden.spike_counts.sum()),
        difference=locate(network, golden, trace, differs) if differs.any() else None,
        decisions_agree=None if result is None else decision is None,
        decision=decision,
        silent_layers=silent_layers(network, golden),
    )


def _require_complete(network: NetworkDescription, backend: str, found: list[tuple[int, ...]]) -> None:
    samples = len(golden_of(network).frames)
    expected = [(samples, *layer.shape, network.max_steps) for layer in network.layers]
    if found != expected:
        raise MismatchError(
            f"back-end {backend}: messages have the shapes {found}, network {network.name} makes {expected}; "
            "run the golden samples without the cutoff"
        )


def _typed(network: NetworkDescription, trace: Trace) -> Trace:
    """Graded messages as int32, spikes as bool, however the back-end hands them out: the hashes depend on it."""
    types: list[type[np.generic]] = [np.int32 if layer.neuron.graded else np.bool_ for layer in network.layers]
    messages = tuple(layer.astype(kind) for layer, kind in zip(trace.messages, types, strict=True))
    return Trace(trace.stream, messages, trace.states)


def _decision_difference(golden: GoldenVectors, result: RunResult) -> DecisionDifference | None:
    wrong = np.flatnonzero((golden.exit_step != result.exit_step) | (golden.decision != result.decision))
    if not wrong.size:
        return None
    first = int(wrong[0])
    return DecisionDifference(
        first,
        expected=(int(golden.exit_step[first]), int(golden.decision[first])),
        found=(int(result.exit_step[first]), int(result.decision[first])),
    )
