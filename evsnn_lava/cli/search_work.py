"""One unit of a search: a candidate network run once, and every way to stop it priced.

A pure function of its arguments, so that it does not matter where and how often it runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava import __version__
from evsnn_lava.cli.evaluation import joined
from evsnn_lava.cli.loads import core_load
from evsnn_lava.cli.study_stops import stopped
from evsnn_lava.export.placement import CoreLoad
from evsnn_lava.export.placement.load import PER_SAMPLE
from evsnn_lava.export.policies import Certificate, Guaranteed, TopKGap
from evsnn_lava.export.policies import Policy as FittedPolicy
from evsnn_lava.export.search.candidates import Candidate, derive
from evsnn_lava.export.search.intervals import bootstrap, wilson
from evsnn_lava.export.search.rows import Figures, Policy
from evsnn_lava.hw_profiles import CostProfile
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.profiling import CostReport, profile_run
from evsnn_lava.simulation.engine import Engine

IntArray = npt.NDArray[np.int64]
Answer = dict[str, Any]
"""What a unit gives: texts, numbers, lists and dictionaries, so that JSON holds all of it."""

BLOCK_SAMPLES: Final = 64
ARRAYS: Final = ("exit_step", "decision", "scores", "steps", "input_events", "messages", "synops")
"""Arrays of a run, a row per sample."""


@dataclass(frozen=True, eq=False)
class Part:
    """Recordings of a part of the data, small enough to be sent around.

    Parameters
    ----------
    packed : numpy.ndarray
        Frames before masking: bits packed along all axes but the first, or the values themselves.
    shape : tuple of int
        ``(C, H, W, T)``.
    labels : numpy.ndarray of int64, shape (N,)
        The right classes.
    fitted : numpy.ndarray of int64
        Places of the recordings that thresholds are fitted on; figures are of the others.
    """

    packed: npt.NDArray[Any]
    shape: tuple[int, ...]
    labels: IntArray
    fitted: IntArray

    @classmethod
    def of(cls, frames: npt.NDArray[Any], labels: IntArray, fitted: IntArray) -> Part:
        """Pack frames of shape (N, C, H, W, T)."""
        flat = frames.reshape(len(frames), -1)
        return cls(np.packbits(flat, axis=1) if frames.dtype == np.bool_ else flat, frames.shape[1:], labels, fitted)

    @property
    def judged(self) -> IntArray:
        """Places of the recordings that figures are of."""
        return np.setdiff1d(np.arange(len(self.labels)), self.fitted)

    def blocks(self) -> Iterator[npt.NDArray[Any]]:
        """The frames, some at a time."""
        size = int(np.prod(self.shape))
        for start in range(0, len(self.packed), BLOCK_SAMPLES):
            block = self.packed[start : start + BLOCK_SAMPLES]
            flat = np.unpackbits(block, axis=1, count=size).astype(bool) if block.dtype == np.uint8 else block
            yield flat.reshape(len(block), *self.shape)


@dataclass(frozen=True, eq=False)
class Task:
    """What all units of a search share.

    Parameters
    ----------
    network : NetworkDescription
        That of the file.
    content : str
        Its content hash.
    parts : mapping of str to Part
        ``selection`` and ``test``.
    hardware : CostProfile
        What it is priced with.
    min_support : int
        Samples that a threshold needs.
    delta : float or None
        Risk of the guarantee that a cutoff carries; None without one.
    resamples : int
        Of the bootstrap, for the figures of the test part.
    seed : int
        Of the bootstrap.
    """

    network: NetworkDescription
    content: str
    parts: Mapping[str, Part]
    hardware: CostProfile
    min_support: int
    delta: float | None
    resamples: int
    seed: int

    @property
    def digest(self) -> str:
        """Hash of everything that an answer depends on."""
        found = hashlib.sha256()
        rules = [__version__, self.content, self.min_support, self.delta, self.resamples, self.seed]
        found.update(json.dumps(rules).encode() + self.hardware.model_dump_json().encode())
        for name, part in sorted(self.parts.items()):
            found.update(f"{name}{part.shape}{part.packed.dtype}".encode())
            for array in (part.packed, part.labels, part.fitted):
                found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()


@dataclass(frozen=True)
class Job:
    """A unit.

    Parameters
    ----------
    part : str
        On which part of the data.
    candidate : Candidate
        Which network.
    epsilons : tuple of float
        Cutoffs to fit.
    policies : tuple of Policy
        Ways to stop that are known already.
    with_never : bool
        Whether to run it without cutoff, too.
    """

    part: str
    candidate: Candidate
    epsilons: tuple[float, ...] = ()
    policies: tuple[Policy, ...] = ()
    with_never: bool = False

    def __str__(self) -> str:
        """How messages call it."""
        return f"{self.candidate} ({self.part})"


def answer(task: Task, job: Job) -> Answer:
    """Do a unit.

    Parameters
    ----------
    task : Task
        What all units share.
    job : Job
        The unit.

    Returns
    -------
    dict
        ``rows``: for every way to stop its ``policy`` and its ``figures``, as `dataclasses.asdict` writes them.
    """
    part, network = task.parts[job.part], derive(task.network, job.candidate)
    engine = Engine(network, threads=1)
    full = joined([engine.run(frames) for frames in part.blocks()])
    scores = np.concatenate([engine.scores(frames) for frames in part.blocks()])
    load = core_load(network, part.blocks(), task.hardware)
    policies = [*job.policies, *_fitted(task, part, scores, job.epsilons)]
    if job.with_never:
        policies.insert(0, Policy.of("never", network.cutoff))
    places = part.judged
    run = _Run(network, _picked(full, places), scores[places], _load_of(load, places), part.labels[places])
    rows = [
        {"policy": asdict(policy), "figures": asdict(_figures(run.priced(policy, task.hardware), task, job))}
        for policy in policies
    ]
    plain: Answer = json.loads(json.dumps({"rows": rows}))
    return plain


@dataclass(frozen=True, eq=False)
class _Run:
    """A run without cutoff, from which every earlier stop follows."""

    network: NetworkDescription
    full: RunResult
    scores: IntArray
    load: CoreLoad | None
    labels: IntArray

    def priced(self, policy: Policy, hardware: CostProfile) -> CostReport:
        cutoff = policy.cutoff
        run = stopped(self.full, self.scores, cutoff.exit_step(self.scores), self.network.depth)
        return profile_run(self.network.with_cutoff(cutoff), run, hardware, self.labels, self.load)


def _fitted(task: Task, part: Part, scores: IntArray, epsilons: tuple[float, ...]) -> list[Policy]:
    """A policy per epsilon, on the recordings that are there to fit on, and what is guaranteed of it."""
    scores, labels = scores[part.fitted], part.labels[part.fitted]
    fitted = {epsilon: _kind(task, epsilon).fit(scores, labels) for epsilon in epsilons}
    return [Policy.of(f"{epsilon:g}", found.policy_, _guarantee(found)) for epsilon, found in fitted.items()]


def _guarantee(fitted: FittedPolicy) -> str:
    certificate: Certificate | None = getattr(fitted, "certificate_", None)
    return "" if certificate is None else certificate.sentence


def _kind(task: Task, epsilon: float) -> FittedPolicy:
    gap = TopKGap(epsilon, task.min_support)
    return gap if task.delta is None else Guaranteed(gap, epsilon, task.delta, seed=task.seed)


def _picked(run: RunResult, places: IntArray) -> RunResult:
    return replace(run, **{name: getattr(run, name)[places] for name in ARRAYS})


def _load_of(load: CoreLoad | None, places: IntArray) -> CoreLoad | None:
    return None if load is None else replace(load, **{name: getattr(load, name)[places] for name in PER_SAMPLE})


def _figures(report: CostReport, task: Task, job: Job) -> Figures:
    """Summed up; with intervals on the test part alone, as nothing is said of the other one."""
    resamples = task.resamples if job.part == "test" else 0

    def drawn(values: npt.NDArray[Any], statistic: str = "mean") -> Any:
        return bootstrap(values, statistic, resamples, task.seed)

    return Figures(
        samples=report.samples,
        accuracy=wilson(round((report.accuracy or 0.0) * report.samples), report.samples),
        exit_step=drawn(report.exit_steps),
        mean_steps=drawn(report.steps),
        p95_steps=drawn(report.steps, "p95"),
        energy_j=drawn(report.energy_j.value) if report.knows_work else None,
        time_s=drawn(report.time_s.value) if report.hardware.timed else None,
    )
