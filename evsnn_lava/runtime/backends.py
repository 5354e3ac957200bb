"""The back-ends that can run a network, as a table."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import BackendUnavailableError, ConfigError, unknown_name
from evsnn_lava.network import CutoffPolicy, NetworkDescription, RunResult
from evsnn_lava.runtime.loihi2.intel import why_not
from evsnn_lava.runtime.loihi2.run import run_blocks
from evsnn_lava.runtime.session import LavaSession, Progress
from evsnn_lava.simulation import reference

Frames = npt.NDArray[np.generic]
Results = Generator[RunResult, None, None]


@dataclass(frozen=True)
class Backend:
    """One way to run a network.

    Parameters
    ----------
    name : str
        Its name.
    summary : str
        What it is, in a few words.
    why_not : callable
        Gives the reason why it cannot be used here, or None when it can.
    runner : callable
        ``runner(network, blocks, timeout_s, progress, **options)`` gives one `RunResult` for each block of frames.
    options : tuple of str
        What the runner can be told beside that.
    """

    name: str
    summary: str
    why_not: Callable[[], str | None]
    runner: Callable[..., Results]
    options: tuple[str, ...] = ()

    def available(self) -> str | None:
        """Say why the back-end cannot be used here.

        Returns
        -------
        str or None
            The reason; None when it can be used.
        """
        return self.why_not()

    def require(self, **options: Any) -> None:
        """Refuse what cannot be run, before any work is done for it.

        Parameters
        ----------
        **options
            What the runner is to be told.

        Raises
        ------
        BackendUnavailableError
            If the back-end cannot be used here.
        ConfigError
            If it does not know an option; the message names those that it knows.
        """
        reason = self.available()
        if reason:
            raise BackendUnavailableError(f"back-end {self.name} is not available: {reason}")
        for name in options:
            if name not in self.options:
                known = f"it knows {', '.join(self.options)}" if self.options else "it knows none"
                others = [other.name for other in BACKENDS.values() if name in other.options]
                remedy = f"leave it out or choose the back-end {others[0]}" if others else "leave it out"
                raise ConfigError(f"back-end {self.name} has no option {name}, {known}; {remedy}")

    def run(
        self,
        network: NetworkDescription,
        frames: Frames,
        timeout_s: float = 30.0,
        progress: Progress | None = None,
        **options: Any,
    ) -> RunResult:
        """Run samples.

        Parameters
        ----------
        network : NetworkDescription
            What to run.
        frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
            Input frames before masking.
        timeout_s : float
            Time without progress after which a run counts as hanging, where that can happen.
        progress : callable, optional
            Called with samples done, samples and steps, where the back-end can say.
        **options
            What the runner is to be told, for example ``threads=1`` for the engine.

        Returns
        -------
        RunResult
            The same for every back-end.

        Raises
        ------
        BackendUnavailableError
            If the back-end cannot be used here.
        ConfigError
            If it does not know an option.
        """
        (result,) = self.evaluate(network, [frames], timeout_s, progress, **options)
        return result

    def evaluate(
        self,
        network: NetworkDescription,
        blocks: Iterable[Frames],
        timeout_s: float = 30.0,
        progress: Progress | None = None,
        **options: Any,
    ) -> Results:
        """Run any number of samples, block by block; a block is asked for when the one before it is done.

        Parameters
        ----------
        network : NetworkDescription
            What to run; it is made ready once for all blocks.
        blocks : iterable of numpy.ndarray of bool or int, each of shape (n, C, H, W, T)
            Input frames before masking.
        timeout_s, progress, **options
            As of `run`; samples and steps are counted over all blocks that were begun.

        Returns
        -------
        generator of RunResult
            One for each block. Close it if you stop early, so that the back-end ends at once.

        Raises
        ------
        BackendUnavailableError
            If the back-end cannot be used here.
        ConfigError
            If it does not know an option.

        Examples
        --------
        ::

            for result in backend("engine").evaluate(network, blocks, threads=2):
                right += int((result.decision == next(labels)).sum())
        """
        self.require(**options)
        return self.runner(network, blocks, timeout_s, progress, **options)


def backend(name: str) -> Backend:
    """Look up a back-end.

    Parameters
    ----------
    name : str
        A key of `BACKENDS`.

    Returns
    -------
    Backend
        The back-end, available or not.

    Raises
    ------
    ConfigError
        If there is none of that name; the message lists all names.

    Examples
    --------
    >>> backend("reference").available() is None
    True
    """
    if name not in BACKENDS:
        raise unknown_name("back-end", name, BACKENDS)
    return BACKENDS[name]


class _Counted:
    """Progress over all blocks, of a runner that counts each block from 0."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._samples, self._steps = progress, 0, 0

    def __call__(self, done: int, samples: int, steps: int) -> None:
        if self._progress is not None:
            self._progress(self._samples + done, self._samples + samples, self._steps + steps)

    def end(self, samples: int, steps: int) -> None:
        """Note that a block is done."""
        self._samples, self._steps = self._samples + samples, self._steps + steps


def _reference(network: NetworkDescription, blocks: Iterable[Frames], _: float, progress: Progress | None) -> Results:
    counted = _Counted(progress)
    for frames in blocks:
        result = reference.run(network, frames)
        counted(result.samples, result.samples, int(result.steps.sum()))
        counted.end(result.samples, int(result.steps.sum()))
        yield result


def _engine(
    network: NetworkDescription, blocks: Iterable[Frames], _: float, progress: Progress | None, **options: int
) -> Results:
    from evsnn_lava.simulation.engine import Engine  # here: numba takes most of a second to import

    engine, counted = Engine(network, **options), _Counted(progress)
    engine.run(_silence(network), policy=CutoffPolicy.fixed(1, network.masks.stream_steps))  # loads the kernels
    for frames in blocks:
        result = engine.run(frames, counted)
        counted.end(result.samples, int(result.steps.sum()))
        yield result


def _silence(network: NetworkDescription) -> Frames:
    """A sample without events; what the engine loads or compiles for it is start-up and must not count as a run."""
    kind = np.int32 if network.recipe.message_bits else np.bool_
    return np.zeros((1, *network.input_shape, network.masks.steps), dtype=kind)


def _lava(
    network: NetworkDescription, blocks: Iterable[Frames], timeout_s: float, progress: Progress | None, **options: str
) -> Results:
    counted = _Counted(progress)
    with LavaSession(network, timeout_s, **options) as session:
        for frames in blocks:
            result = session.run(frames, counted)
            counted.end(result.samples, 0)  # a session counts its steps over all jobs
            yield result


def _no_lava() -> str | None:
    """Only look for Lava: importing it is the child's business, except to hear why it cannot be imported."""
    if importlib.util.find_spec("lava") is not None and importlib.util.find_spec("lava.magma") is not None:
        return None
    try:
        importlib.import_module("evsnn_lava._lava")
    except BackendUnavailableError as error:
        return str(error)
    return None


def _no_loihi2() -> str | None:
    return _no_lava() or why_not()


LOIHI2_OPTIONS: Final = (
    "reset",
    "slice_steps",
    "input_delay",
    "output_delay",
    "partition",
    "board",
    "address",
    "generation",
    "probes",
    "readings",
)


def _loihi2(
    network: NetworkDescription, blocks: Iterable[Frames], timeout_s: float, progress: Progress | None, **options: Any
) -> Results:
    counted = _Counted(progress)
    for result in run_blocks(network, blocks, timeout_s, counted, **options):
        counted.end(result.samples, int(result.steps.sum()))
        yield result


BACKENDS: Final[dict[str, Backend]] = {
    item.name: item
    for item in (
        Backend("reference", "the specification in numpy, slow", lambda: None, _reference),
        Backend(
            "engine", "the integer engine: all cores, whole test sets", lambda: None, _engine, ("threads", "slots")
        ),
        Backend("lava", "a Lava process graph on the CPU", _no_lava, _lava, ("model",)),
        Backend("loihi2", "Intel's chip, through Lava", _no_loihi2, _loihi2, LOIHI2_OPTIONS),
    )
}
"""All back-ends by name."""
