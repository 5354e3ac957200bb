"""From the files of a job to a `RunResult` or a `Trace`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.runtime.exchange import Exchange, pack, packed_size, unpack
from evsnn_lava.runtime.layout import lava_shape, source_shapes
from evsnn_lava.simulation.reference import Trace

IntArray = npt.NDArray[np.int64]


def write_frames(network: NetworkDescription, frames: npt.NDArray[np.generic], path: Path) -> None:
    """Write the frames that are sent, in Lava's order, sample by sample.

    Parameters
    ----------
    network : NetworkDescription
        Its masks choose the frames; its first synapse chooses the axis order.
    frames : numpy.ndarray of bool, shape (N, C, H, W, T)
        Input frames before masking.
    path : pathlib.Path
        The file to write.
    """
    with path.open("wb") as file:
        for sample in frames:
            stream = network.masks.stream(sample.astype(bool, copy=False))
            file.write(pack(np.ascontiguousarray(stream.transpose(3, 2, 1, 0)), 3).tobytes())


def clear(network: NetworkDescription, exchange: Exchange) -> None:
    """Empty the files of the job before; the recorders keep them open and append."""
    sources = range(network.depth + 1)
    kept = [*map(exchange.counts, sources), *map(exchange.spikes, sources)]
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
        synops=np.stack([count[..., 1] for count in counts[:-1]], axis=1),
        wall_time_s=wall_time_s,
    )


def _by_sample(network: NetworkDescription, path: Path, steps: IntArray) -> IntArray:
    """Cut the steps of a recorder into samples, shape (N, K, 2); steps that were not executed are zero."""
    counts = np.zeros((len(steps), network.max_steps, 2), dtype=np.int64)
    counts[np.arange(network.max_steps) < steps[:, None]] = np.fromfile(path, np.int64).reshape(-1, 2)
    return counts


def read_trace(network: NetworkDescription, exchange: Exchange) -> Trace:
    """Collect the spikes of complete runs.

    Parameters
    ----------
    network : NetworkDescription
        The network that was run.
    exchange : Exchange
        Files of the session.

    Returns
    -------
    Trace
        Without the states of the neurons.
    """
    shapes = source_shapes(network)
    sources = [_spikes(network, exchange.spikes(source), shape) for source, shape in enumerate(shapes)]
    return Trace(sources[0][..., : network.masks.stream_steps], tuple(sources[1:]))


def _spikes(network: NetworkDescription, path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    packed = np.fromfile(path, np.uint8).reshape(-1, network.max_steps, packed_size(shape))
    spikes = unpack(packed, lava_shape(shape))
    return np.ascontiguousarray(spikes.transpose(0, *range(len(shape) + 1, 0, -1)))
