"""Latency and throughput of a chain of layers: what the cutoff is worth when every layer costs a step of delay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.placement import place
from evsnn_lava.hw_profiles import HardwareProfile
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.profiling.counts import EventCounts, IntArray
from evsnn_lava.profiling.estimate import Distribution, Estimate, Estimates, FloatArray
from evsnn_lava.profiling.latency import step_times, time_per_sample


@dataclass(frozen=True)
class PipelineRow:
    """One way to run a network.

    Parameters
    ----------
    name : str
        Which way.
    streamed : bool
        Whether the next sample follows before the pipeline is empty.
    depth : int
        Number of layers.
    accuracy : float or None
        Share of right decisions, 0..1; None without labels.
    frames_sent : int
        Frames of a sample when nothing stops it (T').
    exit_step : float
        Mean frames seen by the decision.
    latency_steps, latency_s : Distribution
        From the first frame to the decision.
    interval_steps : float
        Mean steps from one sample to the next.
    interval_s : Estimate
        Mean seconds from one sample to the next.
    """

    name: str
    streamed: bool
    depth: int
    accuracy: float | None
    frames_sent: int
    exit_step: float
    latency_steps: Distribution
    latency_s: Distribution
    interval_steps: float
    interval_s: Estimate

    @property
    def samples_per_s(self) -> Estimate:
        """Throughput."""
        return Estimate(1 / self.interval_s.value, 1 / self.interval_s.high, 1 / self.interval_s.low)

    def latency_gain(self, baseline: PipelineRow) -> float:
        """How many times as soon as `baseline` it decides, by the mean time."""
        return baseline.latency_s.mean.value / self.latency_s.mean.value

    def throughput_gain(self, baseline: PipelineRow) -> float:
        """How many times as many samples per second as `baseline` it takes."""
        return baseline.interval_s.value / self.interval_s.value


@dataclass(frozen=True)
class EarlierOf:
    """A network and a head on one of its layers side by side; the first decision counts.

    Parameters
    ----------
    name : str
        Of the head.
    accuracy : float or None
        Share of right decisions, 0..1; None without labels.
    latency_steps : float
        Mean steps from the first frame to the first decision.
    head_first : float
        Share of samples that the head decides, 0..1.
    """

    name: str
    accuracy: float | None
    latency_steps: float
    head_first: float


def earlier_of(name: str, whole: RunResult, head: RunResult, labels: IntArray | None = None) -> EarlierOf:
    """What an early decision of a head beside the whole network would come to.

    A chain cannot hold both: this is a bound, without the cost of a second readout.

    Parameters
    ----------
    name : str
        Of the head.
    whole, head : RunResult
        Runs of the same N samples with their cutoffs; at a tie the whole network decides.
    labels : numpy.ndarray of int64, shape (N,), optional
        The right classes.

    Returns
    -------
    EarlierOf
        Accuracy and steps.

    Raises
    ------
    ConfigError
        If the runs are not of as many samples.
    """
    if whole.samples != head.samples:
        raise ConfigError(f"{name}: {head.samples} samples beside {whole.samples}; run the same ones")
    first = head.steps < whole.steps
    decision = np.where(first, head.decision, whole.decision)
    accuracy = None if labels is None else float(np.mean(decision == labels))
    return EarlierOf(name, accuracy, float(np.minimum(head.steps, whole.steps).mean()), float(first.mean()))


def step_gain(frames: int, exit_step: float, depth: int) -> float:
    """What a cutoff is worth in steps once the layers have delayed it.

    Parameters
    ----------
    frames : int
        Frames of a sample without cutoff (T).
    exit_step : float
        Frames seen by the decision (t).
    depth : int
        Number of layers (L).

    Returns
    -------
    float
        ``(T + L) / (t + L)``.

    Examples
    --------
    >>> round(step_gain(10, 10 / 1.64, 0), 2), round(step_gain(10, 10 / 1.64, 9), 2)
    (1.64, 1.26)
    """
    return (frames + depth) / (exit_step + depth)


def pipeline_row(
    name: str,
    network: NetworkDescription,
    full: RunResult,
    hardware: HardwareProfile,
    exit_step: IntArray | None = None,
    streamed: bool = False,
    accuracy: float | None = None,
) -> PipelineRow:
    """Price one way to run a network.

    Parameters
    ----------
    name : str
        Which way.
    network : NetworkDescription
        What was run.
    full : RunResult
        A run to the last step, without cutoff.
    hardware : HardwareProfile
        Its step times.
    exit_step : numpy.ndarray of int64, shape (N,), optional
        Frames seen by the decisions; without, all of them.
    streamed : bool
        Whether samples follow each other as in :func:`evsnn_lava.simulation.streaming.stream`.
    accuracy : float, optional
        Share of right decisions.

    Returns
    -------
    PipelineRow
        Latency and throughput.

    Raises
    ------
    ConfigError
        If the run was stopped early, or has no sample.
    """
    exits = full.exit_step if exit_step is None else exit_step
    if not full.samples or (full.steps != network.max_steps).any():
        raise ConfigError(f"pipeline of network {network.name}: the run is empty or was stopped; run it without cutoff")
    cores = np.array([len(layer.cores) for layer in place(network, hardware).layers], dtype=np.int64)
    latency = exits + network.depth
    interval = np.minimum(latency, network.masks.stream_steps) if streamed else latency
    if streamed:
        latency_s, total_s = _times_in_stream(network, full, interval, latency, cores, hardware)
    else:
        latency_s = time_per_sample(_counts(network, latency, *_alone(full, latency)), cores, hardware.time)
        total_s = latency_s.total()
    return PipelineRow(
        name=name,
        streamed=streamed,
        depth=network.depth,
        accuracy=accuracy,
        frames_sent=network.masks.stream_steps,
        exit_step=float(exits.mean()),
        latency_steps=Estimates.exact(latency).distribution(),
        latency_s=latency_s.distribution(),
        interval_steps=float(interval.mean()),
        interval_s=total_s.scaled(1 / full.samples),
    )


def _alone(full: RunResult, steps: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Input events, messages and operations of samples that end after so many steps."""
    executed = np.arange(full.input_events.shape[-1]) < steps[:, None]
    return full.input_events * executed, full.messages * executed[:, None], full.synops * executed[:, None]


def _times_in_stream(
    network: NetworkDescription,
    full: RunResult,
    interval: IntArray,
    latency: IntArray,
    cores: IntArray,
    hardware: HardwareProfile,
) -> tuple[Estimates, Estimate]:
    """Seconds from first frame to decision of every sample, and from the first frame to the end of the last sample."""
    first = np.cumsum(interval) - interval
    ends, steps = first + latency, int((first + latency).max())
    counts = _counts(network, np.array([steps]), *laid_out(full, first, interval, steps))
    time = step_times(counts, cores, hardware.time)
    clocks = [np.concatenate([[0.0], np.cumsum(each[0])]) for each in (time.value, time.low, time.high)]
    spans: list[FloatArray] = [clock[ends] - clock[first] for clock in clocks]
    last = int(first[-1] + interval[-1])
    return Estimates(*spans), Estimate(*(float(clock[last]) for clock in clocks))


def laid_out(full: RunResult, first: IntArray, interval: IntArray, steps: int) -> tuple[IntArray, IntArray, IntArray]:
    """What happens in every step of a stream in which each layer turns to the next sample a step after its source.

    Parameters
    ----------
    full : RunResult
        Runs to the last step of N samples, one at a time.
    first, interval : numpy.ndarray of int64, shape (N,)
        Step of the first frame of each sample, and steps until that of the next one.
    steps : int
        Steps of the stream.

    Returns
    -------
    input_events : numpy.ndarray of int64, shape (1, steps)
        Input spikes.
    messages, synops : numpy.ndarray of int64, shape (1, L, steps)
        Messages and operations; those of a sample that is over are not made any more.
    """
    depth = full.messages.shape[1]
    room = steps + int(interval.max()) + depth  # the last sample is not followed by another one
    inputs, messages, synops = (np.zeros((rows, room), dtype=np.int64) for rows in (1, depth, depth))
    for sample, (start, span) in enumerate(zip(first.tolist(), interval.tolist(), strict=True)):
        for lag in range(depth + 1):  # what a source sends in a step costs operations in the same step
            here, there = slice(start + lag, start + lag + span), slice(lag, lag + span)
            if lag < depth:
                synops[lag, here] = full.synops[sample, lag, there]
            if lag:
                messages[lag - 1, here] = full.messages[sample, lag - 1, there]
            else:
                inputs[0, here] = full.input_events[sample, there]
    return inputs[:, :steps], messages[None, :, :steps], synops[None, :, :steps]


def _counts(
    network: NetworkDescription, steps: IntArray, inputs: IntArray, messages: IntArray, synops: IntArray
) -> EventCounts:
    """Counts as the step times want them: neither updates nor the readout are told apart here."""
    nothing: npt.NDArray[np.int64] = np.zeros_like(steps)
    return EventCounts(
        layers=tuple(layer.name for layer in network.layers),
        neurons=np.array([layer.neurons for layer in network.layers], dtype=np.int64),
        exit_step=steps,
        steps=steps,
        input_events=inputs,
        messages=messages,
        synops=synops,
        active_updates=np.zeros_like(messages),
        readout_additions=nothing,
        cutoff_comparisons=nothing,
        mask_gates=nothing,
    )
