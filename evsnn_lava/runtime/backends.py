"""The back-ends that can run a network, as a table."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import BackendUnavailableError, unknown_name
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.runtime import session
from evsnn_lava.runtime.session import Progress
from evsnn_lava.simulation import reference

Frames = npt.NDArray[np.generic]

LOIHI2_MISSING: Final = (
    "Loihi 2 needs Intel's lava-loihi and nxcore, which are not installed; only members of Intel's Neuromorphic "
    "Research Community (INRC) get them, from Intel; join it or use the back-end lava"
)
LOIHI2_UNTESTED: Final = (
    "lava-loihi is installed, but this version cannot run networks on Loihi 2 yet; export the .net file and load it "
    "with netx, or use the back-end lava"
)


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
        ``runner(network, frames, timeout_s, progress)`` gives a `RunResult`.
    """

    name: str
    summary: str
    why_not: Callable[[], str | None]
    runner: Callable[[NetworkDescription, Frames, float, Progress | None], RunResult]

    def available(self) -> str | None:
        """Say why the back-end cannot be used here.

        Returns
        -------
        str or None
            The reason; None when it can be used.
        """
        return self.why_not()

    def run(
        self, network: NetworkDescription, frames: Frames, timeout_s: float = 30.0, progress: Progress | None = None
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

        Returns
        -------
        RunResult
            The same for every back-end.

        Raises
        ------
        BackendUnavailableError
            If the back-end cannot be used here.
        """
        reason = self.available()
        if reason:
            raise BackendUnavailableError(f"back-end {self.name} is not available: {reason}")
        return self.runner(network, frames, timeout_s, progress)


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


def _reference(network: NetworkDescription, frames: Frames, _: float, progress: Progress | None) -> RunResult:
    result = reference.run(network, frames)
    if progress is not None:
        progress(result.samples, result.samples, int(result.steps.sum()))
    return result


def _no_lava() -> str | None:
    """Only look for Lava: importing it is the child's business, except to hear why it cannot be imported."""
    if importlib.util.find_spec("lava") is not None and importlib.util.find_spec("lava.magma") is not None:
        return None
    try:
        importlib.import_module("evsnn_lava._lava")
    except BackendUnavailableError as error:
        return str(error)
    return None


def _no_loihi2() -> str:
    installed = _no_lava() is None and importlib.util.find_spec("lava.utils.loihi2_profiler") is not None
    return LOIHI2_UNTESTED if installed else LOIHI2_MISSING


def _loihi2(*_: object) -> RunResult:
    raise BackendUnavailableError(_no_loihi2())


BACKENDS: Final[dict[str, Backend]] = {
    item.name: item
    for item in (
        Backend("reference", "the specification in numpy, slow", lambda: None, _reference),
        Backend("lava", "a Lava process graph on the CPU", _no_lava, session.run),
        Backend("loihi2", "Intel's chip, through Lava", _no_loihi2, _loihi2),
    )
}
"""All back-ends by name."""
