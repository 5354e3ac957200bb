"""Training: whole steps a second of our blocks, of stock SLAYER and of the other frameworks, on the same network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numba

from benchmarks.jobs import Job
from benchmarks.machine import cores
from benchmarks.measure import Effort, stopwatch, take_turns
from benchmarks.networks import Case, plain
from benchmarks.subjects import COMPETITORS, competitor
from benchmarks.training_step import CLASSES, CONFIG, INPUT, network_steps, random_batch
from evsnn_lava._torch import torch
from evsnn_lava.export.frontend import TRAINED_KINDS
from evsnn_lava.export.slayer.blocks import compile_blocks
from evsnn_lava.network import InputRecipe
from evsnn_lava.training.model import EventNetwork

BATCH: Final = 32
STEPS: Final = 30
BASE: Final = "slayer"
LABELS: Final = {"slayer": "SLAYER", "evsnn_lava": "our blocks"}


def training_case(batch: int) -> Case:
    """The network of `training_step`, untrained, in integers, from which the other frameworks get their weights."""
    torch.manual_seed(1)
    network = EventNetwork(CONFIG, INPUT, CLASSES).eval()
    layers, _ = compile_blocks(network.blocks, INPUT, kinds=TRAINED_KINDS)
    frames = random_batch(batch, STEPS)[0].numpy().astype(bool)
    return Case(
        "training", "conv 8-16-10", plain("training", layers, InputRecipe.frames(INPUT, STEPS)), frames, "random"
    )


def measure_training(effort: Effort, batch: int = BATCH) -> dict[str, Any]:
    """Measure a training step on one core and on all.

    Parameters
    ----------
    effort : Effort
        How long to measure.
    batch : int
        Samples of a step.

    Returns
    -------
    dict
        What was trained, and a row for every framework and number of threads.
    """
    rows = [row for threads in sorted({1, cores()}) for row in _measure(training_case(batch), batch, threads, effort)]
    return {"network": "conv 8 (5x5, stride 2), conv 16 (3x3, stride 2), dense 10", "steps": STEPS, "rows": rows}


def _measure(case: Case, batch: int, threads: int, effort: Effort) -> list[dict[str, Any]]:
    with TemporaryDirectory(prefix="evsnn-bench-") as folder, ExitStack() as stack:
        stack.enter_context(limited(threads))
        rows = {name: _row(name, label, threads, batch) for name, label in (LABELS | COMPETITORS).items()}
        calls = {name: stopwatch(step) for name, step in network_steps(batch, STEPS).items()}
        job = Job.write(Path(folder) / "floats", case, batch, undelayed=True, floats=True)
        for name in COMPETITORS:
            worker = competitor(stack, name, job)
            if isinstance(worker, str):
                rows[name]["missing"] = worker
            else:
                calls[name] = worker.call("train")
                rows[name]["versions"] = worker.facts["versions"]
        timings = take_turns(calls, effort)
        for name, timing in timings.items():
            rows[name]["step_s"] = timing.per(1)
            rows[name]["times_slayer"] = timings[BASE].median / timing.median
        return list(rows.values())


def _row(name: str, label: str, threads: int, batch: int) -> dict[str, Any]:
    return {"name": name, "label": label, "threads": threads, "batch": batch, "missing": ""}


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """So many threads for torch and numba, in children that are started inside, too."""
    before = torch.get_num_threads(), numba.get_num_threads(), os.environ.get("OMP_NUM_THREADS")
    torch.set_num_threads(threads)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        numba.set_num_threads(before[1])
        os.environ.pop("OMP_NUM_THREADS")
        if before[2] is not None:
            os.environ["OMP_NUM_THREADS"] = before[2]
