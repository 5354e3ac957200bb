"""Running a network on Loihi 2, and looking at its graph without one: always in a watched child process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._children import child_program
from evsnn_lava.errors import ConfigError, RunError
from evsnn_lava.network import CutoffPolicy, NetworkDescription, RunResult
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.failure import Failure
from evsnn_lava.runtime.host import Child, uninterrupted
from evsnn_lava.runtime.loihi2.layout import sent_by_host
from evsnn_lava.runtime.loihi2.request import Compile, Options, Run, Walk
from evsnn_lava.runtime.loihi2.rest import require_restable
from evsnn_lava.runtime.session import Progress
from evsnn_lava.simulation.counting import result_from_trace, sources
from evsnn_lava.simulation.reference import Trace, require_frames, simulate

MAIN: Final = child_program("evsnn_lava.runtime.loihi2.child")
POLL_S: Final = 0.05
START_TIMEOUT_S: Final = 600.0
"""For the compiler, and for a board that others use."""


class Conversation:
    """A child process that answers one request after the other, or is ended.

    Parameters
    ----------
    name : str
        Name of the network, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name, self._stack = name, ExitStack()
        with uninterrupted():
            folder = self._stack.enter_context(TemporaryDirectory(prefix="evsnn-loihi2-", ignore_cleanup_errors=True))
            self.exchange = Exchange(Path(folder))
            self._child = Child(self.exchange.folder, self.exchange.log, MAIN)
            self._stack.callback(self._child.end)

    def __enter__(self) -> Conversation:
        """Nothing more to start."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the child and everything that it started."""
        self.close()

    def close(self) -> None:
        """End the child and everything that it started, and remove the files."""
        with uninterrupted():
            self._stack.close()

    def ask(self, request: Any, what: str, timeout_s: float, progress: Progress | None = None, samples: int = 0) -> Any:
        """Send a request and wait for the answer as long as there is progress.

        Parameters
        ----------
        request : Walk, Compile or Run
            What to do.
        what : str
            Its name, for messages.
        timeout_s : float
            Time without a word after which it counts as hanging.
        progress : callable, optional
            Hears of every sample.
        samples : int
            How many there are.

        Returns
        -------
        object
            The answer.

        Raises
        ------
        RunError
            If it hangs or Lava dies.
        Exception
            What Lava, Intel's package or one of our own processes raised, as it raised it.
        """
        self._child.send(request)
        since = time.monotonic()
        while True:
            answer = self._child.receive(POLL_S)
            if answer is not None and answer[0] == "done":
                return answer[1]
            if answer is not None:
                since = time.monotonic()
                if progress is not None:
                    progress(answer[1], samples, answer[2])
            elif self.exchange.failure.exists():
                raise Failure.load(self.exchange.failure).error(what)
            elif not self._child.alive:
                raise RunError(f"Lava died during {what} of network {self._name}: {self._last_words()}")
            elif time.monotonic() - since > timeout_s:
                raise RunError(
                    f"no progress for {timeout_s:g} s during {what} of network {self._name}; raise timeout_s if it is "
                    "only slow, or look whether the board is free"
                )

    def _last_words(self) -> str:
        with suppress(OSError):
            lines = self.exchange.log.read_text(errors="replace").strip().splitlines()
            return lines[-1] if lines else "it printed nothing"
        return "its log is gone"


def graph_facts(
    network: NetworkDescription, limits: Mapping[str, tuple[int, int]] | None = None, period: int = 0
) -> tuple[Any, ...]:
    """Build the graph that would be sent to the chip and walk over it; no Intel package is needed.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    limits : mapping from str to (int, int), optional
        Ranges of registers by quantity, of a hardware profile for example; the others are those that Lava documents.
    period : int
        As of `evsnn_lava.runtime.loihi2.graph.build_graph`.

    Returns
    -------
    tuple of evsnn_lava.runtime.loihi2.walk.ProcessFacts
        One for every process.

    Raises
    ------
    BackendUnavailableError
        If Lava or lava-dl is not installed.
    RunError
        If Lava hangs or dies.
    """
    with Conversation(network.name) as conversation:
        facts: tuple[Any, ...] = conversation.ask(
            Walk(network, dict(limits or {}), period), "the walk", START_TIMEOUT_S
        )
    return facts


class Loihi2Session:
    """A network, compiled once for the chip, through which samples run one after the other.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    options : Options
        How.
    timeout_s : float
        Time for a sample after which the run counts as hanging.
    samples : int
        Samples of the one job, where the neurons reset themselves.

    Raises
    ------
    UnsupportedError
        If the network cannot be brought to rest on the chip, or Intel's package has no model for it.
    CapacityError
        If a parameter does not fit its register.
    """

    def __init__(
        self, network: NetworkDescription, options: Options, timeout_s: float = 30.0, samples: int = 0
    ) -> None:
        require_restable(network, options.reset == "interval", bool(options.probes), 1 + options.input_delay)
        self.network, self.timeout_s = network, timeout_s
        self._request = Compile(network, options, samples)
        self.readings: dict[str, Any] = {}

    def __enter__(self) -> Loihi2Session:
        """Start Lava, build the graph and compile it."""
        self._conversation = Conversation(self.network.name)
        try:
            self._conversation.ask(self._request, "the start-up", max(START_TIMEOUT_S, self.timeout_s))
        except BaseException:
            self._conversation.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End Lava and everything that it started."""
        self._conversation.close()

    def run(
        self, frames: npt.NDArray[np.generic], progress: Progress | None = None, policy: CutoffPolicy | None = None
    ) -> RunResult:
        """Run samples.

        Parameters
        ----------
        frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
            Input frames before masking.
        progress : callable, optional
            Called with the samples done, all samples and the steps executed.
        policy : CutoffPolicy, optional
            Instead of the network's.

        Returns
        -------
        RunResult
            Decision, exit step, scores and output messages are the chip's. It does not count what its layers send to
            each other: those numbers are the reference's.

        Raises
        ------
        ConfigError
            If the frames do not fit.
        RunError, Exception
            As of `Conversation.ask`.
        """
        require_frames(self.network, frames)
        if not len(frames):
            raise ConfigError(f"there are no frames for network {self.network.name}; give at least one sample")
        network = self.network if policy is None else self.network.with_cutoff(policy)
        expected = simulate(network, frames)
        self._write(network, expected)
        patience_s = self.timeout_s * (len(frames) if self._request.options.reset == "interval" else 1)
        job = Run(len(frames), network.cutoff)
        answer = self._conversation.ask(job, "the run", patience_s, progress, job.samples)
        self.readings = answer["readings"]
        outputs = np.load(self._conversation.exchange.steps)
        last = outputs.reshape(expected.messages[-1].shape).astype(expected.messages[-1].dtype)
        trace = Trace(expected.stream, (*expected.messages[:-1], last))
        return result_from_trace(network, trace, "loihi2", answer["seconds"])

    def _write(self, network: NetworkDescription, expected: Trace) -> None:
        """Write what the source sends: the frames, or what the host computes of an input block, in Lava's order."""
        with self._conversation.exchange.frames.open("wb") as file:
            np.save(file, sent_by_host(network, sources(network, expected)))
