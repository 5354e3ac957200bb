"""Probes of power and time: Intel's two interfaces, and what of them is kept.

`evsnn_lava.profiling.measured` reads what is written here. Both interfaces are known from public tutorials and scripts
alone; each wants one uninterrupted run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from evsnn_lava import _lava

_POWER: Final = tuple(
    f"{prefix}{rail}_power" for prefix in ("", "static_") for rail in ("total", "vdd", "vddm", "vddio")
)

CALLBACKS: Final[dict[str, tuple[str, ...]]] = {
    "Loihi2Power": _POWER,
    "Loihi2ExecutionTime": ("execution_time_per_step", "avg_time_per_step"),
    "Loihi2Activity": ("core_idx", "syn_ops", "dendrite_updates", "axon_out", "spikes_in"),
    "Loihi2Memory": ("core_idx", "total_mpds"),
}
"""Classes of `lava.utils.loihi2_profiler` that `Loihi2HwCfg` takes as callbacks, and what each knows after a run."""

PROFILER: Final = (
    "power",
    "static_power",
    "vdd_power",
    "vddm_power",
    "vddio_power",
    "execution_time",
    "num_alloc_chips",
)
"""What the object of `Profiler.init` knows after a run."""


class CallbackProbes:
    """Style A: objects that the run configuration calls before and after a run.

    Parameters
    ----------
    steps : int
        Steps of the run.
    """

    style: Final = "callbacks"

    def __init__(self, steps: int) -> None:
        module = _lava.loihi2_probes()
        self._steps = steps
        self.callbacks = [
            getattr(module, name)(**({"num_steps": steps} if name == "Loihi2Power" else {}))
            for name in CALLBACKS
            if hasattr(module, name)
        ]

    def attach(self, config: Any) -> None:
        """Nothing to do: they are part of the configuration."""

    def values(self) -> dict[str, Any]:
        """What they know after the run, by the name of the attribute."""
        found: dict[str, Any] = {"num_steps": self._steps}
        for probe in self.callbacks:
            found |= _kept(probe, CALLBACKS[type(probe).__name__])
        return found


class ProfilerProbes:
    """Style B: one object that is made from the run configuration, and asked for probes.

    Parameters
    ----------
    steps : int
        Steps of the run.
    """

    style: Final = "profiler"

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self.callbacks: list[Any] = []
        self._profiler: Any = None

    def attach(self, config: Any) -> None:
        """Make the object and its probes; call it before the graph is compiled."""
        self._profiler = _lava.loihi2_profiler().init(config)
        self._profiler.execution_time_probe(num_steps=self._steps)
        self._profiler.energy_probe(num_steps=self._steps)

    def values(self) -> dict[str, Any]:
        """What it knows after the run, by the name of the attribute."""
        return {"num_steps": self._steps, **_kept(self._profiler, PROFILER)}


PROBES: Final[Mapping[str, Any]] = {probe.style: probe for probe in (CallbackProbes, ProfilerProbes)}
"""Both interfaces by name."""


def _kept(probe: Any, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(probe, name, None) for name in names}
    return {name: np.asarray(value).tolist() for name, value in values.items() if value is not None}
