"""What happened, per sample, layer and step: the counts that the ledger prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.placement import PER_SAMPLE, CoreLoad, on_host
from evsnn_lava.network import ConvSynapse, Layer, NetworkDescription, RunResult

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EventCounts:
    """Events of N samples in L layers and K steps; steps that were not executed count nothing.

    Every executed step updates every neuron once, the first one too, in which the neurons are
    reset. Such an update is *active* or *idle*. Active are the neurons that carry a bias and, of
    the others, as many as could have used a synaptic operation or sent a spike in that step:
    ``min(neurons without bias, synops of the step before + spikes)``; operations are counted in the
    step in which their message is sent, and used in the next one. A run does not record which
    neuron an operation reached, so this is an upper bound of the neurons with such work; a neuron
    that only leaks counts as idle. The ledger's range goes from all idle to all active.

    Parameters
    ----------
    layers : tuple of str
        Names of the L layers.
    neurons : numpy.ndarray of int64, shape (L,)
        Neurons of every layer.
    exit_step : numpy.ndarray of int64, shape (N,)
        Frames seen by the decision: the algorithmic step count.
    steps : numpy.ndarray of int64, shape (N,)
        Steps executed: the hardware step count, with the delay of the layers.
    input_events : numpy.ndarray of int64, shape (N, K)
        Input spikes sent.
    messages, synops, active_updates : numpy.ndarray of int64, shape (N, L, K)
        Spikes sent after the frame masks, operations over non-zero weights, active neuron updates.
    readout_additions, cutoff_comparisons, mask_gates : numpy.ndarray of int64, shape (N,)
        Work beside the network: adding output spikes to scores, looking for the two best scores,
        asking whether a layer's frame is masked.
    load : CoreLoad
        What the busiest cores do, and the traffic between cores; from `LoadMeter` or :func:`even_load`.
    on_host : tuple of str
        Layers whose neurons the host updates, for example a delta encoder at the input.
    convolutions : tuple of str
        Layers whose synapses are a convolution.
    shown_s : numpy.ndarray of float64, shape (K,), optional
        Seconds of events that every step shows, for chips that run at the pace of the recording; None where frames
        are no slices of time.

    Raises
    ------
    ConfigError
        If there is no sample or the arrays do not fit together.
    """

    layers: tuple[str, ...]
    neurons: IntArray
    exit_step: IntArray
    steps: IntArray
    input_events: IntArray
    messages: IntArray
    synops: IntArray
    active_updates: IntArray
    readout_additions: IntArray
    cutoff_comparisons: IntArray
    mask_gates: IntArray
    load: CoreLoad
    on_host: tuple[str, ...] = ()
    convolutions: tuple[str, ...] = ()
    shown_s: FloatArray | None = None

    def __post_init__(self) -> None:
        """Check the shapes."""
        if not len(self.steps):
            raise ConfigError("event counts: there is no sample; run at least one")
        shape = (len(self.steps), len(self.layers), self.input_events.shape[-1])
        arrays = (self.messages, self.synops, self.active_updates, self.load.copies, self.load.busiest_synops)
        if wrong := [array.shape for array in arrays if array.shape != shape]:
            raise ConfigError(f"event counts: expected arrays of shape {shape}, found {wrong[0]}; run again")
        if self.steps.max() > shape[-1]:
            raise ConfigError(f"event counts: {self.steps.max()} steps executed, {shape[-1]} recorded; run again")

    @property
    def samples(self) -> int:
        """Number of samples N."""
        return len(self.steps)

    @property
    def executed(self) -> npt.NDArray[np.bool_]:
        """Which steps a sample executed, shape (N, K)."""
        executed: npt.NDArray[np.bool_] = np.arange(self.input_events.shape[-1]) < self.steps[:, None]
        return executed

    @property
    def idle_updates(self) -> IntArray:
        """Idle neuron updates, shape (N, L, K)."""
        return self.neurons[None, :, None] * self.executed[:, None, :] - self.active_updates


def count_events(network: NetworkDescription, result: RunResult, load: CoreLoad) -> EventCounts:
    """Count the events of a run.

    Parameters
    ----------
    network : NetworkDescription
        What was run.
    result : RunResult
        What the back-end recorded.
    load : CoreLoad
        What cores do on the same samples.

    Returns
    -------
    EventCounts
        Counts per sample, layer and step.

    Raises
    ------
    ConfigError
        If the run is not one of this network.
    """
    require_run_of(network, result)
    additions, comparisons = _readout(network, result)
    executed = np.arange(result.messages.shape[-1]) < result.steps[:, None]
    return EventCounts(
        layers=tuple(layer.name for layer in network.layers),
        neurons=np.array([layer.neurons for layer in network.layers], dtype=np.int64),
        exit_step=result.exit_step,
        steps=result.steps,
        input_events=result.input_events * executed,
        messages=result.messages * executed[:, None],
        synops=result.synops * executed[:, None],
        active_updates=_active_updates(network, result),
        readout_additions=additions,
        cutoff_comparisons=comparisons,
        mask_gates=result.steps * _gated_layers(network),
        load=executed_load(load, result.steps),
        on_host=tuple(layer.name for layer in network.layers if on_host(layer)),
        convolutions=tuple(layer.name for layer in network.layers if isinstance(layer.synapse, ConvSynapse)),
        shown_s=_shown_s(network),
    )


def require_run_of(network: NetworkDescription, result: RunResult) -> None:
    """Refuse a run of another network.

    Parameters
    ----------
    network, result
        As for :func:`count_events`.

    Raises
    ------
    ConfigError
        If the run has another number of layers.
    """
    depth = result.messages.shape[1]
    if depth != network.depth:
        raise ConfigError(
            f"network {network.name}: it has {network.depth} layers, the run of {result.backend} {depth}; "
            "profile a run of this network"
        )


def even_load(
    input_events: IntArray,
    messages: IntArray,
    synops: IntArray,
    neurons: IntArray,
    cores: IntArray,
    largest: IntArray | None = None,
) -> CoreLoad:
    """Load of cores of which nothing is known but their number, and how large the largest one is.

    Every core has its share of the operations and messages by its neurons; a message goes to one core, without hops.

    Parameters
    ----------
    input_events : numpy.ndarray of int64, shape (N, K)
        Input spikes sent.
    messages, synops : numpy.ndarray of int64, shape (N, L, K)
        Spikes and operations of each layer.
    neurons, cores : numpy.ndarray of int64, shape (L,)
        Size of each layer; no core for one that the host computes.
    largest : numpy.ndarray of int64, shape (L,), optional
        Neurons of the largest core of each layer; all cores are alike without.

    Returns
    -------
    CoreLoad
        Rounded up to whole operations.
    """
    if largest is None:
        largest = np.where(cores > 0, -(-neurons // np.maximum(cores, 1)), 0)
    share = (largest / np.maximum(neurons, 1))[None, :, None]
    nothing = np.zeros_like(messages)
    return CoreLoad(
        busiest_synops=np.ceil(synops * share).astype(np.int64),
        busiest_messages=np.ceil(messages * share).astype(np.int64),
        busiest_neurons=largest,
        input_copies=input_events,
        copies=messages,
        hops_x=nothing,
        hops_y=nothing,
        cores=cores,
    )


def executed_load(load: CoreLoad, steps: IntArray) -> CoreLoad:
    """The load of the steps that were executed; parameters as of :class:`EventCounts`."""
    executed = np.arange(load.copies.shape[-1]) < steps[:, None]
    kept = {"input_copies": load.input_copies * executed}
    kept |= {name: getattr(load, name) * executed[:, None] for name in PER_SAMPLE if name != "input_copies"}
    return replace(load, **kept)


def _shown_s(network: NetworkDescription) -> FloatArray | None:
    """Seconds that pass until each step has all it shows: the frames that a mask leaves out pass, too."""
    recipe = network.recipe
    if not recipe.dt_us:
        return None
    gaps = np.diff(network.masks.sent_frames, prepend=-1)
    frames = np.concatenate([gaps, np.ones(network.depth, dtype=np.int64)])
    seconds: FloatArray = frames * (recipe.dt_us * 1e-6)
    return seconds


def _active_updates(network: NetworkDescription, result: RunResult) -> IntArray:
    biased = np.array([_biased_neurons(layer) for layer in network.layers], dtype=np.int64)[None, :, None]
    neurons = np.array([layer.neurons for layer in network.layers], dtype=np.int64)[None, :, None]
    executed = np.arange(result.messages.shape[-1]) < result.steps[:, None, None]
    # What is sent in a step is used in the next one.
    arrived = np.pad(result.synops, ((0, 0), (0, 0), (1, 0)))[..., :-1]
    active: IntArray = (biased + np.minimum(neurons - biased, arrived + result.messages)) * executed
    return active


def _biased_neurons(layer: Layer) -> int:
    bias = layer.neuron.per_channel.get("bias_mant")
    return 0 if bias is None else int(np.count_nonzero(bias)) * (layer.neurons // bias.size)


NO_COMPARISON: Final = ("never", "fixed")
"""Policies that stop without looking at scores."""


def _readout(network: NetworkDescription, result: RunResult) -> tuple[IntArray, IntArray]:
    """Additions and comparisons of the host; of a network that decides itself it takes one spike per sample.

    A softmax adds as many exponentials as there are classes, from a table; its division per step is not counted.
    """
    if network.cutoff.layers:
        return np.ones_like(result.exit_step), np.zeros_like(result.exit_step)
    looked: IntArray = result.exit_step * len(network.class_names)
    exponentials = looked * (network.cutoff.kind == "confidence")
    return looked + exponentials, looked * (network.cutoff.kind not in NO_COMPARISON)


def _gated_layers(network: NetworkDescription) -> int:
    gated = range(network.depth - network.cutoff.layers)
    return sum(not network.masks.gate(layer).all() for layer in gated)
