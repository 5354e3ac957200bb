"""Samples on the clock of a chip, as a trace that Perfetto and chrome://tracing open.

Source of the format: "Trace Event Format", the JSON object form with ``traceEvents``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count, pairwise
from typing import Any, Final

from evsnn_lava.profiling import CostReport
from evsnn_lava.profiling.counts import FloatArray
from evsnn_lava.profiling.ledger import CHIP, INPUT, layer_events
from evsnn_lava.profiling.step_energy import step_energies
from evsnn_lava.reporting.named_report import NamedReport

Event = dict[str, Any]

CLOCK: Final = "time: estimate of the profile"
NO_CLOCK: Final = "time: not published for this profile; every step is drawn as 1 us"
OF_NO_STEP: Final = "operations of the host (masks, readout, cutoff) belong to no step and are not in it"

SHOWN: Final = {
    "spikes": ("spike",),
    "synops": ("synop",),
    "messages": ("message",),
    "updates": ("neuron_update_active", "neuron_update_idle"),
}
"""Arguments of a step of a layer, and the kinds they add up."""


@dataclass(frozen=True)
class MaskedFrame:
    """A frame that a layer does not get.

    Parameters
    ----------
    step : int
        Hardware step in which it would have been sent.
    sender, receiver : str
        Names of layers; the sender may be the input.
    frame : int
        Its number in the recording, from 0.
    """

    step: int
    sender: str
    receiver: str
    frame: int


@dataclass(frozen=True, eq=False)
class Traced:
    """A report to draw.

    Parameters
    ----------
    named : NamedReport
        The report.
    samples : tuple of str
        Names of its first samples: as many as are drawn.
    masked : tuple of MaskedFrame
        Frames that layers do not get, the same in every sample.
    """

    named: NamedReport
    samples: tuple[str, ...]
    masked: tuple[MaskedFrame, ...] = ()


def trace_events(runs: Sequence[Traced]) -> dict[str, Any]:
    """Draw samples step by step: a process for each, a thread for the input, every layer and the chip.

    Every sample begins at 0. Times are microseconds in whole nanoseconds, so that steps neither overlap nor gape.

    Parameters
    ----------
    runs : sequence of Traced
        Reports and how many samples of each.

    Returns
    -------
    dict
        To be written as JSON.
    """
    pids = count(1)
    events = [event for run in runs for event in _run_events(run, pids)]
    return {
        "traceEvents": sorted(events, key=lambda event: (event["pid"], event["ph"] != "M", event["ts"])),
        "displayTimeUnit": "ns",
        "otherData": {f"{run.named.file} on {run.named.profile}": _explained(run.named.report) for run in runs},
    }


def _explained(report: CostReport) -> dict[str, str]:
    clock = CLOCK if report.hardware.timed else NO_CLOCK
    return {"hardware": report.hardware.title, "backend": report.backend, "clock": clock, "left out": OF_NO_STEP}


def _run_events(run: Traced, pids: Iterator[int]) -> Iterator[Event]:
    report = run.named.report
    energies = step_energies(report)
    threads = {name: number for number, name in enumerate(energies)}
    for sample, (title, pid) in enumerate(zip(run.samples, pids, strict=False)):
        edges = _edges_ns(report, sample)
        yield from _names(f"{run.named.file} on {run.named.profile}: {title}", pid, threads)
        for name, tid in threads.items():
            yield from _steps(_arguments(report, energies[name], name, sample), edges, pid, tid)
        yield from _counters(report, edges, sample, pid)
        yield from _masked(run.masked, edges, pid, threads)
        yield _instant("exit", edges[-1], pid, threads[CHIP], "p", {"frames seen": int(report.exit_steps[sample])})


def _edges_ns(report: CostReport, sample: int) -> list[int]:
    """When the steps of a sample begin, and when the last one ends."""
    steps = int(report.steps[sample])
    seconds = report.step_times.value[sample, :steps].tolist() if report.hardware.timed else [1e-6] * steps
    return [round(edge * 1e9) for edge in accumulate(seconds, initial=0.0)]


def _names(title: str, pid: int, threads: dict[str, int]) -> Iterator[Event]:
    def said(what: str, tid: int, value: dict[str, Any]) -> Event:
        return {"name": what, "ph": "M", "pid": pid, "tid": tid, "ts": 0, "args": value}

    yield said("process_name", 0, {"name": title})
    yield said("process_sort_index", 0, {"sort_index": pid})
    for name, tid in threads.items():
        yield said("thread_name", tid, {"name": name})
        yield said("thread_sort_index", tid, {"sort_index": tid})


def _arguments(report: CostReport, energy_j: FloatArray, thread: str, sample: int) -> list[dict[str, Any]]:
    """What a thread does in every executed step of a sample."""
    counts, steps = report.counts, int(report.steps[sample])
    shown: dict[str, Any] = {}
    if thread == INPUT:
        shown = {"spikes": counts.input_events[sample], "messages": counts.load.input_copies[sample]}
    elif thread != CHIP:
        layer, events = counts.layers.index(thread), layer_events(counts)
        for name, kinds in SHOWN.items():
            shown[name] = sum(events[kind][sample, layer] for kind in kinds)
    lists = {name: values[:steps].tolist() for name, values in (shown | {"energy_j": energy_j[sample]}).items()}
    return [{name: values[step] for name, values in lists.items()} for step in range(steps)]


def _steps(arguments: Sequence[dict[str, Any]], edges: Sequence[int], pid: int, tid: int) -> Iterator[Event]:
    for step, ((start, stop), found) in enumerate(zip(pairwise(edges), arguments, strict=True)):
        place = {"ts": start / 1000, "dur": (stop - start) / 1000, "pid": pid, "tid": tid}
        yield {"name": f"step {step}", "cat": "step", "ph": "X", **place, "args": found}


def _counters(report: CostReport, edges: Sequence[int], sample: int, pid: int) -> Iterator[Event]:
    """Spikes of the input and every layer, and none after the last step."""
    counts, steps = report.counts, int(report.steps[sample])
    sent = [counts.input_events[sample, :steps].tolist(), *counts.messages[sample, :, :steps].tolist()]
    columns = [*zip(*sent, strict=True), (0,) * len(sent)]
    for edge, column in zip(edges, columns, strict=True):
        values = dict(zip((INPUT, *counts.layers), column, strict=True))
        yield {"name": "spikes", "ph": "C", "ts": edge / 1000, "pid": pid, "tid": 0, "args": values}


def _masked(frames: Sequence[MaskedFrame], edges: Sequence[int], pid: int, threads: dict[str, int]) -> Iterator[Event]:
    for each in frames:
        if each.step < len(edges) - 1:
            told = {"frame": each.frame, "step": each.step}
            name = f"masked for {each.receiver}: frame {each.frame}"
            yield _instant(name, edges[each.step], pid, threads[each.sender], "t", told)


def _instant(name: str, at_ns: int, pid: int, tid: int, scope: str, arguments: dict[str, Any]) -> Event:
    place = {"ts": at_ns / 1000, "pid": pid, "tid": tid}
    return {"name": name, "cat": "decision", "ph": "i", "s": scope, **place, "args": arguments}
