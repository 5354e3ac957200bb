"""Comparing a back-end with the golden vectors: agreement, or the first difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, MismatchError
from evsnn_lava.network import GoldenVectors, NetworkDescription, RunResult
from evsnn_lava.simulation.reference import Trace, simulate
from evsnn_lava.simulation.witness import trace_counts, trace_hashes

BoolArray = npt.NDArray[np.bool_]


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
    neurons : tuple of int
        Flat indices of the first neurons that differ from the reference, at most 8; empty when
        the reference disagrees with the file as well.
    """

    layer: str
    sample: int
    step: int
    expected: int
    found: int
    neurons: tuple[int, ...]

    def __str__(self) -> str:
        """One line for people."""
        where = f"layer {self.layer}, step {self.step}, sample {self.sample}"
        neurons = f", first differing neurons {', '.join(map(str, self.neurons))}" if self.neurons else ""
        return f"{where}: {self.expected} messages expected, {self.found} found{neurons}"


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
        Spikes compared.
    difference : Difference or None
        The first difference in the messages.
    decisions_agree : bool or None
        Whether exit steps and decisions are those of the file; None if the back-end makes none.
    """

    backend: str
    samples: int
    layers: int
    steps: int
    messages: int
    difference: Difference | None
    decisions_agree: bool | None

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
        raise ConfigError(f"network {network.name} carries no golden vectors; export it again with --golden 2 or more")
    return network.golden


def compare_messages(
    network: NetworkDescription, backend: str, messages: Sequence[BoolArray], result: RunResult | None = None
) -> Agreement:
    """Compare the messages of a back-end with the golden vectors of the file.

    Parameters
    ----------
    network : NetworkDescription
        The network with golden vectors.
    backend : str
        Who computed the messages.
    messages : sequence of numpy.ndarray of bool, each of shape (N, *layer shape, K)
        Complete runs over the golden frames.
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
        If the messages are not complete runs of the golden samples.
    """
    golden = golden_of(network)
    _require_complete(network, backend, [layer.shape for layer in messages])
    trace = Trace(golden.frames, tuple(messages))
    counts = trace_counts(trace)
    differs = trace_hashes(trace) != golden.spike_hashes
    decided = None if result is None else _same_decisions(golden, result)
    return Agreement(
        backend,
        samples=len(golden.frames),
        layers=network.depth,
        steps=network.max_steps,
        messages=int(golden.spike_counts.sum()),
        difference=_first(network, golden, trace, counts, differs) if differs.any() else None,
        decisions_agree=decided,
    )


def _require_complete(network: NetworkDescription, backend: str, found: list[tuple[int, ...]]) -> None:
    samples = len(golden_of(network).frames)
    expected = [(samples, *layer.shape, network.max_steps) for layer in network.layers]
    if found != expected:
        raise MismatchError(
            f"back-end {backend}: messages have the shapes {found}, network {network.name} makes {expected}; "
            "run the golden samples without the cutoff"
        )


def _same_decisions(golden: GoldenVectors, result: RunResult) -> bool:
    same_exit = np.array_equal(golden.exit_step, result.exit_step)
    return same_exit and np.array_equal(golden.decision, result.decision)


def _first(
    network: NetworkDescription,
    golden: GoldenVectors,
    trace: Trace,
    counts: npt.NDArray[np.int64],
    differs: BoolArray,
) -> Difference:
    """Earliest step, then the layer nearest to the input, then the first sample."""
    step, layer, sample = (int(i) for i in np.argwhere(differs.transpose(2, 1, 0))[0])
    reference = simulate(network, golden.frames[sample : sample + 1]).messages[layer][0, ..., step]
    wrong = np.flatnonzero(reference != trace.messages[layer][sample, ..., step])
    return Difference(
        network.layers[layer].name,
        sample,
        step,
        expected=int(golden.spike_counts[sample, layer, step]),
        found=int(counts[sample, layer, step]),
        neurons=tuple(int(i) for i in wrong[:8]),
    )
