"""Readings of a chip's power and time, and the energy of an inference that follows from them.

Two interfaces of Intel's profiler give readings, `from_callbacks` and `from_profiler`; both become one record, which
can be kept as JSON. ``docs/loihi2.md`` has the arithmetic and an example.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from evsnn_lava._files import atomic_write
from evsnn_lava.errors import ConfigError, FormatError

RAILS: Final = {
    "total": "all rails together",
    "vdd": "neuro-core logic",
    "vddm": "memory",
    "vddio": "input and output",
}
"""Rails of a Loihi 2 board and what they feed."""

BOARD_CHIPS: Final = {"oheogulch": 1, "kp": 8, "kp_stack": 8, "kp_build": 8, "nahuku08": 8, "nahuku32": 32}
"""Chips whose static power a board's meters see, by partition; from public tutorials and users' scripts."""

IO_BOUND: Final = "dynamic power is not positive: the chip waited for its host, so these readings say nothing of energy"
NO_STATIC: Final = "there is no static reading, so dynamic energy is unknown"
SHORT_RUN: Final = "fewer than 1000 steps: the meters are too slow for that, run thousands"
SHORTEST_RUN: Final = 1000


@dataclass(frozen=True)
class Readings:
    """Mean power and time of one run on a board.

    Parameters
    ----------
    total_w, vdd_w, vddm_w, vddio_w : float
        Mean power of the rails during the run, as the meters of the board gave it, in watt.
    static_total_w, static_vdd_w, static_vddm_w, static_vddio_w : float or None
        The same without work, for all chips of the board.
    step_s : float
        Mean time of a step in seconds.
    steps : int
        Steps of the run.
    steps_per_inference : float
        Steps that one inference takes.
    chips : int
        Chips that the network takes.
    board : str
        Partition or name of the board.
    board_chips : int
        Chips that the meters see.
    source : str
        Who measured, when and how.

    Raises
    ------
    ConfigError
        If a number is not finite or not possible.

    Examples
    --------
    >>> run = Readings(0.679234, 0.252728, 0.422127, 0.004379, 152.8e-6, 10000, 16, static_total_w=0.232078)
    >>> round(1e3 * run.energy_j, 3), round(1e3 * run.dynamic_j, 3), run.doubts
    (1.661, 1.093, ())
    """

    total_w: float
    vdd_w: float
    vddm_w: float
    vddio_w: float
    step_s: float
    steps: int
    steps_per_inference: float
    static_total_w: float | None = None
    static_vdd_w: float | None = None
    static_vddm_w: float | None = None
    static_vddio_w: float | None = None
    chips: int = 1
    board: str = ""
    board_chips: int = 1
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse what no meter can say."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("board", "source") or (value is None and field.default is None):
                continue
            if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
                raise ConfigError(f"readings: {field.name} is {value!r}, it must be a finite number; measure again")
        for name in ("step_s", "steps", "steps_per_inference", "chips"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"readings: {name} is {getattr(self, name)}, it must be above 0; measure again")
        if self.chips > self.board_chips:
            raise ConfigError(
                f"readings: {self.chips} chips used of a board of {self.board_chips}; correct chips or board_chips"
            )

    def static_w(self, rail: str) -> float | None:
        """Static power of the chips that the network takes: their share of the board's.

        Parameters
        ----------
        rail : str
            A key of `RAILS`.

        Returns
        -------
        float or None
            In watt; None without a static reading.
        """
        static: float | None = getattr(self, f"static_{rail}_w")
        return None if static is None else static * self.chips / self.board_chips

    def power_w(self, rail: str) -> float:
        """Power of the chips that the network takes: what the meters saw less the static share of the other chips.

        Parameters
        ----------
        rail : str
            A key of `RAILS`.

        Returns
        -------
        float
            In watt.
        """
        seen: float = getattr(self, f"{rail}_w")
        static: float = getattr(self, f"static_{rail}_w") or 0.0
        return seen - static * (self.board_chips - self.chips) / self.board_chips

    def dynamic_w(self, rail: str) -> float | None:
        """Power beyond the static one; None without a static reading."""
        static = self.static_w(rail)
        return None if static is None else self.power_w(rail) - static

    @property
    def inference_s(self) -> float:
        """Time of one inference in seconds."""
        return self.step_s * self.steps_per_inference

    @property
    def energy_j(self) -> float:
        """Energy of one inference on all rails: power times time, in joules."""
        return self.power_w("total") * self.inference_s

    @property
    def dynamic_j(self) -> float | None:
        """Dynamic energy of one inference; None where it is unknown or cannot be believed."""
        dynamic = self.dynamic_w("total")
        return None if dynamic is None or dynamic <= 0 else dynamic * self.inference_s

    @property
    def usable(self) -> bool:
        """Whether the readings say something about the energy of the network."""
        dynamic = self.dynamic_w("total")
        return dynamic is None or dynamic > 0

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a reader has to know before believing the numbers."""
        found = ((not self.usable, IO_BOUND), (self.static_total_w is None, NO_STATIC))
        return tuple(text for holds, text in (*found, (self.steps < SHORTEST_RUN, SHORT_RUN)) if holds)


def from_callbacks(
    values: Mapping[str, Any], steps_per_inference: float, chips: int = 1, board: str = "", source: str = ""
) -> Readings:
    """Readings of ``Loihi2Power`` and ``Loihi2ExecutionTime``, the callbacks of ``Loihi2HwCfg``.

    Parameters
    ----------
    values : mapping from str to float or array-like
        Their attributes by name: ``total_power``, ``vdd_power``, ``vddm_power``, ``vddio_power`` and their static parts
        in watt, ``execution_time_per_step`` or ``avg_time_per_step`` in microseconds, ``num_steps``.
    steps_per_inference, chips, board, source
        As of `Readings`.

    Returns
    -------
    Readings
        Means of the series.

    Raises
    ------
    FormatError
        If something is missing.
    """
    step_us = values["avg_time_per_step"] if "avg_time_per_step" in values else _need(values, "execution_time_per_step")
    return _readings(values, _mean(step_us) * 1e-6, "static_{}_power", steps_per_inference, chips, board, source)


def from_profiler(
    values: Mapping[str, Any], steps_per_inference: float, chips: int = 1, board: str = "", source: str = ""
) -> Readings:
    """Readings of the object that ``Profiler.init`` gives, after its energy and execution-time probes.

    Parameters
    ----------
    values : mapping from str to float or array-like
        Its attributes by name: ``power``, ``static_power``, ``vdd_power``, ``vddm_power`` and ``vddio_power`` in watt,
        ``execution_time`` in seconds, a value for every step.
    steps_per_inference, chips, board, source
        As of `Readings`.

    Returns
    -------
    Readings
        It has no static power of single rails.

    Raises
    ------
    FormatError
        If something is missing.
    """
    times = np.atleast_1d(np.asarray(_need(values, "execution_time"), dtype=np.float64))
    renamed = {**values, "total_power": _need(values, "power"), "num_steps": values.get("num_steps", times.size)}
    if "static_power" in values:
        renamed["static_total_power"] = values["static_power"]
    return _readings(renamed, _mean(times), "static_{}_power", steps_per_inference, chips, board, source)


def _readings(
    values: Mapping[str, Any], step_s: float, static: str, steps: float, chips: int, board: str, source: str
) -> Readings:
    power = {f"{rail}_w": _mean(_need(values, f"{rail}_power")) for rail in RAILS}
    known = {rail: values.get(static.format(rail)) for rail in RAILS}
    statics: dict[str, Any] = {f"static_{rail}_w": _mean(value) for rail, value in known.items() if value is not None}
    return Readings(
        **power,
        **statics,
        step_s=step_s,
        steps=int(_need(values, "num_steps")),
        steps_per_inference=steps,
        chips=chips,
        board=board,
        board_chips=BOARD_CHIPS.get(board, max(1, chips)),
        source=source,
    )


STYLES: Final = {"callbacks": from_callbacks, "profiler": from_profiler}
"""What a file may hold instead of finished readings: the attributes of one of Intel's interfaces, by its name."""


def write_readings(readings: Readings, path: str | Path) -> None:
    """Keep readings as a JSON file."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(asdict(readings), indent=2) + "\n", encoding="utf-8")


def read_readings(path: str | Path) -> Readings:
    """Read a JSON file of readings.

    Parameters
    ----------
    path : path-like
        What `write_readings` wrote, or ``{"style": ..., "values": {...}, ...}`` with the attributes of an interface and
        the other arguments of its function in `STYLES`; the back-end ``loihi2`` writes that.

    Returns
    -------
    Readings
        What is in it.

    Raises
    ------
    ConfigError
        If there is no such file, or a number is not possible.
    FormatError
        If it is no JSON, or something is missing or unknown.
    """
    try:
        held = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; give a file of readings") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not JSON ({error}); let the back-end loihi2 write it") from error
    try:
        style = held.pop("style", None)
        return STYLES[style](**held) if style is not None else Readings(**held)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"{path} holds no readings ({error}); docs/loihi2.md says what stands in one") from error


def _need(values: Mapping[str, Any], name: str) -> Any:
    if name not in values:
        raise FormatError(f"readings: {name} is missing; let the probe run for the whole run")
    return values[name]


def _mean(values: Any) -> float:
    array = np.asarray(values, dtype=np.float64)
    if not array.size:
        raise FormatError("readings: a series is empty; let the probe run for the whole run")
    return float(array.mean())
