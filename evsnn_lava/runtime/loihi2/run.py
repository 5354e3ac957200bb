"""Running blocks of samples on Loihi 2, and keeping what the probes measured."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._files import atomic_write
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.runtime.loihi2.intel import Host
from evsnn_lava.runtime.loihi2.layout import steps_period
from evsnn_lava.runtime.loihi2.request import Options
from evsnn_lava.runtime.loihi2.session import Loihi2Session
from evsnn_lava.runtime.session import Progress

PLACES: Final = ("partition", "board", "address", "generation")


def run_blocks(
    network: NetworkDescription,
    blocks: Iterable[npt.NDArray[np.generic]],
    timeout_s: float,
    progress: Progress | None,
    readings: str | Path | None = None,
    **options: Any,
) -> Generator[RunResult, None, None]:
    """Run blocks, in one session where the host writes states, else in a session each.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    blocks : iterable of numpy.ndarray of bool or int, each of shape (n, C, H, W, T)
        Input frames before masking.
    timeout_s : float
        Time without any sample after which the run counts as hanging.
    progress : callable, optional
        Called with samples done, samples and steps of the block.
    readings : path-like, optional
        Where to write what the probes measured, as `evsnn_lava.profiling.measured.read_readings` reads it; of the last
        block.
    **options
        Of `Options` and `Host`.

    Yields
    ------
    RunResult
        One for each block.

    Raises
    ------
    ConfigError
        If the options do not go together.
    """
    chosen = _options(options, readings)
    with ExitStack() as stack:
        session: Loihi2Session | None = None
        for frames in blocks:
            if session is None or chosen.reset == "interval":
                stack.close()
                session = stack.enter_context(Loihi2Session(network, chosen, timeout_s, len(frames)))
            yield session.run(frames, progress)
            if readings is not None:
                _keep(network, chosen, session.readings, readings)


def _options(given: dict[str, Any], readings: str | Path | None) -> Options:
    host = Host(**{name: given.pop(name) for name in PLACES if name in given})
    options = Options(host=host, **given)
    if (readings is None) != (options.probes is None):
        raise ConfigError("Loihi 2: probes and the file for their readings go together; give both, or none")
    return options


def _keep(network: NetworkDescription, options: Options, measured: dict[str, Any], path: str | Path) -> None:
    text = {
        **measured,
        "steps_per_inference": steps_period(network.max_steps),
        "chips": int(np.max(measured["values"].get("num_alloc_chips", 1))),
        "board": options.host.partition or options.host.board or "",
        "source": f"network {network.name}, back-end loihi2, generation {options.host.generation}",
    }
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(text) + "\n", encoding="utf-8")
