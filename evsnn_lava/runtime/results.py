"""From the files of a job to a `RunResult` or a `Trace`."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import Layer, NetworkDescription, RunResult
from evsnn_lava.runtime.exchange import Exchange, pack, packed_size, unpack
from evsnn_lava.runtime.layout import lava_shape, source_graded, source_shapes
from evsnn_lava.simulation.neurons import DYNAMICS
from evsnn_lava.simulation.reference import Trace, checked_stream

IntArray = npt.NDArray[np.int64]


def write_frames(network: NetworkDescription, frames: npt.NDArray[np.generic], path: Path) -> None:
    """Write the frames that are sent, in Lava's order, sample by sample.

    Parameters
    ----------
    network : NetworkDescription
        Its masks choose the frames; its first synapse chooses the axis order.
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Input frames before masking.
    path : pathlib.Path
        The file to write.

    Raises
    ------
    ConfigError
        If the frames do not fit the network's recipe.
    """
    graded = source_graded(network)[0]
    with path.open("wb") as file:
        for sample in frames:
            stream = checked_stream(network, sample[None])[0]
            file.write(pack(np.ascontiguousarray(stream.transpose(3, 2, 1, 0)), 3, graded).tobytes())


def clear(network: NetworkDescription, exchange: Exchange) -> None:
    """Empty the files of the job before; recorders and neurons append to them."""
    sources = range(network.depth + 1)
    kept = [*map(exchange.counts, sources), *map(exchange.messages, sources), *map(exchange.states, sources[:-1])]
    for path in (exchange.steps, exchange.decisions, *kept):
        path.write_bytes(b"")


def read_result(network: NetworkDescription, exchange: Exchange, wall_time_s: float) -> RunResult:
    """Collect what feeder, readout and recorders have written.

    Parameters
    ----------
    network : NetworkDescription
        The network that was run.
    exchange : Exchange
        Files of the session.
    wall_time_s : float
        How long the job took.

    Returns
    -------
    RunResult
        Of back-end ``lava``.
    """
    steps = np.fromfile(exchange.steps, np.int64)
    decisions = np.fromfile(exchange.decisions, np.int64).reshape(len(steps), -1)
    counts = [_by_sample(network, exchange.counts(source), steps) for source in range(network.depth + 1)]
    return RunResult(
        backend="lava",
        exit_step=decisions[:, 0],
        decision=decisions[:, 1],
        scores=decisions[:, 2:],
        steps=steps,
        input_events=counts[0][..., 0],
        messages=np.stack([count[..., 0] for count in counts[1:]], axis=1),
        synops=np.stack([before[..., 1] + own[..., 2] for before, own in itertools.pairwise(counts)], axis=1),
        wall_time_s=wall_time_s,
    )


def _by_sample(network: NetworkDescription, path: Path, steps: IntArray) -> IntArray:
    """Cut the steps of a recorder into samples, shape (N, K, 3); steps that were not executed are zero."""
    counts = np.zeros((len(steps), network.max_steps, 3), dtype=np.int64)
    counts[np.arange(network.max_steps) < steps[:, None]] = np.fromfile(path, np.int64).reshape(-1, 3)
    return counts


def read_trace(network: NetworkDescription, exchange: Exchange, states: bool) -> Trace:
    """Collect the messages of complete runs.

    Parameters
    ----------
    network : NetworkDescription
        The network that was run.
    exchange : Exchange
        Files of the session.
    states : bool
        Collect the states, too.

    Returns
    -------
    Trace
        What `evsnn_lava.simulation.simulate` gives.
    """
    known = zip(source_shapes(network), source_graded(network), strict=True)
    sources = [
        _messages(network, exchange.messages(source), shape, graded) for source, (shape, graded) in enumerate(known)
    ]
    kept = tuple(_states(network, layer, exchange.states(i)) for i, layer in enumerate(network.layers) if states)
    return Trace(sources[0][..., : network.masks.stream_steps], tuple(sources[1:]), kept)


def _messages(network: NetworkDescription, path: Path, shape: tuple[int, ...], graded: bool) -> npt.NDArray[Any]:
    packed = np.fromfile(path, np.uint8).reshape(-1, network.max_steps, packed_size(shape, graded))
    return _time_last(unpack(packed, lava_shape(shape), graded))


def _states(network: NetworkDescription, layer: Layer, path: Path) -> dict[str, IntArray]:
    names = DYNAMICS[type(layer.neuron)].states
    kept = np.fromfile(path, np.int32).reshape(-1, network.max_steps, len(names), *lava_shape(layer.shape))
    return {name: _time_last(kept[:, :, i]).astype(np.int64) for i, name in enumerate(names)}


def _time_last(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Turn (N, K, *Lava shape) into (N, *shape, K)."""
    return np.ascontiguousarray(array.transpose(0, *range(array.ndim - 1, 0, -1)))
