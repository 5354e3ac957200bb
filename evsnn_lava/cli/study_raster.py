"""One sample step by step, and the mean of all: what ``evsnn report`` draws as spikes and activity."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.cli.recordings import Samples
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.reporting.html import Lane, Raster
from evsnn_lava.simulation.reference import gate_open

MOST_ROWS: Final = 96
"""Rows of a lane, at most; where there are more neurons, neighbours share one."""

Array = npt.NDArray[Any]


def raster_of(
    network: NetworkDescription, samples: Samples, sample: int, own: RunResult, full: RunResult | None
) -> Raster:
    """Trace a sample on the engine.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    samples : Samples
        Where the sample is.
    sample : int
        Which one, from 0.
    own, full : RunResult
        Runs of all samples, with the cutoff of the file and to the last step.

    Returns
    -------
    Raster
        The input, then every layer.
    """
    from evsnn_lava.simulation.engine import Engine  # here: numba takes most of a second to import

    trace = Engine(network).trace(samples.read(sample, sample + 1))
    sent = [_padded(trace.stream[0], network.max_steps), *(messages[0] for messages in trace.messages)]
    label, exit_step = int(samples.labels[sample]), int(own.exit_step[sample])
    names, masks = network.class_names, network.masks
    return Raster(
        sample=str(samples.sample_id[sample]),
        label=names[label] if 0 <= label < len(names) else "",
        decision=names[int(own.decision[sample])],
        exit_step=exit_step,
        exit_index=exit_step + network.depth - 1,
        positions=_positions(network),
        frames=masks.steps,
        skipped=tuple(sorted(set(range(masks.steps)) - set(masks.sent_frames.tolist()))),
        lanes=tuple(_lane(network, index, messages, own, full) for index, messages in enumerate(sent)),
    )


def _positions(network: NetworkDescription) -> tuple[int, ...]:
    """Steps on the axis of the recorded frames; those that empty the layers follow the last frame."""
    sent = network.masks.sent_frames.tolist()
    return (*sent, *(network.masks.steps + step for step in range(network.depth)))


def _padded(stream: Array, steps: int) -> Array:
    return np.concatenate([stream, np.zeros((*stream.shape[:-1], steps - stream.shape[-1]), stream.dtype)], axis=-1)


def _lane(network: NetworkDescription, index: int, sent: Array, own: RunResult, full: RunResult | None) -> Lane:
    """The lane of the input (0) or of a layer (from 1)."""

    def mean(run: RunResult) -> tuple[float, ...]:
        counts = run.input_events if index == 0 else run.messages[:, index - 1]
        return tuple(counts.mean(axis=0).tolist())

    return Lane(
        name="(input)" if index == 0 else network.layers[index - 1].name,
        neurons=int(np.prod(sent.shape[:-1])),
        cells=_cells(sent.reshape(-1, sent.shape[-1]) != 0),
        mean=() if full is None else mean(full),
        mean_cut=mean(own),
        muted=tuple(_muted(network, index - 1, step) for step in range(network.max_steps)),
    )


def _cells(fired: npt.NDArray[np.bool_]) -> tuple[tuple[int, ...], ...]:
    """Messages by rows of neighbours: row `r` begins at neuron ``round(r * neurons / rows)``."""
    rows = min(len(fired), MOST_ROWS)
    starts = [round(row * len(fired) / rows) for row in range(rows)]
    return tuple(map(tuple, np.add.reduceat(fired.astype(np.int64), starts, axis=0).tolist()))


def _muted(network: NetworkDescription, sender: int, step: int) -> bool:
    if sender >= 0:
        return not gate_open(network, sender, step)
    gate = network.masks.gate(0)
    return step < len(gate) and not gate[step]
