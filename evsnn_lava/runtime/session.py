"""Running a network in Lava: one compiled graph, many jobs, a watchdog, and a clean end whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, RunError
from evsnn_lava.network import CutoffPolicy, NetworkDescription, RunResult
from evsnn_lava.runtime.board import Board
from evsnn_lava.runtime.exchange import Exchange, Job
from evsnn_lava.runtime.failure import Failure
from evsnn_lava.runtime.host import Child, uninterrupted
from evsnn_lava.runtime.layout import LAYERS, process_names
from evsnn_lava.runtime.results import clear, read_result, read_trace, write_frames
from evsnn_lava.simulation.reference import Trace, require_frames

Progress = Callable[[int, int, int], None]
"""Called with the samples done, all samples and the steps executed so far in the session."""

POLL_S: Final = 0.05
START_TIMEOUT_S: Final = 120.0
START_UP: Final = "the start-up"


class LavaSession:
    """A network, compiled once in Lava, through which any number of samples can run.

    Lava runs in a child process that ends with the session: after the block, after an exception in a Lava process,
    after a hang, after Ctrl-C and even when this process is killed. Nothing stays behind. A session runs one job at a
    time; threads need a session each.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    timeout_s : float
        Time without any step after which the graph counts as hanging.
    model : str
        What the network is in Lava: ``layers``, a process per synapse and per layer of neurons, portable to Loihi 2; or
        ``fused``, one process with the engine in it, which is much faster. Both give the same results.

    Raises
    ------
    ConfigError
        If the time is not positive or there is no such model.
    BackendUnavailableError
        If Lava is not installed.

    Examples
    --------
    ::

        with LavaSession(network) as session:
            result = session.run(frames)
    """

    def __init__(self, network: NetworkDescription, timeout_s: float = 30.0, model: str = LAYERS) -> None:
        if timeout_s <= 0:
            raise ConfigError(f"timeout_s is {timeout_s}, it must be above 0; choose some seconds")
        self.network = network
        self.timeout_s = timeout_s
        self.model = model
        self._names = process_names(network, model)
        self._child: Child | None = None
        self._stack = ExitStack()
        self._busy = threading.Lock()

    def __enter__(self) -> LavaSession:
        """Start Lava and compile the graph."""
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def _start(self) -> None:
        with uninterrupted():  # an interrupt between a start and the note of its end would leave an orphan
            folder = self._stack.enter_context(TemporaryDirectory(prefix="evsnn-lava-", ignore_cleanup_errors=True))
            self._exchange = Exchange(Path(folder))
            self._board = Board(self._exchange.board, self._names, create=True)
            self._child = child = Child(self._exchange.folder, self._exchange.log)
            self._stack.callback(child.end)
        child.send((self.network, self.model))
        self._await(child, max(START_TIMEOUT_S, self.timeout_s), START_UP, None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End Lava and everything that it started."""
        self.close()

    def close(self) -> None:
        """End Lava and everything that it started, and remove the files of the session."""
        with uninterrupted():
            self._child = None
            self._stack.close()

    def run(
        self,
        frames: npt.NDArray[np.generic],
        progress: Progress | None = None,
        policy: CutoffPolicy | None = None,
    ) -> RunResult:
        """Run samples; the cutoff really stops each of them.

        Parameters
        ----------
        frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
            Input frames before masking.
        progress : callable, optional
            Called several times per second with samples done, samples, steps.
        policy : CutoffPolicy, optional
            Instead of the cutoff of the network.

        Returns
        -------
        RunResult
            Decisions, steps and counts, all of them counted inside the graph.

        Raises
        ------
        ConfigError
            If the frames or the policy do not fit the network.
        CapacityError
            If a sum of a convolution leaves the word of Lava; the session is closed then.
        RunError
            If the graph hangs or Lava dies, and the session is closed then; if the session is at work on another job.
        Exception
            What a Lava process raised, as it raised it; the session is closed then.
        """
        with self._alone():
            seconds = self._job(frames, Job(len(frames), policy or self.network.cutoff), progress)
            return read_result(self.network, self._exchange, seconds)

    def trace(self, frames: npt.NDArray[np.generic], progress: Progress | None = None, states: bool = False) -> Trace:
        """Run samples to their last step and give all messages.

        Parameters
        ----------
        frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
            Input frames before masking.
        progress : callable, optional
            As in `run`.
        states : bool
            Give the states of all neurons in every step, too.

        Returns
        -------
        Trace
            What `evsnn_lava.simulation.simulate` gives.

        Raises
        ------
        ConfigError, RunError, Exception
            As in `run`.
        """
        never = CutoffPolicy.never(self.network.masks.stream_steps)
        with self._alone():
            self._job(frames, Job(len(frames), never, record=True, states=states), progress)
            return read_trace(self.network, self._exchange, states)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the files of the session to one job, from its frames to its results."""
        if not self._busy.acquire(blocking=False):
            raise RunError(
                f"the Lava session of network {self.network.name} is at work on another job and runs one at a time; "
                "open a session per thread"
            )
        try:
            yield
        finally:
            self._busy.release()

    def _job(self, frames: npt.NDArray[np.generic], job: Job, progress: Progress | None) -> float:
        if self._child is None:
            raise RunError("the Lava session is closed; open a new one in a `with` block")
        self._check(frames, job)
        write_frames(self.network, frames, self._exchange.frames)
        clear(self.network, self._exchange)
        job.save(self._exchange.job)
        self._board.set_record(job.record, job.states)
        self._child.send(job.samples * self.network.max_steps)
        try:
            return float(self._await(self._child, self.timeout_s, "the run", progress, job.samples))
        except BaseException:
            self.close()
            raise

    def _check(self, frames: npt.NDArray[np.generic], job: Job) -> None:
        require_frames(self.network, frames)
        if not len(frames):
            raise ConfigError(f"there are no frames for network {self.network.name}; give at least one sample")
        self.network.with_cutoff(job.policy)  # refuses a policy that does not fit

    def _await(self, child: Child, timeout_s: float, what: str, progress: Progress | None, samples: int = 0) -> Any:
        """Wait for the worker's answer as long as there is progress."""
        seen, since = self._board.progress, time.monotonic()
        while (answer := child.receive(POLL_S)) is None:
            if self._child is not child:
                raise RunError(
                    f"the Lava session was closed during {what} of network {self.network.name}; close it after the job"
                )
            if self._exchange.failure.exists():
                raise Failure.load(self._exchange.failure).error(self._where(what))
            if not child.alive:
                raise RunError(f"Lava died during {what} of network {self.network.name}: {self._last_words()}")
            if self._board.progress != seen:
                seen, since = self._board.progress, time.monotonic()
            elif time.monotonic() - since > timeout_s:
                raise self._hang(timeout_s, what)
            if progress is not None:
                progress(self._board.samples, samples, self._board.steps)
        if progress is not None:
            progress(samples, samples, self._board.steps)
        return answer

    def _hang(self, timeout_s: float, what: str) -> RunError:
        return RunError(
            f"no progress for {timeout_s:g} s during {what} of network {self.network.name}: {self._board.stuck()} "
            f"hangs in {self._where(what)}; raise timeout_s if it is only slow"
        )

    def _where(self, what: str) -> str:
        if what == START_UP:
            return what
        return f"step {self._board.step} of sample {self._board.samples}"

    def _last_words(self) -> str:
        with suppress(OSError):
            lines = self._exchange.log.read_text(errors="replace").strip().splitlines()
            return lines[-1] if lines else "it printed nothing"
        return "its log is gone"


def run(
    network: NetworkDescription,
    frames: npt.NDArray[np.generic],
    timeout_s: float = 30.0,
    progress: Progress | None = None,
    model: str = LAYERS,
) -> RunResult:
    """Run samples in a session of their own.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Input frames before masking.
    timeout_s : float
        As for `LavaSession`.
    progress : callable, optional
        As for `LavaSession.run`.
    model : str
        As for `LavaSession`.

    Returns
    -------
    RunResult
        As of `LavaSession.run`.
    """
    with LavaSession(network, timeout_s, model) as session:
        return session.run(frames, progress)
