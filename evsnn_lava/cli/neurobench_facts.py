"""``evsnn profile --neurobench FILE``: NeuroBench's metrics of a run, and of the network without masks and cutoff."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._files import atomic_write
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import DEFAULT_BACKEND, run_samples
from evsnn_lava.cli.recordings import Samples
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.network.fanout import message_costs, recurrent_costs
from evsnn_lava.profiling import CostReport
from evsnn_lava.profiling.neurobench import (
    PACKAGE,
    NeuroBenchMetrics,
    full_network,
    has_graded_inputs,
    neurobench_metrics,
)
from evsnn_lava.profiling.system_track import system_facts
from evsnn_lava.simulation import simulate
from evsnn_lava.simulation.counting import sources

IntArray = npt.NDArray[np.int64]

TRACED_SAMPLES: Final = 8
"""Samples whose messages are in memory at a time."""


def neurobench_facts(
    network: NetworkDescription,
    samples: Samples,
    result: RunResult,
    report: CostReport,
    output: Output,
    backend: str = DEFAULT_BACKEND,
    **options: Any,
) -> dict[str, Any]:
    """Everything that NeuroBench asks of a run, as plain numbers.

    Parameters
    ----------
    network : NetworkDescription
        What was run.
    samples : Samples
        What it was run on.
    result : RunResult
        The run.
    report : CostReport
        Its costs.
    output : Output
        Where to show the progress of the second run, without masks and cutoff.
    backend : str
        Who does that run.
    **options
        For the back-end.

    Returns
    -------
    dict
        ``deployed`` and ``full_run``: result dictionaries of the package; ``full_run`` is None where the last layers
        are the cutoff. ``more``: what the package does not have. ``system``: the names of the system track, estimated.
    """
    deployed = _metrics(network, samples, result)
    full = None
    if not network.cutoff.layers:
        plain = full_network(network)
        full = _metrics(plain, samples, run_samples(plain, samples, backend, output, **options))
    return {
        "definitions": PACKAGE,
        "network": network.name,
        "samples": result.samples,
        "deployed": deployed.facts,
        "full_run": None if full is None else full.facts,
        "more": {
            "footprint_in_file_bytes": deployed.footprint.file_bytes,
            "footprint_numbers": asdict(deployed.footprint),
            "neuron_updates": {
                "deployed": deployed.neuron_updates,
                "full_run": None if full is None else full.neuron_updates,
            },
        },
        "system": system_facts(report),
    }


def write_neurobench(path: Path, facts: dict[str, Any]) -> None:
    """Write the facts as JSON, laid out as the package lays out its results.

    Parameters
    ----------
    path : Path
        The file to create or replace.
    facts : dict
        Of :func:`neurobench_facts`.

    Raises
    ------
    ConfigError
        If it cannot be written.
    """
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(facts, indent=4) + "\n", encoding="utf-8")


def multiplications(network: NetworkDescription, frames: npt.NDArray[Any], batch: int = 1) -> IntArray:
    """Count the operations of calls that had an input other than -1, 0 and 1, in complete runs.

    Parameters
    ----------
    network : NetworkDescription
        The network; its cutoff is ignored.
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Input frames before masking.
    batch : int
        Samples in a call: one large value makes the operations of the whole call multiplications. A chip takes one
        sample at a time.

    Returns
    -------
    numpy.ndarray of int64, shape (N, L, K)
        The part of `RunResult.synops` that multiplies.
    """
    sent = sources(network, simulate(network, frames))
    counted = [_multiplying(cost, messages, batch) for cost, messages in zip(message_costs(network), sent, strict=True)]
    for index, cost in enumerate(recurrent_costs(network)):
        if cost is not None:
            counted[index] = counted[index] + _multiplying(cost, sent[index + 1], batch)
    return np.stack(counted[:-1], axis=1)


def _multiplying(cost: IntArray, messages: npt.NDArray[Any], batch: int) -> IntArray:
    """Operations per sample and step, shape (N, K), of the calls that multiply."""
    sent = messages.reshape(len(messages), cost.size, messages.shape[-1])
    large = np.any((sent > 1) | (sent < -1), axis=1)
    calls = np.logical_or.reduceat(large, np.arange(0, len(sent), batch), axis=0)
    operations: IntArray = np.einsum("i,nik->nk", cost.reshape(-1), sent != 0, dtype=np.int64, casting="unsafe")
    multiplying: IntArray = operations * np.repeat(calls, batch, axis=0)[: len(sent)]
    return multiplying


def _metrics(network: NetworkDescription, samples: Samples, result: RunResult) -> NeuroBenchMetrics:
    counted = None
    if has_graded_inputs(network):
        executed = np.arange(result.synops.shape[-1]) < result.steps[:, None]
        counted = np.concatenate([multiplications(network, part) for part in _parts(samples.blocks())])
        counted = counted * executed[:, None]
    return neurobench_metrics(network, result, samples.known, counted)


def _parts(blocks: Iterable[npt.NDArray[Any]]) -> Iterator[npt.NDArray[Any]]:
    for frames in blocks:
        yield from (frames[start : start + TRACED_SAMPLES] for start in range(0, len(frames), TRACED_SAMPLES))
