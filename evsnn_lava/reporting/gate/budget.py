"""A budget: what one inference may cost, and how much it may grow against a baseline."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from evsnn_lava._files import read_regular
from evsnn_lava.errors import ConfigError, FormatError, printable
from evsnn_lava.reporting.gate.amounts import amount
from evsnn_lava.reporting.gate.quantities import QUANTITIES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LARGEST_BYTES: Final = 2**20

Energy = Annotated[float, BeforeValidator(lambda written: amount(written, "energy"))]
Time = Annotated[float, BeforeValidator(lambda written: amount(written, "time"))]
Number = Annotated[float, BeforeValidator(lambda written: amount(written, "number"))]
Growth = Annotated[float, BeforeValidator(lambda written: amount(written, "share"))]
Share = Annotated[float, BeforeValidator(lambda written: amount(written, "share")), Field(le=1)]
Points = Annotated[float, BeforeValidator(lambda written: amount(written, "points")), Field(le=1)]


class _Limits(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GrowthLimits(_Limits):
    """By how much a quantity may grow against the baseline, as a share of it; what is left out may grow.

    Parameters
    ----------
    mean_steps, p95_steps, p95_exit_steps, time, energy, dynamic_energy, cores : float, optional
        Written as ``"5 %"`` or ``0.05``.
    """

    mean_steps: Growth | None = None
    p95_steps: Growth | None = None
    p95_exit_steps: Growth | None = None
    time: Growth | None = None
    energy: Growth | None = None
    dynamic_energy: Growth | None = None
    cores: Growth | None = None


class Budget(_Limits):
    """What one inference may cost; what is left out is not checked.

    Parameters
    ----------
    min_accuracy : float, optional
        Share of right decisions: ``0.93`` or ``"93 %"``.
    max_mean_steps, max_p95_steps : float, optional
        Steps that the chip executes.
    max_p95_exit_steps : float, optional
        Frames that the decision sees.
    max_time : float, optional
        Mean time, for example ``"300 us"``; kept in seconds.
    max_energy, max_dynamic_energy : float, optional
        Mean energy, for example ``"12 uJ"``; kept in joules.
    max_cores : float, optional
        Neuro-cores of all layers.
    max_accuracy_loss : float, optional
        Against the baseline, for example ``"0.5 points"``; kept as a share of 1.
    max_layer_growth : float, optional
        By how much the energy of each layer may grow.
    max_layer_spike_growth : float, optional
        By how much the spikes that each layer sends may grow.
    max_growth : GrowthLimits
        By how much the quantities may grow.

    Examples
    --------
    >>> budget = Budget.model_validate({"max_energy": "12 uJ", "max_growth": {"energy": "5 %"}})
    >>> budget.max_energy, budget.max_growth.energy, budget.relative
    (1.2e-05, 0.05, ('max_growth.energy',))
    """

    min_accuracy: Share | None = None
    max_mean_steps: Number | None = None
    max_p95_steps: Number | None = None
    max_p95_exit_steps: Number | None = None
    max_time: Time | None = None
    max_energy: Energy | None = None
    max_dynamic_energy: Energy | None = None
    max_cores: Number | None = None
    max_accuracy_loss: Points | None = None
    max_layer_growth: Growth | None = None
    max_layer_spike_growth: Growth | None = None
    max_growth: GrowthLimits = GrowthLimits()

    @property
    def absolute(self) -> tuple[str, ...]:
        """Keys of the limits that need no baseline."""
        keys = [quantity.limit for quantity in QUANTITIES.values()]
        return tuple(key for key in keys if getattr(self, key) is not None)

    @property
    def relative(self) -> tuple[str, ...]:
        """Keys of the limits that need a baseline."""
        own = ("max_accuracy_loss", "max_layer_growth", "max_layer_spike_growth")
        found = [key for key in own if getattr(self, key) is not None]
        return (*found, *(f"max_growth.{key}" for key, value in self.max_growth if value is not None))

    def with_limits(self, given: Mapping[str, Any]) -> Budget:
        """Replace limits by those of the command line; a None there leaves the limit as it is.

        Raises
        ------
        ConfigError
            If a value is wrong.
        """
        told = {key: value for key, value in given.items() if value is not None}
        return self.model_copy(update=_checked(told, "command line").model_dump(include=set(told)))


DEFAULT_GROWTH: Final[dict[str, Any]] = {
    "max_accuracy_loss": "1 point",
    "max_layer_growth": "10 %",
    "max_layer_spike_growth": "20 %",
    "max_growth": {
        "mean_steps": "5 %",
        "p95_steps": "10 %",
        "p95_exit_steps": "10 %",
        "time": "5 %",
        "energy": "5 %",
        "dynamic_energy": "5 %",
        "cores": "0 %",
    },
}
"""What a baseline allows where there is no budget file."""


def default_budget(known: Collection[str] = tuple(QUANTITIES)) -> Budget:
    """The limits that hold against a baseline without a budget file.

    Parameters
    ----------
    known : collection of str
        Quantities that at least one of the profiles knows; the others get no limit, as nobody asked for one.

    Returns
    -------
    Budget
        Of ``DEFAULT_GROWTH``.
    """
    limits = {key: value for key, value in DEFAULT_GROWTH.items() if key != "max_accuracy_loss" or "accuracy" in known}
    grown = {name: share for name, share in DEFAULT_GROWTH["max_growth"].items() if name in known}
    return _checked({**limits, "max_growth": grown}, "defaults")


def read_budget(path: Path) -> Budget:
    """Read a budget.

    Parameters
    ----------
    path : pathlib.Path
        A TOML file.

    Returns
    -------
    Budget
        The limits in it.

    Raises
    ------
    ConfigError
        If there is no such file, or a key or value in it is wrong.
    FormatError
        If it is not TOML.
    """
    content = read_regular(path, LARGEST_BYTES)
    try:
        written = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        reason = printable(" ".join(str(error).split()), 100)
        raise FormatError(f"{path} is not a TOML file: {reason}; examples/budget.toml shows one") from error
    return _checked(written, str(path))


def _checked(written: Mapping[str, Any], origin: str) -> Budget:
    try:
        return Budget.model_validate(written)
    except ValidationError as error:
        raise ConfigError(_complaint(origin, error)) from error


def _complaint(origin: str, error: ValidationError) -> str:
    """The first problem in one line, unknown keys first, and how many more there are."""
    problems = sorted(error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")
    first, where = problems[0], [str(part) for part in problems[0]["loc"]]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    key = printable(".".join(where), 80)
    if first["type"] == "extra_forbidden":
        valid = (Budget if len(where) == 1 else GrowthLimits).model_fields
        return f"{origin}: unknown key {key}{more}; choose one of: {', '.join(valid)}"
    return f"{origin}: {key}: {' '.join(first['msg'].removeprefix('Value error, ').split())}{more}"
