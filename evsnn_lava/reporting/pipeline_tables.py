"""Ways to shorten the pipeline side by side, and the input masks a chip could hold instead of hidden ones."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evsnn_lava.export.mask_choice import MaskCandidate, MaskChoice
from evsnn_lava.profiling.pipeline import EarlierOf, PipelineRow, step_gain
from evsnn_lava.reporting.layout import captioned_table
from evsnn_lava.reporting.units import format_count, format_si


def pipeline_table(title: str, rows: Sequence[PipelineRow]) -> Table:
    """Every way to run a network, latency and throughput apart.

    Parameters
    ----------
    title : str
        What was run on what.
    rows : sequence of PipelineRow
        From :func:`evsnn_lava.profiling.pipeline.pipeline_row`; the first one is the baseline.

    Returns
    -------
    rich.table.Table
        Two lines per way.
    """
    table = captioned_table(title, pipeline_caption(rows))
    table.add_column("Way to run", overflow="fold", max_width=24)
    headings = ("Depth", "Accuracy", "Exit\nstep", "Latency\nsteps", "\ntime", "Steps per\nsample", "Energy\ndynamic")
    for heading in (*headings, "Times as\nsoon, many"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*_cells(row, rows[0]))
    return table


def pipeline_caption(rows: Sequence[PipelineRow]) -> str:
    """What the columns mean.

    Parameters
    ----------
    rows : sequence of PipelineRow
        The first one is the baseline.

    Returns
    -------
    str
        One paragraph.
    """
    return (
        "Second line of the latency, from the first frame to the decision: 95th percentile; of the steps from one "
        "first frame to the next: samples per second; of the energy of an inference: its dynamic part. "
        f"Times as soon, as many: mean latency and throughput against `{rows[0].name}`. "
        "Times and energies are estimated from the profile; not contained: input, output and the work of the host."
    )


def arithmetic_line(row: PipelineRow) -> str:
    """What the delay of the layers leaves of a cutoff.

    Parameters
    ----------
    row : PipelineRow
        One at a time, with cutoff.

    Returns
    -------
    str
        One line: in frames, and in steps with the delay.
    """
    frames, exit_step, depth = row.frames_sent, row.exit_step, row.depth
    alone, delayed = step_gain(frames, exit_step, 0), step_gain(frames, exit_step, depth)
    return (
        f"cutoff: T/t = {frames}/{exit_step:.2f} = {alone:.2f} x fewer frames; "
        f"(T+L)/(t+L) = {frames + depth}/{exit_step + depth:.2f} = {delayed:.2f} x fewer steps at depth L = {depth}"
    )


def earlier_line(early: EarlierOf) -> str:
    """What a head beside the whole network would come to.

    Parameters
    ----------
    early : EarlierOf
        From :func:`evsnn_lava.profiling.pipeline.earlier_of`.

    Returns
    -------
    str
        One line.
    """
    accuracy = "" if early.accuracy is None else f"{100 * early.accuracy:.1f} %, "
    return (
        f"{early.name} beside the whole, the first decision counts: {accuracy}{early.latency_steps:.2f} steps, "
        f"{100 * early.head_first:.0f} % of the samples decided by the head (a bound: a chain cannot hold both)"
    )


def mask_choice_table(choice: MaskChoice) -> Table:
    """Input masks instead of hidden masks.

    Parameters
    ----------
    choice : MaskChoice
        From :func:`evsnn_lava.export.mask_choice.closest_input_mask`.

    Returns
    -------
    rich.table.Table
        The network as it is and every candidate, means per sample; the best one is marked.
    """
    caption = (
        "A chip has no gate for hidden masks: a stock neuron knows no frame numbers. best: on the samples "
        "that were run; choose with --split validation if you report the test part."
    )
    table = captioned_table("Input masks instead of hidden masks", caption)
    table.add_column("Masks", overflow="fold", max_width=36)
    for heading in ("Accuracy", "Frames\nsent", "Exit\nstep", "Steps", "Synops"):
        table.add_column(heading, justify="right")
    for candidate in (choice.reference, *choice.candidates):
        mark = " (best)" if candidate is choice.best else ""
        table.add_row(*_mask_cells(candidate, mark), style="bold" if mark else "")
    return table


def _cells(row: PipelineRow, baseline: PipelineRow) -> list[str | Text]:
    steps, time = row.latency_steps, row.latency_s
    return [
        escape(row.name),
        str(row.depth),
        "" if row.accuracy is None else f"{100 * row.accuracy:.1f} %",
        f"{row.exit_step:.2f}",
        _two_lines(f"{steps.mean.value:.2f}", f"{steps.p95.value:.0f}"),
        _two_lines(format_si(time.mean.value, "s"), format_si(time.p95.value, "s")),
        _two_lines(f"{row.interval_steps:.2f}", f"{format_count(row.samples_per_s.value)}/s"),
        _two_lines(format_si(row.energy_j.value, "J"), format_si(row.dynamic_j.value, "J")),
        _two_lines(f"{row.latency_gain(baseline):.2f}", f"{row.throughput_gain(baseline):.2f}"),
    ]


def _mask_cells(candidate: MaskCandidate, mark: str) -> list[str]:
    return [
        escape(candidate.name) + mark,
        f"{100 * candidate.accuracy:.1f} %",
        str(candidate.frames_sent),
        f"{candidate.exit_step:.2f}",
        f"{candidate.steps:.2f}",
        format_count(candidate.synops),
    ]


def _two_lines(first: str, second: str) -> Text:
    return Text.assemble(first, "\n", (second, "dim"))
