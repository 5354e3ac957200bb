"""Everything that can run a case, ready to be measured; what is not there says why."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.jobs import FLOATS, Job
from benchmarks.machine import cores
from benchmarks.measure import Call, Effort, stopwatch
from benchmarks.networks import BATCH, Case
from benchmarks.worker import ROOT, Worker
from evsnn_lava.network import RunResult
from evsnn_lava.runtime.session import LavaSession
from evsnn_lava.simulation import reference
from evsnn_lava.simulation.engine import Engine

COMPETITORS: Final = {"norse": "norse", "snntorch": "snnTorch", "sinabs": "sinabs", "spikingjelly": "SpikingJelly"}
COMPETITORS_PYTHON: Final = ROOT / ".venv-bench" / "bin" / "python"
NOT_SET_UP: Final = "not installed: run `make bench-setup`"


@dataclass(frozen=True)
class Subject:
    """One way to run a case.

    Parameters
    ----------
    name, label : str
        Key for files, and words for tables.
    threads, batch : int
        Cores that it may use, and samples of one call.
    call : callable or None
        Gives the seconds of a call; None if it cannot be measured.
    samples : float
        Samples that a call is worth; netx runs some steps of one.
    same : bool or None
        Whether its messages, or its decisions and counts, are those of the engine; None: it computes something else.
    missing : str
        Why there is no call.
    facts : dict
        More to keep.
    """

    name: str
    label: str
    threads: int
    batch: int
    call: Call | None = None
    samples: float = 1.0
    same: bool | None = None
    missing: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class Bench:
    """A case with a folder for its jobs and a stack that ends its children.

    Parameters
    ----------
    case : Case
        What to run.
    folder : pathlib.Path
        For jobs.
    stack : ExitStack
        Ends what was started.
    effort : Effort
        How long a call has to be.
    """

    def __init__(self, case: Case, folder: Path, stack: ExitStack, effort: Effort) -> None:
        self.case, self.folder, self.stack, self.effort = case, folder, stack, effort

    @cached_property
    def expected(self) -> tuple[npt.NDArray[Any], ...]:
        """Messages of the engine for the first sample."""
        return Engine(self.case.network, threads=1).trace(self.case.samples(1)).messages

    @cached_property
    def truth(self) -> RunResult:
        """What the engine counts for the first sample."""
        return Engine(self.case.network, threads=1).run(self.case.samples(1))

    def same_result(self, found: RunResult) -> bool:
        """Whether a result counts what the engine counts for the first sample."""
        names = ("decision", "exit_step", "scores", "steps", "input_events", "messages", "synops")
        return all(np.array_equal(getattr(found, name)[:1], getattr(self.truth, name)) for name in names)

    def worker(self, module: str, job: Job) -> Worker:
        """A child of ours at work on a job."""
        return self.stack.enter_context(Worker(sys.executable, module, [str(job.folder)]))


def netx(bench: Bench) -> list[Subject]:
    """Stock netx on Lava, on all cores."""
    job = Job.write(bench.folder / "netx", bench.case, 1)
    worker = bench.worker("benchmarks.netx_child", job)
    same = job.same_messages(bench.expected)
    worth = 1 / bench.case.working_steps
    return [Subject("netx", "netx on Lava", cores(), 1, worker.call("step"), worth, same, facts=worker.facts)]


def lava_graph(model: str, label: str) -> Callable[[Bench], list[Subject]]:
    """Our graph in Lava with one of its models."""

    def make(bench: Bench) -> list[Subject]:
        session = bench.stack.enter_context(LavaSession(bench.case.network, timeout_s=120, model=model))
        frames = bench.case.samples(1)
        same = bench.same_result(session.run(frames))
        call = _in_session(session, frames, bench.effort.shortest_s)
        return [Subject(f"lava_{model}", label, cores(), 1, call, same=same)]

    return make


def _in_session(session: LavaSession, frames: npt.NDArray[Any], shortest_s: float) -> Call:
    """Seconds of a sample, of so many in a row that starting the job does not count."""
    count = 1

    def call() -> float:
        nonlocal count
        seconds = session.run(np.repeat(frames, count, axis=0)).wall_time_s / count
        count = max(count, min(64, int(shortest_s / max(seconds, 1e-9)) + 1))
        return seconds

    return call


def in_numpy(bench: Bench) -> list[Subject]:
    """The reference, which is one process of numpy."""
    network, frames = bench.case.network, bench.case.samples(1)
    same = bench.same_result(reference.run(network, frames))
    call = stopwatch(lambda: reference.run(network, frames), bench.effort.shortest_s)
    return [Subject("reference", "reference (numpy)", 1, 1, call, same=same)]


def in_engine(bench: Bench) -> list[Subject]:
    """The engine: one core and all, one sample and many."""
    found = []
    whole = len(bench.case.frames)
    for threads, batch in ((1, 1), (1, BATCH), (cores(), 1), (cores(), BATCH), (cores(), whole)):
        name = f"engine_{'all' if threads != 1 else 'one'}_{batch}"
        if any(subject.name == name for subject in found):
            continue
        engine = Engine(bench.case.network, threads=threads, slots=1 if batch == 1 else None)
        frames = bench.case.samples(batch)
        same = bench.same_result(engine.run(frames))
        call = stopwatch(lambda engine=engine, frames=frames: engine.run(frames), bench.effort.shortest_s)
        facts = {"slots": engine.slots, "memory_per_sample_bytes": engine.memory_per_sample_bytes}
        label = "engine, the whole set" if batch == whole != 1 else "engine"
        found.append(Subject(name, label, threads, batch, call, batch, same, facts=facts))
    return found


def in_slayer(bench: Bench) -> list[Subject]:
    """lava-dl SLAYER's forward pass in torch."""
    batch = bench.case.slayer_batch
    job = Job.write(bench.folder / "slayer", bench.case, batch, undelayed=True)
    worker = bench.worker("benchmarks.slayer_child", job)
    same = job.same_messages(bench.expected)
    return [Subject("slayer", "SLAYER (torch)", cores(), batch, worker.call("forward"), batch, same)]


def in_competitors(bench: Bench) -> list[Subject]:
    """The other frameworks, on a network of floats."""
    batch = bench.case.slayer_batch
    job = Job.write(bench.folder / "floats", bench.case, batch, undelayed=True, floats=True)
    found = []
    for name, label in COMPETITORS.items():
        worker = competitor(bench.stack, name, job)
        if isinstance(worker, str):
            found.append(Subject(name, label, cores(), batch, missing=worker))
        else:
            call = worker.call("forward")
            found.append(Subject(name, label, cores(), batch, call, batch, facts=worker.facts))
    return found


def competitor(stack: ExitStack, name: str, job: Job) -> Worker | str:
    """A framework at work on a job, or why there is none."""
    if not COMPETITORS_PYTHON.exists():
        return NOT_SET_UP
    arguments = [name, str(job.folder / FLOATS)]
    worker = stack.enter_context(Worker(COMPETITORS_PYTHON, "benchmarks.competitors.child", arguments))
    return f"not installed: {worker.missing}" if worker.missing else worker


SUBJECTS: Final[dict[str, Callable[[Bench], list[Subject]]]] = {
    "netx": netx,
    "lava_layers": lava_graph("layers", "our Lava graph, layers"),
    "lava_fused": lava_graph("fused", "our Lava graph, fused"),
    "reference": in_numpy,
    "engine": in_engine,
    "slayer": in_slayer,
    "competitors": in_competitors,
}
