"""Latency and throughput of a chain of layers: what the cutoff is worth when every layer costs a step of delay."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.placement import PER_SAMPLE, CoreLoad
from evsnn_lava.hw_profiles import HardwareProfile
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.profiling.counts import IntArray, count_events
from evsnn_lava.profiling.estimate import Distribution, Estimate, Estimates, FloatArray
from evsnn_lava.profiling.latency import step_times
from evsnn_lava.profiling.report import CostReport, cost_of_counts, load_by_size


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
    energy_j, dynamic_j : Estimate
        Mean joules of one inference, with and without static power: of a stream, from first frame to first frame.
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
    energy_j: Estimate
    dynamic_j: Estimate

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
    load: CoreLoad | None = None,
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
    load : CoreLoad, optional
        What cores did in that run; by their sizes without, see :func:`evsnn_lava.profiling.profile_run`.

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
    load = load_by_size(network, full, hardware) if load is None else load
    latency = exits + network.depth
    interval = np.minimum(latency, network.masks.stream_steps) if streamed else latency
    if streamed:
        latency_s, report = _in_stream(network, full, load, interval, latency, hardware)
    else:
        report = cost_of_counts(count_events(network, replace(full, exit_step=exits, steps=latency), load), hardware)
        latency_s = report.time_s
    share = 1 / full.samples
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
        interval_s=report.time_s.total().scaled(share),
        energy_j=report.ledger.total.scaled(share),
        dynamic_j=report.ledger.dynamic.scaled(share),
    )


def _in_stream(
    network: NetworkDescription,
    full: RunResult,
    load: CoreLoad,
    interval: IntArray,
    latency: IntArray,
    hardware: HardwareProfile,
) -> tuple[Estimates, CostReport]:
    """Seconds from first frame to decision of every sample, and the costs until the next sample would begin."""
    first = np.cumsum(interval) - interval
    ends, steps = first + latency, int((first + latency).max())
    streamed = stream_run(full, first, interval, steps)
    laid = stream_load(load, first, interval, steps)
    time = step_times(count_events(network, streamed, laid), hardware)
    clocks = [np.concatenate([[0.0], np.cumsum(each[0])]) for each in (time.value, time.low, time.high)]
    spans: list[FloatArray] = [clock[ends] - clock[first] for clock in clocks]
    last = first[-1:] + interval[-1:]
    counts = count_events(network, replace(streamed, exit_step=last, steps=last), laid)
    return Estimates(*spans), cost_of_counts(counts, hardware)


def stream_run(full: RunResult, first: IntArray, interval: IntArray, steps: int) -> RunResult:
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
    RunResult
        One endless sample, shapes (1, steps) and (1, L, steps), without what a sample that is over would have sent.
    """
    depth, end = full.messages.shape[1], np.array([steps])
    layers = np.arange(depth)  # what a source sends in a step costs operations in the same step
    return RunResult(
        backend=full.backend,
        exit_step=end,
        decision=full.decision[:1],
        scores=full.scores[:1],
        steps=end,
        input_events=_laid_out(full.input_events[:, None], layers[:1], first, interval, steps)[:, 0],
        messages=_laid_out(full.messages, layers + 1, first, interval, steps),
        synops=_laid_out(full.synops, layers, first, interval, steps),
    )


def stream_load(load: CoreLoad, first: IntArray, interval: IntArray, steps: int) -> CoreLoad:
    """What cores do in every step of such a stream; parameters as of :func:`stream_run`."""
    layers = np.arange(load.copies.shape[1])
    rows = {name: getattr(load, name) for name in PER_SAMPLE if name != "input_copies"}
    lags = {name: layers + (name != "busiest_synops") for name in rows}
    found = {name: _laid_out(array, lags[name], first, interval, steps) for name, array in rows.items()}
    inputs = _laid_out(load.input_copies[:, None], layers[:1], first, interval, steps)[:, 0]
    return replace(load, input_copies=inputs, **found)


def _laid_out(counts: IntArray, lags: IntArray, first: IntArray, interval: IntArray, steps: int) -> IntArray:
    """Counts of samples, shape (N, rows, K), in one stream, shape (1, rows, steps); each row so many steps later."""
    room = steps + int(interval.max()) + int(lags.max()) + 1  # the last sample is not followed by another one
    found = np.zeros((1, counts.shape[1], room), dtype=np.int64)
    for sample, (start, span) in enumerate(zip(first.tolist(), interval.tolist(), strict=True)):
        for row, lag in enumerate(lags.tolist()):
            found[0, row, start + lag : start + lag + span] = counts[sample, row, lag : lag + span]
    return found[..., :steps]
