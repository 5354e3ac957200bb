"""What ``evsnn calibrate`` prints: a row per network, what is promised, and why nothing is stopped early."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from evsnn_lava.cli.console import Output
from evsnn_lava.export.policies import Certificate, ExitSummary, PolicyChoice
from evsnn_lava.network import NEVER, CutoffPolicy

MEASURED: Final = (
    "lost: right after all steps and wrong at the exit, of the samples that tested; loss in the table: of all "
    "samples, with those that only early exit gets right set off"
)


@dataclass(frozen=True, eq=False)
class CalibratedRow:
    """What came out for one network.

    Parameters
    ----------
    name : str
        Of the variant, or of the network of a file.
    frames : int
        Frames of a recording, before masks.
    policy : CutoffPolicy
        What was fitted.
    summary : ExitSummary
        How it does on the held-out data.
    certificate : Certificate or None
        What is guaranteed of other data.
    """

    name: str
    frames: int
    policy: CutoffPolicy
    summary: ExitSummary
    certificate: Certificate | None


def say_what_is_gone(rows: list[CalibratedRow], output: Output) -> None:
    """Of networks whose old cutoff had a guarantee: that the new one has none."""
    for row in rows:
        if row.certificate is None and row.policy.steps > 1:
            output.note(f"{row.name}: the guarantee of the old cutoff is gone; give --delta for a new one")


def calibration_table(rows: list[CalibratedRow], choice: PolicyChoice, output: Output) -> Group:
    """A row per network, and what is promised below."""
    heads = ("frames sent", "all steps", "cutoff", "loss", "exit mean/p50/p95", "speed-up", "on hardware")
    table = Table("variant", *heads, box=None)
    for row in rows:
        if reason := _why_never(row, choice):
            output.note(f"{row.name}: {reason}")
        table.add_row(row.name, f"{row.policy.steps} of {row.frames}", *_cells(row.summary))
    said = [Text(f"\n{row.name}: {_promise(row.certificate)}") for row in rows if row.certificate is not None]
    return Group(table, *said, *([Text(f"\n{MEASURED}", "dim")] if said else []))


def _promise(certificate: Certificate) -> str:
    """What is guaranteed, or what can be done."""
    return f"{certificate.sentence} Remedy: {certificate.remedy}." if certificate.remedy else certificate.sentence


def _why_never(row: CalibratedRow, choice: PolicyChoice) -> str:
    """Why no sample stops early, where that is so and no guarantee says it."""
    if row.policy.steps == 1:
        return "a single frame is sent, so there is nothing to stop early"
    if row.certificate is not None or (row.policy.thresholds[:-1] != NEVER).any():
        return ""
    if choice.steps is not None:
        return f"all {row.policy.steps} frames are sent, so it never stops early; give fewer --steps"
    return f"no step reaches epsilon {choice.epsilon:g}, so it never stops early; allow a larger one"


def _cells(summary: ExitSummary) -> tuple[str, ...]:
    return (
        f"{100 * summary.accuracy_full:.1f} %",
        f"{100 * summary.accuracy:.1f} %",
        f"{100 * summary.loss:.1f} %",
        f"{summary.mean_exit:.2f}/{summary.p50_exit:g}/{summary.p95_exit:g}",
        f"{summary.speed_up:.2f} x",
        f"{summary.hardware_speed_up:.2f} x",
    )
