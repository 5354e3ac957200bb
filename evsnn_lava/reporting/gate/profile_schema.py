"""What the JSON of ``evsnn profile --json`` must hold to be gated."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[float, Field(ge=0, le=1e18, allow_inf_nan=False)]


class Facts(BaseModel):
    """Keys that the gate reads; others may stand beside them."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Estimate(Facts):
    """A number whose range the gate does not need."""

    value: Number


class Spread(Facts):
    """How a number spreads over the samples."""

    mean: Estimate
    p95: Estimate


class Spreads(Facts):
    """The spreads of a report; a chip may have no time."""

    exit_steps: Spread
    steps: Spread
    time_s: Spread | None = None


class Row(Facts):
    """A row of the ledger."""

    layer: str
    kind: str
    count: Number
    energy_j: Number


class Price(Facts):
    """A number of a hardware profile."""

    value: Number
    unit: str
    low: Number | None = None
    high: Number | None = None


class Constant(Facts):
    """A number of a hardware profile with its name."""

    name: str
    quantity: Price


class Report(Facts):
    """The whole."""

    network: str
    hardware: str
    accuracy: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None
    samples: Annotated[int, Field(ge=1, le=10**12)]
    data: str = ""
    cores: dict[str, Annotated[int, Field(ge=0, le=10**9)]] | None
    distributions: Spreads
    energy_per_inference_j: Estimate
    dynamic_energy_per_inference_j: Estimate
    ledger: Annotated[list[Row], Field(min_length=1)]
    constants: list[Constant]
