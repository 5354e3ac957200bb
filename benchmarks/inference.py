"""Inference: every way to run a network, side by side, in turn."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import Effort, take_turns
from benchmarks.networks import Case
from benchmarks.subjects import SUBJECTS, Bench, Subject

BASE = "netx"


def measure_case(case: Case, effort: Effort, subjects: Iterable[str] = tuple(SUBJECTS)) -> dict[str, Any]:
    """Run a case in everything that can.

    Parameters
    ----------
    case : Case
        Network and samples.
    effort : Effort
        How long to measure.
    subjects : iterable of str
        Keys of ``SUBJECTS``.

    Returns
    -------
    dict
        What the case is, and a row per subject with seconds per sample and how much quicker than netx it is.
    """
    with TemporaryDirectory(prefix="evsnn-bench-") as folder, ExitStack() as stack:
        bench = Bench(case, Path(folder), stack, effort)
        found = [subject for name in subjects for subject in SUBJECTS[name](bench)]
        calls = {subject.name: subject.call for subject in found if subject.call is not None}
        timings = take_turns(calls, effort)
        rows = [_row(subject) for subject in found]
        for row in rows:
            if row["name"] in timings:
                row["sample_s"] = timings[row["name"]].per(row.pop("samples"))
        _compare(rows)
        return {**_about(bench), "rows": rows}


def _row(subject: Subject) -> dict[str, Any]:
    names = ("name", "label", "threads", "batch", "same", "missing", "facts", "samples")
    return {name: getattr(subject, name) for name in names}


def _compare(rows: list[dict[str, Any]]) -> None:
    """Say how much quicker than the base each row is, by the medians."""
    base = [row["sample_s"]["median"] for row in rows if row["name"] == BASE and "sample_s" in row]
    for row in rows:
        row.pop("samples", None)
        if base and "sample_s" in row:
            row["times_netx"] = base[0] / row["sample_s"]["median"]


def _about(bench: Bench) -> dict[str, Any]:
    case, truth = bench.case, bench.truth
    steps = case.working_steps
    return {
        "name": case.name,
        "title": case.title,
        "origin": case.origin,
        "frames": case.network.masks.stream_steps,
        "steps": steps,
        "neurons": sum(layer.neurons for layer in case.network.layers),
        "spikes_per_step": float(truth.messages.sum() / steps),
        "synops_per_step": float(truth.synops.sum() / steps),
    }
